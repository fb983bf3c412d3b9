//! QR codes of key URIs: as SVG for pages, as text for terminals, and as PNG where neither can be shown.
//!
//! The symbol is drawn by the `qrcode` crate, the picture by us. It is one path of whole rows, since one rectangle for
//! every module shows hairlines when scaled. It contains no text from anybody, so nothing can be injected.

use alloc::{string::String, vec::Vec};
use core::fmt::{self, Write as _};

use qrcode::{Color, EcLevel, QrCode as Symbol, Version, bits::Bits};
use zeroize::Zeroizing;

use super::uri::KeyUri;

/// The quiet zone around the symbol, in modules (ISO/IEC 18004 §9.1 asks for four).
const QUIET: usize = 4;

/// A QR code that tells an authenticator app a secret. Show it only to the user who enrolls.
pub struct QrCode {
    width: usize,
    dark: Zeroizing<Vec<bool>>,
}

/// A URI that does not fit a QR code. That of any [`Label`](super::Label) and [`Secret`](super::Secret) does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the key URI is too long for a QR code")]
pub struct TooLong;

/// A PNG of modules without pixels, or with more than 32.
#[cfg(feature = "png")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a module must be 1 to {} pixels wide", QrCode::MOST_PIXELS_PER_MODULE)]
pub struct InvalidModuleSize;

impl QrCode {
    /// Creates the QR code of a key URI. The error correction is the lowest (L, 7 %): a screen has no scratches, and
    /// larger modules scan better than redundant ones.
    ///
    /// # Errors
    /// [`TooLong`] if the URI does not fit.
    pub fn new(uri: &KeyUri) -> Result<Self, TooLong> {
        let symbol =
            Symbol::with_bits(in_bytes(uri.expose().as_bytes())?, EcLevel::L).map_err(|_| TooLong)?;
        let width = symbol.width();
        let colors = symbol.into_colors();
        let dark = Zeroizing::new(colors.iter().map(|color| *color == Color::Dark).collect());
        Ok(Self { width, dark })
    }

    /// Returns the width of the drawing in modules, including the quiet zone.
    fn outer(&self) -> usize {
        self.width + 2 * QUIET
    }

    /// Returns whether a module is dark. The quiet zone and everything beyond is light.
    fn is_dark(&self, x: usize, y: usize) -> bool {
        let inside = |n: usize| n.checked_sub(QUIET).filter(|n| *n < self.width);
        match (inside(x), inside(y)) {
            (Some(x), Some(y)) => self.dark[y * self.width + x],
            _ => false,
        }
    }

