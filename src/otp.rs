//! One-time passwords: HOTP (RFC 4226) and TOTP (RFC 6238), key URIs and QR codes.
//!
//! The engine knows secrets, counters and time steps. It knows no users, no tickets and no store, and can be used by
//! itself.
//!
//! ```
//! use countersign::{Timestamp, otp::{Check, Code, Digits, Secret, Totp, Window}};
//!
//! // The first line of the table in RFC 6238, Appendix B.
//! let secret = Secret::from_bytes(b"12345678901234567890")?;
//! let totp = Totp::new(Digits::Eight, 30)?;
//! let code = Code::parse("94287082", Digits::Eight)?;
//! let Check::Right(found) = totp.check(&secret, code, Timestamp::from_unix(59), Window::ONE_EACH_WAY, None) else {
//!     panic!("that is the code of step 1");
//! };
//! assert_eq!((found.step.number(), found.offset), (1, 0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod algorithm;
mod typed;
mod code;
mod secret;
mod mask;
mod hash;
mod mac;
mod keyed;
mod hotp;
mod totp;
mod label;
mod uri;
mod parse;
#[cfg(feature = "std")]
mod migration;
#[cfg(feature = "std")]
mod qr;

pub use algorithm::Algorithm;
pub use code::{Code, Digits, Malformed};
pub use hotp::{Hotp, LookAheadTooWide};
pub use label::{InvalidLabel, Label, LabelRules};
#[cfg(feature = "std")]
pub use migration::{Exported, InvalidMigration, Migration};
pub use parse::{Imported, InvalidKeyUri, NameFault};
#[cfg(feature = "png")]
pub use qr::InvalidModuleSize;
#[cfg(feature = "std")]
pub use qr::{QrCode, TooLong};
pub use secret::{InvalidSecret, Secret};
pub use totp::{Astray, Check, InvalidPeriod, Match, Step, Totp, Verifier, Window, WindowTooWide};
#[cfg(feature = "std")]
pub(crate) use typed::{LONGEST_TYPED, is_filler};
pub use uri::KeyUri;
