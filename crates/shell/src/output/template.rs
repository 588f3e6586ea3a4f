//! The part of Go's `text/template` that people use with kubectl: fields, `range`, `if`, `else`, `end`, texts, `len`.

use opscape_manifest::value::Value;

use super::jsonpath::shown;

#[derive(Debug, Clone)]
enum Part {
    Text(String),
    Show(Pipe),
    Range(Pipe, Vec<Part>, Vec<Part>),
    If(Pipe, Vec<Part>, Vec<Part>),
}

#[derive(Debug, Clone)]
enum Pipe {
    Field(Vec<String>),
    Root(Vec<String>),
    Text(String),
    Number(i64),
    Length(Box<Pipe>),
    Compare { equal: bool, left: Box<Pipe>, right: Box<Pipe> },
    Not(Box<Pipe>),
    Index(Box<Pipe>, Box<Pipe>),
}

/// A template.
#[derive(Debug, Clone)]
pub(crate) struct Template(Vec<Part>);

const MAX_DEPTH: usize = 32;

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// What is wrong, or not understood here.
    pub fn parse(text: &str) -> Result<Template, String> {
        let mut rest = text;
        let (parts, end) = parts(&mut rest, 0)?;
        if end.is_empty() { Ok(Template(parts)) } else { Err(format!("unexpected {{{{{end}}}}}")) }
    }

    /// Fills it from a value.
    pub fn print(&self, root: &Value) -> String {
        let mut out = String::new();
        show(&self.0, root, root, &mut out);
        out
    }
}

/// The parts up to `end` or `else`, and which of them it was.
fn parts(rest: &mut &str, depth: usize) -> Result<(Vec<Part>, String), String> {
    if depth > MAX_DEPTH {
        return Err("template is nested too deep".to_owned());
    }
    let mut found = Vec::new();
    loop {
        let Some((before, after)) = rest.split_once("{{") else {
            found.push(Part::Text((*rest).to_owned()));
            *rest = "";
            return Ok((found, String::new()));
        };
        let Some((action, after)) = after.split_once("}}") else { return Err("unclosed action".to_owned()) };
        let (action, before) = match action.strip_prefix("- ") {
            Some(action) => (action, before.trim_end()),
            None => (action, before),
        };
        let (action, after) = match action.strip_suffix(" -") {
            Some(action) => (action, after.trim_start()),
            None => (action, after),
        };
        if !before.is_empty() {
            found.push(Part::Text(before.to_owned()));
        }
        *rest = after;
        let action = action.trim();
        if matches!(action, "end" | "else") {
            return Ok((found, action.to_owned()));
        }
        let (keyword, argument) = action.split_once(char::is_whitespace).unwrap_or((action, ""));
        match keyword {
            "range" | "if" => {
                let pipe = pipe(argument.trim())?;
                let (inner, end) = parts(rest, depth + 1)?;
                let (other, end) = if end == "else" { parts(rest, depth + 1)? } else { (Vec::new(), end) };
                if end != "end" {
                    return Err("unexpected EOF".to_owned());
                }
                found.push(if keyword == "if" {
                    Part::If(pipe, inner, other)
                } else {
                    Part::Range(pipe, inner, other)
                });
            }
            _ if action.starts_with("/*") => {}
            _ => found.push(Part::Show(pipe(action)?)),
        }
    }
}

fn pipe(text: &str) -> Result<Pipe, String> {
    let words = words(text)?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    Ok(match words.as_slice() {
        [one] => operand(one)?,
        ["len", one] => Pipe::Length(Box::new(operand(one)?)),
        ["not", one] => Pipe::Not(Box::new(operand(one)?)),
        ["index", value, key] => Pipe::Index(Box::new(operand(value)?), Box::new(operand(key)?)),
        [operator @ ("eq" | "ne"), left, right] => Pipe::Compare {
            equal: *operator == "eq",
            left: Box::new(operand(left)?),
            right: Box::new(operand(right)?),
        },
        [name, ..] => return Err(format!("function \"{name}\" not defined")),
        [] => return Err("missing value for command".to_owned()),
    })
}

