//! Who is enrolled and who is not, who may read that, and who can help whom.

use std::time::Duration;

use countersign::{
    ActRefusal, Attempt, BoxError, Error, ErrorKind, FirstFactor, Gate, MemoryStore, OrgId, Pass,
    Requirement, Role, Roster, Timestamp, TwoFactor,
    admin::{Counts, CsvLine, Report, ReportRow, Status, Support},
    audit::{Denied, Operator, Password, Reason},
    otp::Imported,
    policy::{Days, Settings},
    store::{Listed, PageRequest, RosterGroup},
    testing::Authenticator,
};

use crate::world::{
    ACME, Everybody, START, STEP, World, granted, keyring, org, over_every_store, refused, user,
};

async fn report(world: &World, pass: &Pass) -> Report {
    granted(world.two_factor.admin(pass).report().await.unwrap())
}

async fn rows(mut report: Report, in_pages_of: usize) -> Vec<ReportRow> {
    let mut rows = Vec::new();
    loop {
        let page = report.next_page(in_pages_of).await.unwrap();
        assert!(page.len() <= in_pages_of);
        if page.is_empty() {
            return rows;
        }
        rows.extend(page);
    }
}

async fn standing(world: &World, pass: &Pass) -> Vec<(String, Status)> {
    let rows = rows(report(world, pass).await, 2).await;
    rows.into_iter().map(|row| (row.person.id().as_str().to_owned(), row.status)).collect()
}

async fn counts(world: &World, pass: &Pass) -> Counts {
    granted(world.two_factor.admin(pass).counts().await.unwrap())
}

async fn helpers(world: &World, of: &str) -> Vec<String> {
    let helpers = world.two_factor.user(&org(ACME), &user(of)).who_can_help().await.unwrap();
    helpers.iter().map(|person| person.id().as_str().to_owned()).collect()
}

fn by_name(status: [(&str, Status); 5]) -> Vec<(String, Status)> {
    status.map(|(id, status)| (id.to_owned(), status)).to_vec()
}

