//! Whether each crate does its work in every case, and all say the same: otherwise the bench would measure nonsense.

use peers::{Answer, CODES, Case, NAMES, PEERS, RIGHT, SECRET_TEXT, WRONG, floor};

fn each(say: impl Fn(&peers::Peer)) {
    assert_eq!(PEERS.iter().map(|peer| peer.name).collect::<Vec<_>>(), NAMES);
    PEERS.iter().for_each(say);
}

#[test]
fn all_make_the_code_of_the_rfc() {
    each(|peer| assert_eq!((peer.generate)().answer(), Answer::Code(RIGHT.to_owned()), "{peer:?}"));
}

#[test]
fn all_accept_the_codes_of_three_steps_and_no_other() {
    let expected = [false, true, true, true, false];
    each(|peer| {
        for (code, expected) in CODES.into_iter().zip(expected).chain([(WRONG, false)]) {
            assert_eq!((peer.check)(code).answer(), Answer::Accepted(expected), "{peer:?}, {code}");
            assert_eq!((peer.login)(code).answer(), Answer::Accepted(expected), "{peer:?}, {code}, login");
        }
    });
}

#[test]
fn those_that_read_key_uris_read_the_same_secret() {
    let readers: Vec<_> = PEERS.iter().filter_map(|peer| Some((peer, peer.key_uri?))).collect();
    assert_eq!(readers.len(), 3, "one is missing");
    for (peer, ready) in readers {
        assert_eq!(ready().answer(), Answer::Secret(SECRET_TEXT.to_owned()), "{peer:?}");
    }
}

/// A checker that learned from what it was asked would be measured at something else the second time.
#[test]
fn a_case_says_the_same_however_often_it_is_done() {
    each(|peer| {
        for case in Case::ALL {
            let Some(mut work) = peer.work(case) else { continue };
            let first = work.answer();
            assert!(!work.time(3).is_zero(), "{peer:?}, {case:?}");
            assert_eq!(work.answer(), first, "{peer:?}, {case:?}");
        }
    });
}

#[test]
fn all_cases_but_the_uri_have_a_floor() {
    for case in Case::ALL {
        assert_eq!(floor(case).is_some(), case != Case::KeyUri, "{case:?}");
    }
}
