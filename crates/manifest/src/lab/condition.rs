//! Conditions: what a lab's checks and its waiting steps look at.

use std::collections::BTreeMap;

use super::{Duration, Text};
use crate::api::Str;
use crate::codec::fields;
use crate::value::Value;

/// A condition the lab tests itself by.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Check {
    /// What it means, for a person.
    pub text: Option<Text>,
    /// A resource (`pods`) or an object (`deployment/web`).
    pub get: Str,
    /// In place of `get`, a number of what became of requests: [`Check::MEASURES`].
    pub measure: Option<Str>,
    /// With `measure`, whose requests: `load/shoppers`, `ingress/shop`, `service/web`, `deployment/web`, ...
    pub of: Option<Str>,
    /// With `measure`: those of the last so long.
    pub over: Option<Duration>,
    /// With `measure`: those from this time on.
    pub since: Option<Duration>,
    /// In place of `get`, the way a request to this address takes: `shop/api:80 /items`, `404`, `308 https://...`.
    pub route: Option<Str>,
    /// With `route`; default `GET`.
    pub method: Option<Str>,
    /// With `route`: headers of the request.
    pub headers: BTreeMap<Str, Str>,
    /// Namespace of the object; default `default`.
    pub namespace: Option<Str>,
    /// Label selector where `get` is a resource.
    pub selector: Option<Str>,
    /// What is compared, as for `kubectl get -o jsonpath=`. Without it: how many objects there are.
    pub json_path: Option<Str>,
    /// How; default `==`.
    pub op: Op,
    /// With what: a number or a text.
    pub value: Option<Value>,
    /// It has to hold at this time.
    pub at: Option<Duration>,
    /// It has to hold at some time up to this one.
    pub within: Option<Duration>,
}

fields! {
    Check:
    text "text",
    get "get",
    measure "measure",
    of "of",
    over "over",
    since "since",
    route "route",
    method "method",
    headers "headers",
    namespace "namespace",
    selector "selector",
    json_path "jsonPath",
    op "op",
    value "value",
    at "at",
    within "within",
}

impl Check {
    /// What `measure` may be: requests that ended, their number per second, those that failed (500 and above, or no
    /// answer) as a number and as a share from 0 to 1, and milliseconds that 50, 90 and 99 of 100 did not exceed.
    pub const MEASURES: &[&str] = &["requests", "rate", "errors", "errorRatio", "p50", "p90", "p99"];

    /// What may stand before the slash of `of`.
    pub const MEASURED: &[&str] = &[
        "load",
        "ingress",
        "httproute",
        "gateway",
        "service",
        "deployment",
        "statefulset",
        "daemonset",
        "replicaset",
        "pod",
    ];
}

/// How a check compares. Numbers are compared as numbers where both sides are some.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Op {
    /// `==`
    #[default]
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `contains`: the text holds the other
    Contains,
}

impl Op {
    /// All operators as they are written.
    pub const ALL: &[&str] = &["==", "!=", "<", "<=", ">", ">=", "contains"];

    /// Whether `left op right` holds.
    pub fn holds(self, left: &str, right: &str) -> bool {
        let order = match (left.trim().parse::<f64>(), right.trim().parse::<f64>()) {
            (Ok(left), Ok(right)) => left.partial_cmp(&right),
            _ => Some(left.cmp(right)),
        };
        let Some(order) = order else { return false };
        match self {
            Op::Equal => order.is_eq(),
            Op::NotEqual => order.is_ne(),
            Op::Less => order.is_lt(),
            Op::LessOrEqual => order.is_le(),
            Op::Greater => order.is_gt(),
            Op::GreaterOrEqual => order.is_ge(),
            Op::Contains => left.contains(right),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_as_numbers() {
        assert!(Op::Less.holds("9", "10"));
        assert!(Op::Greater.holds("b", "a"));
        assert!(Op::Equal.holds("3", "3.0"));
        assert!(Op::Contains.holds("True False", "True"));
    }
}
