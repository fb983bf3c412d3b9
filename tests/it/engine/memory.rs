//! R9: what is left of a secret in this process' memory once it was used: nothing that the library itself wrote.
//!
//! Memory is read as an attacker would read a core file, through /proc/self/mem. What is looked for is kept masked, so
//! that the search does not find itself.

use std::{
    collections::{BTreeSet, HashMap},
    fs::{self, File},
    hint::black_box,
    os::unix::fs::FileExt as _,
    sync::{Mutex, MutexGuard, PoisonError, mpsc},
    thread,
};

use countersign::otp::{Code, Digits, Hotp, Imported, KeyUri, Label, Secret, Totp, Window};
use sha1::{Digest as _, Sha1};
use zeroize::Zeroizing;

use super::{at, mac::algorithms};

const MASK: u8 = 0xA5;

/// The base32 of a secret of 100 bytes, which is longer than a block of SHA-1 and shorter than one of SHA-512.
const LONG: [u8; 160] = masked(
    *b"LACI57K43PEADJ4SBWQEEQK4UOQQRXIVBTCJBS5Z6Z3NUMLHM7ZME2K3Y7G5C62GC7NX7KJ5UCQZYWUF\
       AFIRP3ENC4DAV5S6YMZON5RNXXRBWA7VYBIMPNZJDNCWC36XTNFTRMEJUIBYO3C4CTIRZ3OLAIL4LVWV",
);
/// The base32 of one of 60 bytes, which is a block of SHA-1 with its padding.
const SHORT: [u8; 96] = masked(
    *b"MSPC57UV6IV7DTETMVC57WSZWOS7XA3L3FVXRRYSATLQK2C7C54QGP7JYT3PNNWUK2G2KDCYUD5QSILWNRUJ3HRSW6VRSWMC",
);

const fn masked<const N: usize>(mut bytes: [u8; N]) -> [u8; N] {
    let mut place = 0;
    while place < N {
        bytes[place] ^= MASK;
        place += 1;
    }
    bytes
}

/// A text that is wiped after use.
fn bare(masked: &[u8]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(1000));
    text.extend(black_box(masked).iter().map(|byte| char::from(byte ^ MASK)));
    text
}

/// Pieces of a secret, each enough to tell that it is one, masked, and what it is a piece of: by their first two bytes,
/// which hardly anything begins with, so that there is little to compare.
type Pieces = HashMap<[u8; 2], Vec<([u8; 8], &'static str)>>;

/// All pieces of a secret in each of the forms in which it is written down. Not of its first bytes: those a heap writes
/// over when it takes memory back, wiped or not.
fn pieces(text: &[u8]) -> Pieces {
    let pieces = taken_to_pieces(text);
    // The hasher of this test leaves the hash on the stack: that is written over before anything is looked for.
    far_down(|| ());
    pieces
}

#[inline(never)]
fn taken_to_pieces(text: &[u8]) -> Pieces {
    let secret = Secret::from_base32(&bare(text)).expect("it is base32");
    let bytes = |padding: u8| secret.expose().iter().map(|byte| byte ^ padding ^ MASK).collect();
    let lower_case = text.iter().map(|byte| (byte ^ MASK).to_ascii_lowercase() ^ MASK).collect();
    let forms: [(_, Vec<u8>); 5] = [
        ("base32", text.to_vec()),
        ("lower case", lower_case),
        ("the bytes", bytes(0)),
        // RFC 2104 §2.
        ("the inner key", bytes(0x36)),
        ("the outer key", bytes(0x5c)),
    ];
    let mut pieces = Pieces::new();
    let mut add = |form, masked: &[u8]| {
        for piece in masked.windows(8) {
            let alike = pieces.entry([piece[0], piece[1]]).or_default();
            alike.push((piece.try_into().expect("eight"), form));
        }
    };
    for (form, masked) in forms {
        add(form, &masked[16..]);
    }
    // A key that is longer than a block is as good as its hash (RFC 2104 §2), which never lies on a heap.
    let hash: Zeroizing<[u8; 20]> = Zeroizing::new(Sha1::digest(secret.expose()).into());
    for (form, padding) in [("the hash", 0), ("the hash, padded", 0x36), ("the hash, padded", 0x5c)] {
        add(form, &hash.map(|byte| byte ^ padding ^ MASK));
    }
    pieces
}

/// In which of its forms any piece of a secret is in memory that can be written to.
///
/// Bytes are compared one by one. To take the mask off a whole piece would leave that to be found.
fn found(pieces: &Pieces) -> BTreeSet<&'static str> {
    let mut begins = vec![false; 1 << 16];
    let begin = |first, second| usize::from(first) << 8 | usize::from(second);
    for [first, second] in pieces.keys() {
        begins[begin(first ^ MASK, second ^ MASK)] = true;
    }
    let memory = File::open("/proc/self/mem").expect("one's own memory can be read");
    let maps = fs::read_to_string("/proc/self/maps").expect("and where it is");
    let mut buffer = vec![0; 1 << 20];
    let mut found = BTreeSet::new();
    for line in maps.lines().filter(|line| line.contains(" rw")) {
        let (from, to) = line.split(' ').next().and_then(|range| range.split_once('-')).expect("a range");
        let [mut from, to] = [from, to].map(|hex| u64::from_str_radix(hex, 16).expect("in hexadecimal"));
        while from < to {
            let length = usize::try_from(to - from).expect("memory fits memory").min(buffer.len());
            // Other threads may have given it back meanwhile.
            let Ok(read) = memory.read_at(&mut buffer[..length], from) else { break };
            for bytes in buffer[..read].windows(8).filter(|bytes| begins[begin(bytes[0], bytes[1])]) {
                let alike = &pieces[&[bytes[0] ^ MASK, bytes[1] ^ MASK]];
                let is =
                    |piece: &[u8; 8]| piece.iter().zip(bytes).all(|(masked, byte)| masked ^ MASK == *byte);
                found.extend(alike.iter().filter(|(piece, _)| is(piece)).map(|(_, form)| *form));
            }
            // With an overlap, so that nothing hides where two stretches meet.
            from +=
                if from + (read as u64) < to { (read as u64).saturating_sub(7).max(1) } else { read as u64 };
        }
    }
    // What it has read it does not leave to be found by the next.
    buffer.fill(0);
    black_box(buffer);
    found
}