over_every_store! {
    /// R6: whoever was enrolled in another epoch counts as not enrolled, and the report says so.
    async fn a_report_tells_how_things_stand_with_everybody(world: World) {
        use Status::{Blocked, Enrolled, Exempt, NotEnrolled, NotRequired, Outdated, Pending, Waiting};
        let ann = world.walk_in("ann").await;
        let all = |status| {
            by_name([("ann", status), ("bob", status), ("carl", Exempt), ("ian", status), ("ida", status)])
        };
        assert_eq!(standing(&world, &ann).await, all(NotRequired));
        granted(world.switch(&ann, Requirement::On).await);
        assert_eq!(standing(&world, &ann).await, all(NotEnrolled));

        let (bobs_phone, bob) = world.enroll("bob").await;
        let _ = world.setup(&world.ticket_to_enroll("ian").await).await;
        let (phone, _) = world.enroll("ida").await;
        let default_policy = by_name([
            ("ann", NotEnrolled),
            ("bob", Enrolled),
            ("carl", Exempt),
            ("ian", Pending),
            ("ida", Enrolled),
        ]);
        assert_eq!(standing(&world, &bob).await, default_policy);

        let ticket = world.ticket_for_code("ida").await;
        let wrong = world.wrong_code(&phone);
        for _ in 0..5 {
            let _ = world.verify(&ticket, &wrong).await;
        }
        assert_eq!(standing(&world, &bob).await[4].1, Waiting);
        world.clock.advance(STEP);
        assert_eq!(standing(&world, &bob).await[4].1, Enrolled, "a wait that is over is over");
        world.block("ida", &phone).await;
        world.clock.advance(15 * 2 * STEP);
        let later = by_name([
            ("ann", NotEnrolled),
            ("bob", Enrolled),
            ("carl", Exempt),
            ("ian", NotEnrolled),
            ("ida", Blocked),
        ]);
        assert_eq!(standing(&world, &bob).await, later);

        let bob = world.log_in("bob", &bobs_phone).await;
        granted(world.switch(&bob, Requirement::Off).await);
        assert_eq!(standing(&world, &bob).await, all(NotRequired));
        granted(world.switch(&bob, Requirement::On).await);
        let in_the_next_epoch = by_name([
            ("ann", NotEnrolled),
            ("bob", Outdated),
            ("carl", Exempt),
            ("ian", NotEnrolled),
            ("ida", Blocked),
        ]);
        assert_eq!(standing(&world, &bob).await, in_the_next_epoch);
    }

    async fn a_row_tells_since_when_and_when_last(world: World) {
        world.switch_on().await;
        let (phone, bob) = world.enroll("bob").await;
        let of_bob =
            |rows: Vec<ReportRow>| rows.into_iter().find(|row| row.person.id().as_str() == "bob").unwrap();
        let row = of_bob(rows(report(&world, &bob).await, 10).await);
        assert_eq!((row.enrolled_since, row.last_used), (Some(START), Some(START)));
        assert_eq!(row.person.account(), "bob@acme.example");
        let bob = world.log_in("bob", &phone).await;
        let row = of_bob(rows(report(&world, &bob).await, 10).await);
        assert_eq!((row.enrolled_since, row.last_used), (Some(START), Some(START.after(STEP))));
        // A wrong code is no use.
        world.step();
        let ticket = world.ticket_for_code("bob").await;
        let _ = world.verify(&ticket, &world.wrong_code(&phone)).await;
        let row = of_bob(rows(report(&world, &bob).await, 10).await);
        assert_eq!(row.last_used, Some(START.after(STEP)));
    }

    async fn who_enrolled_by_choice_is_told_from_who_did_not(world: World) {
        let world = world.with_settings(Settings::default().with_enrollment_by_choice(true));
        let ann = world.walk_in("ann").await;
        let first_factor = FirstFactor::accepted(&org(ACME), &user("ian"));
        let session = world.walk_in("ian").await;
        let ticket = granted(world.signed_in(&session).enroll(first_factor).await.unwrap());
        let phone = Authenticator::enrolled_with(&world.setup(&ticket).await).unwrap();
        let code = phone.code(&world.clock);
        granted(world.two_factor.confirm(Attempt::new(&ticket, &code)).await.unwrap());
        let counts = counts(&world, &ann).await;
        assert_eq!((counts.of(Status::Enrolled), counts.of(Status::NotRequired)), (1, 3));
        world.block("ian", &phone).await;
        assert_eq!(standing(&world, &ann).await[3], ("ian".to_owned(), Status::Blocked));
    }

    async fn counts_are_those_of_the_report(world: World) {
        world.switch_on().await;
        let (_, bob) = world.enroll("bob").await;
        let _ = world.enroll("ida").await;
        let counts = counts(&world, &bob).await;
        for status in Status::ALL {
            let listed = rows(report(&world, &bob).await.of_status(status), 1).await;
            assert_eq!(counts.of(status), listed.len() as u64, "{status}");
            assert!(listed.iter().all(|row| row.status == status));
        }
        assert_eq!((counts.of(Status::Enrolled), counts.of(Status::NotEnrolled)), (2, 2));
        assert_eq!((counts.internal(), counts.everybody(), counts.master_admins()), (4, 5, 2));
    }

    async fn a_report_goes_on_where_a_page_ended(world: World) {
        let ann = world.walk_in("ann").await;
        let ids = |rows: Vec<ReportRow>| {
            rows.into_iter().map(|row| row.person.id().to_string()).collect::<Vec<_>>()
        };
        let first = report(&world, &ann).await.next_page(2).await.unwrap();
        let last = first.last().unwrap().person.id().clone();
        assert_eq!(ids(first), ["ann", "bob"]);
        // They are gone by the time the next page is looked at.
        world.people.remove(ACME, "bob");
        assert_eq!(ids(rows(report(&world, &ann).await.after(last), 2).await), ["carl", "ian", "ida"]);
        let internal = report(&world, &ann).await.of_role(Role::Internal);
        assert_eq!(ids(rows(internal, 1).await), ["ian", "ida"]);
    }

    /// R13, R10, R5: only a Master Admin of now reads it; others leave a trace, but for customers.
    async fn a_report_is_for_master_admins(world: World) {
        let ann = world.walk_in("ann").await;
        let ian = world.walk_in("ian").await;
        let carl = world.walk_in("carl").await;
        let denied = ActRefusal::Denied(Denied::NotMasterAdmin);
        for pass in [&ian, &carl] {
            assert_eq!(refused(world.two_factor.admin(pass).report().await.unwrap()), denied);
            assert_eq!(refused(world.two_factor.admin(pass).counts().await.unwrap()), denied);
        }
        assert_eq!(world.kinds_for("ian").await, ["act-refused"], "one for the hour");
        assert!(world.events().await.last().unwrap().text.contains("refused to report"));
        assert_eq!(world.record("carl").await, None);
        // Demoted a moment ago.
        world.people.set(ACME, "ann", Role::Internal);
        assert_eq!(refused(world.two_factor.admin(&ann).report().await.unwrap()), denied);
        assert_eq!(refused(world.two_factor.admin(&ann).counts().await.unwrap()), denied);
    }

    /// R13: reading wants no fresh code, but a session that holds.
    async fn a_report_wants_a_session_that_holds(world: World) {
        world.switch_on().await;
        let (_, bob) = world.enroll("bob").await;
        world.clock.advance(Duration::from_secs(60 * 60));
        assert_eq!(refused(world.managed(&bob, "ian").reset(Password::AsBefore).await.unwrap()), ActRefusal::FreshCodeNeeded);
        assert_eq!(rows(report(&world, &bob).await, 10).await.len(), 5);
        world.password_changed("bob").await;
        assert_eq!(refused(world.two_factor.admin(&bob).report().await.unwrap()), ActRefusal::SessionOver);
    }

    /// R5: nothing is said of a customer, whatever was written for them while they were internal.
    async fn nothing_is_told_of_who_is_a_customer_now(world: World) {
        world.switch_on().await;
        let (_, bob) = world.enroll("bob").await;
        let _ = world.enroll("ian").await;
        world.people.set(ACME, "ian", Role::Customer);
        let rows = rows(report(&world, &bob).await.of_role(Role::Customer), 10).await;
        let ian = rows.iter().find(|row| row.person.id().as_str() == "ian").unwrap();
        assert_eq!((ian.status, ian.enrolled_since, ian.last_used), (Status::Exempt, None, None));
    }

    async fn only_who_can_sign_in_themselves_can_help(world: World) {
        world.people.set(ACME, "abe", Role::MasterAdmin);
        assert!(helpers(&world, "ian").await.is_empty());
        world.switch_on().await;
        let (anns_phone, _) = world.enroll("ann").await;
        let (bobs_phone, _) = world.enroll("bob").await;
        let _ = world.enroll("ida").await;
        // Not abe, who is not enrolled; not ida, who is no Master Admin; nobody helps themselves.
        assert_eq!(helpers(&world, "ian").await, ["ann", "bob"]);
        assert_eq!(helpers(&world, "ann").await, ["bob"]);
        world.block("bob", &bobs_phone).await;
        assert_eq!(helpers(&world, "ian").await, ["ann"]);
        assert!(helpers(&world, "ann").await.is_empty(), "a sole admin is told to call the vendor");
        world.people.set(ACME, "ann", Role::Internal);
        assert!(helpers(&world, "ian").await.is_empty());
        world.people.set(ACME, "ann", Role::MasterAdmin);
        // R6: an enrollment of an earlier epoch is none.
        let ann = world.log_in("ann", &anns_phone).await;
        granted(world.switch(&ann, Requirement::Off).await);
        granted(world.switch(&ann, Requirement::On).await);
        assert!(helpers(&world, "ian").await.is_empty());
    }

    /// However many there are, no more than a page is in memory.
    async fn a_report_on_many_people_is_read_in_bounded_pages(world: World) {
        for number in 0..2_500 {
            world.people.set(ACME, &format!("user {number:04} \"\\"), Role::Internal);
        }
        let ann = world.walk_in("ann").await;
        let mut report = report(&world, &ann).await;
        let mut seen = 0;
        loop {
            let page = report.next_page(usize::MAX).await.unwrap();
            assert!(page.len() <= 1_000);
            if page.is_empty() {
                break;
            }
            seen += page.len();
        }
        assert_eq!(seen, 2_505);
        assert_eq!(counts(&world, &ann).await.everybody(), 2_505);
        assert_eq!(world.people.longest_page(), 1_000);
    }

    /// R4: what cannot be read is an error, and the next call misses nothing.
    async fn a_roster_that_fails_is_an_error(world: World) {
        let ann = world.walk_in("ann").await;
        let mut begun = report(&world, &ann).await;
        world.people.go_down(true);
        assert_eq!(begun.next_page(10).await.unwrap_err().kind(), ErrorKind::Unavailable);
        let nobody = world.two_factor.user(&org(ACME), &user("ian")).who_can_help().await;
        assert_eq!(nobody.unwrap_err().kind(), ErrorKind::Unavailable);
        world.people.go_down(false);
        assert_eq!(begun.next_page(10).await.unwrap().len(), 5);
    }

    /// By what the org gives and asks today: imported, in grace until when, invited until when, not told yet, blocked by a
    /// hard stop that was lowered.
    async fn a_report_tells_who_was_told_and_until_when_they_have_time(world: World) {
        let within = |days| Settings::default().with_enroll_within(Some(Days::new(days).unwrap()));
        let world = world.with_settings(within(30));
        for id in ["told", "extended", "invited", "untold"] {
            world.people.set(ACME, id, Role::Internal);
        }
        let support = Support::new(&world.two_factor, Operator::new("sue@vendor.example").unwrap());
        let reason = Reason::new("case 7").unwrap();
        let vendor = support.in_org(&org(ACME), &reason);
        let key = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
        let entry = Imported::parse(&format!("otpauth://totp/Acme:ida?secret={key}&issuer=Acme")).unwrap();
        granted(support.in_org(&org(ACME), &reason).require(Requirement::On).await.unwrap());
        let _ = granted(support.import(&org(ACME), &user("ida"), &entry, &reason).await.unwrap());
        let start = world.now();
        let _ = world.check_in("told").await;
        let Gate::EnrollBy { ticket, .. } = world.check_in("ian").await else { panic!("there is time") };
        let phone = Authenticator::enrolled_with(&world.setup(&ticket).await).unwrap();
        let code = phone.code(&world.clock);
        granted(world.two_factor.confirm(Attempt::new(&ticket, &code)).await.unwrap());
        let extended = granted(vendor.user(&user("extended")).extend(Days::new(60).unwrap()).await.unwrap());
        let invited = granted(vendor.user(&user("invited")).invite().await.unwrap()).expires_at();
        let wrong = world.wrong_code(&phone);
        world.step();
        let ticket = world.ticket_for_code("ian").await;
        for _ in 0..4 {
            refused(world.verify(&ticket, &wrong).await);
        }

        let row = async |id: &str| {
            let rows = rows(world.two_factor.org(&org(ACME)).report().await.unwrap(), 100).await;
            rows.into_iter().find(|row| row.person.id().as_str() == id).unwrap()
        };
        let day = Duration::from_secs(24 * 60 * 60);
        for (id, status, told, grace_until, invited_until) in [
            ("told", Status::NotEnrolled, Some(start), Some(start.after(30 * day)), None),
            ("extended", Status::NotEnrolled, None, Some(extended), None),
            ("invited", Status::NotEnrolled, None, None, Some(invited)),
            ("untold", Status::NotEnrolled, None, None, None),
            ("ida", Status::Imported, None, None, None),
            ("ian", Status::Enrolled, None, None, None),
        ] {
            let row = row(id).await;
            let found = (row.status, row.told, row.grace_until, row.invited_until);
            assert_eq!(found, (status, told, grace_until, invited_until), "{id}");
        }
        let count = async |status| world.two_factor.org(&org(ACME)).counts().await.unwrap().of(status);
        assert_eq!((count(Status::Imported).await, count(Status::Blocked).await), (1, 0));

        // Fewer days and a lower hard stop hold for everybody at once.
        let seen = world.two_factor.org(&org(ACME)).policy().await.unwrap().revision;
        let stricter = within(7).with_hard_stop(4).unwrap();
        granted(vendor.change_settings(seen, stricter).await.unwrap());
        assert_eq!(row("told").await.grace_until, Some(start.after(7 * day)));
        assert_eq!(row("ian").await.status, Status::Blocked);
        assert_eq!((count(Status::Blocked).await, count(Status::Enrolled).await), (1, 0));
        world.people.set(ACME, "ian", Role::MasterAdmin);
        assert!(helpers(&world, "ida").await.is_empty(), "whoever is blocked helps nobody");
        world.clock.advance(8 * day);
        let row = row("told").await;
        assert_eq!((row.told, row.grace_until, row.status), (Some(start), None, Status::NotEnrolled));
    }
}

