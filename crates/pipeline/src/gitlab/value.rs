//! What Ruby's Psych reads out of a YAML text, with places.
//!
//! Source: psych 5 (`scalar_scanner.rb`, `visitors/to_ruby.rb`): YAML 1.1 words, numbers in base 60, merge keys that act
//! where they stand, dates that a safe load refuses.

use opscape_manifest::diagnostic::Span;

use super::Mistake;
use crate::yaml::{Content, Node, Style};

/// Where a value stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Which of the files that were read ([`super::Configuration::files`]).
    pub file: usize,
    /// Where in it.
    pub span: Span,
}

/// A value and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    /// Where it stands.
    pub place: Place,
    /// What it is.
    pub data: Data,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// Nothing.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Float(f64),
    /// A text.
    Text(String),
    /// A sequence.
    List(Vec<Value>),
    /// A mapping; keys are there once.
    Map(Map),
    /// `!reference [...]`, not yet looked up: its parts.
    Reference(Vec<Value>),
}

/// A key and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// Its text.
    pub name: String,
    /// Whether it is a text, not a number or a truth value.
    pub is_text: bool,
    /// Where it stands.
    pub place: Place,
}

/// A mapping in the order of its keys' first appearance.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Map(Vec<(Key, Value)>);

impl Map {
    /// The value of a key.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(key, _)| key.name == name).map(|(_, value)| value)
    }

    /// The value of a key that is not null.
    pub fn given(&self, name: &str) -> Option<&Value> {
        self.get(name).filter(|value| value.data != Data::Null)
    }

    /// The key as it stands in the text.
    pub fn key(&self, name: &str) -> Option<&Key> {
        self.0.iter().find(|(key, _)| key.name == name).map(|(key, _)| key)
    }

    /// Whether a key is there, be its value null.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Sets a value: in the place of an older one with its key, else behind all.
    pub fn set(&mut self, key: Key, value: Value) {
        match self.0.iter_mut().find(|(old, _)| old.name == key.name) {
            Some(entry) => *entry = (key, value),
            None => self.0.push((key, value)),
        }
    }

    /// Takes a key out.
    pub fn remove(&mut self, name: &str) -> Option<Value> {
        let at = self.0.iter().position(|(key, _)| key.name == name)?;
        Some(self.0.remove(at).1)
    }

    /// Keys and values.
    pub fn iter(&self) -> impl Iterator<Item = (&Key, &Value)> {
        self.0.iter().map(|(key, value)| (key, value))
    }

    /// Keys and values to change.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&Key, &mut Value)> {
        self.0.iter_mut().map(|(key, value)| (&*key, value))
    }

    /// Names of the keys.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(key, _)| key.name.as_str())
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Rails' `deep_merge!`: what is in `other` wins; mappings are merged, anything else is replaced.
    pub fn deep_merge(&mut self, other: &Map) {
        for (key, value) in &other.0 {
            match (self.0.iter_mut().find(|(old, _)| old.name == key.name), &value.data) {
                (Some((_, Value { data: Data::Map(old), .. })), Data::Map(new)) => old.deep_merge(new),
                (Some(entry), _) => *entry = (key.clone(), value.clone()),
                (None, _) => self.0.push((key.clone(), value.clone())),
            }
        }
    }
}

impl FromIterator<(Key, Value)> for Map {
    fn from_iter<I: IntoIterator<Item = (Key, Value)>>(entries: I) -> Self {
        let mut map = Map::default();
        for (key, value) in entries {
            map.set(key, value);
        }
        map
    }
}

impl Value {
    /// A value at a place.
    pub fn new(data: Data, place: Place) -> Value {
        Value { place, data }
    }

    /// Its text, if it is one.
    pub fn text(&self) -> Option<&str> {
        if let Data::Text(text) = &self.data { Some(text) } else { None }
    }

    /// The mapping, if it is one.
    pub fn map(&self) -> Option<&Map> {
        if let Data::Map(map) = &self.data { Some(map) } else { None }
    }

