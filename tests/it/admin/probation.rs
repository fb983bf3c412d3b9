//! R13: whoever has a Master Admin's password and one of their recovery codes regains the account, and for a while
//! nothing more than that.

use std::time::Duration;

use countersign::{
    ActRefusal, Attempt, Pass, Recovered, Requirement, Role, Timestamp,
    admin::Support,
    audit::{Operator, Password, Reason},
    policy::{Days, InvalidSetting, Settings},
    testing::Authenticator,
};

use crate::world::{ACME, STEP, World, granted, org, over_every_store, refused, user};

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A Master Admin with an authenticator and a sheet.
async fn with_a_sheet(world: &World, id: &str) -> (Authenticator, Vec<String>) {
    let ticket = world.ticket_to_enroll(id).await;
    let phone = Authenticator::enrolled_with(&world.setup(&ticket).await).unwrap();
    let code = phone.code(&world.clock);
    let enrolled = granted(world.two_factor.confirm(Attempt::new(&ticket, &code)).await.unwrap());
    let sheet = enrolled.recovery_codes.unwrap();
    (phone, sheet.expose().lines().map(str::to_owned).collect())
}

async fn recover(world: &World, id: &str, code: &str) -> Pass {
    let ticket = world.ticket_for_code(id).await;
    let Recovered { pass, .. } =
        granted(world.two_factor.recover(Attempt::new(&ticket, code)).await.unwrap());
    pass
}

/// Binds another phone, and returns it with its session.
async fn replace(world: &World, pass: &Pass) -> (Authenticator, Pass) {
    let ticket = granted(world.signed_in(pass).replace().await.unwrap());
    let phone = Authenticator::enrolled_with(&world.setup(&ticket).await).unwrap();
    let code = phone.code(&world.clock);
    let enrolled = granted(world.two_factor.confirm(Attempt::new(&ticket, &code)).await.unwrap());
    (phone, enrolled.pass)
}

async fn seen(world: &World, admin: &Pass, id: &str) -> countersign::tokens::Authenticator {
    granted(world.managed(admin, id).authenticator().await.unwrap()).expect("they are enrolled")
}

/// Every act of a Master Admin, and what only a trusted account does for itself.
async fn is_refused_everything(world: &World, pass: &Pass, until: Timestamp) {
    let admin = world.two_factor.admin(pass);
    let ian = admin.user(&user("ian"));
    let revision = world.two_factor.org(&org(ACME)).policy().await.unwrap().revision;
    let no = ActRefusal::OnProbation { until };
    assert_eq!(refused(admin.require(Requirement::Off).await.unwrap()), no);
    assert_eq!(refused(admin.change_settings(revision, Settings::pci_dss()).await.unwrap()), no);
    assert_eq!(refused(ian.reset(Password::Changed).await.unwrap()), no);
    assert_eq!(refused(ian.reset_and_invite(Password::AsBefore).await.unwrap()), no);
    assert_eq!(refused(ian.unlock(Password::AsBefore).await.unwrap()), no);
    assert_eq!(refused(ian.invite().await.unwrap()), no);
    assert_eq!(refused(ian.extend(Days::new(7).unwrap()).await.unwrap()), no);
    assert_eq!(refused(ian.forget_devices().await.unwrap()), no);
    assert_eq!(refused(ian.vouch(&"0001020304050607".parse().unwrap()).await.unwrap()), no);
    let targets = countersign::admin::Targets::everybody();
    assert_eq!(refused(admin.reset_many(targets, Password::Changed).next().await.unwrap()), no);
    assert_eq!(refused(world.signed_in(pass).renew_recovery_codes().await.unwrap()), no);
    assert_eq!(refused(world.signed_in(pass).remember_device("a laptop").await.unwrap()), no);
}

fn support(world: &World) -> (Support, Reason) {
    let support = Support::new(&world.two_factor, Operator::new("sue@vendor.example").unwrap());
    (support, Reason::new("case 9: identity checked by call-back").unwrap())
}

