//! The manual's diagrams: each is drawn from a text beside it, and is what that text draws.
//!
//! The text names boxes, arrows and labels with their places. This file knows how they look: strokes that can be read on a
//! light and on a dark page, and words in the color of the page around them.
//!
//! `DRAW_DIAGRAMS=1 cargo test --test it house::diagrams` draws them again.

use std::{collections::BTreeMap, env, fmt::Write as _, fs};

use super::{below, root};

/// What the outlines of each kind of box look like: color, and dashes.
const KINDS: [(&str, &str, &str); 5] = [
    ("host", "#8a8f98", "5 4"),
    ("plain", "#8a8f98", ""),
    ("asks", "#3f87c9", ""),
    ("in", "#2f9e5f", ""),
    ("stop", "#d1564c", ""),
];
const ARROW: &str = "#8a8f98";
const SANS: &str = "'Fira Sans', Arial, sans-serif";
const MONO: &str = "'Source Code Pro', 'DejaVu Sans Mono', monospace";

#[derive(Clone, Copy)]
struct Point {
    x: f32,
    y: f32,
}

struct Frame {
    at: Point,
    width: f32,
    height: f32,
}

/// One drawing in the making.
#[derive(Default)]
struct Drawing {
    frames: BTreeMap<String, Frame>,
    boxes: String,
    arrows: String,
    words: String,
    head: String,
}

impl Point {
    fn ahead(self, way: Self, by: f32) -> Self {
        Self { x: self.x + way.x * by, y: self.y + way.y * by }
    }
}

impl Frame {
    /// The middle of a side, shifted along it: `right`, or `right+12`.
    fn side(&self, name: &str) -> (Point, Point) {
        let cut = name.find(['+', '-']).unwrap_or(name.len());
        let by = if cut < name.len() { number(&name[cut..]) } else { 0.0 };
        let Self { at: Point { x, y }, width, height } = *self;
        let (middle_x, middle_y) = (x + width / 2.0 + by, y + height / 2.0 + by);
        // Where the side is, and which way is out.
        match &name[..cut] {
            "left" => (Point { x, y: middle_y }, Point { x: -1.0, y: 0.0 }),
            "right" => (Point { x: x + width, y: middle_y }, Point { x: 1.0, y: 0.0 }),
            "top" => (Point { x: middle_x, y }, Point { x: 0.0, y: -1.0 }),
            "bottom" => (Point { x: middle_x, y: y + height }, Point { x: 0.0, y: 1.0 }),
            other => panic!("{other} is no side of a box"),
        }
    }
}

fn number(text: &str) -> f32 {
    text.trim().parse().unwrap_or_else(|_| panic!("{text} is no number"))
}

fn point(text: &str) -> Point {
    let (x, y) = text.split_once(',').unwrap_or_else(|| panic!("{text} is no place"));
    Point { x: number(x), y: number(y) }
}

/// The first words of a line, and the rest of it.
fn first<const N: usize>(line: &str) -> ([&str; N], &str) {
    let mut rest = line;
    let words = [(); N].map(|()| {
        let (word, after) = rest.split_once(' ').unwrap_or_else(|| panic!("something is missing: {line}"));
        rest = after.trim_start();
        word
    });
    (words, rest)
}

/// A text for SVG. What stands between backticks is in the font of code.
fn words(at: Point, anchor: &str, size: u8, text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    let mut spans = String::new();
    for (place, span) in text.split('`').enumerate() {
        match place % 2 {
            1 => write!(spans, "<tspan font-family=\"{MONO}\">{span}</tspan>").unwrap(),
            _ => spans += span,
        }
    }
    let Point { x, y } = at;
    format!(
        "<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\" font-size=\"{size}\" font-family=\"{SANS}\">{spans}</text>\n"
    )
}

impl Drawing {
    /// `box NAME KIND X,Y WxH text | text`: the first line is the larger one.
    fn add_box(&mut self, line: &str) {
        let ([name, kind, at, size], text) = first(line);
        let (_, color, dashes) = KINDS.iter().find(|(name, ..)| *name == kind).expect("a kind of box");
        let (at, (width, height)) = (point(at), size.split_once('x').expect("a size"));
        let (width, height) = (number(width), number(height));
        let Point { x, y } = at;
        self.frames.insert(name.to_owned(), Frame { at, width, height });
        writeln!(
            self.boxes,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"{color}\" fill-opacity=\"0.13\" \
             stroke=\"{color}\" stroke-width=\"1.5\" stroke-dasharray=\"{dashes}\"/>"
        )
        .unwrap();
        let further_lines = text.matches(" | ").map(|_| 8.5).sum::<f32>();
        let mut at = Point { x: x + width / 2.0, y: y + height / 2.0 + 5.0 - further_lines };
        for (place, text) in text.split(" | ").enumerate() {
            self.words += &words(at, "middle", if place == 0 { 14 } else { 12 }, text);
            at.y += 17.0;
        }
    }