    /// The items, if it is a list.
    pub fn list(&self) -> Option<&[Value]> {
        if let Data::List(items) = &self.data { Some(items) } else { None }
    }

    /// The truth value, if it is one.
    pub fn truth(&self) -> Option<bool> {
        if let Data::Bool(truth) = self.data { Some(truth) } else { None }
    }

    /// The whole number, if it is one.
    pub fn integer(&self) -> Option<i64> {
        if let Data::Integer(number) = self.data { Some(number) } else { None }
    }

    /// Rails' `blank?`: null, false, and texts, lists and mappings with nothing in them.
    pub fn is_blank(&self) -> bool {
        match &self.data {
            Data::Null | Data::Bool(false) => true,
            Data::Text(text) => text.trim().is_empty(),
            Data::List(items) => items.is_empty(),
            Data::Map(map) => map.is_empty(),
            _ => false,
        }
    }

    /// Ruby's `to_s` of a scalar; nothing of a list or a mapping.
    pub fn to_text(&self) -> String {
        match &self.data {
            Data::Bool(truth) => truth.to_string(),
            Data::Integer(number) => number.to_string(),
            Data::Float(number) => float_text(*number),
            Data::Text(text) => text.clone(),
            _ => String::new(),
        }
    }

    /// As the recordings and `--output json` write it.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match &self.data {
            Data::Null => Json::Null,
            Data::Bool(truth) => (*truth).into(),
            Data::Integer(number) => (*number).into(),
            Data::Float(number) => serde_json::Number::from_f64(*number).map_or(Json::Null, Json::Number),
            Data::Text(text) => text.as_str().into(),
            Data::List(items) | Data::Reference(items) => items.iter().map(Value::to_json).collect(),
            Data::Map(map) => map.iter().map(|(key, value)| (key.name.clone(), value.to_json())).collect(),
        }
    }
}

/// Ruby's `Float#to_s` for what a person writes.
fn float_text(number: f64) -> String {
    if number.is_finite() && number.fract() == 0.0 && number.abs() < 1e16 {
        return format!("{number:.1}");
    }
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "Infinity".to_owned() } else { "-Infinity".to_owned() };
    }
    number.to_string()
}

/// Makes values of a document as Psych does.
///
/// # Errors
/// A date or a time, which a safe load refuses.
pub fn from_node(node: &Node, file: usize) -> Result<Value, Mistake> {
    let place = Place { file, span: node.span };
    let data = match &node.content {
        Content::Scalar(text, Style::Plain | Style::Absent) => match scalar(text) {
            Ok(data) => data,
            Err(class) => {
                return Err(Mistake::new(format!("Tried to load unspecified class: {class}"), place));
            }
        },
        Content::Scalar(text, _) => Data::Text(text.clone()),
        Content::List(items) => {
            let items = items.iter().map(|item| from_node(item, file)).collect::<Result<Vec<_>, _>>()?;
            if node.tag.as_deref() == Some("!reference") { Data::Reference(items) } else { Data::List(items) }
        }
        Content::Map(entries) => Data::Map(mapping(entries, file)?),
    };
    if node.tag.as_deref() == Some("!reference") && !matches!(data, Data::Reference(_)) {
        return Err(Mistake::new(format!("!reference {} is not valid", inspect(&data)), place));
    }
    Ok(Value { place, data })
}

/// Ruby's `inspect`.
pub(super) fn inspect(data: &Data) -> String {
    match data {
        Data::Null => "nil".to_owned(),
        Data::Text(text) => format!("{text:?}"),
        Data::List(items) | Data::Reference(items) => {
            let items: Vec<String> = items.iter().map(|item| inspect(&item.data)).collect();
            format!("[{}]", items.join(", "))
        }
        Data::Map(map) => {
            let entries: Vec<String> =
                map.iter().map(|(key, value)| format!("{:?}=>{}", key.name, inspect(&value.data))).collect();
            format!("{{{}}}", entries.join(", "))
        }
        other => Value { place: Place::default(), data: other.clone() }.to_text(),
    }
}

