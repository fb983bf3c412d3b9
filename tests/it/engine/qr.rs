//! QR codes: the SVG is nothing but a picture, and every drawing shows the same modules. Whether anybody can read them
//! is `scan`'s to say.

use std::iter;

#[cfg(feature = "png")]
use countersign::otp::InvalidModuleSize;
use countersign::otp::{Digits, KeyUri, LabelRules, QrCode, Secret, Totp};

use super::rfc_secret;

/// Key URIs short and long, plain and hostile.
pub(super) fn uris() -> [KeyUri; 5] {
    let secret = |bytes: &[u8]| Secret::from_bytes(bytes).expect("16 to 128 bytes");
    let (short, long) = (secret(&[0; 16]), secret(&[0xA7; 128]));
    let (usual, eight) = (Totp::default(), Totp::new(Digits::Eight, 120).expect("up to 120 seconds"));
    [
        ("A", "b", &short, usual),
        ("Acme Portal", "ann@example.com", &rfc_secret(), usual),
        ("Bücher & Söhne", "\"><script>alert(1)</script>", &rfc_secret(), usual),
        ("a&secret=AAAA", "100 % 🔒?#/=+", &rfc_secret(), eight),
        (&"🔒".repeat(6), "ann@🔒🔒🔒🔒", &long, eight),
    ]
    .map(|(issuer, account, secret, totp)| {
        let label = LabelRules::FORGIVING.label(issuer, account).expect("two good names");
        KeyUri::new(&label, secret, totp)
    })
}

/// A picture, one brightness for every module; `None` where nothing was painted.
#[derive(Debug, PartialEq)]
pub(super) struct Picture {
    width: usize,
    pixels: Vec<Option<u8>>,
}

const BLACK: Option<u8> = Some(0);
const WHITE: Option<u8> = Some(255);

impl Picture {
    fn is(&self, (x, y): (usize, usize), color: Option<u8>) -> bool {
        self.pixels[y * self.width + x] == color
    }

    /// As a PGM file, so many pixels a module. What was not painted is as bright as what lies below.
    pub(super) fn to_pgm(&self, scale: usize, below: u8) -> Vec<u8> {
        let height = self.pixels.len() / self.width;
        let mut pgm = format!("P5 {} {} 255\n", self.width * scale, height * scale).into_bytes();
        for row in self.pixels.chunks(self.width) {
            let row = row.iter().flat_map(|pixel| iter::repeat_n(pixel.unwrap_or(below), scale));
            pgm.extend(row.collect::<Vec<u8>>().repeat(scale));
        }
        pgm
    }
}

/// An element of an SVG: its name, its attributes, its children.
struct Element<'a> {
    name: &'a str,
    attributes: Vec<(&'a str, &'a str)>,
    children: Vec<Element<'a>>,
}

impl<'a> Element<'a> {
    fn attribute(&self, name: &str) -> &'a str {
        self.attributes.iter().find(|(n, _)| *n == name).unwrap_or_else(|| panic!("{name} is missing")).1
    }
}

/// Reads XML that is nothing but elements and attributes; panics on text, entities, comments, and on what is not
/// well-formed. Returns the element, and what follows it.
fn element(xml: &str) -> (Element<'_>, &str) {
    let (tag, mut rest) = xml.strip_prefix('<').expect("a tag").split_once('>').expect("the tag's end");
    let (tag, is_empty) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
    let (name, mut text) = tag.split_at(tag.find(' ').unwrap_or(tag.len()));
    let mut attributes: Vec<(&str, &str)> = Vec::new();
    while let Some(attribute) = text.strip_prefix(' ') {
        let (name, value) = attribute.split_once("=\"").expect("a name");
        let (value, after) = value.split_once('"').expect("the value's end");
        assert!(
            !name.contains(|c: char| !c.is_ascii_lowercase() && !"-B".contains(c)),
            "{name:?} is no name"
        );
        assert!(!value.contains(['<', '&']), "{value:?} needs an entity");
        assert!(attributes.iter().all(|(other, _)| *other != name), "{name} twice");
        attributes.push((name, value));
        text = after;
    }
    assert!(text.is_empty(), "{text:?} in a tag");
    let mut children = Vec::new();
    if !is_empty {
        while !rest.starts_with("</") {
            let (child, after) = element(rest);
            children.push(child);
            rest = after;
        }
        rest = rest.strip_prefix(&*format!("</{name}>")).expect("the tag that closes it");
    }
    (Element { name, attributes, children }, rest)
}

/// Reads an SVG and holds it to what it may have: one `svg`, in it two `path`s, nothing else.
fn read(svg: &str) -> Element<'_> {
    let (svg, rest) = element(svg);
    assert_eq!((svg.name, rest), ("svg", ""));
    assert!(svg.children.iter().all(|path| path.name == "path" && path.children.is_empty()));
    svg
}