#[tokio::test]
async fn without_a_roster_there_is_no_report() {
    let world = World::in_memory();
    let without = TwoFactor::builder(world.people.clone(), MemoryStore::new(), keyring());
    let without =
        without.deployment("test").issuer("Acme Portal").clock(world.clock.clone()).build().unwrap();
    let ann = world.walk_in("ann").await;
    assert_eq!(without.admin(&ann).report().await.unwrap_err().kind(), ErrorKind::NoRoster);
    assert_eq!(without.admin(&ann).counts().await.unwrap_err().kind(), ErrorKind::NoRoster);
    let nobody = without.user(&org(ACME), &user("ian")).who_can_help().await;
    assert_eq!(nobody.unwrap_err().kind(), ErrorKind::NoRoster);
}

/// A roster with a flaw that would lead the driver astray.
struct Careless {
    of: Everybody,
    flaw: Flaw,
}

#[derive(Clone, Copy)]
enum Flaw {
    BeginsAnew,
    ListsAnotherOrg,
    IgnoresTheRole,
}

impl Roster for Careless {
    type Error = BoxError;

    async fn page(&self, mut wanted: PageRequest<'_>) -> Result<Vec<Listed>, BoxError> {
        let foreign = org("globex");
        match self.flaw {
            Flaw::BeginsAnew => wanted.after = None,
            Flaw::ListsAnotherOrg => wanted.org = &foreign,
            Flaw::IgnoresTheRole => wanted.role = None,
        }
        self.of.page(wanted).await
    }
}

