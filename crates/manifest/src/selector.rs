//! Label and field selectors as texts (`app=web,tier in (a,b),!old`), as apimachinery `pkg/labels` and `pkg/fields`.

use std::collections::BTreeMap;
use std::fmt;

use crate::golang::quote;
use crate::names;
use crate::order::sort_by;

/// How a requirement compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `=`
    Equals,
    /// `==`
    DoubleEquals,
    /// `!=`, true also where the key is missing
    NotEquals,
    /// `in`
    In,
    /// `notin`, true also where the key is missing
    NotIn,
    /// the key is there
    Exists,
    /// `!`, the key is not there
    DoesNotExist,
    /// `>`, both sides integers
    GreaterThan,
    /// `<`, both sides integers
    LessThan,
}

/// One requirement on one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The label's key.
    pub key: String,
    /// How it compares.
    pub operator: Operator,
    /// Sorted, without repeats.
    pub values: Vec<String>,
}

/// All of its requirements have to hold; none: everything is selected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    /// Sorted by key.
    pub requirements: Vec<Requirement>,
}

impl Requirement {
    /// A requirement whose key and values are checked (`NewRequirement`).
    ///
    /// # Errors
    /// The message of upstream, all complaints joined.
    pub fn new(key: &str, operator: Operator, mut values: Vec<String>) -> Result<Self, String> {
        let mut wrong = Vec::new();
        let list = |values: &[String]| values.iter().map(|v| quote(v)).collect::<Vec<_>>().join(",");
        for message in names::qualified_name(key) {
            wrong.push(format!("<nil>: Invalid value: {}: {message}", quote(key)));
        }
        match operator {
            Operator::In | Operator::NotIn if values.is_empty() => {
                wrong.push(
                    "values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty"
                        .into(),
                );
            }
            Operator::Equals | Operator::DoubleEquals | Operator::NotEquals if values.len() != 1 => {
                wrong.push(format!(
                    "values: Invalid value: [{}]: exact-match compatibility requires one single value",
                    list(&values)
                ));
            }
            Operator::Exists | Operator::DoesNotExist if !values.is_empty() => {
                wrong.push(format!(
                    "values: Invalid value: [{}]: values set must be empty for exists and does not exist",
                    list(&values)
                ));
            }
            Operator::GreaterThan | Operator::LessThan => {
                if values.len() != 1 {
                    wrong.push(format!(
                        "values: Invalid value: [{}]: for 'Gt', 'Lt' operators, exactly one value is required",
                        list(&values)
                    ));
                }
                for (i, value) in values.iter().enumerate() {
                    if value.parse::<i64>().is_err() {
                        wrong.push(format!(
                            "values[{i}]: Invalid value: {}: for 'Gt', 'Lt' operators, the value must be an integer",
                            quote(value)
                        ));
                    }
                }
            }
            _ => {}
        }
        for (i, value) in values.iter().enumerate() {
            for message in names::label_value(value) {
                wrong.push(format!("values[{i}][{key}]: Invalid value: {}: {message}", quote(value)));
            }
        }
        match wrong.len() {
            0 => {
                sort_by(&mut values, Ord::cmp);
                values.dedup();
                Ok(Self { key: key.to_owned(), operator, values })
            }
            1 => Err(wrong.swap_remove(0)),
            _ => Err(format!("[{}]", wrong.join(", "))),
        }
    }

    /// Whether a value of the key (`None`: the key is missing) meets it.
    pub fn matches(&self, value: Option<&str>) -> bool {
        let listed = |value: &str| self.values.iter().any(|v| v == value);
        match self.operator {
            Operator::Equals | Operator::DoubleEquals | Operator::In => value.is_some_and(listed),
            Operator::NotEquals | Operator::NotIn => !value.is_some_and(listed),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
            Operator::GreaterThan | Operator::LessThan => {
                let number = |text: &str| text.parse::<i64>().ok();
                match (value.and_then(number), self.values.first().map(String::as_str).and_then(number)) {
                    (Some(has), Some(wants)) if self.operator == Operator::GreaterThan => has > wants,
                    (Some(has), Some(wants)) => has < wants,
                    _ => false,
                }
            }
        }
    }
}

