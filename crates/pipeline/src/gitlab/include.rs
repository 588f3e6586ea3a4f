//! `include`.
//!
//! Source: gitlab `lib/gitlab/ci/config/external` (processor, mapper, files), read, not run. Files of the repository, and
//! those of elsewhere that were given, are read. What is not there to be read is noted and left out: nothing is fetched.

use super::evaluate::Conditions;
use super::extend::Absent;
use super::load::{load, made_text};
use super::pattern::Pattern;
use super::rules::Rule;
use super::value::{Data, Key, Map, Place, Value};
use super::variables::Variables;
use super::{Mistake, Push, Repository, Warning};

/// The most files that one configuration may include.
const MAX_INCLUDES: usize = 150;
const SUBKEYS: [&str; 6] = ["local", "project", "remote", "template", "component", "artifact"];

/// Reads files and puts them together.
pub(super) struct Includes<'a> {
    pub repository: &'a Repository,
    pub push: &'a Push,
    pub variables: &'a Variables,
    /// Names of the files read so far, the configuration itself first.
    pub files: Vec<String>,
    /// What is not there to be read.
    pub absent: Vec<Absent>,
    pub warnings: Vec<Warning>,
    pub count: usize,
}

/// One file to read.
struct Location {
    /// What it is named by: one of the subkeys.
    kind: String,
    name: String,
    inputs: Map,
    place: Place,
}

