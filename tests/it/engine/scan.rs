//! QR codes read back by three readers that share no line with each other: zbar, OpenCV and zxing-cpp.
//!
//! What they are shown is what people see: the SVG as a browser would paint it (librsvg does here), the PNG, and a
//! terminal's window with the code in it; large and small, upright, turned and tilted, on a white page and on a dark
//! one. Each must read the very key URI from it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use countersign::otp::{Digits, KeyUri, Label, QrCode, Secret, Totp};
use tempfile::TempDir;

use super::qr;
use crate::tools::Tool;

/// What the code is drawn as, and how large.
#[derive(Clone, Copy, Debug)]
enum Drawing {
    /// With this argument for rsvg-convert, which says the size.
    Svg(&'static str),
    /// With so many pixels a module.
    #[cfg(feature = "png")]
    Png(u8),
    /// In a font with cells of so many pixels by twice as many, which makes so many a module.
    Terminal(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reader {
    Zbar,
    Zxing,
    OpenCv,
}

const EVERYBODY: [Reader; 3] = [Reader::Zbar, Reader::Zxing, Reader::OpenCv];

/// How bright a page is, or a terminal's own background.
const PAGES: [u8; 2] = [255, 24];

const UPRIGHT: &[i32] = &[0];
const QUARTERS: &[i32] = &[0, 90, 180, 270];

/// From the shortest key URI to the longest that a label and a secret can make (41 to 85 modules a side, with the
/// quiet zone).
fn uris() -> Vec<KeyUri> {
    let label = Label::new(&"🔒".repeat(6), &format!("aaaaaa{}", "🔒".repeat(4))).expect("two good names");
    let secret = Secret::from_bytes(&[0xA7; 128]).expect("up to 128 bytes");
    let totp = Totp::new(Digits::Eight, 120).expect("up to 120 seconds");
    qr::uris().into_iter().chain([KeyUri::spelled_out(&label, &secret, totp)]).collect()
}

/// The readers, and what turns an SVG into pixels.
struct Desk {
    python: Tool,
    zbarimg: Tool,
    rsvg_convert: Tool,
    folder: TempDir,
}

/// A picture as it lies before a reader.
struct View<'a> {
    uri: &'a KeyUri,
    /// Its name says what it shows.
    file: PathBuf,
    /// What tests/oracles/python/scan.py is told to make it.
    line: String,
}

impl Desk {
    fn or_skip() -> Option<Self> {
        // All are looked for before one is missed, so that all that are missing are named.
        let python = Tool::python_or_skip();
        let zbarimg = Tool::or_skip("zbarimg", "zbar-tools");
        let rsvg_convert = Tool::or_skip("rsvg-convert", "librsvg2-bin");
        let folder = TempDir::new().expect("a temporary folder");
        Some(Self { python: python?, zbarimg: zbarimg?, rsvg_convert: rsvg_convert?, folder })
    }

    /// Draws a code into a file. Where the drawing leaves something unpainted, the page shows.
    fn draw(&self, code: &QrCode, drawing: Drawing, page: u8, name: &str) -> PathBuf {
        let file = self.folder.path().join(name);
        match drawing {
            Drawing::Svg(size) => {
                let page = format!("--background-color=rgb({page},{page},{page})");
                self.rsvg_convert.run(&[size, &page, "--output", text(&file)], code.to_svg().as_bytes());
            }
            #[cfg(feature = "png")]
            Drawing::Png(size) => {
                fs::write(&file, &*code.to_png(size).expect("a size there is")).expect("room");
            }
            Drawing::Terminal(size) => {
                fs::write(&file, qr::show(&code.to_terminal()).to_pgm(size, page)).expect("room");
            }
        }
        file
    }

    /// Lays every drawing of every URI on every page, turns it, and asserts that each of these readers reads the URI.
    fn all_is_read(&self, by: &[Reader], uris: &[KeyUri], drawings: &[Drawing], degrees: &[i32]) {
        let mut views = Vec::new();
        for (number, uri) in uris.iter().enumerate() {
            let code = QrCode::new(uri).expect("it fits");
            for (drawing, page) in drawings.iter().flat_map(|drawing| PAGES.map(|page| (*drawing, page))) {
                let name = format!("URI {number} as {drawing:?} on {page}");
                let picture = self.draw(&code, drawing, page, &name);
                for degrees in degrees {
                    let file = self.folder.path().join(format!("{name} turned by {degrees}.png"));
                    let line = format!("{}\t{degrees}\t{page}\t{}\n", text(&picture), text(&file));
                    views.push(View { uri, file, line });
                }
            }
        }
        // One process for all, since it takes longer to start than to read.
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracles/python/scan.py");
        let input: String = views.iter().map(|view| &*view.line).collect();
        let answers = self.python.run(&[script], input.as_bytes());
        let answers: Vec<_> =
            answers.lines().map(|line| line.split_once('\t').expect("two readings")).collect();
        assert_eq!(answers.len(), views.len());
        for (view, (zxing, opencv)) in views.iter().zip(answers) {
            for reader in by {
                let read = match reader {
                    Reader::Zxing => zxing.to_owned(),
                    Reader::OpenCv => opencv.to_owned(),
                    Reader::Zbar => self.zbar_reads(&view.file),
                };
                assert_eq!(read, view.uri.expose(), "{reader:?} reads {}", view.file.display());
            }
        }
    }

    fn zbar_reads(&self, file: &Path) -> String {
        // QR codes alone: zbar looks for bars as well, and now and then sees some in them. It fails if it reads nothing.
        let arguments = ["--quiet", "--raw", "--nodbus", "-Sdisable", "-Sqrcode.enable", text(file)];
        self.zbarimg.run(&arguments, b"").trim_end_matches('\n').to_owned()
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

/// The size that our own documentation advises.
#[test]
fn at_four_pixels_a_module_every_reader_reads_every_drawing_upright_turned_and_tilted() {
    let Some(desk) = Desk::or_skip() else { return };
    let drawings = [
        Drawing::Svg("--zoom=4"),
        #[cfg(feature = "png")]
        Drawing::Png(4),
        Drawing::Terminal(4),
    ];
    desk.all_is_read(&EVERYBODY, &uris(), &drawings, &[0, 90, 180, 270, 12]);
}

/// Tilted the other way OpenCV misses the longest URIs at four pixels a module.
#[test]
fn at_eight_pixels_a_module_every_reader_reads_every_drawing_at_any_angle() {
    let Some(desk) = Desk::or_skip() else { return };
    let drawings = [
        Drawing::Svg("--zoom=8"),
        #[cfg(feature = "png")]
        Drawing::Png(8),
        Drawing::Terminal(8),
    ];
    desk.all_is_read(&EVERYBODY, &uris(), &drawings, &[-7, 45, 200]);
}

/// As small as there is: an SVG in the size of its own units, a PNG of one pixel a module. OpenCV reads none of them
/// and zbar every other one, so this is no size for people. That zxing-cpp reads all says that no pixel is wrong.
#[test]
fn at_one_pixel_a_module_zxing_still_reads_what_is_not_tilted() {
    let Some(desk) = Desk::or_skip() else { return };
    let drawings = [
        Drawing::Svg("--zoom=1"),
        #[cfg(feature = "png")]
        Drawing::Png(1),
    ];
    desk.all_is_read(&[Reader::Zxing], &uris(), &drawings, QUARTERS);
}

/// The example portal's page gives the SVG 206 pixels (`#qr` in its style sheet: 13.5rem less padding and border),
/// which is no whole number a module. OpenCV wants more than the two and a half that a secret of 128 bytes leaves; it
/// gets twice as many where the screen is of high density.
#[test]
fn in_the_size_of_the_portals_page_every_reader_reads_the_svg_on_an_ordinary_screen_and_on_a_dense_one() {
    let Some(desk) = Desk::or_skip() else { return };
    let uris = uris();
    let (ordinary, long) = uris.split_at(4);
    let (screen, dense) = ([Drawing::Svg("--width=206")], [Drawing::Svg("--width=412")]);
    desk.all_is_read(&EVERYBODY, ordinary, &screen, UPRIGHT);
    desk.all_is_read(&[Reader::Zbar, Reader::Zxing], long, &screen, UPRIGHT);
    desk.all_is_read(&EVERYBODY, &uris, &dense, UPRIGHT);
}
