//! What is compared at an instant: the state of one object, or of all pods of one owner, or of all slices of one Service.

use std::collections::{BTreeMap, BTreeSet};

/// Something and how often it occurs.
pub type Counter = BTreeMap<String, usize>;

/// A group of objects: what kind of group, and its name.
pub type Group = (String, String);

/// The state of a group.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Descriptions of the members; members that look the same are interchangeable.
    Members(Counter),
    /// The fields of one object.
    Fields(BTreeMap<String, String>),
}

/// A group's state through time.
#[derive(Debug, Clone, Default)]
pub struct Line {
    /// When the state became what it is; -1 for what was there before.
    pub times: Vec<f64>,
    /// The state from then on; none while there is no member.
    pub values: Vec<Option<Value>>,
    /// For pods, how many are on which node.
    pub spreads: Vec<Option<Counter>>,
}

impl Line {
    /// The indices of the states that hold at some instant of `[from, to]`; none stands for the time before the first.
    fn between(&self, from: f64, to: f64) -> impl Iterator<Item = Option<usize>> {
        let first = after(&self.times, from);
        let end = after(&self.times, to);
        (first == 0).then_some(None).into_iter().chain((first.saturating_sub(1)..end).map(Some))
    }

    /// The states that hold at some instant of `[from, to]`.
    pub fn values_between(&self, from: f64, to: f64) -> Vec<Option<&Value>> {
        self.between(from, to).map(|index| self.values.get(index?)?.as_ref()).collect()
    }

    /// The spreads at some instant of `[from, to]`.
    pub fn spreads_between(&self, from: f64, to: f64) -> Vec<Option<&Counter>> {
        self.between(from, to).map(|index| self.spreads.get(index?)?.as_ref()).collect()
    }

    /// The state at an instant.
    pub fn value_at(&self, time: f64) -> Option<&Value> {
        self.values.get(after(&self.times, time).checked_sub(1)?)?.as_ref()
    }

    /// The spread at an instant.
    pub fn spread_at(&self, time: f64) -> Option<&Counter> {
        self.spreads.get(after(&self.times, time).checked_sub(1)?)?.as_ref()
    }

    /// When it changed last.
    pub fn last_change(&self) -> f64 {
        self.times.last().copied().unwrap_or(-1.0)
    }
}

/// How many of the sorted times are not later than `time`.
pub fn after(times: &[f64], time: f64) -> usize {
    times.partition_point(|at| *at <= time)
}

/// What two counters have in common.
pub fn common(a: &Counter, b: &Counter) -> usize {
    a.iter().map(|(key, count)| (*count).min(b.get(key).copied().unwrap_or(0))).sum()
}

/// What is in one counter beyond the other.
pub fn beyond(a: &Counter, b: &Counter) -> Counter {
    a.iter()
        .filter_map(|(key, count)| {
            let more = count.saturating_sub(b.get(key).copied().unwrap_or(0));
            (more > 0).then(|| (key.clone(), more))
        })
        .collect()
}

/// How like `b` is to `a`, 0..1. One wrong field costs half, two most of it; a wrong condition counts twice.
pub fn value_score(a: Option<&Value>, b: Option<&Value>) -> f64 {
    match (a, b) {
        (Some(Value::Members(a)), Some(Value::Members(b))) if a != b => {
            let all = a.values().sum::<usize>() + b.values().sum::<usize>();
            common(a, b) as f64 / all.max(1) as f64
        }
        (Some(Value::Fields(a)), Some(Value::Fields(b))) if a != b => {
            let wrong = differing(a, b);
            let conditions = wrong
                .iter()
                .filter(|key| key.starts_with("condition.") && !key.ends_with(".message"))
                .count();
            (0.8 - 0.3 * (wrong.len() + conditions) as f64).max(0.0)
        }
        _ => f64::from(u8::from(a == b)),
    }
}

/// The fields that differ.
fn differing<'a>(a: &'a BTreeMap<String, String>, b: &'a BTreeMap<String, String>) -> Vec<&'a str> {
    let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    keys.into_iter().filter(|key| a.get(*key) != b.get(*key)).map(String::as_str).collect()
}

/// The difference in words.
pub fn describe_difference(a: Option<&Value>, b: Option<&Value>) -> String {
    match (a, b) {
        (None, _) => "should not exist, but is there".to_owned(),
        (_, None) => "is missing".to_owned(),
        (Some(Value::Members(a)), Some(Value::Members(b))) => {
            let say = |counter: Counter| {
                if counter.is_empty() {
                    return "nothing more".to_owned();
                }
                let each: Vec<String> = counter.iter().map(|(what, n)| format!("{n}x [{what}]")).collect();
                each.join("; ")
            };
            format!("expected {} -- got instead {}", say(beyond(a, b)), say(beyond(b, a)))
        }
        (Some(Value::Fields(a)), Some(Value::Fields(b))) => {
            let none = "none/0".to_owned();
            let each: Vec<String> = differing(a, b)
                .into_iter()
                .map(|key| {
                    let (a, b) = (a.get(key).unwrap_or(&none), b.get(key).unwrap_or(&none));
                    format!("{key}: expected {a}, got {b}")
                })
                .collect();
            each.join(", ")
        }
        _ => "is another kind of group".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> Value {
        Value::Fields(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn a_wrong_condition_costs_twice_a_wrong_field() {
        let real = fields(&[("replicas", "3"), ("condition.Available", "True/Min")]);
        assert!((value_score(Some(&real), Some(&real)) - 1.0).abs() < 1e-9);
        let one = fields(&[("replicas", "2"), ("condition.Available", "True/Min")]);
        assert!((value_score(Some(&real), Some(&one)) - 0.5).abs() < 1e-9);
        let condition = fields(&[("replicas", "3"), ("condition.Available", "False/Min")]);
        assert!((value_score(Some(&real), Some(&condition)) - 0.2).abs() < 1e-9);
        assert!(value_score(Some(&real), None) < 1e-9);
    }

    #[test]
    fn a_line_knows_what_held_before_its_first_change() {
        let line =
            Line { times: vec![1.0, 2.0], values: vec![Some(fields(&[])), None], spreads: vec![None, None] };
        assert_eq!(line.values_between(0.0, 0.5), [None]);
        assert_eq!(line.values_between(0.0, 1.5), [None, Some(&fields(&[]))]);
        assert_eq!(line.values_between(1.5, 3.0), [Some(&fields(&[])), None]);
        assert_eq!(line.value_at(1.0), Some(&fields(&[])));
    }
}
