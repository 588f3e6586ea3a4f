//! What stands in a text that is not what it seems: templates, blanks that are none, typographic characters.

use crate::diagnostic::{Diagnostic, Fix, Hint, Position, Span};
use crate::text::Source;

/// Lines above the one where the parser gives up that are looked at, too: a key that is none is read on to the next line.
const LINES_ABOVE: usize = 2;

/// Something in a line that is to blame.
struct Suspect {
    /// Bytes of the line.
    range: std::ops::Range<usize>,
    hint: &'static str,
    value: String,
    /// What should stand there.
    fix: Option<&'static str>,
}

/// The hint for a value that a tool should have filled in.
pub(super) fn placeholder(written: &str) -> Option<&'static str> {
    if written.contains("{{") || written.contains("{%") {
        return Some("hint.template");
    }
    let variable = written.split('$').nth(1).and_then(|rest| rest.chars().next());
    variable.filter(|c| c.is_ascii_alphabetic() || *c == '{').map(|_| "hint.placeholder")
}

/// Says better what is wrong with a text that is no YAML: what is to blame, where, and what should stand there.
pub(super) fn explain(source: &Source<'_>, diagnostic: &mut Diagnostic) {
    let lines: Vec<&str> = source.text.split_inclusive('\n').collect();
    let at = (diagnostic.span.start.line.saturating_sub(source.start.line) as usize).min(lines.len());
    let near = |find: fn(&str) -> Option<Suspect>| {
        let from = at.saturating_sub(LINES_ABOVE);
        let mut near: Vec<(usize, &&str)> = lines.iter().enumerate().take(at + 1).skip(from).collect();
        near.reverse();
        near.into_iter().find_map(|(at, line)| Some((at, find(line)?)))
    };
    if let Some((at, suspect)) = near(template).or_else(|| near(character)) {
        let before: usize = lines.iter().take(at).map(|line| line.len()).sum();
        let line = lines.get(at).copied().unwrap_or_default();
        let place = |byte: usize| Position {
            line: source.start.line + at as u32,
            column: line.get(..byte).unwrap_or_default().chars().count() as u32 + 1,
            offset: source.start.offset + (before + byte) as u32,
        };
        let span = Span { start: place(suspect.range.start), end: place(suspect.range.end) };
        diagnostic.span = span;
        diagnostic.fix = suspect.fix.map(|text| Fix { span, text: text.to_owned() });
        diagnostic.hint = Some(Hint { key: suspect.hint, values: vec![("value", suspect.value)] });
        return;
    }
    let (above, line) = (at.checked_sub(1).and_then(|above| lines.get(above)), lines.get(at));
    if diagnostic.hint.as_ref().is_some_and(|hint| hint.key == "hint.yaml-colon")
        && let (Some(above), Some(line)) = (above, line)
        && indent(above) < indent(line)
        && above.split_once(": ").is_some_and(|(_, value)| !value.trim().is_empty())
    {
        diagnostic.hint = Some(Hint { key: "hint.yaml-below-value", values: Vec::new() });
    }
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

fn template(line: &str) -> Option<Suspect> {
    let (start, closing) =
        [("{{", "}}"), ("{%", "%}")].iter().find_map(|(open, close)| Some((line.find(open)?, *close)))?;
    let rest = line.get(start..)?;
    // In quotes and comments it is a text like any other.
    let before = line.get(..start)?.trim_end();
    if !before.is_empty() && !before.ends_with([':', '-', '[', ',']) {
        return None;
    }
    let end = rest.rfind(closing).map_or(rest.trim_end().len(), |at| at + closing.len());
    Some(Suspect { range: start..start + end, hint: "hint.template", value: String::new(), fix: None })
}

fn character(line: &str) -> Option<Suspect> {
    let suspect = |at: usize, c: char, hint: &'static str, fix: Option<&'static str>| Suspect {
        range: at..at + c.len_utf8(),
        hint,
        value: if hint == "hint.character-instead" { c.to_string() } else { format!("U+{:04X}", c as u32) },
        fix,
    };
    let content = line.trim_end_matches(['\n', '\r']);
    for (at, c) in content.char_indices() {
        let fix = match c {
            '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' => Some(" "),
            '\u{3000}' => Some("  "),
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' => Some(""),
            c if c.is_control() && c != '\t' => Some(""),
            _ => continue,
        };
        return Some(suspect(at, c, if fix == Some("") { "hint.invisible" } else { "hint.blank" }, fix));
    }
    let start = content.len() - content.trim_start().len();
    let body = content.get(start..)?;
    if let Some(dash) = body.chars().next().filter(|c| matches!(c, '\u{2010}'..='\u{2015}' | '\u{2212}')) {
        return Some(suspect(start, dash, "hint.character-instead", Some("-")));
    }
    let (at, colon) = body.char_indices().find(|(_, c)| !is_key(*c))?;
    (colon == '：').then(|| suspect(start + at, colon, "hint.character-instead", Some(": ")))
}

fn is_key(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ' ')
}