    /// `arrow A.side B.side`, at right angles and with round corners.
    fn add_arrow(&mut self, line: &str) {
        let end = |end: &str| {
            let (name, side) = end.split_once('.').expect("a box and a side");
            self.frames.get(name).unwrap_or_else(|| panic!("there is no box {name} yet")).side(side)
        };
        let ([from], to) = first(line);
        let ((from, out), (to, back)) = (end(from), end(to));
        // The tip of the arrow keeps a little away from the box, and the line ends at its back.
        let (tip, end) = (to.ahead(back, 2.0), to.ahead(back, 9.0));
        let is_level = |way: Point| way.x.abs() > way.y.abs();
        let turns = match (is_level(out), is_level(back)) {
            (true, true) if (from.y - end.y).abs() < 0.5 => vec![],
            (false, false) if (from.x - end.x).abs() < 0.5 => vec![],
            (true, true) => {
                let x = f32::midpoint(from.x, end.x);
                vec![Point { x, y: from.y }, Point { x, y: end.y }]
            }
            (false, false) => {
                let y = f32::midpoint(from.y, end.y);
                vec![Point { x: from.x, y }, Point { x: end.x, y }]
            }
            (true, false) => vec![Point { x: end.x, y: from.y }],
            (false, true) => vec![Point { x: from.x, y: end.y }],
        };
        let mut path = format!("M{} {}", from.x, from.y);
        let mut before = from;
        for (place, turn) in turns.iter().enumerate() {
            let next = turns.get(place + 1).copied().unwrap_or(end);
            let (enter, leave) = (toward(*turn, before, 8.0), toward(*turn, next, 8.0));
            write!(path, " L{} {} Q{} {} {} {}", enter.x, enter.y, turn.x, turn.y, leave.x, leave.y).unwrap();
            before = *turn;
        }
        write!(path, " L{} {}", end.x, end.y).unwrap();
        let wing = |by: f32| Point { x: end.x + back.y * by, y: end.y + back.x * by };
        let (left, right) = (wing(4.5), wing(-4.5));
        writeln!(
            self.arrows,
            "<path d=\"{path}\" fill=\"none\" stroke=\"{ARROW}\" stroke-width=\"1.5\"/>\n<path d=\"M{} {} L{} {} L{} {} Z\" \
             fill=\"{ARROW}\"/>",
            tip.x, tip.y, left.x, left.y, right.x, right.y
        )
        .unwrap();
    }

    /// `label X,Y start|middle|end text`
    fn add_label(&mut self, line: &str) {
        let ([at, anchor], text) = first(line);
        self.words += &words(point(at), anchor, 12, text);
    }
}

/// The point `by` away from `from`, on the way to `to`, and not beyond the middle.
fn toward(from: Point, to: Point, by: f32) -> Point {
    let (x, y) = (to.x - from.x, to.y - from.y);
    let length = x.hypot(y).max(1.0);
    let part = (by / length).min(0.5);
    Point { x: from.x + x * part, y: from.y + y * part }
}

/// The SVG that a text draws. No line of it is empty, since in Markdown that would end it.
fn draw(source: &str) -> String {
    let mut drawing = Drawing::default();
    for line in source.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let ([what], rest) = first(line);
        match what {
            "size" => {
                let (width, height) = rest.split_once('x').expect("a width and a height");
                drawing.head = format!(
                    "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
                     style=\"max-width: 100%; height: auto\" fill=\"currentColor\" role=\"img\">\n"
                );
            }
            "title" => writeln!(drawing.head, "<title>{rest}</title>").unwrap(),
            "box" => drawing.add_box(rest),
            "arrow" => drawing.add_arrow(rest),
            "label" => drawing.add_label(rest),
            other => panic!("{other} is nothing that is drawn"),
        }
    }
    let Drawing { head, boxes, arrows, words, .. } = drawing;
    format!("{head}{arrows}{boxes}{words}</svg>\n")
}

#[test]
fn each_diagram_is_what_the_text_beside_it_draws() {
    let mut seen = 0;
    let files = below("docs");
    for name in files.iter().filter_map(|file| file.strip_suffix(".svg")) {
        let (picture, text) = (format!("{name}.svg"), format!("{name}.txt"));
        let source = fs::read_to_string(root().join(&text)).unwrap_or_else(|error| panic!("{text}: {error}"));
        let drawn = draw(&source);
        assert!(!drawn.contains("\n\n"), "{picture} would end in the middle");
        if env::var_os("DRAW_DIAGRAMS").is_some() {
            fs::write(root().join(&picture), &drawn).unwrap();
        }
        let there = fs::read_to_string(root().join(&picture)).unwrap();
        assert!(there == drawn, "{picture} is not what {text} draws; `DRAW_DIAGRAMS=1` draws it again");
        seen += 1;
    }
    assert!(seen >= 2, "the search has gone blind: it found {seen}");
}
