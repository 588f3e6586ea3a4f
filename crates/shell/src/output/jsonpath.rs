//! JSONPath templates as kubectl has them (k8s.io/client-go/util/jsonpath).

use opscape_manifest::golang::quote;
use opscape_manifest::print::to_json;
use opscape_manifest::value::Value;

/// A template: text with `{...}` in it.
#[derive(Debug, Clone)]
pub(crate) struct Template {
    parts: Vec<Part>,
    /// What is missing prints nothing instead of failing.
    lenient: bool,
}

#[derive(Debug, Clone)]
enum Part {
    Text(String),
    Path(Vec<Step>),
    Range(Vec<Step>, Vec<Part>),
}

#[derive(Debug, Clone)]
enum Step {
    Root,
    Current,
    Field(String),
    Wildcard,
    Recursive,
    Slice { from: Option<i64>, to: Option<i64>, by: Option<i64> },
    Index(i64),
    Union(Vec<Vec<Step>>),
    Filter { left: Vec<Step>, operator: String, right: Vec<Step> },
    Literal(Value),
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// The message of upstream.
    pub fn parse(text: &str, lenient: bool) -> Result<Template, String> {
        let mut reader = Reader { text, at: 0, depth: 0 };
        let parts = reader.parts(false)?;
        Ok(Template { parts, lenient })
    }

    /// Reads one expression in the loose form of `--sort-by` and of custom columns: `.metadata.name`, `metadata.name`,
    /// `{.metadata.name}` (`get.RelaxedJSONPathExpression`).
    ///
    /// # Errors
    /// The message of upstream.
    pub fn relaxed(text: &str) -> Result<Template, String> {
        if text.is_empty() {
            return Template::parse("", true);
        }
        let inner = text.strip_prefix('{').unwrap_or(text);
        let inner = inner.strip_suffix('}').unwrap_or(inner);
        if inner.contains(['{', '}']) || text.starts_with('{') != text.ends_with('}') {
            return Err("unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'".to_string());
        }
        let dot = if inner.starts_with('.') { "" } else { "." };
        Template::parse(&format!("{{{dot}{inner}}}"), true)
    }

    /// Fills the template from a value.
    ///
    /// # Errors
    /// What is missing, unless it is lenient; an index out of bounds.
    pub fn print(&self, root: &Value) -> Result<String, String> {
        let mut out = String::new();
        let walk = Walk { root, lenient: self.lenient };
        walk.print(&self.parts, root, &mut out)?;
        Ok(out)
    }

    /// The values the first expression finds.
    ///
    /// # Errors
    /// As [`Template::print`].
    pub fn find(&self, root: &Value) -> Result<Vec<Value>, String> {
        let walk = Walk { root, lenient: self.lenient };
        for part in &self.parts {
            if let Part::Path(steps) = part {
                return walk.steps(steps, vec![root.clone()]);
            }
        }
        Ok(Vec::new())
    }
}

/// A value as a template prints it: texts bare, numbers in digits, the rest as JSON.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "<nil>".to_owned(),
        other => to_json(other),
    }
}

struct Walk<'a> {
    root: &'a Value,
    lenient: bool,
}

