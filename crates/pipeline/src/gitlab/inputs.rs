//! `spec:inputs` and `$[[ inputs.name ]]`.
//!
//! Source: gitlab `lib/ci/inputs`, `lib/gitlab/ci/config/{header,interpolation}`, read, not run.

use super::Mistake;
use super::pattern::Pattern;
use super::value::{Data, Key, Map, Place, Value};
use super::variables::Variables;

const TYPES: [&str; 4] = ["array", "boolean", "number", "string"];
const INPUT_KEYS: [&str; 6] = ["default", "description", "options", "regex", "type", "rules"];
const MAX_FUNCTIONS: usize = 3;
/// How many messages of an included file are put together.
const MAX_MESSAGES: usize = 3;

/// Puts inputs into a configuration.
pub(super) fn interpolate(
    header: &Map,
    given: &Map,
    config: &mut Map,
    variables: &Variables,
) -> Result<(), Mistake> {
    let specs = specs(header)?;
    let (values, mut mistakes) = resolve(&specs, given, header);
    if mistakes.is_empty() {
        let mut block = Blocks { values: &values, variables, mistakes: Vec::new() };
        block.map(config);
        mistakes = block.mistakes;
    }
    let Some(first) = mistakes.first() else { return Ok(()) };
    let mut messages: Vec<&str> = Vec::new();
    for mistake in &mistakes {
        if !messages.contains(&mistake.message.as_str()) && messages.len() < MAX_MESSAGES {
            messages.push(&mistake.message);
        }
    }
    Err(Mistake::new(messages.join(", "), first.place))
}

/// The inputs that a header specifies.
fn specs(header: &Map) -> Result<Map, Mistake> {
    let unknown = |map: &Map, allowed: &[&str], location: &str| {
        let extra: Vec<&str> = map.names().filter(|name| !allowed.contains(name)).collect();
        let place = extra.first().and_then(|name| map.key(name)).map(|key| key.place);
        place.map(|place| {
            Mistake::new(format!("{location} config contains unknown keys: {}", extra.join(", ")), place)
        })
    };
    if let Some(mistake) = unknown(header, &["spec"], "header") {
        return Err(mistake);
    }
    let Some(spec) = header.given("spec") else { return Ok(Map::default()) };
    let Some(map) = spec.map() else {
        return Err(Mistake::new("header:spec config should be a hash", spec.place));
    };
    if let Some(mistake) = unknown(map, &["inputs", "include", "component", "description"], "header:spec") {
        return Err(mistake);
    }
    let Some(inputs) = map.given("inputs") else { return Ok(Map::default()) };
    let Some(inputs_map) = inputs.map() else {
        return Err(Mistake::new("header:spec:inputs config should be a hash", inputs.place));
    };
    for (key, input) in inputs_map.iter() {
        let location = format!("header:spec:inputs:{}", key.name);
        match &input.data {
            Data::Null => {}
            Data::Map(map) => {
                if let Some(mistake) = unknown(map, &INPUT_KEYS, &location) {
                    return Err(mistake);
                }
                if let Some(kind) = map.given("type")
                    && !TYPES.contains(&kind.to_text().as_str())
                {
                    let message = format!("{location} input type unknown value: {}", kind.to_text());
                    return Err(Mistake::new(message, kind.place));
                }
                if let Some(options) = map.given("options") {
                    let Some(items) = options.list() else {
                        return Err(Mistake::new(
                            format!("{location} input options should be an array"),
                            options.place,
                        ));
                    };
                    if items.len() > 50 {
                        let message = format!("{location} config cannot define more than 50 options");
                        return Err(Mistake::new(message, options.place));
                    }
                }
            }
            _ => return Err(Mistake::new(format!("{location} config should be a hash"), input.place)),
        }
    }
    Ok(inputs_map.clone())
}

