//! What the driver makes of the portal's name and of the users': nobody is kept from enrolling by an ordinary one.

use std::convert::Infallible;

use countersign::{
    BuildError, Directory, ErrorKind, FirstFactor, Gate, InvalidDeployment, MemoryStore, OrgId, Person,
    Requirement, Role, TwoFactor, UserId, Verdict, otp::InvalidLabel,
};

use crate::world::{keyring, org, user};

/// Everybody has this account name.
struct Everybody(&'static str);

impl Directory for Everybody {
    type Error = Infallible;

    async fn find(&self, org: &OrgId, user: &UserId) -> Result<Option<Person>, Infallible> {
        Ok(Some(Person::new(org.clone(), user.clone(), Role::Internal).account_name(self.0)))
    }
}

/// What the app of a user with this account name would show: issuer and account, or the error of setting up.
async fn shown(account: &'static str) -> Result<(String, String), countersign::Error> {
    let two_factor = TwoFactor::builder(Everybody(account), MemoryStore::new(), keyring())
        .deployment("test")
        .issuer("Acme Portal")
        .default_requirement(Requirement::On)
        .build()
        .unwrap();
    let gate = two_factor.check_in(FirstFactor::accepted(&org("acme"), &user("ann"))).await?;
    let Gate::Enroll(ticket) = gate else { panic!("{gate:?}") };
    let Verdict::Granted(setup) = two_factor.setup(&ticket).await? else { panic!("the ticket is new") };
    Ok((setup.issuer().to_owned(), setup.account().to_owned()))
}

#[tokio::test]
async fn an_ordinary_user_is_never_kept_from_enrolling_by_their_name() {
    for (name, account) in [
        ("ann@example.com", "ann@example.com"),
        ("ann+work@example.com", "ann+work@example.com"),
        ("Sales & Support, 24/7 = 100 %?", "Sales & Support, 24/7 = 100 %?"),
        ("ann_example.com#EXT#@fabrikam.onmicrosoft.com", "ann_example.com#EXT#@fabrikam.onmicrosof"),
        ("Αλέξανδρος Παπαδόπουλος", "Αλέξανδρος Παπαδόπουλος"),
        (" \u{200f}דנה כהן\u{200f} ", "דנה כהן"),
        ("Steam", "Steam"),
    ] {
        assert_eq!(shown(name).await.unwrap(), ("Acme Portal".to_owned(), account.to_owned()));
    }
}

#[tokio::test]
async fn a_name_that_no_app_can_be_told_is_a_typed_error() {
    for name in ["", "  ", "urn:ann", "an\0n", "an\nn"] {
        let error = shown(name).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnusableName, "{name:?}");
        assert!(std::error::Error::source(&error).unwrap().is::<InvalidLabel>());
    }
}

#[test]
fn a_portals_own_name_is_refused_at_the_start_unless_every_app_shows_it() {
    let portal = || TwoFactor::builder(Everybody("ann"), MemoryStore::new(), keyring());
    for (issuer, refusal) in [
        ("", InvalidLabel::Empty("issuer")),
        ("Steam", InvalidLabel::Steam),
        ("Johnson & Johnson", InvalidLabel::Reserved("issuer")),
        ("Acme: Portal", InvalidLabel::Colon("issuer")),
        (" Acme", InvalidLabel::OuterBlank("issuer")),
        ("Ac\u{ad}me", InvalidLabel::Invisible("issuer")),
        ("The Portal of the Acme Corporation", InvalidLabel::TooLong("issuer")),
    ] {
        assert_eq!(
            portal().deployment("test").issuer(issuer).build().unwrap_err(),
            BuildError::Issuer(refusal)
        );
        let allowed = portal().deployment("test").issuer_with_reserved(issuer).build();
        assert_eq!(
            allowed.err(),
            Some(refusal)
                .filter(|refusal| *refusal != InvalidLabel::Reserved("issuer"))
                .map(BuildError::Issuer)
        );
    }
    assert_eq!(portal().build().unwrap_err(), BuildError::Issuer(InvalidLabel::Empty("issuer")));
    // R17: nor is there a portal without the name of its deployment.
    let named = |name: &str| portal().issuer("Acme").deployment(name).build().map(drop);
    for (name, refusal) in [
        ("", InvalidDeployment::Missing),
        (" production", InvalidDeployment::Unclear),
        ("production\n", InvalidDeployment::Unclear),
        (&*"p".repeat(101), InvalidDeployment::TooLong),
    ] {
        assert_eq!(named(name), Err(BuildError::Deployment(refusal)));
    }
    assert_eq!(
        portal().issuer("Acme").build().unwrap_err(),
        BuildError::Deployment(InvalidDeployment::Missing)
    );
    assert_eq!(named(&"p".repeat(100)), Ok(()));
    assert!(portal().deployment("test").issuer("Bücher Müller").build().is_ok());
    // The last one counts, with its rules.
    assert!(portal().deployment("test").issuer_with_reserved("A&B").issuer("A&B").build().is_err());
}
