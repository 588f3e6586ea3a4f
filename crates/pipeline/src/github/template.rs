//! The reader of workflows: checks events against the schema and makes tokens of them (`templates/template-reader.ts`).

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use opscape_manifest::diagnostic::Span;

use super::embedded;
use super::events::{Event, Scalar};
use super::expression::Function;
use super::problem::Context;
use super::schema::{Property, Schema, Shape, Text};
use super::token::{Allowed, FileId, Token, Value};

/// Keys of steps that a feature flag hides, which is off.
const BACKGROUND: [&str; 4] = ["background", "wait", "wait-all", "cancel"];
/// Members that every object of JavaScript has: the reader stops at such a key.
const OBJECT_MEMBERS: [&str; 12] = [
    "__defineGetter__",
    "__defineSetter__",
    "__lookupGetter__",
    "__lookupSetter__",
    "__proto__",
    "constructor",
    "hasOwnProperty",
    "isPrototypeOf",
    "propertyIsEnumerable",
    "toLocaleString",
    "toString",
    "valueOf",
];

/// The reader cannot go on, for a reason without a place.
struct Stop(String);

/// Reads events as what `root` of the schema says.
pub(super) fn read(
    context: &mut Context,
    schema: &'static Schema,
    root: &str,
    file: FileId,
    events: VecDeque<Event>,
) -> Option<Token> {
    let mut reader = Reader { context, schema, file, events };
    let info = Info { shape: reader.shape(root), allowed: reader.allowed(root, &Arc::default()) };
    let mut value = reader.value(&info);
    if value.is_ok() && !reader.events.is_empty() {
        value = Err(Stop("Expected end of reader".to_owned()));
    }
    value.map_err(|Stop(message)| context.at(file, None, message)).ok()
}

/// What may stand at a place.
#[derive(Clone)]
struct Info {
    shape: &'static Shape,
    allowed: Arc<Allowed>,
}

struct Reader<'a> {
    context: &'a mut Context,
    schema: &'static Schema,
    file: FileId,
    events: VecDeque<Event>,
}

const EXPECTED: &str = "Expected a scalar value, a sequence, or a mapping";