/// Paints an SVG's paths, one after the other, one pixel a unit.
fn paint(svg: &str) -> Picture {
    let svg = read(svg);
    let view: Vec<usize> =
        svg.attribute("viewBox").split(' ').map(|number| number.parse().expect("a number")).collect();
    let [0, 0, width, height] = view[..] else { panic!("the view is {view:?}") };
    let mut pixels = vec![None; width * height];
    for path in &svg.children {
        let color = match path.attribute("fill") {
            "#fff" => WHITE,
            "#000" => BLACK,
            other => panic!("{other} is no color of ours"),
        };
        let edges = vertical_edges(path.attribute("d"));
        for (y, row) in (0..).zip(pixels.chunks_mut(width)) {
            // Left to right, counting how often the border winds around (the nonzero rule).
            let mut winding = 0;
            let mut cross = |x| {
                for (_, from, to) in edges.iter().filter(|edge| edge.0 == x) {
                    winding += i32::from((*from..*to).contains(&y)) - i32::from((*to..*from).contains(&y));
                }
                winding
            };
            for (x, pixel) in (0..).zip(&mut *row) {
                if cross(x) != 0 {
                    *pixel = color;
                }
            }
            let winding = cross(i32::try_from(row.len()).expect("a small picture"));
            assert_eq!(winding, 0, "a border is open, or leaves the picture");
        }
    }
    Picture { width, pixels }
}

/// The vertical edges of a path of right angles: x, and from which y to which.
fn vertical_edges(data: &str) -> Vec<(i32, i32, i32)> {
    let (mut start, mut pen) = ((0, 0), (0, 0));
    let mut edges = Vec::new();
    let mut rest = data;
    while let Some(command) = rest.chars().next() {
        let end = rest[1..].find(|c: char| c.is_ascii_alphabetic()).map_or(rest.len(), |n| n + 1);
        let numbers: Vec<i32> =
            rest[1..end].split_terminator(' ').map(|number| number.parse().expect("a number")).collect();
        let from = pen;
        match (command, numbers[..].as_ref()) {
            ('M', [x, y]) => (start, pen) = ((*x, *y), (*x, *y)),
            ('H', [x]) => pen.0 = *x,
            ('h', [dx]) => pen.0 += dx,
            ('v', [dy]) => pen.1 += dy,
            ('z', []) => pen = start,
            _ => panic!("{command}{numbers:?} is no command of ours"),
        }
        if command != 'M' && from.1 != pen.1 {
            assert_eq!(from.0, pen.0, "a slanting edge");
            edges.push((from.0, from.1, pen.1));
        }
        rest = &rest[end..];
    }
    edges
}

/// What a terminal with 256 colors shows: half blocks, the upper half in the foreground's color.
pub(super) fn show(text: &str) -> Picture {
    let gray = |color: &str| match color {
        "16" => BLACK,
        "231" => WHITE,
        other => panic!("{other} is no color of ours"),
    };
    let (mut width, mut pixels) = (0, Vec::new());
    for line in text.split_terminator('\n') {
        let (mut foreground, mut background) = (None, None);
        let (mut upper, mut lower) = (Vec::new(), Vec::new());
        let mut rest = line;
        while let Some(character) = rest.chars().next() {
            rest = &rest[character.len_utf8()..];
            let (top, bottom) = match character {
                '█' => (foreground, foreground),
                '▀' => (foreground, background),
                '▄' => (background, foreground),
                ' ' => (background, background),
                '\x1b' => {
                    let (sequence, after) = rest.split_once('m').expect("the sequence's end");
                    rest = after;
                    match *sequence.split([';', '[']).collect::<Vec<_>>() {
                        ["", "38", "5", color] => foreground = gray(color),
                        ["", "48", "5", color] => background = gray(color),
                        ["", "0"] => (foreground, background) = (None, None),
                        _ => panic!("{sequence:?} is no sequence of ours"),
                    }
                    continue;
                }
                other => panic!("{other:?} is no half block"),
            };
            upper.push(top);
            lower.push(bottom);
        }
        assert_eq!((foreground, background), (None, None), "the next line of the terminal would be colored");
        width = upper.len();
        pixels.extend(upper.into_iter().chain(lower));
    }
    Picture { width, pixels }
}

#[test]
fn the_svg_is_two_paths_and_no_text_but_its_name() {
    for uri in uris() {
        let svg = QrCode::new(&uri).unwrap().to_svg();
        let svg = read(&svg);
        let size = svg.attribute("viewBox");
        let expected = [
            ("xmlns", "http://www.w3.org/2000/svg"),
            ("viewBox", size),
            ("role", "img"),
            ("aria-label", "QR code"),
            ("shape-rendering", "crispEdges"),
        ];
        assert_eq!(svg.attributes, expected);
        assert!(!size.contains(|c: char| !c.is_ascii_digit() && c != ' '), "{size}");
        let [paper, ink] = &svg.children[..] else { panic!("{} paths", svg.children.len()) };
        assert_eq!((paper.attribute("fill"), ink.attribute("fill")), ("#fff", "#000"));
        for path in [paper, ink] {
            assert_eq!(path.attributes.len(), 2);
            let data = path.attribute("d");
            assert!(!data.contains(|c: char| !"MHhvz- 0123456789".contains(c)), "{data}");
        }
    }
}

