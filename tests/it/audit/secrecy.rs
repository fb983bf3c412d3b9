//! R9: what must not be readable anywhere is looked for everywhere.

use countersign::{Attempt, FirstFactor, KeyId, Keyring, OsRandom, Ticket, otp::Secret};

use crate::world::{ACME, KEY, granted, org, over_every_store, refused, user};

/// Everything that a story must not let out, in every form in which it might get out.
struct Hidden {
    texts: Vec<String>,
    bytes: Vec<Vec<u8>>,
}

impl Hidden {
    fn of(secrets: &[&str], codes: &[String]) -> Self {
        let mut texts: Vec<String> = codes.to_vec();
        let mut bytes = vec![KEY.to_vec()];
        for key in secrets {
            let secret = Secret::from_base32(key).unwrap();
            texts.extend([
                (*key).to_owned(),
                secret.to_base32().to_string(),
                format!("{:?}", secret.expose()),
            ]);
            texts.push(hex(secret.expose()));
            bytes.push(secret.expose().to_vec());
        }
        texts.extend([String::from_utf8(KEY.to_vec()).unwrap(), format!("{KEY:?}"), hex(&KEY)]);
        Self { texts, bytes }
    }

    fn is_not_in(&self, where_: &str, shown: &str) {
        for text in &self.texts {
            assert!(!shown.contains(text.as_str()), "{where_} shows {text:?}: {shown}");
        }
    }

    fn is_not_in_bytes(&self, where_: &str, dump: &[u8]) {
        let texts = self.texts.iter().map(|text| text.as_bytes().to_vec());
        for bytes in self.bytes.iter().cloned().chain(texts) {
            assert!(!dump.windows(bytes.len()).any(|window| window == bytes), "{where_} holds {bytes:02x?}");
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

over_every_store! {
    /// R9.
    async fn no_debug_output_event_error_or_database_shows_a_secret_a_key_or_a_code(world: World) {
        let mut shown: Vec<(&str, String)> = vec![
            ("TwoFactor", format!("{:?}", world.two_factor)),
            ("Keyring", format!("{:?}", Keyring::new(KeyId(1), KEY))),
        ];
        world.switch_on().await;
        let gate = world.check_in("ian").await;
        shown.push(("Gate", format!("{gate:?}")));
        let ticket = world.ticket_to_enroll("ian").await;
        let setup = world.setup(&ticket).await;
        let key = setup.key().to_owned();
        let phone = countersign::testing::Authenticator::enrolled_with(&setup).unwrap();
        let (code, wrong) = (phone.code(&world.clock), world.wrong_code(&phone));
        shown.push(("Setup", format!("{setup:?} {setup:#?}")));
        shown.push(("Ticket", format!("{ticket:?}")));
        shown.push(("Attempt", format!("{:?}", Attempt::new(&ticket, &code))));
        shown.push(("Authenticator", format!("{phone:?}")));
        shown.push((
            "Secret",
            format!("{:?} {:#?}", Secret::from_base32(&key).unwrap(), Secret::draw(&OsRandom)),
        ));
        let parsed = countersign::otp::Code::parse(&code, countersign::otp::Digits::Six).unwrap();
        shown.push(("Code", format!("{parsed:?}")));
        let verdict = world.two_factor.setup(&ticket).await.unwrap();
        shown.push(("Verdict<Setup>", format!("{verdict:?}")));
        let refusal = refused(world.two_factor.confirm(Attempt::new(&ticket, &wrong)).await.unwrap());
        shown.push(("Refusal", format!("{refusal:?} {refusal}")));
        let enrolled = granted(world.two_factor.confirm(Attempt::new(&ticket, &code)).await.unwrap());
        shown.push(("Enrolled", format!("{enrolled:?} {enrolled:#?}")));
        let recovery_codes: Vec<String> =
            enrolled.recovery_codes.unwrap().expose().lines().map(str::to_owned).collect();
        let login = world.ticket_for_code("ian").await;
        let attempt = Attempt::new(&login, &recovery_codes[0]);
        shown.push(("Attempt", format!("{attempt:?}")));
        let recovered = granted(world.two_factor.recover(attempt).await.unwrap());
        shown.push(("Recovered", format!("{recovered:?}")));
        shown.push(("Stamp", format!("{:?}", enrolled.pass.stamp())));
        let first_factor = FirstFactor::accepted(&org(ACME), &user("ian"));
        shown.push(("FirstFactor", format!("{first_factor:?}")));
        // Errors of every kind, with all their sources.
        world.damage("ian").await;
        let mut error: &dyn std::error::Error =
            &world.two_factor.check_in(FirstFactor::accepted(&org(ACME), &user("ian"))).await.unwrap_err();
        shown.push(("Error", format!("{error:?}")));
        loop {
            shown.push(("Error", error.to_string()));
            match error.source() {
                Some(source) => error = source,
                None => break,
            }
        }
        for event in world.events().await {
            shown.push(("Event", format!("{event:?}")));
        }
        let mut typed = vec![code, wrong];
        // The used one as well, and as they might be typed.
        for code in &recovery_codes {
            typed.extend([code.clone(), code.replace('-', ""), code.to_lowercase()]);
        }
        let hidden = Hidden::of(&[&key], &typed);
        for (what, text) in &shown {
            hidden.is_not_in(what, text);
            // Tickets and stamps open doors: their texts count as secrets too.
            assert!(
                !text.contains(ticket.expose()) && !text.contains(enrolled.pass.stamp().expose()),
                "{what}"
            );
        }
        let stored = world.record("ian").await.unwrap().record;
        hidden.is_not_in_bytes("the record", &stored);
        hidden.is_not_in_bytes("the ticket", ticket.expose().as_bytes());
        for (place, bytes) in world.dump().await {
            hidden.is_not_in_bytes(&place, &bytes);
        }
    }
}

/// The search itself finds what it looks for.
#[test]
#[should_panic(expected = "the record holds")]
fn a_secret_that_lies_open_is_found() {
    let key = "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ";
    let dump = [b"front".as_slice(), b"12345678901234567890", b"back"].concat();
    Hidden::of(&[key], &[]).is_not_in_bytes("the record", &dump);
}

/// R9: what is wrong with a key is told without the key.
#[test]
fn a_keyring_that_is_refused_is_not_repeated() {
    let key = "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0ISEhISE=";
    for text in [
        String::new(),
        key.to_owned(),
        format!("x:{key}"),
        format!("1:{}", &key[..40]),
        format!("1:{key},1:{key}"),
        format!("1:{key}\n2"),
    ] {
        let refused = Keyring::from_text(&text).unwrap_err();
        assert!(!format!("{refused} {refused:?}").contains(&key[..8]), "{refused}");
    }
    assert!(Keyring::from_text(&format!(" 2:{key},\n1:{key}\n")).is_ok());
    assert!(Keyring::from_env("COUNTERSIGN_NO_SUCH_VARIABLE").is_err());
}

/// A ticket made from any text is a text and nothing more, until somebody opens it.
#[test]
fn tokens_keep_their_text_and_do_not_show_it() {
    let ticket = Ticket::from("token");
    assert_eq!((ticket.expose(), format!("{ticket:?}").as_str()), ("token", "Ticket(…)"));
}