over_every_store! {
    /// Whatever becomes of the account in between: another phone, none, off and on, an unlock, a changed password.
    async fn a_recovered_account_administers_nothing_for_a_day(world: World) {
        let settings = Settings::default()
            .with_remember_devices(Some(Days::new(7).unwrap()))
            .with_enroll_within(None)
            .with_enrollment_by_choice(true);
        let world = world.with_settings(settings);
        world.switch_on().await;
        let (_, sheet) = with_a_sheet(&world, "bob").await;
        let until = world.now().after(DAY);
        let pass = recover(&world, "bob", &sheet[0]).await;
        let told = world.events().await.into_iter().rfind(|told| told.kind == "recovery-used").unwrap();
        assert!(told.text.ends_with(&format!("administers nothing until {until}")), "{}", told.text);
        let (_, pass) = replace(&world, &pass).await;
        is_refused_everything(&world, &pass, until).await;
        world.step();
        let (phone, pass) = replace(&world, &pass).await;
        is_refused_everything(&world, &pass, until).await;
        let (support, reason) = support(&world);
        let acme = support.in_org(&org(ACME), &reason);
        granted(acme.user(&user("bob")).unlock(Password::AsBefore).await.unwrap());
        world.password_changed("bob").await;
        let pass = world.log_in("bob", &phone).await;
        is_refused_everything(&world, &pass, until).await;
        granted(acme.require(Requirement::Off).await.unwrap());
        granted(acme.require(Requirement::On).await.unwrap());
        let (phone, pass) = world.enroll("bob").await;
        is_refused_everything(&world, &pass, until).await;
        // The time passes, and nothing else has to happen.
        world.clock.set(Timestamp::from_unix(until.as_unix() - 60));
        let pass = world.log_in("bob", &phone).await;
        is_refused_everything(&world, &pass, until).await;
        world.clock.set(until);
        granted(world.two_factor.admin(&pass).require(Requirement::Off).await.unwrap());
    }

    /// Nor while nothing is required, where no code is asked for.
    async fn nor_while_nothing_is_required(world: World) {
        world.switch_on().await;
        let (_, sheet) = with_a_sheet(&world, "bob").await;
        let until = world.now().after(DAY);
        let _ = recover(&world, "bob", &sheet[0]).await;
        let (support, reason) = support(&world);
        granted(support.in_org(&org(ACME), &reason).require(Requirement::Off).await.unwrap());
        let pass = world.walk_in("bob").await;
        let refusal = refused(world.two_factor.admin(&pass).require(Requirement::On).await.unwrap());
        assert_eq!(refusal, ActRefusal::OnProbation { until });
    }

    /// Another Master Admin who knows their voice ends it at once, for the phone that they saw.
    async fn another_master_admin_vouches_for_the_authenticator_that_they_saw(world: World) {
        world.switch_on().await;
        let (_, ann) = world.enroll("ann").await;
        let (_, sheet) = with_a_sheet(&world, "bob").await;
        let pass = recover(&world, "bob", &sheet[0]).await;
        let (_, pass) = replace(&world, &pass).await;
        let before = seen(&world, &ann, "bob").await;
        assert_eq!(before.probation_until, Some(world.now().after(DAY)));
        // A thief is quicker, and binds another one between the look and the click.
        world.step();
        let (phone, _) = replace(&world, &pass).await;
        let vouched = world.managed(&ann, "bob").vouch(&before.id).await.unwrap();
        assert_eq!(refused(vouched), ActRefusal::AuthenticatorMoved);
        let now = seen(&world, &ann, "bob").await;
        assert_ne!(now.id, before.id);
        granted(world.managed(&ann, "bob").vouch(&now.id).await.unwrap());
        granted(world.managed(&ann, "bob").vouch(&now.id).await.unwrap());
        assert_eq!(world.kinds_for("bob").await.iter().filter(|kind| *kind == "vouched").count(), 1);
        assert_eq!(seen(&world, &ann, "bob").await.probation_until, None);
        let bob = world.log_in("bob", &phone).await;
        granted(world.managed(&bob, "ian").unlock(Password::AsBefore).await.unwrap());
    }

    /// Nobody for themselves, and not two who have both recovered for each other.
    async fn nobody_vouches_who_is_not_trusted(world: World) {
        world.switch_on().await;
        let mut sessions = Vec::new();
        for id in ["ann", "bob"] {
            let (_, sheet) = with_a_sheet(&world, id).await;
            let pass = recover(&world, id, &sheet[0]).await;
            sessions.push(replace(&world, &pass).await.1);
        }
        let (ann, bob) = (&sessions[0], &sessions[1]);
        let until = world.now().after(DAY);
        let bobs = seen(&world, ann, "bob").await.id;
        let refusal = refused(world.managed(ann, "bob").vouch(&bobs).await.unwrap());
        assert_eq!(refusal, ActRefusal::OnProbation { until });
        let own = refused(world.managed(bob, "bob").vouch(&bobs).await.unwrap());
        assert!(matches!(own, ActRefusal::Denied(_)), "{own:?}");
        let (support, reason) = support(&world);
        granted(support.in_org(&org(ACME), &reason).user(&user("bob")).vouch(&bobs).await.unwrap());
        let told = world.events().await.into_iter().rfind(|told| told.kind == "vouched").unwrap();
        assert!(told.text.ends_with(": case 9: identity checked by call-back"), "{}", told.text);
    }

    /// A reset by another ends it: whoever enrolls then was let by them.
    async fn a_reset_ends_it(world: World) {
        world.switch_on().await;
        let (_, ann) = world.enroll("ann").await;
        let (_, sheet) = with_a_sheet(&world, "bob").await;
        let _ = recover(&world, "bob", &sheet[0]).await;
        granted(world.managed(&ann, "bob").reset(Password::AsBefore).await.unwrap());
        let (_, bob) = world.enroll("bob").await;
        granted(world.managed(&bob, "ian").unlock(Password::AsBefore).await.unwrap());
    }

    /// A shorter time shortens none that runs, and no time begins none.
    async fn the_org_sets_how_long_it_is_and_shortens_none_that_runs(world: World) {
        world.switch_on().await;
        let (_, ann) = world.enroll("ann").await;
        let (_, sheet) = with_a_sheet(&world, "bob").await;
        let until = world.now().after(DAY);
        let pass = recover(&world, "bob", &sheet[0]).await;
        let policy = world.two_factor.org(&org(ACME)).policy().await.unwrap();
        let none = policy.settings.with_probation(Duration::ZERO).unwrap();
        granted(world.two_factor.admin(&ann).change_settings(policy.revision, none).await.unwrap());
        let (_, pass) = replace(&world, &pass).await;
        is_refused_everything(&world, &pass, until).await;
        let _ = recover(&world, "bob", &sheet[1]).await;
        let pass = recover(&world, "bob", &sheet[2]).await;
        let (_, pass) = replace(&world, &pass).await;
        is_refused_everything(&world, &pass, until).await;
        let (_, sheet) = with_a_sheet(&world, "ian").await;
        let _ = recover(&world, "ian", &sheet[0]).await;
        assert_eq!(seen(&world, &ann, "ian").await.probation_until, None);
    }

    /// Only those who can act now are named to whoever is locked out.
    async fn whoever_is_on_probation_helps_nobody(world: World) {
        world.switch_on().await;
        let helpers = async || {
            let helpers = world.two_factor.user(&org(ACME), &user("ian")).who_can_help().await.unwrap();
            helpers.iter().map(|person| person.id().to_string()).collect::<Vec<_>>()
        };
        let (_, ann) = world.enroll("ann").await;
        let (_, sheet) = with_a_sheet(&world, "bob").await;
        assert_eq!(helpers().await, ["ann", "bob"]);
        let _ = recover(&world, "bob", &sheet[0]).await;
        assert_eq!(helpers().await, ["ann"]);
        let mut report = granted(world.two_factor.admin(&ann).report().await.unwrap());
        let rows = report.next_page(100).await.unwrap();
        let bob = rows.iter().find(|row| row.person.id().as_str() == "bob").unwrap();
        assert_eq!(bob.probation_until, Some(world.now().after(DAY)));
        world.clock.advance(DAY);
        assert_eq!(helpers().await, ["ann", "bob"]);
    }

    /// The page of whoever lost a phone may stay open for as long as a login's: the new one has to be unpacked.
    async fn there_is_time_to_replace_the_phone(world: World) {
        world.switch_on().await;
        let (_, sheet) = with_a_sheet(&world, "ian").await;
        let pass = recover(&world, "ian", &sheet[0]).await;
        world.clock.advance(14 * 2 * STEP);
        let _ = replace(&world, &pass).await;
        let pass = recover(&world, "ian", &sheet[1]).await;
        world.clock.advance(15 * 2 * STEP + Duration::from_secs(1));
        let refusal = refused(world.signed_in(&pass).replace().await.unwrap());
        assert_eq!(refusal, ActRefusal::FreshCodeNeeded);
    }

    /// A user who is promoted while it runs administers nothing either.
    async fn a_promotion_does_not_end_it(world: World) {
        world.switch_on().await;
        let (_, sheet) = with_a_sheet(&world, "ian").await;
        let until = world.now().after(DAY);
        let pass = recover(&world, "ian", &sheet[0]).await;
        let (phone, _) = replace(&world, &pass).await;
        world.people.set(ACME, "ian", Role::MasterAdmin);
        let pass = world.log_in("ian", &phone).await;
        let refusal = refused(world.two_factor.admin(&pass).require(Requirement::Off).await.unwrap());
        assert_eq!(refusal, ActRefusal::OnProbation { until });
    }
}

#[test]
fn it_is_at_most_three_days() {
    let with = |lasts| Settings::default().with_probation(lasts);
    assert_eq!(with(72 * HOUR).unwrap().probation(), 72 * HOUR);
    assert_eq!(with(Duration::ZERO).unwrap().probation(), Duration::ZERO);
    assert_eq!(with(72 * HOUR + Duration::from_secs(1)), Err(InvalidSetting::Probation));
    assert_eq!(Settings::default().probation(), DAY);
}