impl Reader<'_> {
    fn shape(&self, name: &str) -> &'static Shape {
        // The schema names only what it defines; a test sees to it.
        self.schema.get(name).map_or(&Shape::Null, |definition| &definition.shape)
    }

    /// The contexts of a definition, behind those of what it stands in; without any, the same.
    fn allowed(&self, name: &str, parent: &Arc<Allowed>) -> Arc<Allowed> {
        let own = self.schema.get(name).map_or(&[][..], |definition| &definition.contexts);
        if own.is_empty() {
            return parent.clone();
        }
        let mut allowed = Allowed::clone(parent);
        for item in own {
            match item.split_once('(') {
                Some((name, counts)) => {
                    let (least, most) = counts.trim_end_matches(')').split_once(',').unwrap_or(("0", "0"));
                    let function = Function {
                        name: name.to_owned(),
                        least: least.parse().unwrap_or(0),
                        most: most.parse().unwrap_or(usize::MAX),
                    };
                    if !allowed.functions.contains(&function) {
                        allowed.functions.push(function);
                    }
                }
                None if allowed.contexts.contains(item) => {}
                None => allowed.contexts.push(item),
            }
        }
        Arc::new(allowed)
    }

    fn info(&self, name: &str, parent: &Info) -> Info {
        Info { shape: self.shape(name), allowed: self.allowed(name, &parent.allowed) }
    }

    fn token(&self, place: Span, info: &Info, value: Value) -> Token {
        Token { file: self.file, place: Some(place), allowed: info.allowed.clone(), value }
    }

    fn value(&mut self, info: &Info) -> Result<Token, Stop> {
        match self.events.pop_front() {
            Some(Event::Scalar(scalar, place)) => {
                let token = self.scalar(scalar, place, info)?;
                Ok(self.validate(token, info))
            }
            Some(Event::SequenceStart(place)) => self.sequence(place, info),
            Some(Event::MappingStart(place)) => self.mapping(place, info),
            other => {
                if let Some(event) = other {
                    self.events.push_front(event);
                }
                Err(Stop(EXPECTED.to_owned()))
            }
        }
    }

    fn sequence(&mut self, place: Span, info: &Info) -> Result<Token, Stop> {
        let alternatives = self.schema.alternatives(info.shape);
        let item = alternatives.iter().find_map(|shape| match shape {
            Shape::Sequence(item) => Some(*item),
            _ => None,
        });
        let item = item.map(|item| self.info(item, info));
        if item.is_none() {
            self.context.at(self.file, Some(place), "A sequence was not expected");
        }
        let mut items = Vec::new();
        while !matches!(self.events.front(), Some(Event::SequenceEnd)) {
            match &item {
                Some(item) => items.push(self.value(item)?),
                None => self.skip()?,
            }
        }
        self.events.pop_front();
        Ok(self.token(place, info, Value::Sequence(items)))
    }

    fn mapping(&mut self, place: Span, info: &Info) -> Result<Token, Stop> {
        let alternatives = self.schema.alternatives(info.shape);
        let mappings: Vec<_> = alternatives
            .iter()
            .filter_map(|shape| match shape {
                Shape::Mapping(properties, loose) => Some((properties.as_slice(), *loose)),
                _ => None,
            })
            .collect();
        let entries = match mappings.as_slice() {
            [] => {
                self.context.at(self.file, Some(place), "A mapping was not expected");
                while !matches!(self.events.front(), Some(Event::MappingEnd)) {
                    self.skip()?;
                    self.skip()?;
                }
                Vec::new()
            }
            [([], Some((key, value)))] => {
                let (key, value) = (self.info(key, info), self.info(value, info));
                self.loose_entries(info, &key, &value)?
            }
            _ => self.known_entries(place, info, mappings)?,
        };
        match self.events.pop_front() {
            Some(Event::MappingEnd) => Ok(self.token(place, info, Value::Mapping(entries))),
            _ => Err(Stop("Expected mapping end".to_owned())),
        }
    }

    fn key(&mut self, info: &Info) -> Result<Option<Key>, Stop> {
        let Some(Event::Scalar(..)) = self.events.front() else { return Ok(None) };
        let Some(Event::Scalar(scalar, place)) = self.events.pop_front() else { return Ok(None) };
        let odd = matches!(scalar, Scalar::OddKey(..));
        let token = self.scalar(scalar, place, info)?;
        if token.is_expression() {
            return Ok(Some(Key { token, odd, expression: true }));
        }
        // A value of a misaligned mapping may come in place of a key, and need not be a text.
        let token = match token.value {
            Value::String(_) => token,
            _ => token.implied(Value::String(token.shown())),
        };
        Ok(Some(Key { token, odd, expression: false }))
    }

    /// Whether a key is there for the first time; else it is told and its value skipped.
    fn is_new(&mut self, key: &Key, seen: &mut BTreeSet<String>) -> Result<bool, Stop> {
        let name = key.name();
        if key.odd || name.is_empty() || seen.insert(name.to_uppercase()) {
            return Ok(true);
        }
        self.context.error(&key.token, format!("'{name}' is already defined"));
        self.skip()?;
        Ok(false)
    }

    fn refuse_expression(&mut self, key: &Token) -> Result<(), Stop> {
        self.context.error(key, NO_EXPRESSION);
        self.skip()
    }

    /// A mapping of any keys.
    fn loose_entries(&mut self, info: &Info, key: &Info, value: &Info) -> Result<Vec<(Token, Token)>, Stop> {
        let mut entries = Vec::new();
        let mut seen = BTreeSet::new();
        while let Some(next) = self.key(info)? {
            if next.expression {
                if info.allowed.is_empty() {
                    self.refuse_expression(&next.token)?;
                } else {
                    entries.push((next.token, self.value(value)?));
                }
                continue;
            }
            if !self.is_new(&next, &mut seen)? {
                continue;
            }
            self.validate_key(&next, key);
            entries.push((next.token, self.value(value)?));
        }
        Ok(entries)
    }

    /// A mapping of which some keys are known; it may be one of several, which its keys decide.
    fn known_entries(
        &mut self,
        place: Span,
        info: &Info,
        mut mappings: Vec<Mapping>,
    ) -> Result<Vec<(Token, Token)>, Stop> {
        let loose = mappings.first().and_then(|(_, loose)| *loose);
        let loose = loose.map(|(key, value)| (self.info(key, info), self.info(value, info)));
        let mut entries = Vec::new();
        let mut seen = BTreeSet::new();
        let mut has_expression = false;
        while let Some(next) = self.key(info)? {
            if next.expression {
                has_expression = true;
                if info.allowed.is_empty() {
                    self.refuse_expression(&next.token)?;
                } else {
                    let any = self.info("any", info);
                    entries.push((next.token, self.value(&any)?));
                }
                continue;
            }
            if !self.is_new(&next, &mut seen)? {
                continue;
            }
            let name = next.name();
            if OBJECT_MEMBERS.contains(&name) {
                return Err(Stop("Cannot read properties of undefined (reading 'readerContext')".to_owned()));
            }
            let known = if next.odd { None } else { matched(&mut mappings, name) };
            if let Some(kind) = known.filter(|_| !BACKGROUND.contains(&name)) {
                let value = self.info(kind, info);
                entries.push((next.token, self.value(&value)?));
            } else if let (None, Some((key, value))) = (known, &loose) {
                self.validate_key(&next, key);
                entries.push((next.token, self.value(value)?));
            } else {
                self.context.error(&next.token, format!("Unexpected value '{name}'"));
                self.skip()?;
            }
        }
        match mappings.as_slice() {
            [(properties, _)] if !has_expression => {
                for property in properties.iter().filter(|property| property.required) {
                    if !seen.contains(&property.name.to_uppercase()) {
                        let message = format!("Required property is missing: {}", property.name);
                        self.context.at(self.file, Some(place), message);
                    }
                }
            }
            [] | [_] => {}
            several => {
                let message = undecided(several);
                self.context.at(self.file, Some(place), message);
            }
        }
        Ok(entries)
    }

    /// Skips a value; keys and values of mappings come in pairs.
    fn skip(&mut self) -> Result<(), Stop> {
        match self.events.pop_front() {
            Some(Event::Scalar(..)) => {}
            Some(Event::SequenceStart(_)) => {
                while !matches!(self.events.front(), Some(Event::SequenceEnd)) {
                    self.skip()?;
                }
                self.events.pop_front();
            }
            Some(Event::MappingStart(_)) => {
                while !matches!(self.events.front(), Some(Event::MappingEnd)) {
                    self.skip()?;
                    self.skip()?;
                }
                self.events.pop_front();
            }
            Some(Event::SequenceEnd | Event::MappingEnd) | None => return Err(Stop(EXPECTED.to_owned())),
        }
        Ok(())
    }

    fn scalar(&mut self, scalar: Scalar, place: Span, info: &Info) -> Result<Token, Stop> {
        let value = match scalar {
            Scalar::Null => Value::Null,
            Scalar::Bool(bool) => Value::Bool(bool),
            Scalar::Number(number) => Value::Number(number),
            Scalar::OddKey(true, _) => return Err(Stop("raw.indexOf is not a function".to_owned())),
            Scalar::OddKey(false, shown) => Value::String(shown),
            Scalar::String(text, source) => {
                let token = self.token(place, info, Value::String(text));
                return Ok(embedded::parse(self.context, token, &source));
            }
        };
        Ok(self.token(place, info, value))
    }

    fn validate_key(&mut self, key: &Key, info: &Info) {
        if key.odd {
            let any = self.schema.scalars(info.shape).contains(&&Shape::String(Text::Any));
            if !any {
                self.context.error(&key.token, format!("Unexpected value '{}'", key.name()));
            }
        } else {
            self.validate(key.token.clone(), info);
        }
    }

    fn validate(&mut self, token: Token, info: &Info) -> Token {
        match &token.value {
            Value::Expression(_) => {
                if info.allowed.is_empty() {
                    self.context.error(&token, NO_EXPRESSION);
                }
                return token;
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            _ => {
                self.context.error(&token, format!("Unexpected value '{}'", token.shown()));
                return token;
            }
        }
        let scalars = self.schema.scalars(info.shape);
        if scalars.iter().any(|shape| fits(shape, &token.value)) {
            return token;
        }
        let text = Value::String(token.shown());
        if scalars.iter().any(|shape| fits(shape, &text)) {
            return token.implied(text);
        }
        self.context.error(&token, format!("Unexpected value '{}'", token.shown()));
        token
    }
}

