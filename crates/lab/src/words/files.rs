//! The texts in two halves: what a picture says by itself, and what is said when somebody asks or something is wrong. A
//! page then loads the second half when it is first needed.

#![allow(clippy::indexing_slicing, reason = "the halves are made by the compiler, which checks each index")]

use super::Lang;

/// What the keys of the second half begin with.
const ASKED: &[&[u8]] = &[
    b"why.",
    b"route.",
    b"hint.",
    b"shell.",
    b"fact.",
    b"fix.",
    b"change.",
    b"charts.",
    b"compare.",
    b"pipeline.",
];

/// Whether the key that begins at `from` belongs to the second half.
pub const fn is_asked(text: &[u8], from: usize) -> bool {
    let mut at = 0;
    while at < ASKED.len() {
        if begins(text, from, ASKED[at]) {
            return true;
        }
        at += 1;
    }
    false
}

const fn begins(text: &[u8], from: usize, with: &[u8]) -> bool {
    let mut at = 0;
    while at < with.len() {
        if from + at >= text.len() || text[from + at] != with[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// The end of the line that begins at `from`, with its line break.
const fn line_end(file: &[u8], from: usize) -> usize {
    let mut at = from;
    while at < file.len() && file[at] != b'\n' {
        at += 1;
    }
    if at < file.len() { at + 1 } else { at }
}

/// Whether the line that begins at `line` belongs to a half; comments and empty lines are in neither.
const fn is_in(file: &[u8], line: usize, asked: bool) -> bool {
    file[line] != b'#' && file[line] != b'\n' && is_asked(file, line) == asked
}

/// The length of a half.
const fn length(file: &[u8], asked: bool) -> usize {
    let (mut line, mut length) = (0, 0);
    while line < file.len() {
        let end = line_end(file, line);
        if is_in(file, line, asked) {
            length += end - line;
        }
        line = end;
    }
    length
}

/// A half of a file.
const fn half<const N: usize>(file: &[u8], asked: bool) -> [u8; N] {
    let mut out = [0; N];
    let (mut line, mut to) = (0, 0);
    while line < file.len() {
        let end = line_end(file, line);
        if is_in(file, line, asked) {
            while line < end {
                out[to] = file[line];
                line += 1;
                to += 1;
            }
        }
        line = end;
    }
    out
}

const EN: &[u8] = include_bytes!("../../../../static/texts/en.txt");
const KO: &[u8] = include_bytes!("../../../../static/texts/ko.txt");
static EN_SHOWN: [u8; length(EN, false)] = half(EN, false);
static EN_ASKED: [u8; length(EN, true)] = half(EN, true);
static KO_SHOWN: [u8; length(KO, false)] = half(KO, false);
static KO_ASKED: [u8; length(KO, true)] = half(KO, true);

/// The first half of a language's texts.
pub fn shown(lang: Lang) -> &'static str {
    as_text(match lang {
        Lang::En => &EN_SHOWN,
        Lang::Ko => &KO_SHOWN,
    })
}

/// The second half.
pub fn asked(lang: Lang) -> &'static str {
    as_text(match lang {
        Lang::En => &EN_ASKED,
        Lang::Ko => &KO_ASKED,
    })
}

/// Whole lines of a text are text.
fn as_text(bytes: &'static [u8]) -> &'static str {
    std::str::from_utf8(bytes).unwrap_or_default()
}