impl Selector {
    /// A selector of its requirements.
    pub fn new(mut requirements: Vec<Requirement>) -> Self {
        sort_by(&mut requirements, |a, b| a.key.cmp(&b.key));
        Self { requirements }
    }

    /// Reads a label selector (`labels.Parse`).
    ///
    /// # Errors
    /// The message of upstream.
    pub fn parse(text: &str) -> Result<Self, String> {
        Parser { tokens: lex(text), at: 0 }.parse().map(Self::new)
    }

    /// Whether everything is selected.
    pub fn is_empty(&self) -> bool {
        self.requirements.is_empty()
    }

    /// Whether labels, looked up by `label`, are selected.
    pub fn matches_with<'a>(&self, label: impl Fn(&str) -> Option<&'a str>) -> bool {
        self.requirements.iter().all(|r| r.matches(label(&r.key)))
    }

    /// Whether these labels are selected.
    pub fn matches<K, V>(&self, labels: &BTreeMap<K, V>) -> bool
    where
        K: std::borrow::Borrow<str> + Ord,
        V: AsRef<str>,
    {
        self.matches_with(|key| labels.get(key).map(AsRef::as_ref))
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (key, values) = (&self.key, self.values.join(","));
        match self.operator {
            Operator::Equals => write!(f, "{key}={values}"),
            Operator::DoubleEquals => write!(f, "{key}=={values}"),
            Operator::NotEquals => write!(f, "{key}!={values}"),
            Operator::In => write!(f, "{key} in ({values})"),
            Operator::NotIn => write!(f, "{key} notin ({values})"),
            Operator::Exists => write!(f, "{key}"),
            Operator::DoesNotExist => write!(f, "!{key}"),
            Operator::GreaterThan => write!(f, "{key}>{values}"),
            Operator::LessThan => write!(f, "{key}<{values}"),
        }
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, requirement) in self.requirements.iter().enumerate() {
            if i > 0 {
                f.write_str(",")?;
            }
            requirement.fmt(f)?;
        }
        Ok(())
    }
}

/// Tokens are their texts; identifiers are told apart by [`is_word`], the end is the empty text.
fn lex(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start_matches([' ', '\t', '\r', '\n']);
    while !rest.is_empty() {
        let symbol = ["==", "!=", "=", "!", "(", ")", ",", ">", "<"].iter().find(|s| rest.starts_with(**s));
        let end = symbol.map_or_else(
            || rest.find(|c: char| "=!(),>< \t\r\n".contains(c)).unwrap_or(rest.len()),
            |symbol| symbol.len(),
        );
        let (token, tail) = rest.split_at_checked(end).unwrap_or((rest, ""));
        tokens.push(token);
        rest = tail.trim_start_matches([' ', '\t', '\r', '\n']);
    }
    tokens
}

fn is_word(token: &str) -> bool {
    !token.is_empty() && !token.starts_with(|c: char| "=!(),><".contains(c))
}

