//! One-time passwords: HOTP (RFC 4226) and TOTP (RFC 6238), key URIs and QR codes.
//!
//! The engine knows secrets, counters and steps of time. It knows no users, no tickets and no store, and can be
//! used by itself.
//!
//! ```
//! use countersign::{Timestamp, otp::{Check, Code, Digits, Secret, Totp, Window}};
//!
//! // The first line of the table in RFC 6238, Appendix B.
//! let secret = Secret::from_bytes(b"12345678901234567890")?;
//! let totp = Totp::new(Digits::Eight, 30)?;
//! let code = Code::parse("94287082", Digits::Eight)?;
//! let Check::Right(step) = totp.check(&secret, code, Timestamp::from_unix(59), Window::ONE_EACH_WAY, None) else {
//!     panic!("that is the code of step 1");
//! };
//! assert_eq!(step.number(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod qr;
mod secret;
mod totp;
mod label;
mod uri;

pub use label::{InvalidLabel, Label, LabelRules};
pub use qr::{QrCode, TooLong};
pub use secret::{InvalidSecret, Secret};
pub use totp::{Check, Code, Digits, InvalidPeriod, Malformed, Step, Totp, Window, WindowTooWide, hotp};
pub use uri::KeyUri;