const NO_EXPRESSION: &str = "A template expression is not allowed in this context";

struct Key {
    token: Token,
    /// No text: a truth value, a number, nothing.
    odd: bool,
    expression: bool,
}

impl Key {
    fn name(&self) -> &str {
        self.token.as_str().unwrap_or("")
    }
}

impl Allowed {
    fn is_empty(&self) -> bool {
        self.contexts.is_empty() && self.functions.is_empty()
    }
}

type Mapping = (&'static [Property], Option<(&'static str, &'static str)>);

/// The type of a key's value; mappings that do not have the key are out.
fn matched(mappings: &mut Vec<Mapping>, name: &str) -> Option<&'static str> {
    let kind = |mapping: &Mapping| {
        mapping.0.iter().find(|property| property.name == name).map(|property| property.kind)
    };
    let found = mappings.iter().filter_map(kind).next_back()?;
    mappings.retain(|mapping| kind(mapping).is_some());
    Some(found)
}

fn undecided(mappings: &[Mapping]) -> String {
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    for property in mappings.iter().flat_map(|(properties, _)| properties.iter()) {
        *count.entry(property.name).or_default() += 1;
    }
    let single = count.iter().filter(|(name, count)| **count == 1 && !BACKGROUND[1..].contains(name));
    let names: Vec<&str> = single.map(|(name, _)| *name).collect();
    let names = names.join(", ");
    format!("There's not enough info to determine what you meant. Add one of these properties: {names}")
}

fn fits(shape: &Shape, value: &Value) -> bool {
    match (shape, value) {
        (Shape::Null, Value::Null) | (Shape::Boolean, Value::Bool(_)) | (Shape::Number, Value::Number(_)) => {
            true
        }
        (Shape::String(text), Value::String(value)) => match text {
            Text::Any => true,
            Text::NotEmpty => !value.is_empty(),
            Text::Constant(word) => value == word,
        },
        _ => false,
    }
}