/// Words, with quoted texts whole.
fn words(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut chars = text.chars();
    while let Some(next) = chars.next() {
        match next {
            '"' | '`' => {
                word.push('"');
                loop {
                    match chars.next() {
                        None => return Err("unterminated quoted string".to_owned()),
                        Some(end) if end == next => break,
                        Some('\\') if next == '"' => match chars.next() {
                            Some('n') => word.push('\n'),
                            Some('t') => word.push('\t'),
                            Some(other) => word.push(other),
                            None => return Err("unterminated quoted string".to_owned()),
                        },
                        Some(other) => word.push(other),
                    }
                }
            }
            c if c.is_whitespace() => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            c => word.push(c),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    Ok(words)
}

fn operand(word: &str) -> Result<Pipe, String> {
    if let Some(text) = word.strip_prefix('"') {
        return Ok(Pipe::Text(text.to_owned()));
    }
    let keys = |path: &str| path.split('.').filter(|key| !key.is_empty()).map(str::to_owned).collect();
    if let Some(path) = word.strip_prefix("$") {
        return Ok(Pipe::Root(keys(path)));
    }
    if let Some(path) = word.strip_prefix('.') {
        return Ok(Pipe::Field(keys(path)));
    }
    word.parse().map(Pipe::Number).map_err(|_| format!("function \"{word}\" not defined"))
}

fn value(pipe: &Pipe, root: &Value, dot: &Value) -> Value {
    let follow = |from: &Value, keys: &[String]| {
        keys.iter().try_fold(from, |value, key| value.get(key)).cloned().unwrap_or(Value::Null)
    };
    match pipe {
        Pipe::Field(keys) => follow(dot, keys),
        Pipe::Root(keys) => follow(root, keys),
        Pipe::Text(text) => Value::String(text.clone()),
        Pipe::Number(number) => Value::Int(*number),
        Pipe::Length(of) => Value::Int(match value(of, root, dot) {
            Value::List(list) => list.len() as i64,
            Value::Map(map) => map.len() as i64,
            Value::String(text) => text.len() as i64,
            _ => 0,
        }),
        Pipe::Compare { equal, left, right } => {
            Value::Bool((value(left, root, dot) == value(right, root, dot)) == *equal)
        }
        Pipe::Not(of) => Value::Bool(!truth(&value(of, root, dot))),
        Pipe::Index(of, key) => match (value(of, root, dot), value(key, root, dot)) {
            (Value::List(list), Value::Int(at)) => {
                usize::try_from(at).ok().and_then(|at| list.get(at).cloned()).unwrap_or_default()
            }
            (Value::Map(map), Value::String(key)) => map.get(&key).cloned().unwrap_or_default(),
            _ => Value::Null,
        },
    }
}

fn truth(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(bool) => *bool,
        Value::Int(int) => *int != 0,
        Value::Float(float) => *float != 0.0,
        Value::String(text) => !text.is_empty(),
        Value::List(list) => !list.is_empty(),
        Value::Map(map) => !map.is_empty(),
    }
}

fn show(parts: &[Part], root: &Value, dot: &Value, out: &mut String) {
    for part in parts {
        match part {
            Part::Text(text) => out.push_str(text),
            Part::Show(pipe) => match value(pipe, root, dot) {
                Value::Null => out.push_str("<no value>"),
                found => out.push_str(&shown(&found)),
            },
            Part::If(pipe, inner, other) => {
                show(if truth(&value(pipe, root, dot)) { inner } else { other }, root, dot, out);
            }
            Part::Range(pipe, inner, other) => {
                let items: Vec<Value> = match value(pipe, root, dot) {
                    Value::List(list) => list,
                    Value::Map(map) => map.into_values().collect(),
                    _ => Vec::new(),
                };
                if items.is_empty() {
                    show(other, root, dot, out);
                }
                for item in items {
                    show(inner, root, &item, out);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates() {
        let value: Value =
            serde_json::from_str(r#"{"items":[{"n":"a","x":1},{"n":"b"}],"kind":"List"}"#).unwrap();
        let print = |text: &str| Template::parse(text).map(|template| template.print(&value));
        assert_eq!(print("{{.kind}} {{len .items}}{{\"\\n\"}}").unwrap(), "List 2\n");
        assert_eq!(
            print("{{range .items}}{{.n}}{{if .x}}={{.x}}{{else}}!{{end}},{{end}}").unwrap(),
            "a=1,b!,"
        );
        assert_eq!(print("{{.nope}}").unwrap(), "<no value>");
        assert_eq!(print("{{with .a}}").unwrap_err(), "function \"with\" not defined");
        assert_eq!(print("{{index .items 1}}").unwrap(), r#"{"n":"b"}"#);
        assert!(print("{{range .items}}").is_err());
    }
}