impl Walk<'_> {
    fn print(&self, parts: &[Part], current: &Value, out: &mut String) -> Result<(), String> {
        for part in parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Path(steps) => {
                    let found = self.steps(steps, vec![current.clone()])?;
                    let found: Vec<String> = found.iter().map(shown).collect();
                    out.push_str(&found.join(" "));
                }
                Part::Range(steps, inner) => {
                    for item in self.steps(steps, vec![current.clone()])? {
                        self.print(inner, &item, out)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn steps(&self, steps: &[Step], mut values: Vec<Value>) -> Result<Vec<Value>, String> {
        for step in steps {
            values = self.step(step, values)?;
        }
        Ok(values)
    }

    fn step(&self, step: &Step, values: Vec<Value>) -> Result<Vec<Value>, String> {
        let mut found = Vec::new();
        match step {
            Step::Root => return Ok(vec![self.root.clone()]),
            Step::Current => return Ok(values),
            Step::Literal(value) => return Ok(vec![value.clone()]),
            Step::Field(name) => {
                for value in &values {
                    found.extend(value.get(name).cloned());
                }
                if found.is_empty() && !self.lenient {
                    return Err(format!("{name} is not found"));
                }
            }
            Step::Wildcard => {
                for value in values {
                    match value {
                        Value::List(list) => found.extend(list),
                        Value::Map(map) => found.extend(map.into_values()),
                        _ => {}
                    }
                }
            }
            Step::Recursive => {
                for value in &values {
                    descend(value, &mut found);
                }
            }
            Step::Index(index) => {
                for value in &values {
                    let Some(list) = value.as_list() else { return Err("is not array or slice".to_owned()) };
                    let at = if *index < 0 { list.len() as i64 + index } else { *index };
                    match usize::try_from(at).ok().and_then(|at| list.get(at)) {
                        Some(item) => found.push(item.clone()),
                        None if self.lenient && list.is_empty() => {}
                        None => {
                            return Err(format!(
                                "array index out of bounds: index {index}, length {}",
                                list.len()
                            ));
                        }
                    }
                }
            }
            Step::Slice { from, to, by } => {
                for value in &values {
                    let Some(list) = value.as_list() else { continue };
                    let length = list.len() as i64;
                    let place = |at: i64| (if at < 0 { length + at } else { at }).clamp(0, length) as usize;
                    let (from, to) = (place(from.unwrap_or(0)), place(to.unwrap_or(length)));
                    let by = usize::try_from(by.unwrap_or(1)).unwrap_or(1).max(1);
                    found
                        .extend(list.get(from..to.max(from)).unwrap_or_default().iter().step_by(by).cloned());
                }
            }
            Step::Union(paths) => {
                for value in values {
                    for path in paths {
                        found.extend(self.steps(path, vec![value.clone()])?);
                    }
                }
            }
            Step::Filter { left, operator, right } => {
                let lenient = Walk { root: self.root, lenient: true };
                for value in values {
                    let Value::List(list) = value else { continue };
                    for item in list {
                        let left = lenient.steps(left, vec![item.clone()])?;
                        let right = lenient.steps(right, vec![item.clone()])?;
                        if holds(left.first(), operator, right.first()) {
                            found.push(item);
                        }
                    }
                }
            }
        }
        Ok(found)
    }
}

fn holds(left: Option<&Value>, operator: &str, right: Option<&Value>) -> bool {
    if operator == "exists" {
        return left.is_some();
    }
    let (Some(left), Some(right)) = (left, right) else { return false };
    let order = compare(left, right);
    match operator {
        "==" => left == right || order == Some(std::cmp::Ordering::Equal),
        "!=" => !(left == right || order == Some(std::cmp::Ordering::Equal)),
        "<" => order.is_some_and(std::cmp::Ordering::is_lt),
        ">" => order.is_some_and(std::cmp::Ordering::is_gt),
        "<=" => order.is_some_and(std::cmp::Ordering::is_le),
        _ => order.is_some_and(std::cmp::Ordering::is_ge),
    }
}

/// The order of two scalars of one type.
pub(crate) fn compare(a: &Value, b: &Value) -> Option<std::cmp::Ordering> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
        (Value::Int(a), Value::Float(b)) => (*a as f64).partial_cmp(b),
        (Value::Float(a), Value::Int(b)) => a.partial_cmp(&(*b as f64)),
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

fn descend(value: &Value, found: &mut Vec<Value>) {
    found.push(value.clone());
    match value {
        Value::List(list) => list.iter().for_each(|item| descend(item, found)),
        Value::Map(map) => map.values().for_each(|item| descend(item, found)),
        _ => {}
    }
}

/// `{range}` within `{range}` and filters within filters deeper than this are refused.
const MAX_DEPTH: usize = 32;

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn eat(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    fn blanks(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += self.peek().map_or(1, char::len_utf8);
        }
    }

    fn enter(&mut self) -> Result<(), String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH { Err("nested too deep".to_owned()) } else { Ok(()) }
    }

    fn parts(&mut self, in_range: bool) -> Result<Vec<Part>, String> {
        self.enter()?;
        let mut parts = Vec::new();
        loop {
            let end = self.rest().find('{').unwrap_or(self.rest().len());
            if end > 0 {
                parts.push(Part::Text(self.rest().get(..end).unwrap_or("").to_owned()));
                self.at += end;
            }
            if !self.eat("{") {
                if in_range {
                    return Err("unexpected end of range: missing {end}".to_owned());
                }
                self.depth -= 1;
                return Ok(parts);
            }
            self.blanks();
            if self.word("end") {
                self.close()?;
                if !in_range {
                    return Err("not in range, nothing to end".to_owned());
                }
                self.depth -= 1;
                return Ok(parts);
            }
            if self.word("range") {
                let steps = self.action()?;
                let inner = self.parts(true)?;
                parts.push(Part::Range(steps, inner));
            } else {
                let steps = self.action()?;
                parts.push(Part::Path(steps));
            }
        }
    }

    /// Eats a keyword.
    fn word(&mut self, word: &str) -> bool {
        let next = self.rest().strip_prefix(word);
        let found = next.is_some_and(|next| !next.starts_with(|c: char| c.is_alphanumeric() || c == '_'));
        if found {
            self.at += word.len();
        }
        found
    }

    fn close(&mut self) -> Result<(), String> {
        self.blanks();
        if self.eat("}") { Ok(()) } else { Err("unclosed action".to_owned()) }
    }

    /// The steps up to `}`.
    fn action(&mut self) -> Result<Vec<Step>, String> {
        let steps = self.path("}")?;
        if self.eat("}") { Ok(steps) } else { Err("unclosed action".to_owned()) }
    }

    /// Steps up to one of the characters of `ends`, which is not eaten.
    fn path(&mut self, ends: &str) -> Result<Vec<Step>, String> {
        self.enter()?;
        let mut steps = Vec::new();
        loop {
            let Some(next) = self.peek() else { return Err("unclosed action".to_owned()) };
            if ends.contains(next) {
                break;
            }
            match next {
                ' ' | '\t' | '\n' | '\r' => self.blanks(),
                '$' => {
                    self.at += 1;
                    steps.push(Step::Root);
                }
                '@' => {
                    self.at += 1;
                    steps.push(Step::Current);
                }
                '"' | '\'' => steps.push(Step::Literal(Value::String(self.quoted(next)?))),
                '[' => {
                    self.at += 1;
                    steps.push(self.bracket()?);
                }
                '.' => {
                    self.at += 1;
                    if self.eat(".") {
                        steps.push(Step::Recursive);
                    }
                    if self.eat("*") {
                        steps.push(Step::Wildcard);
                    } else if self.peek() != Some('[') {
                        let name = self.name();
                        if !name.is_empty() {
                            steps.push(Step::Field(name));
                        }
                    }
                }
                '-' | '0'..='9' => {
                    let number = self.name();
                    let value =
                        number.parse::<i64>().map(Value::Int).or_else(|_| number.parse().map(Value::Float));
                    steps.push(Step::Literal(value.map_err(|_| format!("cannot parse number {number}"))?));
                }
                c if c.is_alphabetic() || c == '_' => match self.name().as_str() {
                    "true" => steps.push(Step::Literal(Value::Bool(true))),
                    "false" => steps.push(Step::Literal(Value::Bool(false))),
                    name => return Err(format!("unrecognized identifier {name}")),
                },
                c => return Err(format!("unrecognized character in action: U+{:04X} '{c}'", u32::from(c))),
            }
        }
        self.depth -= 1;
        Ok(steps)
    }

    /// A name up to a character that ends it; a backslash keeps the next one.
    fn name(&mut self) -> String {
        let mut name = String::new();
        while let Some(next) = self.peek() {
            match next {
                '\\' => {
                    self.at += 1;
                    if let Some(kept) = self.peek() {
                        name.push(kept);
                        self.at += kept.len_utf8();
                    }
                }
                '.' | '[' | ']' | '{' | '}' | '(' | ')' | ',' | ':' | '=' | '!' | '<' | '>' | '$' | '@'
                | '"' | '\'' => {
                    break;
                }
                c if c.is_whitespace() => break,
                c => {
                    name.push(c);
                    self.at += c.len_utf8();
                }
            }
        }
        name
    }

    fn quoted(&mut self, mark: char) -> Result<String, String> {
        self.at += 1;
        let mut text = String::new();
        loop {
            let Some(next) = self.peek() else { return Err("unterminated quoted string".to_owned()) };
            self.at += next.len_utf8();
            if next == mark {
                return Ok(text);
            }
            if next != '\\' {
                text.push(next);
                continue;
            }
            let Some(escaped) = self.peek() else { return Err("unterminated quoted string".to_owned()) };
            self.at += escaped.len_utf8();
            match escaped {
                'n' => text.push('\n'),
                't' => text.push('\t'),
                'r' => text.push('\r'),
                other => text.push(other),
            }
        }
    }

    /// What stands in `[...]`, behind the bracket.
    fn bracket(&mut self) -> Result<Step, String> {
        self.blanks();
        if self.eat("?(") {
            return self.filter();
        }
        if self.eat("*]") {
            return Ok(Step::Wildcard);
        }
        let Some(length) = self.rest().find(']') else { return Err("unterminated array".to_owned()) };
        if matches!(self.peek(), Some('\'' | '"')) {
            let mut names = Vec::new();
            loop {
                self.blanks();
                let Some(mark @ ('\'' | '"')) = self.peek() else {
                    return Err("unterminated array".to_owned());
                };
                names.push(vec![Step::Field(self.quoted(mark)?)]);
                self.blanks();
                if self.eat("]") {
                    break;
                }
                if !self.eat(",") {
                    return Err("unterminated array".to_owned());
                }
            }
            return Ok(Step::Union(names));
        }
        let inner = self.rest().get(..length).unwrap_or("").trim().to_owned();
        self.at += length + 1;
        let invalid = || format!("invalid array index {inner}");
        let one = |text: &str| -> Result<Step, String> {
            let parts: Vec<&str> = text.split(':').map(str::trim).collect();
            let number = |text: &&str| {
                if text.is_empty() { Ok(None) } else { text.parse::<i64>().map(Some).map_err(|_| invalid()) }
            };
            match parts.as_slice() {
                [index] => index.parse().map(Step::Index).map_err(|_| invalid()),
                [from, to] => Ok(Step::Slice { from: number(from)?, to: number(to)?, by: None }),
                [from, to, by] => Ok(Step::Slice { from: number(from)?, to: number(to)?, by: number(by)? }),
                _ => Err(invalid()),
            }
        };
        if inner.contains(',') {
            let union =
                inner.split(',').map(|text| Ok(vec![one(text.trim())?])).collect::<Result<_, String>>();
            return union.map(Step::Union);
        }
        one(&inner)
    }

    /// `@.a=="b")]`.
    fn filter(&mut self) -> Result<Step, String> {
        let left = self.path("=!<>)")?;
        let operator = ["==", "!=", "<=", ">=", "<", ">"].into_iter().find(|operator| self.eat(operator));
        let (operator, right) = match operator {
            Some(operator) => (operator, self.path(")")?),
            None if self.peek() == Some(')') => ("exists", Vec::new()),
            None => return Err(format!("unrecognized filter operator {}", quote(self.rest()))),
        };
        if self.eat(")]") {
            Ok(Step::Filter { left, operator: operator.to_owned(), right })
        } else {
            Err("unclosed array expect ]".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pods() -> Value {
        let text = r#"{"kind":"List","items":[
            {"metadata":{"name":"a","labels":{"app.kubernetes.io/name":"x"}},"spec":{"n":1,"c":[{"i":"p"},{"i":"q"}]}},
            {"metadata":{"name":"b"},"spec":{"n":2,"c":[{"i":"r"}]},"status":{"ok":true}}]}"#;
        serde_json::from_str(text).unwrap()
    }

    fn print(template: &str) -> Result<String, String> {
        Template::parse(template, true).and_then(|template| template.print(&pods()))
    }

    #[test]
    fn templates() {
        for (template, want) in [
            ("{.kind}", "List"),
            ("{.items[*].metadata.name}", "a b"),
            ("{.items[0].metadata.labels}", r#"{"app.kubernetes.io/name":"x"}"#),
            (r"{.items[0].metadata.labels.app\.kubernetes\.io/name}", "x"),
            ("{.items[0].metadata.labels['app.kubernetes.io/name']}", "x"),
            (r#"{range .items[*]}{.metadata.name}{"\t"}{.spec.n}{"\n"}{end}"#, "a\t1\nb\t2\n"),
            ("{.items[-1].metadata.name}", "b"),
            ("{.items[0:1].metadata.name}", "a"),
            ("{.items[0,1].metadata.name}", "a b"),
            (r#"{.items[?(@.metadata.name=="b")].spec.n}"#, "2"),
            ("{.items[?(@.spec.n>1)].metadata.name}", "b"),
            ("{.items[?(@.status.ok==true)].metadata.name}", "b"),
            ("{.items[?(@.status)].metadata.name}", "b"),
            ("{..i}", "p q r"),
            (
                "{.items[*]['metadata.name', 'spec']}",
                r#"{"c":[{"i":"p"},{"i":"q"}],"n":1} {"c":[{"i":"r"}],"n":2}"#,
            ),
            ("{.nope.deep}", ""),
            ("x{.kind}y", "xListy"),
            ("{$.kind}", "List"),
        ] {
            assert_eq!(print(template).as_deref(), Ok(want), "{template}");
        }
    }

    #[test]
    fn errors() {
        assert_eq!(print("{.a").unwrap_err(), "unclosed action");
        assert_eq!(print("{.items[7].x}").unwrap_err(), "array index out of bounds: index 7, length 2");
        assert_eq!(Template::parse("{.x}", false).unwrap().print(&pods()).unwrap_err(), "x is not found");
        assert!(print(&"{range .items}".repeat(60)).is_err());
        assert!(print(&"{.a[?(".repeat(60)).is_err());
        assert_eq!(Template::relaxed("kind").unwrap().print(&pods()).unwrap(), "List");
        assert_eq!(Template::relaxed("{.kind}").unwrap().print(&pods()).unwrap(), "List");
    }
}