struct Parser<'a> {
    tokens: Vec<&'a str>,
    at: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> &'a str {
        self.tokens.get(self.at).copied().unwrap_or("")
    }

    fn next(&mut self) -> &'a str {
        let token = self.peek();
        self.at += 1;
        token
    }

    fn parse(mut self) -> Result<Vec<Requirement>, String> {
        let mut requirements = Vec::new();
        loop {
            let token = self.peek();
            if token.is_empty() {
                return Ok(requirements);
            }
            if !is_word(token) && token != "!" {
                return Err(format!("found '{token}', expected: !, identifier, or 'end of string'"));
            }
            requirements.push(self.requirement().map_err(|m| format!("unable to parse requirement: {m}"))?);
            match self.next() {
                "" => return Ok(requirements),
                "," => {
                    let after = self.peek();
                    if !is_word(after) && after != "!" {
                        return Err(format!("found '{after}', expected: identifier after ','"));
                    }
                }
                other => return Err(format!("found '{other}', expected: ',' or 'end of string'")),
            }
        }
    }

    fn requirement(&mut self) -> Result<Requirement, String> {
        let mut key = self.next();
        let negated = key == "!";
        if negated {
            key = self.next();
        }
        if !is_word(key) {
            return Err(format!("found '{key}', expected: identifier"));
        }
        if let [first, ..] = names::qualified_name(key).as_slice() {
            return Err(format!("<nil>: Invalid value: {}: {first}", quote(key)));
        }
        if negated {
            return Requirement::new(key, Operator::DoesNotExist, Vec::new());
        }
        let operator = match self.peek() {
            "" | "," => return Requirement::new(key, Operator::Exists, Vec::new()),
            "in" => Operator::In,
            "=" => Operator::Equals,
            "==" => Operator::DoubleEquals,
            ">" => Operator::GreaterThan,
            "<" => Operator::LessThan,
            "notin" => Operator::NotIn,
            "!=" => Operator::NotEquals,
            other => return Err(format!("found '{other}', expected: in, notin, =, ==, !=, gt, lt")),
        };
        self.at += 1;
        let values = match operator {
            Operator::In | Operator::NotIn => self.values()?,
            _ => vec![self.exact_value()?],
        };
        Requirement::new(key, operator, values)
    }

    fn exact_value(&mut self) -> Result<String, String> {
        match self.peek() {
            "" | "," => Ok(String::new()),
            word if is_word(word) => {
                self.at += 1;
                Ok(word.to_owned())
            }
            other => Err(format!("found '{other}', expected: identifier")),
        }
    }

    fn values(&mut self) -> Result<Vec<String>, String> {
        let open = self.next();
        if open != "(" {
            return Err(format!("found '{open}' expected: '('"));
        }
        let mut values = Vec::new();
        // A value may be empty: "()", "(,a)", "(a,)".
        loop {
            match self.peek() {
                word if is_word(word) => {
                    self.at += 1;
                    values.push(word.to_owned());
                    match self.peek() {
                        "," => {
                            self.at += 1;
                            if self.peek() == ")" {
                                values.push(String::new());
                            }
                        }
                        ")" => {}
                        other => return Err(format!("found '{other}', expected: ',' or ')'")),
                    }
                }
                "," => {
                    self.at += 1;
                    values.push(String::new());
                }
                ")" => {
                    self.at += 1;
                    if values.is_empty() {
                        values.push(String::new());
                    }
                    sort_by(&mut values, Ord::cmp);
                    values.dedup();
                    return Ok(values);
                }
                other if values.is_empty() => {
                    return Err(format!("found '{other}', expected: ',', ')' or identifier"));
                }
                other => return Err(format!("found '{other}', expected: ',', or identifier")),
            }
        }
    }
}

/// One term of a field selector, e.g. `status.phase!=Running`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldTerm {
    /// For example `metadata.name`.
    pub field: String,
    /// True for `!=`.
    pub negated: bool,
    /// The value compared with.
    pub value: String,
}

/// A field selector; all terms have to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSelector {
    /// Sorted as upstream sorts them.
    pub terms: Vec<FieldTerm>,
}

impl FieldSelector {
    /// Reads a field selector (`fields.ParseSelector`).
    ///
    /// # Errors
    /// `invalid selector: ...; can't understand ...` for a term without an operator.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut terms = Vec::new();
        let mut parts: Vec<&str> = text.split(',').filter(|part| !part.is_empty()).collect();
        sort_by(&mut parts, Ord::cmp);
        for part in parts {
            let (field, negated, value) = if let Some((field, value)) = part.split_once("!=") {
                (field, true, value)
            } else if let Some((field, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
                (field, false, value)
            } else {
                return Err(format!("invalid selector: '{text}'; can't understand '{part}'"));
            };
            terms.push(FieldTerm { field: field.to_owned(), negated, value: value.to_owned() });
        }
        Ok(Self { terms })
    }

    /// Whether an object whose fields are looked up by `field` is selected.
    pub fn matches_with<'a>(&self, field: impl Fn(&str) -> &'a str) -> bool {
        self.terms.iter().all(|term| (field(&term.field) == term.value) != term.negated)
    }
}