fn mapping(entries: &[(Node, Node)], file: usize) -> Result<Map, Mistake> {
    let mut map = Map::default();
    for (key, value) in entries {
        let value = from_node(value, file)?;
        if matches!(&key.content, Content::Scalar(text, Style::Plain) if text == "<<") {
            // What a merge key brings wins over what stands above it, as in Psych; what stands below wins over it.
            match &value.data {
                Data::Map(merged) => {
                    for (key, value) in merged.iter() {
                        map.set(key.clone(), value.clone());
                    }
                    continue;
                }
                Data::List(items) if items.iter().all(|item| item.map().is_some()) => {
                    let mut all = Map::default();
                    for (key, value) in items.iter().rev().filter_map(Value::map).flat_map(Map::iter) {
                        all.set(key.clone(), value.clone());
                    }
                    for (key, value) in all.iter() {
                        map.set(key.clone(), value.clone());
                    }
                    continue;
                }
                _ => {}
            }
        }
        let named = from_node(key, file)?;
        let is_text = named.text().is_some();
        let name = match &named.data {
            Data::List(_) | Data::Map(_) | Data::Reference(_) => inspect(&named.data),
            _ => named.to_text(),
        };
        let key = Key { name, is_text, place: named.place };
        match map.0.iter_mut().find(|(old, _)| old.name == key.name) {
            Some((old, place)) => {
                *old = key;
                *place = value;
            }
            None => map.0.push((key, value)),
        }
    }
    Ok(map)
}

/// `ScalarScanner#tokenize`.
fn scalar(text: &str) -> Result<Data, &'static str> {
    let string = || Ok(Data::Text(text.to_owned()));
    if text.is_empty() || text == "~" {
        return Ok(Data::Null);
    }
    let Some(first) = text.chars().next() else { return Ok(Data::Null) };
    if first.is_alphabetic() {
        return match text.to_ascii_lowercase().as_str() {
            "null" => Ok(Data::Null),
            "yes" | "true" | "on" => Ok(Data::Bool(true)),
            "no" | "false" | "off" => Ok(Data::Bool(false)),
            _ => string(),
        };
    }
    if text.contains('\n') || !(first.is_ascii_digit() || ".:+-".contains(first)) {
        return string();
    }
    if let Some(class) = date_or_time(text) {
        return Err(class);
    }
    match text.to_ascii_lowercase().as_str() {
        ".inf" | "+.inf" => return Ok(Data::Float(f64::INFINITY)),
        "-.inf" => return Ok(Data::Float(f64::NEG_INFINITY)),
        ".nan" => return Ok(Data::Float(f64::NAN)),
        _ => {}
    }
    if let Some(symbol) = text.strip_prefix(':') {
        return if symbol.is_empty() { string() } else { Ok(Data::Text(symbol.to_owned())) };
    }
    if let Some(data) = base_60(text) {
        return Ok(data);
    }
    if let Some(number) = float(text) {
        return Ok(Data::Float(number));
    }
    if let Some(number) = integer(text) {
        return Ok(Data::Integer(number));
    }
    string()
}