/// R9, and against injection: neither the names nor the secret stand in what a page or a terminal gets.
#[test]
fn the_drawings_repeat_neither_a_name_nor_the_secret() {
    let label = LabelRules::FORGIVING.label("<b onload=x>", "javascript'alert\"").unwrap();
    let uri = KeyUri::new(&label, &rfc_secret(), Totp::default());
    let code = QrCode::new(&uri).unwrap();
    for drawing in [code.to_svg(), code.to_terminal()] {
        for part in ["onload", "javascript", "'", "GEZD", "otpauth", "secret"] {
            assert!(!drawing.contains(part), "{part}");
        }
    }
}

/// ISO/IEC 18004 §9.1: four modules of light on every side.
#[test]
fn a_quiet_zone_of_four_light_modules_surrounds_the_code() {
    for uri in uris() {
        let picture = paint(&QrCode::new(&uri).unwrap().to_svg());
        let width = picture.width;
        assert_eq!(picture.pixels.len(), width * width);
        for (x, y) in (0..width).flat_map(|x| (0..width).map(move |y| (x, y))) {
            let inside = |n: usize| (4..width - 4).contains(&n);
            if !(inside(x) && inside(y)) {
                assert!(picture.is((x, y), WHITE), "{x}, {y}");
            }
        }
        // And not more than four: the finder patterns begin there.
        assert!(
            picture.is((4, 4), BLACK)
                && picture.is((width - 5, 4), BLACK)
                && picture.is((4, width - 5), BLACK)
        );
    }
}

#[test]
fn every_module_is_black_or_white_and_the_terminal_shows_the_svgs() {
    for uri in uris() {
        let code = QrCode::new(&uri).unwrap();
        let (svg, mut terminal) = (paint(&code.to_svg()), show(&code.to_terminal()));
        assert!(svg.pixels.iter().all(Option::is_some));
        // The side is odd, and two modules share a character: the last row has nothing below it but light.
        let below = terminal.pixels.split_off(svg.pixels.len());
        assert_eq!(below, vec![WHITE; svg.width]);
        assert_eq!(svg, terminal);
    }
}

/// Reads a PNG and holds it to what it may be: one bit a pixel, gray, nothing transparent.
#[cfg(feature = "png")]
fn unpack(file: &[u8]) -> Picture {
    let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().expect("a PNG");
    let info = reader.info();
    assert_eq!((info.color_type, info.bit_depth), (png::ColorType::Grayscale, png::BitDepth::One));
    assert!(info.trns.is_none(), "something is transparent");
    assert_eq!(info.width, info.height);
    let width = usize::try_from(info.width).expect("a small picture");
    let mut bits = vec![0; reader.output_buffer_size().expect("a small picture")];
    reader.next_frame(&mut bits).expect("rows of pixels");
    reader.finish().expect("the end of the file");
    let row = |bits: &[u8]| -> Vec<_> {
        (0..width).map(|x| if bits[x / 8] << (x % 8) & 0x80 == 0 { BLACK } else { WHITE }).collect()
    };
    Picture { width, pixels: bits.chunks(width.div_ceil(8)).flat_map(row).collect() }
}

#[cfg(feature = "png")]
#[test]
fn the_png_shows_the_svgs_modules_each_as_a_square_of_so_many_pixels() {
    for uri in uris() {
        let code = QrCode::new(&uri).unwrap();
        let modules = paint(&code.to_svg());
        for scale in [1, 2, 3, 4, 7, 8, 32] {
            let png = unpack(&code.to_png(scale).unwrap());
            let scale = usize::from(scale);
            assert_eq!(png.width, modules.width * scale);
            assert_eq!(png.pixels.len(), modules.pixels.len() * scale * scale);
            for (place, pixel) in png.pixels.iter().enumerate() {
                let (x, y) = (place % png.width / scale, place / png.width / scale);
                assert!(modules.is((x, y), *pixel), "{scale} pixels a module: {x}, {y}");
            }
        }
    }
}

#[cfg(feature = "png")]
#[test]
fn a_png_of_modules_without_pixels_or_with_more_than_32_is_refused() {
    let code = QrCode::new(&uris()[0]).unwrap();
    for size in [0, 33, u8::MAX] {
        let refusal = code.to_png(size).unwrap_err();
        assert_eq!(refusal, InvalidModuleSize);
        assert_eq!(refusal.to_string(), "a module must be 1 to 32 pixels wide");
    }
    for size in [1, QrCode::MOST_PIXELS_PER_MODULE] {
        assert!(code.to_png(size).is_ok());
    }
}
