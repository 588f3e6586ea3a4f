//! Findings of a text, each with its place, its line and a caret.

use std::fmt::Write as _;

use opscape_lab::{Lang, words};
use opscape_manifest::diagnostic::{Diagnostic, Severity};

use crate::say::say;

/// How wide a character is in a terminal: East Asian ones take two columns.
fn width(c: char) -> usize {
    match u32::from(c) {
        0 => 0,
        0x1100..=0x115F
        | 0x2E80..=0xA4CF
        | 0xAC00..=0xD7A3
        | 0xF900..=0xFAFF
        | 0xFE30..=0xFE6F
        | 0xFF00..=0xFF60
        | 0xFFE0..=0xFFE6
        | 0x1F300..=0x1FAFF
        | 0x20000..=0x3FFFD => 2,
        _ => 1,
    }
}

/// The findings of a text in a file, in the form of compilers.
pub fn print(file: &str, text: &str, findings: &[Diagnostic], lang: Lang) -> String {
    let mut out = String::new();
    for finding in findings {
        let key = match finding.severity {
            Severity::Error => "severity.error",
            Severity::Warning => "severity.warning",
            Severity::NotSimulated => "severity.not-simulated",
        };
        let start = finding.span.start;
        let _ = writeln!(
            out,
            "{file}:{}:{}: {}: {}",
            start.line,
            start.column,
            say(lang, key, &[]),
            finding.message
        );
        let line = text.lines().nth(start.line.saturating_sub(1) as usize).unwrap_or_default();
        let before = start.column.saturating_sub(1) as usize;
        let marked = if finding.span.end.line == start.line {
            finding.span.end.column.saturating_sub(start.column).max(1) as usize
        } else {
            line.chars().count().saturating_sub(before).max(1)
        };
        let columns = |text: &mut dyn Iterator<Item = char>| text.map(width).sum::<usize>();
        let space = columns(&mut line.chars().take(before).filter(|c| *c != '\t'));
        let tabs = line.chars().take(before).filter(|c| *c == '\t').count();
        let carets = columns(&mut line.chars().skip(before).take(marked)).max(1);
        let number = start.line.to_string();
        let margin = " ".repeat(number.len());
        let _ = writeln!(out, "  {number} | {}", line.replace('\t', "    "));
        let _ = writeln!(out, "  {margin} | {}{}", " ".repeat(space + 4 * tabs), "^".repeat(carets));
        if let Some(hint) = &finding.hint {
            let values: Vec<(&str, &str)> =
                hint.values.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let _ = writeln!(out, "  {margin} = {}", words::fill(lang, hint.key, &values));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use opscape_manifest::diagnostic::{Position, Span};

    use super::*;

    fn finding(line: u32, from: u32, to: u32) -> Diagnostic {
        let at = |column| Position { line, column, offset: 0 };
        Diagnostic::error("no", Span { start: at(from), end: at(to) })
    }

    #[test]
    fn the_caret_is_under_the_word() {
        let text = "a: 1\nkey: value # x\n";
        let printed = print("f.yaml", text, &[finding(2, 6, 11)], Lang::En);
        assert_eq!(printed, "f.yaml:2:6: error: no\n  2 | key: value # x\n    |      ^^^^^\n");
    }

    #[test]
    fn wide_characters_take_two_columns() {
        let printed = print("f.yaml", "이름: 값\n", &[finding(1, 5, 6)], Lang::Ko);
        assert_eq!(printed, "f.yaml:1:5: 오류: no\n  1 | 이름: 값\n    |       ^^\n");
    }

    #[test]
    fn a_place_behind_the_end_is_shown() {
        let printed = print("-", "a:", &[finding(7, 1, 1)], Lang::En);
        assert_eq!(printed, "-:7:1: error: no\n  7 | \n    | ^\n");
    }
}