/// R13: a careless host shows nobody the people of another org, and sends no report round in circles.
#[tokio::test]
async fn a_careless_roster_is_an_error_and_no_report() {
    let world = World::in_memory();
    let ann = world.walk_in("ann").await;
    for flaw in [Flaw::BeginsAnew, Flaw::ListsAnotherOrg, Flaw::IgnoresTheRole] {
        let of = Everybody { people: world.people.clone(), store: world.store.clone() };
        let two_factor = TwoFactor::builder(world.people.clone(), world.store.clone(), keyring())
            .roster(Careless { of, flaw })
            .deployment("test")
            .issuer("Acme Portal")
            .clock(world.clock.clone())
            .build()
            .unwrap();
        let mut report = granted(two_factor.admin(&ann).report().await.unwrap()).of_role(Role::Internal);
        let read = async {
            for _ in 0..10 {
                let _ = report.next_page(2).await?;
            }
            Ok::<_, Error>(())
        };
        assert_eq!(read.await.unwrap_err().kind(), ErrorKind::Unavailable);
    }
}

/// Read back by another's reader of CSV: as many cells in every line, and no formula among them.
#[tokio::test]
async fn a_report_as_csv_is_read_back_by_a_reader_of_csv() {
    let world = World::in_memory();
    let names =
        ["=1+1", "@x", "+1", "-1", "a,b", "a;b", "the \"boss\"", "O'Brien", "größe", "=\",\"", "' or 1=1"];
    for name in names {
        world.people.set(ACME, name, Role::Internal);
    }
    world.switch_on().await;
    let (_, bob) = world.enroll("bob").await;
    let rows = rows(report(&world, &bob).await, 5).await;
    let file: String = std::iter::once(CsvLine::HEAD.to_string())
        .chain(rows.iter().map(|row| row.csv().to_string()))
        .collect();
    assert!(file.lines().all(|line| !line.starts_with(['=', '+', '-', '@'])));
    let mut reader = csv::Reader::from_reader(file.as_bytes());
    assert_eq!(reader.headers().unwrap().len(), 13);
    let read: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().unwrap();
    assert_eq!(read.len(), rows.len());
    for (record, row) in read.iter().zip(&rows) {
        for cell in record {
            assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell:?} is a formula");
        }
        let id = row.person.id().as_str();
        assert_eq!(record[0].strip_prefix('\'').filter(|_| !id.starts_with('\'')).unwrap_or(&record[0]), id);
        assert_eq!(&record[3], row.status.as_str());
    }
    let of_bob = read.iter().find(|record| &record[0] == "bob").unwrap();
    let cells: Vec<&str> = of_bob.iter().collect();
    let enrolled = "2027-01-15T08:00:00Z";
    assert_eq!(
        cells,
        [
            "bob",
            "bob@acme.example",
            "master-admin",
            "enrolled",
            enrolled,
            enrolled,
            "",
            "",
            "",
            "",
            "",
            "",
            ""
        ]
    );
}