/// The values of the inputs.
fn resolve(specs: &Map, given: &Map, header: &Map) -> (Map, Vec<Mistake>) {
    let mut values = Map::default();
    let mut mistakes = Vec::new();
    let header_place = header.iter().next().map_or(Place::default(), |(key, _)| key.place);
    let extra: Vec<&Key> = given.iter().map(|(key, _)| key).filter(|key| !specs.has(&key.name)).collect();
    if let Some(first) = extra.first() {
        let names: Vec<&str> = extra.iter().map(|key| key.name.as_str()).collect();
        mistakes.push(Mistake::new(format!("unknown input arguments: {}", names.join(", ")), first.place));
    }
    let empty = Map::default();
    for (key, spec) in specs.iter() {
        let map = spec.map().unwrap_or(&empty);
        let kind = map.given("type").map_or("string".to_owned(), Value::to_text);
        let mut wrong = |message: String, place: Place| {
            mistakes.push(Mistake::new(format!("`{}` input: {message}", key.name), place));
        };
        let param = given.given(&key.name);
        let default = map.get("default");
        if param.is_none() && default.is_none() && !map.has("rules") {
            let place = if given.is_empty() { header_place } else { key.place };
            wrong("required value has not been provided".to_owned(), place);
            continue;
        }
        for (value, what) in [(default, "default"), (param, "provided")] {
            let Some(value) = value.filter(|value| value.data != Data::Null) else { continue };
            check(value, what, &kind, map, &mut wrong);
        }
        let value = param.or(default);
        let value = value.map_or(Value::new(Data::Null, key.place), |value| coerced(value, &kind));
        values.set(key.clone(), value);
    }
    (values, mistakes)
}

fn check(value: &Value, what: &str, kind: &str, spec: &Map, wrong: &mut impl FnMut(String, Place)) {
    let value = coerced(value, kind);
    let fits = match kind {
        "number" => matches!(value.data, Data::Integer(_) | Data::Float(_)),
        "boolean" => matches!(value.data, Data::Bool(_)),
        "array" => matches!(value.data, Data::List(_)),
        _ => true,
    };
    if !fits {
        let article = if kind == "array" { "an" } else { "a" };
        wrong(format!("{what} value is not {article} {kind}"), value.place);
    }
    if let Some(options) = spec.given("options").and_then(Value::list) {
        if !matches!(kind, "string" | "number") {
            wrong("Options can only be used with string and number inputs".to_owned(), value.place);
        } else if !options.iter().any(|option| option.to_text() == value.to_text()) {
            let message = format!(
                "`{}` cannot be used because it is not in the list of allowed options",
                value.to_text()
            );
            wrong(message, value.place);
        }
    }
    if let Some(regex) = spec.given("regex") {
        if kind == "string" {
            match Pattern::new(&regex.to_text(), "") {
                None => wrong("invalid regular expression".to_owned(), regex.place),
                Some(pattern) if !pattern.is_match(&value.to_text()) => {
                    wrong(format!("{what} value does not match required RegEx pattern"), value.place);
                }
                Some(_) => {}
            }
        } else {
            wrong("RegEx validation can only be used with string inputs".to_owned(), value.place);
        }
    }
}

/// Texts are what a value says; other types may be written in quotes, as JSON.
fn coerced(value: &Value, kind: &str) -> Value {
    let data = match (&value.data, kind) {
        (Data::List(_) | Data::Map(_), _) => value.data.clone(),
        (_, "string") => Data::Text(value.to_text()),
        (Data::Text(text), "boolean") if text == "true" || text == "false" => Data::Bool(text == "true"),
        (Data::Text(text), "number") => match (text.parse::<i64>(), text.parse::<f64>()) {
            (Ok(number), _) => Data::Integer(number),
            (_, Ok(number)) => Data::Float(number),
            _ => value.data.clone(),
        },
        (data, _) => data.clone(),
    };
    Value::new(data, value.place)
}

/// Puts values into texts and keys.
struct Blocks<'a> {
    values: &'a Map,
    variables: &'a Variables,
    mistakes: Vec<Mistake>,
}

