//! YAML in the style of Go's yaml.v2, which `sigs.k8s.io/yaml` prints with: keys in natural order, sequences not
//! indented, lines folded behind column 80, `"1"` and `"true"` in double quotes, other odd texts in single ones.

use std::cmp::Ordering;

use crate::golang::float;
use crate::order::sort_by;
use crate::tree::is_plain_text;
use crate::value::Value;

const WIDTH: usize = 80;

/// The value as a YAML document, with a newline at the end.
pub fn to_yaml(value: &Value) -> String {
    let mut printer = Printer { out: String::new(), column: 0 };
    match value {
        Value::Map(map) if !map.is_empty() => printer.map(value, 0, false),
        Value::List(list) if !list.is_empty() => printer.list(list, 0, false),
        _ => printer.scalar(value, 2),
    }
    if !printer.out.ends_with('\n') {
        printer.out.push('\n');
    }
    printer.out
}

struct Printer {
    out: String,
    /// Characters in the last line, which folding goes by.
    column: usize,
}

impl Printer {
    fn put(&mut self, text: &str) {
        self.out.push_str(text);
        self.column += text.chars().count();
    }

    fn line(&mut self, indent: usize) {
        if !self.out.is_empty() && !self.out.ends_with('\n') {
            self.out.push('\n');
        }
        self.out.extend(std::iter::repeat_n(' ', indent));
        self.column = indent;
    }

    /// The entries of a map at an indentation; `inline`: the first one goes on in the line of a dash.
    fn map(&mut self, value: &Value, indent: usize, mut inline: bool) {
        let Value::Map(map) = value else { return };
        let mut entries: Vec<_> = map.iter().collect();
        sort_by(&mut entries, |(a, _), (b, _)| natural(a, b));
        for (key, value) in entries {
            if !std::mem::take(&mut inline) {
                self.line(indent);
            }
            self.text(key, indent + 2, true);
            self.put(":");
            match value {
                Value::Map(map) if !map.is_empty() => self.map(value, indent + 2, false),
                // A sequence in a mapping stands as far left as its key.
                Value::List(list) if !list.is_empty() => self.list(list, indent, false),
                _ => {
                    self.put(" ");
                    self.scalar(value, indent + 2);
                }
            }
        }
    }

    fn list(&mut self, list: &[Value], indent: usize, mut inline: bool) {
        for item in list {
            if !std::mem::take(&mut inline) {
                self.line(indent);
            }
            self.put("- ");
            match item {
                Value::Map(map) if !map.is_empty() => self.map(item, indent + 2, true),
                Value::List(list) if !list.is_empty() => self.list(list, indent + 2, true),
                _ => self.scalar(item, indent + 2),
            }
        }
    }

    fn scalar(&mut self, value: &Value, indent: usize) {
        match value {
            Value::Null => self.put("null"),
            Value::Bool(value) => self.put(if *value { "true" } else { "false" }),
            Value::Int(value) => self.put(&value.to_string()),
            Value::Float(value) => self.put(&float(*value)),
            Value::String(text) => self.text(text, indent, false),
            Value::List(_) => self.put("[]"),
            Value::Map(_) => self.put("{}"),
        }
    }

    fn text(&mut self, text: &str, indent: usize, key: bool) {
        let shape = Shape::of(text);
        if text.contains('\n') {
            if shape.block && !key { self.literal(text, indent) } else { self.double(text, indent, key) }
        } else if !is_plain_text(text) {
            self.double(text, indent, key);
        } else if shape.plain {
            self.folded(text, indent, key, "", false);
        } else if shape.single {
            self.folded(text, indent, key, "'", true);
        } else {
            self.double(text, indent, key);
        }
    }

    /// Plain and single-quoted texts, folded at single spaces behind the width.
    fn folded(&mut self, text: &str, indent: usize, key: bool, quote: &str, quoted: bool) {
        self.put(quote);
        let mut after_space = false;
        let mut chars = text.chars().enumerate().peekable();
        while let Some((i, c)) = chars.next() {
            if c == ' ' {
                let next = chars.peek().map(|(_, next)| *next);
                let inside = !quoted || (i > 0 && next.is_some());
                if !key && !after_space && self.column > WIDTH && inside && next != Some(' ') {
                    self.line(indent);
                } else {
                    self.put(" ");
                }
                after_space = true;
            } else {
                if c == '\'' && quoted {
                    self.put("''");
                } else {
                    self.out.push(c);
                    self.column += 1;
                }
                after_space = false;
            }
        }
        self.put(quote);
    }