/// One at a time: each would find what another has in use.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Does something with a secret's text, as it is and with all that readers forgive, and looks what is left.
fn leaves_nothing(work: impl Fn(&str) + Sync) {
    nothing_is_left_after(|text| {
        far_down(|| {
            let plain = bare(text);
            work(&plain);
            let mut grouped = Zeroizing::new(String::with_capacity(1000));
            grouped.extend(plain.bytes().flat_map(|byte| [' ', char::from(byte).to_ascii_lowercase()]));
            work(&grouped);
        });
    });
}

/// Does something with a secret that was read, and looks what is left once the secret has gone.
///
/// Reading and wiping it use another stretch of the stack: here they would write over what there is to be found.
fn leaves_nothing_in_use(work: impl Fn(&Secret) + Sync) {
    nothing_is_left_after(|text| {
        let secret = read(&bare(text));
        far_down(|| work(&secret));
    });
}

/// In a thread that waits while it is looked at: its heap and its stack are as it left them, and nobody writes over
/// them meanwhile.
fn nothing_is_left_after(work: impl Fn(&[u8]) + Sync) {
    let _alone = alone();
    for text in [&LONG[..], &SHORT[..]] {
        let pieces = pieces(text);
        let (done, is_done) = mpsc::channel();
        let (look, looked) = mpsc::channel::<()>();
        let work = &work;
        thread::scope(|scope| {
            scope.spawn(move || {
                work(text);
                done.send(()).expect("somebody waits");
                looked.recv().expect_err("nothing is sent, ever");
            });
            if is_done.recv().is_ok() {
                assert_eq!(found(&pieces), BTreeSet::new());
            }
            drop(look);
        });
    }
}

/// Far enough down the stack that what comes later does not reach so far.
#[inline(never)]
fn far_down(work: impl FnOnce()) {
    let room = black_box([0_u8; 16 * 1024]);
    work();
    black_box(&room);
}

/// A text around another, in a buffer that is wiped.
fn around(before: &str, text: &str, after: &str) -> Zeroizing<String> {
    let mut whole = Zeroizing::new(String::with_capacity(1000));
    for part in [before, text, after] {
        whole.push_str(part);
    }
    whole
}

fn read(text: &str) -> Secret {
    Secret::from_base32(text).expect("it is base32")
}

/// Otherwise the tests below would find nothing, whatever there was.
#[test]
fn a_secret_in_use_is_found() {
    let _alone = alone();
    let pieces = pieces(&LONG);
    let text = bare(&LONG);
    let secret = read(&text);
    assert_eq!(found(&pieces), BTreeSet::from(["base32", "the bytes"]));
    drop((text, secret));
    assert_eq!(found(&pieces), BTreeSet::new());
}

#[test]
fn nothing_is_left_of_a_secret_that_was_read_or_refused() {
    leaves_nothing(|text| drop(read(text)));
    leaves_nothing(|text| drop(Secret::from_base32(&around("", text, "1"))));
    leaves_nothing(|text| drop(read(text).to_grouped_base32()));
}

#[test]
fn nothing_is_left_of_a_secret_that_codes_were_made_and_checked_with() {
    let code = Code::parse("123456", Digits::Six).expect("a code");
    for algorithm in algorithms() {
        let (totp, hotp) = (Totp::default().with_algorithm(algorithm), Hotp::default().algorithm(algorithm));
        leaves_nothing_in_use(|secret| _ = totp.code_at(secret, at(59)));
        leaves_nothing_in_use(|secret| _ = totp.check(secret, code, at(59), Window::ONE_EACH_WAY, None));
        leaves_nothing_in_use(|secret| _ = hotp.resynchronize(secret, code, code, 0, 3));
    }
}

#[test]
fn nothing_is_left_of_a_secret_that_stood_in_a_key_uri() {
    for (before, after, is_read) in [
        ("secret=", "", true),
        ("secret=", "%20", true),
        ("secret=", "%", false),
        ("secret=", "%ff", false),
        ("secret=", "&secret=", false),
        // Where a name belongs.
        ("%41", "", false),
    ] {
        leaves_nothing(|text| {
            let uri = around("otpauth://totp/Acme:ann?", &around(before, text, after), "");
            assert_eq!(Imported::parse(&uri).is_ok(), is_read, "{before}…{after}");
        });
    }
    let label = Label::new("Acme", "ann").expect("two good names");
    leaves_nothing(|text| drop(KeyUri::new(&label, &read(text), Totp::default())));
}