impl Blocks<'_> {
    fn map(&mut self, map: &mut Map) {
        let mut result = Map::default();
        for (key, value) in map.iter() {
            let mut key = key.clone();
            if key.name.contains("$[[") {
                key.name = self.text(&key.name, key.place).to_text();
            }
            let mut value = value.clone();
            self.value(&mut value);
            result.set(key, value);
        }
        *map = result;
    }

    fn value(&mut self, value: &mut Value) {
        match &mut value.data {
            Data::Text(text) if text.contains("$[[") => {
                let text = std::mem::take(text);
                value.data = self.text(&text, value.place).data;
            }
            Data::List(items) | Data::Reference(items) => {
                for item in items {
                    self.value(item);
                }
            }
            Data::Map(map) => self.map(map),
            _ => {}
        }
    }

    /// A text with its blocks replaced; a block alone becomes the value itself.
    fn text(&mut self, text: &str, place: Place) -> Value {
        let mut result = String::new();
        let mut rest = text;
        while let Some(at) = rest.find("$[[") {
            let found = rest.get(at..).unwrap_or("");
            let Some(end) = found.find("]]") else { break };
            let inside = found.get(3..end).unwrap_or("").trim();
            let block = found.get(..end + 2).unwrap_or("");
            result.push_str(rest.get(..at).unwrap_or(""));
            if let Some(value) = self.block(inside, block, place) {
                if block.len() == text.len() {
                    return Value::new(value.data, place);
                }
                match &value.data {
                    Data::List(_) | Data::Map(_) => result.push_str(&value.to_json().to_string()),
                    _ => result.push_str(&value.to_text()),
                }
            }
            rest = found.get(end + 2..).unwrap_or("");
        }
        result.push_str(rest);
        Value::new(Data::Text(result), place)
    }

    fn block(&mut self, inside: &str, block: &str, place: Place) -> Option<Value> {
        let mut wrong = |message: String| {
            self.mistakes.push(Mistake::new(message, place));
            None
        };
        let mut parts = inside.split('|').map(str::trim);
        let access = parts.next().unwrap_or("");
        let functions: Vec<&str> = parts.collect();
        if access.split('.').next() == Some("matrix") {
            return Some(Value::new(Data::Text(block.to_owned()), place));
        }
        let mut objects = access.split('.');
        let (root, name) = (objects.next().unwrap_or(""), objects.next());
        let Some(name) = name else { return wrong("invalid interpolation access pattern".to_owned()) };
        if root != "inputs" {
            return wrong(format!("unknown interpolation key: `{root}`"));
        }
        let Some(value) = self.values.get(name) else {
            return wrong(format!("unknown interpolation key: `{name}`"));
        };
        if functions.len() > MAX_FUNCTIONS {
            return wrong("too many functions in interpolation block".to_owned());
        }
        let mut value = value.clone();
        for function in functions {
            let Some(text) = applied(function, &value.to_text(), self.variables) else {
                return wrong(format!(
                    "no function matching `{function}`: check that the function name, arguments, and types are correct"
                ));
            };
            value.data = Data::Text(text);
        }
        Some(value)
    }
}

fn applied(function: &str, text: &str, variables: &Variables) -> Option<String> {
    if function == "expand_vars" {
        return Some(variables.expand_existing(text));
    }
    if function == "posix_escape" {
        let escaped = text.chars().flat_map(|c| {
            let plain = c.is_alphanumeric() || "_-.,:+/@\n".contains(c);
            (!plain).then_some('\\').into_iter().chain([c])
        });
        return Some(if text.is_empty() { "''".to_owned() } else { escaped.collect() });
    }
    let arguments = function.strip_prefix("truncate(")?.strip_suffix(')')?;
    let (from, length) = arguments.split_once(',')?;
    let (from, length): (usize, usize) = (from.trim().parse().ok()?, length.trim().parse().ok()?);
    Some(text.chars().skip(from).take(length).collect())
}