    fn double(&mut self, text: &str, indent: usize, key: bool) {
        self.put("\"");
        let mut after_space = false;
        let mut chars = text.chars().enumerate().peekable();
        while let Some((i, c)) = chars.next() {
            if c == ' ' {
                let next = chars.peek().map(|(_, next)| *next);
                if !key && !after_space && self.column > WIDTH && i > 0 && next.is_some() {
                    self.line(indent);
                    if next == Some(' ') {
                        self.put("\\");
                    }
                } else {
                    self.put(" ");
                }
                after_space = true;
                continue;
            }
            after_space = false;
            let short = match c {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\0' => "\\0",
                '\u{7}' => "\\a",
                '\u{8}' => "\\b",
                '\t' => "\\t",
                '\n' => "\\n",
                '\u{b}' => "\\v",
                '\u{c}' => "\\f",
                '\r' => "\\r",
                '\u{1b}' => "\\e",
                '\u{85}' => "\\N",
                '\u{a0}' => "\\_",
                '\u{2028}' => "\\L",
                '\u{2029}' => "\\P",
                _ => "",
            };
            if !short.is_empty() {
                self.put(short);
            } else if printable(c) {
                self.out.push(c);
                self.column += 1;
            } else {
                let code = c as u32;
                let escaped = if code < 0x100 { format!("\\x{code:02X}") } else { format!("\\u{code:04X}") };
                self.put(&escaped);
            }
        }
        self.put("\"");
    }

    fn literal(&mut self, text: &str, indent: usize) {
        self.put("|");
        if text.starts_with([' ', '\n']) {
            self.put("2");
        }
        if !text.ends_with('\n') {
            self.put("-");
        } else if text == "\n" || text.ends_with("\n\n") {
            self.put("+");
        }
        for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
            self.out.push('\n');
            if !line.is_empty() {
                self.out.extend(std::iter::repeat_n(' ', indent));
                self.out.push_str(line);
            }
        }
        self.out.push('\n');
        self.column = 0;
    }
}

/// In which styles a text may be written (libyaml's `analyze_scalar`).
struct Shape {
    plain: bool,
    single: bool,
    block: bool,
}

impl Shape {
    fn of(text: &str) -> Self {
        let mut indicators = text.starts_with("---") || text.starts_with("...");
        let (mut special, mut breaks) = (false, false);
        let (mut break_space, mut space_break) = (false, false);
        let mut before = None;
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            let blank_follows = chars.peek().is_none_or(|next| matches!(next, ' ' | '\t' | '\n' | '\r'));
            match (before, c) {
                (
                    None,
                    '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@'
                    | '`',
                ) => {
                    indicators = true;
                }
                (None, '?' | '-') | (_, ':') => indicators |= blank_follows,
                (Some(' ' | '\t' | '\n'), '#') => indicators = true,
                _ => {}
            }
            special |= !printable(c);
            breaks |= c == '\n';
            break_space |= c == ' ' && before == Some('\n');
            space_break |= c == '\n' && before == Some(' ');
            before = Some(c);
        }
        let outer = text.starts_with([' ', '\n']) || text.ends_with([' ', '\n']);
        let bad = space_break || special;
        Self {
            plain: !(outer || break_space || bad || breaks || indicators),
            single: !(break_space || bad),
            block: !(bad || text.ends_with(' ')),
        }
    }
}

fn printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a1}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
        && !matches!(c, '\u{feff}' | '\u{2028}' | '\u{2029}')
}

