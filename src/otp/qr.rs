//! QR codes of key URIs: as SVG for pages and as text for terminals.
//!
//! The symbol is the `qrcode` crate's. The drawing is ours: one path of whole rows, since a rectangle for every
//! module shows hairlines when scaled, and no text from anybody in it, so that nothing can be injected.

use std::fmt::{self, Write as _};

use qrcode::{Color, EcLevel, QrCode as Symbol};
use zeroize::Zeroizing;

use super::uri::KeyUri;

/// The quiet zone around the symbol, in modules (ISO/IEC 18004 §9.1 asks for four).
const QUIET: usize = 4;

/// A QR code that tells an authenticator app a secret. Show it to the one who enrolls, and to nobody else.
pub struct QrCode {
    width: usize,
    dark: Zeroizing<Vec<bool>>,
}

/// The URI does not fit a QR code. That of any [`Label`](super::Label) and [`Secret`](super::Secret) does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the key URI is too long for a QR code")]
pub struct TooLong;

impl QrCode {
    /// The QR code of a key URI. Error correction is the lowest (L, 7 %): a screen has no scratches, and larger
    /// modules scan better than redundant ones.
    ///
    /// # Errors
    /// [`TooLong`] when it does not fit.
    pub fn new(uri: &KeyUri) -> Result<Self, TooLong> {
        let symbol = Symbol::with_error_correction_level(uri.expose(), EcLevel::L).map_err(|_| TooLong)?;
        let width = symbol.width();
        let colors = symbol.into_colors();
        let dark = Zeroizing::new(colors.iter().map(|color| *color == Color::Dark).collect());
        Ok(Self { width, dark })
    }

    /// The width of the drawing in modules, quiet zone included.
    fn outer(&self) -> usize {
        self.width + 2 * QUIET
    }

    /// Whether a module is dark; the quiet zone and all beyond is light.
    fn is_dark(&self, x: usize, y: usize) -> bool {
        let inside = |n: usize| n.checked_sub(QUIET).filter(|n| *n < self.width);
        match (inside(x), inside(y)) {
            (Some(x), Some(y)) => self.dark[y * self.width + x],
            _ => false,
        }
    }

    /// The code as an SVG element to put into a page: black on white whatever the page's colors, without a size
    /// of its own (give it one in CSS), with a quiet zone.
    ///
    /// It names itself for screen readers ("QR code"), and has no other text.
    pub fn to_svg(&self) -> Zeroizing<String> {
        let outer = self.outer();
        // A run of one dark module takes 16 bytes at the most ("M100 100h1v1h-1z") and two modules, since a light
        // one follows; longer runs take less for each. So the buffer never grows and leaves nothing unwiped behind.
        let mut svg = Zeroizing::new(String::with_capacity(400 + outer * outer * 8));
        // Written straight into the buffer that is wiped; a String takes everything, so there is nothing to check.
        let _ = write!(
            svg,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {outer} {outer}\" role=\"img\" \
             aria-label=\"QR code\" shape-rendering=\"crispEdges\">\
             <path fill=\"#fff\" d=\"M0 0h{outer}v{outer}H0z\"/><path fill=\"#000\" d=\"",
        );
        for y in 0..outer {
            let mut x = 0;
            while x < outer {
                let run = (x..outer).take_while(|x| self.is_dark(*x, y)).count();
                if run > 0 {
                    let _ = write!(svg, "M{x} {y}h{run}v1h-{run}z");
                }
                x += run.max(1);
            }
        }
        svg.push_str("\"/></svg>");
        svg
    }

    /// The code as text for a terminal, two modules a character. Black on white is asked for by ANSI colors:
    /// left to the terminal's own, the code would be inverted in one theme out of two.
    pub fn to_terminal(&self) -> Zeroizing<String> {
        // Two of the 256 colors. Themes repaint the first 16 of them, and 24-bit colors are garbage to some
        // terminals that are still in use (macOS's among them).
        const BLACK_ON_WHITE: &str = "\x1b[38;5;16m\x1b[48;5;231m";
        const AS_BEFORE: &str = "\x1b[0m\n";
        let outer = self.outer();
        let mut text = Zeroizing::new(String::with_capacity(outer * (outer * 2 + 50)));
        for y in (0..outer).step_by(2) {
            text.push_str(BLACK_ON_WHITE);
            for x in 0..outer {
                text.push(match (self.is_dark(x, y), self.is_dark(x, y + 1)) {
                    (true, true) => '█',
                    (true, false) => '▀',
                    (false, true) => '▄',
                    (false, false) => ' ',
                });
            }
            text.push_str(AS_BEFORE);
        }
        text
    }
}

impl fmt::Debug for QrCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("QrCode(…)")
    }
}
