//! The functions that are there in every expression.

use super::value::upper;
use super::{Data, Failure, Stage, from_json, to_json};

/// A function by its name and how many arguments it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name; case does not count.
    pub name: String,
    /// The least.
    pub least: usize,
    /// The most.
    pub most: usize,
}

/// Name, least and most arguments of the functions that need no context.
pub const WELL_KNOWN: &[(&str, usize, usize)] = &[
    ("case", 3, usize::MAX),
    ("contains", 2, 2),
    ("endsWith", 2, 2),
    ("format", 1, 255),
    ("fromJson", 1, 1),
    ("join", 1, 2),
    ("startsWith", 2, 2),
    ("toJson", 1, 1),
];

fn failure(message: impl Into<String>) -> Failure {
    Failure { message: message.into(), at: None, stage: Stage::Evaluate }
}

/// Calls a well-known function; `None`: there is none of that name.
pub(super) fn call(name: &str, arguments: &[Data]) -> Option<Result<Data, Failure>> {
    const NOTHING: &Data = &Data::Null;
    let first = arguments.first().unwrap_or(NOTHING);
    let second = arguments.get(1).unwrap_or(NOTHING);
    let both = |test: fn(&str, &str) -> bool| {
        let texts = first.is_primitive() && second.is_primitive();
        Ok(Data::Bool(texts && test(&upper(&first.to_text()), &upper(&second.to_text()))))
    };
    Some(match name.to_ascii_lowercase().as_str() {
        "case" => case(arguments),
        "contains" => Ok(Data::Bool(contains(first, second))),
        "endswith" => both(|text, end| text.ends_with(end)),
        "startswith" => both(|text, start| text.starts_with(start)),
        "format" => format(&first.to_text(), arguments.get(1..).unwrap_or_default()),
        "fromjson" => {
            let text = first.to_text();
            if text.trim().is_empty() {
                Err(failure("empty input"))
            } else {
                from_json(&text).ok_or_else(|| failure("Error parsing JSON when evaluating fromJson"))
            }
        }
        "tojson" => Ok(to_json(first).into()),
        "join" => Ok(join(first, arguments.get(1)).into()),
        _ => return None,
    })
}

fn case(arguments: &[Data]) -> Result<Data, Failure> {
    for pair in arguments.chunks_exact(2) {
        let [condition, value] = pair else { continue };
        match condition {
            Data::Bool(true) => return Ok(value.clone()),
            Data::Bool(false) => {}
            _ => return Err(failure("case predicate must evaluate to a boolean value")),
        }
    }
    Ok(arguments.last().cloned().unwrap_or_default())
}

fn contains(search: &Data, item: &Data) -> bool {
    match search {
        Data::Array(items, _) => items.iter().any(|each| item.equals(each)),
        Data::Object(_) => false,
        _ => item.is_primitive() && upper(&search.to_text()).contains(&upper(&item.to_text())),
    }
}

fn join(value: &Data, separator: Option<&Data>) -> String {
    match value {
        Data::Array(items, _) => {
            let separator = separator.filter(|separator| separator.is_primitive());
            let separator = separator.map_or(",".into(), Data::to_text);
            items.iter().map(Data::to_text).collect::<Vec<_>>().join(&separator)
        }
        Data::Object(_) => String::new(),
        _ => value.to_text().into_owned(),
    }
}

fn format(pattern: &str, arguments: &[Data]) -> Result<Data, Failure> {
    let invalid = || failure(format!("The following format string is invalid: {pattern}"));
    let mut out = String::new();
    let mut rest = pattern;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, tail) = rest.split_at(at);
        out.push_str(before);
        if let Some(after) = tail.strip_prefix("{{") {
            out.push('{');
            rest = after;
        } else if let Some(after) = tail.strip_prefix("}}") {
            out.push('}');
            rest = after;
        } else if let Some(inner) = tail.strip_prefix('{') {
            // As in the original: behind the digits anything may follow up to the next brace.
            let close = inner.find('}').ok_or_else(invalid)?;
            let digits = inner.len() - inner.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            if digits == 0 || close == 0 {
                return Err(invalid());
            }
            let index = inner.get(..digits).and_then(|digits| digits.parse::<usize>().ok());
            let Some(argument) = index.and_then(|index| arguments.get(index)) else {
                return Err(failure(format!(
                    "The following format string references more arguments than were supplied: {pattern}"
                )));
            };
            out.push_str(&argument.to_text());
            rest = inner.get(close + 1..).unwrap_or("");
        } else {
            return Err(invalid());
        }
    }
    out.push_str(rest);
    Ok(out.into())
}