    /// Returns the code as an SVG element for a page: black on white whatever the page's colors, with a quiet zone. It
    /// has no size of its own; give it one in CSS.
    ///
    /// It has a name for screen readers ("QR code"), and no other text.
    pub fn to_svg(&self) -> Zeroizing<String> {
        let outer = self.outer();
        // A run of one dark module takes at most 16 bytes ("M100 100h1v1h-1z") and two modules, since a light one
        // follows. Longer runs take less for each module. So the buffer never grows, and leaves nothing unwiped behind.
        let mut svg = Zeroizing::new(String::with_capacity(400 + outer * outer * 8));
        // Written straight into the buffer that is wiped. A `String` takes everything, so there is nothing to check.
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

    /// Returns the code as text for a terminal, two modules a character. It asks for black on white by ANSI colors:
    /// with the terminal's own colors, the code would be inverted in every other theme.
    pub fn to_terminal(&self) -> Zeroizing<String> {
        // Two of the 256 colors. Themes repaint the first 16 of them, and 24-bit colors are garbage to some terminals
        // that are still in use (macOS's among them).
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

    /// The largest number of pixels a module of a PNG may have. Even the longest key URI is then a square of less than
    /// 3000 pixels, which fills a printed page at 300 dpi. So a number from a stranger cannot ask for more memory.
    #[cfg(feature = "png")]
    pub const MOST_PIXELS_PER_MODULE: u8 = 32;

    /// Returns the code as a PNG file, for what shows no SVG: native windows, print. It is black on white without
    /// transparency, with a quiet zone.
    ///
    /// A module, the smallest square of the code, becomes a square of `pixels_per_module` whole pixels, so that every
    /// edge is sharp. The usual key URI gives 45 modules a side, including the quiet zone. 4 pixels a module are enough
    /// for a screen, 8 for a high-density screen or for paper. Below 4 some scanners read nothing.
    ///
    /// ```
    /// # use countersign::otp::{KeyUri, Label, QrCode, Secret, Totp};
    /// # let secret = Secret::from_bytes(b"12345678901234567890")?;
    /// # let uri = KeyUri::new(&Label::new("Acme Portal", "ann@example.com")?, &secret, Totp::default());
    /// let png = QrCode::new(&uri)?.to_png(4)?;
    /// assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidModuleSize`] unless a module has 1 to [`MOST_PIXELS_PER_MODULE`](Self::MOST_PIXELS_PER_MODULE) pixels.
    #[cfg(feature = "png")]
    pub fn to_png(&self, pixels_per_module: u8) -> Result<Zeroizing<Vec<u8>>, InvalidModuleSize> {
        let scale = match pixels_per_module {
            1..=Self::MOST_PIXELS_PER_MODULE => usize::from(pixels_per_module),
            _ => return Err(InvalidModuleSize),
        };
        // One bit a pixel, 1 for white, each row padded to whole bytes (PNG, third edition, §7.2).
        let side = self.outer() * scale;
        let stride = side.div_ceil(8);
        let mut pixels = Zeroizing::new(Vec::with_capacity(stride * side));
        for y in 0..self.outer() {
            let row = pixels.len();
            pixels.resize(row + stride, 0);
            for x in (0..side).filter(|x| !self.is_dark(x / scale, y)) {
                pixels[row + x / 8] |= 0x80 >> (x % 8);
            }
            for _ in 1..scale {
                pixels.extend_from_within(row..row + stride);
            }
        }
        Ok(png_file(side, &pixels))
    }
}

/// Encodes a text as one segment of bytes, in the smallest version that it fits (ISO/IEC 18004 §7.4.5).
///
/// Left to itself, the encoder makes a numeric segment of eight digits in a row, to save a few bits. One reader of seventeen
/// that were tried reads no symbol that has one among others. All read bytes.
fn in_bytes(text: &[u8]) -> Result<Bits, TooLong> {
    for version in 1..=40 {
        let mut bits = Bits::new(Version::Normal(version));
        // Four bits for the mode, and the length: 8 bits before version 10, 16 from then on (table 3).
        let head = if version < 10 { 12 } else { 20 };
        // Looked at first: each try that failed later would leave a copy of the secret behind.
        if bits.max_len(EcLevel::L).is_ok_and(|most| head + 8 * text.len() <= most) {
            bits.push_byte_data(text).and_then(|()| bits.push_terminator(EcLevel::L)).map_err(|_| TooLong)?;
            return Ok(bits);
        }
    }
    Err(TooLong)
}

/// Writes a square picture of one bit a pixel as a PNG file.
#[cfg(feature = "png")]
fn png_file(side: usize, pixels: &[u8]) -> Zeroizing<Vec<u8>> {
    const INFALLIBLE: &str = "a Vec takes everything, and the picture has the size that was announced";
    // Deflate never makes it much longer than the same uncompressed: a byte for each row's filter, and five for each
    // block. So this buffer does not grow either. (The encoder's own buffers are out of our reach, like the symbol that
    // `qrcode` draws.)
    let mut file = Zeroizing::new(Vec::with_capacity(200 + (side + pixels.len()) * 101 / 100));
    let side = u32::try_from(side).expect("185 modules of 32 pixels at the most");
    let mut encoder = png::Encoder::new(&mut *file, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let mut writer = encoder.write_header().expect(INFALLIBLE);
    writer.write_image_data(pixels).expect(INFALLIBLE);
    writer.finish().expect(INFALLIBLE);
    file
}

impl fmt::Debug for QrCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("QrCode(…)")
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::{
        super::{label::LabelRules, secret::Secret, totp::Totp},
        Color, EcLevel, KeyUri, QrCode, Symbol, TooLong, in_bytes,
    };

    /// What a reader finds: the mode, the length, and the bytes.
    fn read(text: &[u8]) -> (u8, usize, Vec<u8>) {
        let bits = in_bytes(text).unwrap();
        let is_long = matches!(bits.version(), qrcode::Version::Normal(10..));
        let bytes = bits.into_bytes();
        // All is shifted by the four bits of the mode.
        let shifted: Vec<u8> = bytes.windows(2).map(|pair| pair[0] << 4 | pair[1] >> 4).collect();
        let (length, rest) = if is_long {
            (usize::from(shifted[0]) << 8 | usize::from(shifted[1]), &shifted[2..])
        } else {
            (usize::from(shifted[0]), &shifted[1..])
        };
        (bytes[0] >> 4, length, rest[..text.len()].to_vec())
    }

    /// R11: whatever a name is made of, it is bytes; digits and capitals in a row are no segment of their own.
    #[test]
    fn a_symbol_is_one_segment_of_bytes() {
        for text in [
            "12345678",
            "otpauth://totp/a:12345678901234567890?secret=AAAAAAAAAAAAAAAA",
            "ACME:12345678:ACME",
        ] {
            assert_eq!(read(text.as_bytes()), (0b0100, text.len(), text.as_bytes().to_vec()), "{text}");
        }
        // Each length is put into the smallest version, up to the longest (ISO/IEC 18004, table 7: 40-L has 2,953 bytes).
        for length in [1, 17, 18, 230, 231, 271, 272, 2_953] {
            let text: Vec<u8> = b"0123456789".iter().copied().cycle().take(length).collect();
            assert_eq!(read(&text), (0b0100, length, text.clone()), "{length}");
        }
        assert!(matches!(in_bytes(&[b'1'; 2_954]), Err(TooLong)));
        let version = |length: usize| in_bytes(&alloc::vec![b'1'; length]).unwrap().version();
        for (most, number) in [(17, 1), (230, 9), (271, 10), (2_953, 40)] {
            assert_eq!(version(most), qrcode::Version::Normal(number));
        }
    }

    #[test]
    fn what_is_drawn_is_that_segment() {
        let secret = Secret::from_bytes(b"12345678901234567890").unwrap();
        let label = LabelRules::STRICT.label("ACME", "12345678901234567890").unwrap();
        let uri = KeyUri::new(&label, &secret, Totp::default());
        let symbol = Symbol::with_bits(in_bytes(uri.expose().as_bytes()).unwrap(), EcLevel::L).unwrap();
        let dark: Vec<bool> = symbol.into_colors().into_iter().map(|color| color == Color::Dark).collect();
        assert!(*QrCode::new(&uri).unwrap().dark == dark, "another symbol is drawn");
    }
}
