//! `extends` and `!reference`.
//!
//! Source: gitlab `lib/gitlab/ci/config/extendable`, `lib/gitlab/ci/config/yaml/tags`, read, not run.

use std::collections::{BTreeMap, BTreeSet};

use super::Mistake;
use super::value::{Data, Map, Place, Value, inspect};

/// Entries on the way from a job to its furthest base.
const MAX_NESTING_LEVELS: usize = 10;
/// The most values that references may bring in all.
const MAX_VALUES: usize = 200_000;
/// References within references.
const MAX_REFERENCES: usize = 40;

/// A file that was not there to be read: what it would have brought is not known.
#[derive(Clone, Debug, PartialEq)]
pub struct Absent {
    /// Its name.
    pub name: String,
    /// Where it is included.
    pub place: Place,
}

/// Merges the bases of all entries into them; `lenient`: a base that is not there may come from an absent file. Gives the
/// names of the entries that lack such a base.
pub(super) fn extend(config: &mut Map, lenient: bool) -> Result<BTreeSet<String>, Mistake> {
    let names: Vec<String> = config
        .iter()
        .filter(|(_, value)| value.map().is_some_and(|map| map.has("extends")))
        .map(|(key, _)| key.name.clone())
        .collect();
    let mut done = BTreeMap::new();
    for name in &names {
        entry(name, config, lenient, &mut Vec::new(), &mut done)?;
    }
    let mut incomplete = BTreeSet::new();
    if lenient {
        for name in &names {
            if lacks(name, config, &mut Vec::new()) {
                incomplete.insert(name.clone());
            }
        }
    }
    for (key, value) in config.iter_mut() {
        if let Some((map, _)) = done.remove(&key.name) {
            value.data = Data::Map(map);
        }
    }
    Ok(incomplete)
}

/// Whether an entry, or one of those that it extends, extends something that is not there.
fn lacks<'a>(name: &str, config: &'a Map, open: &mut Vec<&'a str>) -> bool {
    let Some((key, value)) = config.iter().find(|(key, _)| key.name == name) else { return true };
    if open.contains(&key.name.as_str()) {
        return false;
    }
    open.push(&key.name);
    bases(value).unwrap_or_default().iter().any(|(base, _)| lacks(base, config, open))
}

/// The names in `extends`.
fn bases(value: &Value) -> Option<Vec<(String, Place)>> {
    let extends = value.map()?.get("extends")?;
    Some(match &extends.data {
        Data::Null => Vec::new(),
        Data::List(items) => items.iter().map(|item| (item.to_text(), item.place)).collect(),
        _ => vec![(extends.to_text(), extends.place)],
    })
}

/// An entry with its bases merged in, and how many entries with `extends` are one above the other in it.
fn entry(
    name: &str,
    config: &Map,
    lenient: bool,
    open: &mut Vec<String>,
    done: &mut BTreeMap<String, (Map, usize)>,
) -> Result<(Map, usize), Mistake> {
    if let Some(result) = done.get(name)
        && open.len() + result.1 <= MAX_NESTING_LEVELS + 1
    {
        return Ok(result.clone());
    }
    let Some(value) = config.get(name) else { return Ok((Map::default(), 0)) };
    let Some(own) = value.map() else { return Ok((Map::default(), 0)) };
    let Some(bases) = bases(value) else { return Ok((own.clone(), 0)) };
    let wrong = |message: String, place: Place| Mistake::new(format!("{name}: {message}"), place);
    let place = own.key("extends").map_or(value.place, |key| key.place);
    let listed = |found: &[&(String, Place)]| {
        found.iter().map(|(base, _)| base.as_str()).collect::<Vec<_>>().join(", ")
    };
    let unknown: Vec<&(String, Place)> = bases.iter().filter(|(base, _)| !config.has(base)).collect();
    if let (Some((_, place)), false) = (unknown.first(), lenient) {
        return Err(wrong(format!("unknown keys in `extends` ({})", listed(&unknown)), *place));
    }
    let invalid: Vec<&(String, Place)> =
        bases.iter().filter(|(base, _)| config.get(base).is_some_and(|base| base.map().is_none())).collect();
    if let Some((_, place)) = invalid.first() {
        return Err(wrong(format!("invalid base hashes in `extends` ({})", listed(&invalid)), *place));
    }
    if open.len() > MAX_NESTING_LEVELS {
        return Err(wrong("nesting too deep in `extends`".to_owned(), place));
    }
    if open.iter().any(|other| other == name) {
        return Err(wrong("circular dependency detected in `extends`".to_owned(), place));
    }
    open.push(name.to_owned());
    let mut merged = Map::default();
    let mut height = 0;
    for (base, _) in &bases {
        let (map, below) = entry(base, config, lenient, open, done)?;
        height = height.max(below);
        merged.deep_merge(&map);
    }
    open.pop();
    merged.deep_merge(own);
    let result = (merged, height + 1);
    done.insert(name.to_owned(), result.clone());
    Ok(result)
}

