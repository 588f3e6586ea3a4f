//! `strategy.matrix`: one job for each combination (actions/runner, `Sdk/WorkflowParser/Conversion/MatrixBuilder.cs` and
//! `JobNameBuilder.cs`).

use std::sync::Arc;

use super::contexts::Contexts;
use super::expression::{Data, Object};
use super::token::{Token, Value};
use super::workflow::Job;

/// The most jobs that a matrix may make.
pub const MAX_COMBINATIONS: usize = 256;
/// The longest name of a job, in characters.
const MAX_NAME: usize = 100;

/// One of the jobs that a matrix makes.
#[derive(Clone, Debug)]
pub struct Combination {
    /// What people see: `test (linux, 3.12)`.
    pub name: String,
    /// The context `matrix`.
    pub matrix: Data,
}

/// Why there are no combinations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// It depends on what other jobs give.
    Later,
    /// More than [`MAX_COMBINATIONS`].
    TooMany,
    /// It is not a mapping of lists; or its expression has no value, with the official words.
    Wrong(String),
}

/// The jobs that a job's matrix makes, in the order in which GitHub lists them. None without a matrix.
///
/// # Errors
/// Why nobody can say (yet).
pub fn expand(job: &Job, contexts: &Contexts) -> Option<Result<Vec<Combination>, Unknown>> {
    let matrix =
        job.strategy("matrix").or_else(|| job.strategy.as_ref().filter(|token| token.is_expression()))?;
    Some(combinations(job, matrix, contexts))
}

fn combinations(job: &Job, matrix: &Token, contexts: &Contexts) -> Result<Vec<Combination>, Unknown> {
    let data = contexts.value(matrix)?;
    let data = match job.strategy("matrix") {
        Some(_) => data,
        None => data.get("matrix").cloned().unwrap_or_default(),
    };
    let Data::Object(matrix) = data else {
        return Err(Unknown::Wrong("Unexpected type of value, expected a mapping".to_owned()));
    };
    let mut vectors: Vec<(&str, &[Data])> = Vec::new();
    for (key, value) in matrix.entries().filter(|(key, _)| !is_filter(key)) {
        let Data::Array(items, _) = value else {
            return Err(Unknown::Wrong("Unexpected type of value, expected a sequence".to_owned()));
        };
        vectors.push((key, items));
    }
    let list = |key: &str| match matrix.get(key) {
        Some(Data::Array(items, _)) => items.to_vec(),
        _ => Vec::new(),
    };
    let excludes = list("exclude");
    let mut includes: Vec<Include> = list("include").iter().map(|item| Include::of(item, &vectors)).collect();
    let size = if vectors.is_empty() { 0 } else { vectors.iter().map(|(_, items)| items.len()).product() };
    // Exclusion leaves fewer, but nobody writes a product a hundred times too large.
    if size > 100 * MAX_COMBINATIONS {
        return Err(Unknown::TooMany);
    }
    let mut found = Vec::new();
    for index in 0..size {
        let mut block = size;
        let mut matrix = Object::default();
        for (key, items) in &vectors {
            block /= items.len();
            if let Some(item) = items.get((index / block) % items.len()) {
                matrix.insert(*key, item.clone());
            }
        }
        let matrix = Data::from(matrix);
        if excludes.iter().any(|filter| fits(filter, &matrix)) {
            continue;
        }
        let mut extra: Vec<(String, Data)> = Vec::new();
        for include in includes.iter_mut().filter(|include| fits(&include.filter, &matrix)) {
            include.matched = true;
            extra.extend(include.extra.iter().cloned());
        }
        found.push((matrix, extra));
    }
    for include in includes.into_iter().filter(|include| !include.matched) {
        let mut matrix = match &include.filter {
            Data::Object(object) => (**object).clone(),
            _ => Object::default(),
        };
        for (key, value) in include.extra {
            matrix.insert(key, value);
        }
        found.push((matrix.into(), Vec::new()));
    }
    if found.len() > MAX_COMBINATIONS {
        return Err(Unknown::TooMany);
    }
    Ok(found.into_iter().map(|(matrix, extra)| combination(job, contexts, &matrix, extra)).collect())
}

fn is_filter(key: &str) -> bool {
    key == "include" || key == "exclude"
}

/// An item of `include`: what it must fit, and what it adds.
struct Include {
    filter: Data,
    extra: Vec<(String, Data)>,
    matched: bool,
}

impl Include {
    fn of(item: &Data, vectors: &[(&str, &[Data])]) -> Include {
        let mut filter = Object::default();
        let mut extra = Vec::new();
        if let Data::Object(object) = item {
            for (key, value) in object.entries() {
                if vectors.iter().any(|(name, _)| name.eq_ignore_ascii_case(key)) {
                    filter.insert(key, value.clone());
                } else {
                    extra.push((key.to_owned(), value.clone()));
                }
            }
        }
        Include { filter: filter.into(), extra, matched: false }
    }
}

/// Whether each leaf of a filter equals the value in its place.
fn fits(filter: &Data, value: &Data) -> bool {
    match filter {
        Data::Object(object) => {
            object.entries().all(|(key, filter)| fits(filter, value.get(key).unwrap_or(&Data::Null)))
        }
        Data::Array(items, _) => items.iter().enumerate().all(|(index, filter)| {
            let item = if let Data::Array(values, _) = value { values.get(index) } else { None };
            fits(filter, item.unwrap_or(&Data::Null))
        }),
        leaf => value.equals(leaf),
    }
}

fn combination(job: &Job, contexts: &Contexts, matrix: &Data, extra: Vec<(String, Data)>) -> Combination {
    let mut segments = Vec::new();
    leaves(matrix, &mut segments);
    let mut full = match matrix {
        Data::Object(object) => Object::clone(object),
        _ => Object::default(),
    };
    for (key, value) in extra {
        full.set(&key, value);
    }
    let matrix = Data::Object(Arc::new(full));
    let name = match &job.name.value {
        Value::Expression(_) => {
            let name = contexts.with("matrix", matrix.clone()).value(&job.name);
            name.map(|name| name.to_text().into_owned()).unwrap_or_default()
        }
        _ => named(&job.name.shown(), &segments),
    };
    let name = if name.is_empty() { named(job.id(), &segments) } else { name };
    Combination { name, matrix }
}

fn leaves(data: &Data, out: &mut Vec<String>) {
    match data {
        Data::Array(items, _) => items.iter().for_each(|item| leaves(item, out)),
        Data::Object(object) => object.entries().for_each(|(_, value)| leaves(value, out)),
        leaf => {
            let text = leaf.to_text();
            if !text.is_empty() {
                out.push(text.into_owned());
            }
        }
    }
}

fn named(job: &str, segments: &[String]) -> String {
    if segments.is_empty() {
        return job.to_owned();
    }
    let name = format!("{job} ({})", segments.join(", "));
    if name.chars().count() > MAX_NAME {
        return name.chars().take(MAX_NAME - 3).chain("...".chars()).collect();
    }
    name
}