impl Includes<'_> {
    /// Puts what a configuration includes before it; what it says itself wins.
    pub fn process(&mut self, mut config: Map) -> Result<Map, Mistake> {
        let Some(include) = config.remove("include") else { return Ok(config) };
        let mut result = Map::default();
        for location in self.locations(&include)? {
            if self.count >= MAX_INCLUDES {
                let message = format!("Maximum of {MAX_INCLUDES} nested includes are allowed!");
                return Err(Mistake::new(message, location.place));
            }
            self.count += 1;
            if let Some(content) = self.read(&location)? {
                result.deep_merge(&content);
            }
        }
        result.deep_merge(&config);
        Ok(result)
    }

    fn locations(&mut self, include: &Value) -> Result<Vec<Location>, Mistake> {
        let mut result = Vec::new();
        let items: Vec<&Value> = match &include.data {
            Data::Null => Vec::new(),
            Data::List(items) => items.iter().filter(|item| item.data != Data::Null).collect(),
            _ => vec![include],
        };
        for item in items {
            let map = match &item.data {
                Data::Text(text) => {
                    let text = self.variables.expand_existing(text);
                    let kind = if is_url(&text) { "remote" } else { "local" };
                    let key = Key { name: kind.to_owned(), is_text: true, place: item.place };
                    Map::from_iter([(key, made_text(text, item.place))])
                }
                Data::Map(map) => map.clone(),
                _ => {
                    let message = "include config should be a hash or a string";
                    return Err(Mistake::new(message, item.place));
                }
            };
            if let Some(rules) = map.given("rules")
                && !self.passes(rules)?
            {
                continue;
            }
            self.expand(&map, item.place, &mut result)?;
        }
        Ok(result)
    }

    /// Whether the rules of an `include` let it in.
    fn passes(&self, rules: &Value) -> Result<bool, Mistake> {
        let conditions =
            Conditions { repository: self.repository, push: self.push, variables: self.variables };
        let items = match &rules.data {
            Data::List(items) => items.as_slice(),
            _ => return Err(Mistake::new("include:rules config should be an array", rules.place)),
        };
        for item in items {
            let Some(map) = item.map() else {
                return Err(Mistake::new("include:rules should be an array of hashes", item.place));
            };
            if let Some((key, _)) =
                map.iter().find(|(key, _)| !["if", "exists", "when", "changes"].contains(&key.name.as_str()))
            {
                let message = format!("include:rules:rule config contains unknown keys: {}", key.name);
                return Err(Mistake::new(message, key.place));
            }
            let condition = map
                .given("if")
                .map(|value| (value.text().and_then(super::expression::Expression::parse), value.place));
            if let Some((None, place)) = condition {
                return Err(Mistake::new("include:rules:rule if invalid expression syntax", place));
            }
            let rule = Rule::read(map);
            if conditions.hold(&rule) {
                return Ok(rule.when.as_deref() != Some("never"));
            }
        }
        Ok(false)
    }

    /// The files that one entry names.
    fn expand(&mut self, map: &Map, place: Place, result: &mut Vec<Location>) -> Result<(), Mistake> {
        let kinds: Vec<&str> = SUBKEYS.into_iter().filter(|kind| map.given(kind).is_some()).collect();
        let kind = match kinds.as_slice() {
            [kind] => *kind,
            [] => {
                let json = Value::new(Data::Map(map.clone()), place).to_json();
                let message = format!(
                    "`{json}` does not have a valid subkey for include. Valid subkeys are: `{}`",
                    SUBKEYS.join("`, `")
                );
                return Err(Mistake::new(message, place));
            }
            _ => {
                let message = format!("Each include must use only one of: `{}`", SUBKEYS.join("`, `"));
                return Err(Mistake::new(message, place));
            }
        };
        let Some(value) = map.given(kind) else { return Ok(()) };
        let Some(name) = value.text().map(|text| self.variables.expand_existing(text)) else {
            let message = format!("Included file `{}` needs to be a string", value.to_json());
            return Err(Mistake::new(message, value.place));
        };
        let inputs = map.given("inputs").and_then(Value::map).cloned().unwrap_or_default();
        let location = |name: String| Location {
            kind: kind.to_owned(),
            name,
            inputs: inputs.clone(),
            place: value.place,
        };
        match kind {
            "local" => {
                let name = name.trim_start_matches('/').to_owned();
                if name.contains('*') {
                    let wildcard = wildcard(&name);
                    let fits =
                        |path: &&String| wildcard.as_ref().is_some_and(|wildcard| wildcard.is_match(path));
                    let files = self.repository.files.keys().filter(fits);
                    result.extend(files.map(|path| location(path.clone())));
                } else {
                    result.push(location(name));
                }
            }
            "project" => {
                let files: Vec<String> = match map.given("file").map(|file| &file.data) {
                    Some(Data::Text(file)) => vec![file.clone()],
                    Some(Data::List(files)) => files.iter().map(Value::to_text).collect(),
                    _ => {
                        let message = "include config must specify the file where to fetch the config from";
                        return Err(Mistake::new(message, place));
                    }
                };
                result.extend(files.iter().map(|file| {
                    location(format!(
                        "{name}:{}",
                        self.variables.expand_existing(file).trim_start_matches('/')
                    ))
                }));
            }
            _ => result.push(location(name)),
        }
        Ok(())
    }

    fn read(&mut self, location: &Location) -> Result<Option<Map>, Mistake> {
        let name = &location.name;
        let wrong = |message: String| Mistake::new(message, location.place);
        if matches!(location.kind.as_str(), "local" | "remote" | "project" | "template") && !is_yaml(name) {
            return Err(wrong(format!("Included file `{name}` does not have YAML extension!")));
        }
        let (repository, key) = (self.repository, format!("{}:{name}", location.kind));
        let text = if location.kind == "local" {
            match repository.files.get(name) {
                None => return Err(wrong(format!("Local file `{name}` does not exist!"))),
                Some(text) if text.trim().is_empty() => {
                    return Err(wrong(format!("Local file `{name}` is empty!")));
                }
                Some(text) => text,
            }
        } else if let Some(text) = repository.elsewhere.get(&key) {
            text
        } else {
            self.warnings.push(Warning {
                message: format!(
                    "The included {} `{name}` is not part of this text and is left out: nothing is fetched here.",
                    location.kind
                ),
                place: location.place,
            });
            self.absent.push(Absent { name: name.clone(), place: location.place });
            return Ok(None);
        };
        let file = self.files.len();
        self.files.push(name.clone());
        let loaded = load(text, file, &location.inputs, self.variables, &mut self.warnings)
            .map_err(|mistake| Mistake::new(format!("`{name}`: {}", mistake.message), mistake.place))?;
        if loaded.config.is_empty() {
            return Err(wrong(format!("Included file `{name}` does not have valid YAML syntax!")));
        }
        self.process(loaded.config).map(Some)
    }
}

/// `Repository#search_files_by_wildcard_path`: `**` stands for anything, `*` for anything without a slash.
fn wildcard(path: &str) -> Option<Pattern> {
    let mut expression = "^".to_owned();
    let mut rest = path;
    while let Some(c) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("**") {
            expression.push_str("(?s:.*)");
            rest = after;
            continue;
        }
        match c {
            '*' => expression.push_str("[^/]*"),
            c if c.is_ascii_punctuation() => expression.extend(['\\', c]),
            c => expression.push(c),
        }
        rest = rest.get(c.len_utf8()..).unwrap_or("");
    }
    expression.push('$');
    Pattern::new(&expression, "")
}

fn is_url(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}

fn is_yaml(name: &str) -> bool {
    let path = name.split(['?', '#']).next().unwrap_or(name);
    let file = path.rsplit(['/', ':']).next().unwrap_or("").to_ascii_lowercase();
    [".yml", ".yaml"].iter().any(|ending| file.len() > ending.len() && file.ends_with(ending))
}