/// Puts in what `!reference` names; `lenient`: what is not there may come from an absent file. It is left out then, and the
/// entries that lack it are added to `incomplete`.
pub(super) fn resolve(
    config: &Map,
    lenient: bool,
    incomplete: &mut BTreeSet<String>,
) -> Result<Map, Mistake> {
    let mut resolver = Resolver { config, lenient, open: Vec::new(), values: 0, lacking: false };
    let mut result = Map::default();
    for (key, value) in config.iter() {
        resolver.lacking = false;
        if let Some(value) = resolver.value(value)? {
            result.set(key.clone(), value);
        }
        if resolver.lacking {
            incomplete.insert(key.name.clone());
        }
    }
    Ok(result)
}

struct Resolver<'a> {
    config: &'a Map,
    lenient: bool,
    /// The references being looked up, by their paths.
    open: Vec<Vec<String>>,
    values: usize,
    /// Whether something was not there.
    lacking: bool,
}

impl Resolver<'_> {
    /// A value with its references looked up; nothing for what is not there.
    fn value(&mut self, value: &Value) -> Result<Option<Value>, Mistake> {
        self.values += 1;
        if self.values > MAX_VALUES {
            return Err(Mistake::new("The parsed YAML is too big", value.place));
        }
        let data = match &value.data {
            Data::List(items) => {
                let mut result = Vec::with_capacity(items.len());
                for item in items {
                    result.extend(self.value(item)?);
                }
                // Nothing of it is known: that is not an empty list.
                if result.is_empty() && !items.is_empty() {
                    return Ok(None);
                }
                Data::List(result)
            }
            Data::Map(map) => {
                let mut result = Map::default();
                for (key, value) in map.iter() {
                    if let Some(value) = self.value(value)? {
                        result.set(key.clone(), value);
                    }
                }
                Data::Map(result)
            }
            Data::Reference(parts) => return self.reference(parts, value.place),
            _ => return Ok(Some(value.clone())),
        };
        Ok(Some(Value::new(data, value.place)))
    }

    fn reference(&mut self, parts: &[Value], place: Place) -> Result<Option<Value>, Mistake> {
        let shown = inspect(&Data::List(parts.to_vec()));
        let wrong = |what: &str| Mistake::new(format!("!reference {shown} {what}"), place);
        let path: Option<Vec<String>> = parts.iter().map(|part| part.text().map(str::to_owned)).collect();
        let Some(path) = path.filter(|path| !path.is_empty()) else { return Err(wrong("is not valid")) };
        if self.open.contains(&path) || self.open.len() > MAX_REFERENCES {
            return Err(wrong("is part of a circular chain"));
        }
        let mut at: Option<&Value> = None;
        for (level, name) in path.iter().enumerate() {
            at = if level == 0 {
                self.config.get(name)
            } else {
                at.and_then(Value::map).and_then(|map| map.get(name))
            };
        }
        let resolved = match at {
            Some(found) => {
                self.open.push(path);
                let resolved = self.value(found)?;
                self.open.pop();
                resolved.filter(|value| !matches!(value.data, Data::Null | Data::Bool(false)))
            }
            None => None,
        };
        if resolved.is_none() {
            if !self.lenient {
                return Err(wrong("could not be found"));
            }
            self.lacking = true;
        }
        Ok(resolved)
    }
}