/// One that groups by itself, as a host does in SQL.
#[tokio::test]
async fn counts_are_taken_from_the_rosters_own_groups() {
    struct Grouped(Everybody);

    impl Roster for Grouped {
        type Error = BoxError;

        async fn page(&self, _: PageRequest<'_>) -> Result<Vec<Listed>, BoxError> {
            panic!("nobody's record is to be read for a count")
        }

        async fn groups(&self, of: &OrgId, _: Timestamp) -> Result<Vec<RosterGroup>, BoxError> {
            let listed = self.0.page(PageRequest::first(of, 1)).await?;
            let summary = listed.into_iter().next().and_then(|listed| listed.summary);
            Ok(vec![
                RosterGroup { role: Role::MasterAdmin, summary, people: 70_000 },
                RosterGroup { role: Role::Customer, summary: None, people: 30_000 },
            ])
        }
    }

    let world = World::in_memory();
    let ann = world.walk_in("ann").await;
    let of = Everybody { people: world.people.clone(), store: world.store.clone() };
    let two_factor = TwoFactor::builder(world.people.clone(), world.store.clone(), keyring())
        .roster(Grouped(of))
        .deployment("test")
        .issuer("Acme Portal")
        .clock(world.clock.clone())
        .build()
        .unwrap();
    let counts = granted(two_factor.admin(&ann).counts().await.unwrap());
    assert_eq!((counts.of(Status::NotRequired), counts.master_admins()), (70_000, 70_000));
    assert_eq!((counts.of(Status::Exempt), counts.internal()), (30_000, 70_000));
}