/// Go's order of map keys: letters after other characters, digits as numbers (`a2` before `a10`).
fn natural(a: &str, b: &str) -> Ordering {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let Some(at) = a.iter().zip(&b).position(|(x, y)| x != y) else { return a.len().cmp(&b.len()) };
    let (Some(x), Some(y)) = (a.get(at), b.get(at)) else { return Ordering::Equal };
    match (x.is_alphabetic(), y.is_alphabetic()) {
        (true, true) => return x.cmp(y),
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    // A zero inside a number is not a leading one.
    let inside = (*x == '0' || *y == '0')
        && a.iter().take(at).rev().take_while(|c| c.is_ascii_digit()).any(|c| *c != '0');
    let number = |chars: &[char]| {
        let digits: Vec<u64> = chars.iter().skip(at).map_while(|c| c.to_digit(10)).map(u64::from).collect();
        let start = u64::from(inside);
        let value = digits.iter().fold(start, |n, d| n.saturating_mul(10).saturating_add(*d));
        (value, digits.len())
    };
    number(&a).cmp(&number(&b)).then(x.cmp(y))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;

    fn yaml(json: &str) -> String {
        to_yaml(&serde_json::from_str::<Value>(json).unwrap())
    }

    #[test]
    fn scalars_are_quoted_as_go_quotes_them() {
        for (json, want) in [
            (r#"{"a":"1"}"#, "a: \"1\"\n"),
            (r#"{"a":"true","b":"","c":"on"}"#, "a: \"true\"\nb: \"\"\nc: \"on\"\n"),
            (r##"{"a":"x: y","b":"- x","c":"#x","d":"it's"}"##, "a: 'x: y'\nb: '- x'\nc: '#x'\nd: it's\n"),
            (r#"{"a":"a #b","b":"'q'","c":"25%","d":"x:"}"#, "a: 'a #b'\nb: '''q'''\nc: 25%\nd: 'x:'\n"),
            (r#"{"a":"tab\there","b":null,"c":1.5}"#, "a: \"tab\\there\"\nb: null\nc: 1.5\n"),
            (
                r#"{"a":"l1\nl2\n","b":"l1\nl2","c":"l1\n\n"}"#,
                "a: |\n  l1\n  l2\nb: |-\n  l1\n  l2\nc: |+\n  l1\n\n",
            ),
            (r#"{"a":" lead\nx","b":"trail \nx"}"#, "a: |2-\n   lead\n  x\nb: \"trail \\nx\"\n"),
            (r#"{"a":"2026-11-21T01:33:15Z","b":"한글"}"#, "a: \"2026-11-21T01:33:15Z\"\nb: 한글\n"),
        ] {
            assert_eq!(yaml(json), want, "{json}");
        }
    }

    #[test]
    fn nesting() {
        assert_eq!(
            yaml(r#"{"a":[{"b":1,"c":[2,[3,4]]},"x",[]],"d":{"e":{}},"a10":1,"a2":2}"#),
            "a:\n- b: 1\n  c:\n  - 2\n  - - 3\n    - 4\n- x\n- []\na2: 2\na10: 1\nd:\n  e: {}\n"
        );
    }

    #[test]
    fn long_lines_are_folded() {
        let text = "0/1 nodes are available: 1 node(s) had taint {node.kubernetes.io/not-ready: }, that the pod didn't tolerate.";
        let value = Value::Map([("message".to_owned(), Value::from(text))].into());
        assert_eq!(
            to_yaml(&value),
            "message: '0/1 nodes are available: 1 node(s) had taint {node.kubernetes.io/not-ready:\n  }, that the pod didn''t tolerate.'\n"
        );
    }

    #[test]
    fn what_is_printed_reads_back() {
        use crate::diagnostic::Position;
        use crate::tree::{Limits, parse};
        for text in [
            "a: b",
            "x\ny",
            " x\n y\n",
            "\n",
            "",
            "- a",
            "\ty",
            "a\u{1}b",
            "'\"",
            "null",
            "0x1f",
            "1:30",
            "=",
            "\u{feff}x",
            "a\n\n\nb",
        ] {
            let value = Value::Map(
                [(text.to_owned(), Value::from(text)), ("l".to_owned(), Value::List(vec![text.into()]))]
                    .into(),
            );
            let yaml = to_yaml(&value);
            let parsed = parse(&yaml, Position { line: 1, column: 1, offset: 0 }, Limits::default());
            assert_eq!(parsed.root.map(|root| root.to_value()), Some(value), "{yaml}");
        }
    }
}