/// Whether a text is a date (`2026-11-29`) or begins like a time (`2026-11-29 10:00:00`).
fn date_or_time(text: &str) -> Option<&'static str> {
    let digits = |text: &str, least: usize, most: usize| {
        (least..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let (day, time) = match text.find(['T', 't', ' ', '\t']) {
        Some(at) => (text.get(..at)?, text.get(at + 1..)),
        None => (text, None),
    };
    let mut parts = day.split('-');
    let (year, month, date) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || !digits(year, 4, 4) || !digits(month, 1, 2) || !digits(date, 1, 2) {
        return None;
    }
    let Some(time) = time else {
        let (month, date) = (month.parse::<u32>().ok()?, date.parse::<u32>().ok()?);
        return (month <= 12 && date <= 31).then_some("Date");
    };
    let mut clock = time.trim_start().splitn(3, ':');
    let (hour, minute, rest) = (clock.next()?, clock.next()?, clock.next()?);
    let seconds: String = rest.chars().take_while(char::is_ascii_digit).collect();
    (digits(hour, 1, 2) && digits(minute, 2, 2) && digits(&seconds, 2, 2)).then_some("Time")
}

/// `1:30` is 90, `1:30:00` is 5400.
fn base_60(text: &str) -> Option<Data> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = match rest.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (rest, None),
    };
    let parts: Vec<&str> = whole.split(':').collect();
    if !(2..=3).contains(&parts.len()) {
        return None;
    }
    let mut total = 0.0;
    for (at, part) in parts.iter().enumerate() {
        let digits = part.replace('_', "");
        let fits = part.starts_with(|c: char| c.is_ascii_digit())
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && (at == 0 || (part.len() <= 2 && digits.parse::<u32>().is_ok_and(|number| number < 60)));
        if !fits {
            return None;
        }
        total = total * 60.0 + digits.parse::<f64>().ok()?;
    }
    match fraction {
        None => Some(Data::Integer((sign * total) as i64)),
        Some(fraction) if fraction.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_') => {
            let part: f64 = format!("0.{}0", fraction.replace('_', "")).parse().ok()?;
            Some(Data::Float(sign * (total + part)))
        }
        Some(_) => None,
    }
}

fn float(text: &str) -> Option<f64> {
    let rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, after) = rest.split_once('.')?;
    let (fraction, exponent) = match after.find(['e', 'E']) {
        Some(at) => (after.get(..at)?, after.get(at + 1..)),
        None => (after, None),
    };
    let whole_fits = whole.is_empty()
        || (whole.starts_with(|c: char| c.is_ascii_digit())
            && whole.bytes().all(|byte| byte.is_ascii_digit() || b"_,".contains(&byte)));
    let exponent_fits = exponent.is_none_or(|exponent| {
        exponent
            .strip_prefix(['+', '-'])
            .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
    });
    let only_point = whole.is_empty() && fraction.is_empty();
    if !whole_fits || !exponent_fits || only_point || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.replace(['_', ','], "").parse().ok()
}

fn integer(text: &str) -> Option<i64> {
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (digits, radix) = if let Some(digits) = rest.strip_prefix("0x") {
        (digits, 16)
    } else if let Some(digits) = rest.strip_prefix("0b") {
        (digits, 2)
    } else if rest.len() > 1 && rest.starts_with('0') {
        (rest.get(1..)?, 8)
    } else {
        (rest, 10)
    };
    if radix == 10 && !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let digits = digits.replace(['_', ','], "");
    let number = i64::from_str_radix(&digits, radix).ok()?;
    (!digits.starts_with(['+', '-'])).then_some(if negative { -number } else { number })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_are_what_psych_makes_of_them() {
        let text = |text: &str| Ok(Data::Text(text.to_owned()));
        for (written, want) in [
            ("", Ok(Data::Null)),
            ("~", Ok(Data::Null)),
            ("Null", Ok(Data::Null)),
            ("on", Ok(Data::Bool(true))),
            ("No", Ok(Data::Bool(false))),
            ("y", text("y")),
            ("010", Ok(Data::Integer(8))),
            ("0x1F", Ok(Data::Integer(31))),
            ("1_000", Ok(Data::Integer(1000))),
            ("-3", Ok(Data::Integer(-3))),
            ("09", text("09")),
            ("1.", Ok(Data::Float(1.0))),
            (".5", Ok(Data::Float(0.5))),
            (".", text(".")),
            ("3.10", Ok(Data::Float(3.1))),
            ("1.2.3", text("1.2.3")),
            ("1e3", text("1e3")),
            ("1:30", Ok(Data::Integer(90))),
            ("1:90", text("1:90")),
            (":name", text("name")),
            ("2026-11-29", Err("Date")),
            ("2026-11-29 10:00:00", Err("Time")),
            ("2026-11", text("2026-11")),
            ("--flag", text("--flag")),
            ("+", text("+")),
            ("-", text("-")),
        ] {
            assert_eq!(scalar(written), want, "{written}");
        }
    }
}
