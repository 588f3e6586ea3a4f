//! Rules and policies as data.

use super::duration;
use super::expression::Expression;
use super::job::{Need, needs, variables};
use super::value::{Data, Map, Place, Value};
use super::variables::Variables;

/// One of `rules`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rule {
    /// `if` as written.
    pub condition: Option<String>,
    /// `if`, read.
    pub(super) expression: Option<Expression>,
    /// `changes`.
    pub changes: Option<Changes>,
    /// `exists`: patterns.
    pub exists: Option<Vec<String>>,
    /// `when`.
    pub when: Option<String>,
    /// `start_in` in seconds.
    pub start_in: Option<u64>,
    /// `allow_failure`.
    pub allow_failure: Option<bool>,
    /// `variables`.
    pub variables: Variables,
    /// `needs`.
    pub needs: Option<Vec<Need>>,
    /// `interruptible`.
    pub interruptible: Option<bool>,
    /// Where it stands.
    pub place: Place,
}

/// `changes`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    /// Patterns.
    pub paths: Vec<String>,
    /// What to compare with.
    pub compare_to: Option<String>,
}

/// `only` or `except`; nothing in it means that it says nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policy {
    /// Names, expressions and keywords of refs.
    pub refs: Option<Vec<String>>,
    /// `kubernetes: active`.
    pub kubernetes: bool,
    /// Expressions of which one has to hold.
    pub variables: Option<Vec<String>>,
    /// Patterns of changed files.
    pub changes: Option<Vec<String>>,
}

/// The texts of a text or a list.
pub(super) fn texts(value: &Value) -> Vec<String> {
    super::entry::flat(value).into_iter().map(Value::to_text).collect()
}

impl Rule {
    /// Reads a rule whose shape is right.
    pub(super) fn read(map: &Map) -> Rule {
        let text = |key: &str| map.given(key).map(Value::to_text);
        let condition = text("if");
        let changes = map.given("changes").map(|value| match &value.data {
            Data::Map(map) => Changes {
                paths: map.given("paths").map(texts).unwrap_or_default(),
                compare_to: map.given("compare_to").map(Value::to_text),
            },
            _ => Changes { paths: texts(value), compare_to: None },
        });
        let exists = map.given("exists").map(|value| match &value.data {
            Data::Map(map) => map.given("paths").map(texts).unwrap_or_default(),
            _ => texts(value),
        });
        Rule {
            expression: condition.as_deref().and_then(Expression::parse),
            condition,
            changes,
            exists,
            when: text("when"),
            start_in: map.given("start_in").and_then(Value::text).and_then(duration::seconds),
            allow_failure: map.given("allow_failure").and_then(Value::truth),
            variables: variables(map.given("variables")),
            needs: map.given("needs").map(needs),
            interruptible: map.given("interruptible").and_then(Value::truth),
            place: map.iter().next().map_or(Place::default(), |(key, _)| key.place),
        }
    }

    /// Reads a list of rules, lists in it included.
    pub(super) fn list(value: &Value) -> Vec<Rule> {
        super::entry::flat(value).into_iter().filter_map(Value::map).map(Rule::read).collect()
    }
}

impl Policy {
    pub(super) fn read(value: &Value) -> Policy {
        match &value.data {
            Data::Map(map) => Policy {
                refs: map.given("refs").map(texts),
                kubernetes: map.given("kubernetes").is_some(),
                variables: map.given("variables").map(texts),
                changes: map.given("changes").map(texts),
            },
            _ => Policy { refs: Some(texts(value)), ..Policy::default() },
        }
    }
}
