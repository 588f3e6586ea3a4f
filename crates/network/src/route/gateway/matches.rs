//! What must hold of a request: HTTPRouteMatch (gateway-api apis/v1/httproute_types.go) and its precedence.

use std::cmp::Ordering;

use opscape_manifest::api::gateway::{HttpRouteMatch, NameMatch};
use opscape_manifest::api::meta::Str;

use crate::route::Request;
use crate::route::regex::Regex;
use crate::route::request::{decode, parameters};

/// A match, compiled.
#[derive(Debug, Clone)]
pub(super) struct Match {
    pub path: PathRule,
    pub method: Str,
    headers: Vec<(Str, ValueRule)>,
    query: Vec<(Str, ValueRule)>,
}

/// What must hold of a path.
#[derive(Debug, Clone)]
pub(super) enum PathRule {
    Exact(Str),
    /// By elements; without a slash at its end.
    Prefix(Str),
    /// `None`: an expression that cannot be read.
    Regex(Str, Option<Regex>),
}

#[derive(Debug, Clone)]
enum ValueRule {
    Exact(Str),
    Regex(Option<Regex>),
}

impl Match {
    pub(super) fn new(spec: &HttpRouteMatch) -> Match {
        let (kind, value) = spec.path.as_ref().map_or(("", None), |path| (&*path.kind, path.value.clone()));
        let value = value.unwrap_or_else(|| "/".into());
        let path = match kind {
            "Exact" => PathRule::Exact(value),
            "RegularExpression" => {
                let regex = Regex::new(&value, false);
                PathRule::Regex(value, regex)
            }
            _ => PathRule::Prefix(value.trim_end_matches('/').into()),
        };
        let headers = rules(&spec.headers, true);
        Match { path, method: spec.method.clone(), headers, query: rules(&spec.query_params, false) }
    }

    /// The path as it is written in the rule.
    pub(super) fn path_text(&self) -> &str {
        match &self.path {
            PathRule::Prefix(path) if path.is_empty() => "/",
            PathRule::Exact(path) | PathRule::Regex(path, _) | PathRule::Prefix(path) => path,
        }
    }

    /// Whether it holds; otherwise the key that says what does not.
    pub(super) fn holds(&self, request: &Request) -> Result<(), &'static str> {
        let path = request.path();
        match &self.path {
            PathRule::Exact(wanted) if **wanted != *path => return Err("route.path.exact-not"),
            PathRule::Prefix(wanted) => {
                let rest = path.strip_prefix(&**wanted);
                if !rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) {
                    return Err("route.path.prefix-not");
                }
            }
            PathRule::Regex(_, regex) => {
                if !regex.as_ref().is_some_and(|regex| regex.is_full_match(path.as_bytes())) {
                    return Err("route.path.regex-not");
                }
            }
            PathRule::Exact(_) => {}
        }
        if !self.method.is_empty() && *self.method != *request.method {
            return Err("route.match.method");
        }
        for (name, rule) in &self.headers {
            let value = request.header(name);
            if !value.is_some_and(|value| rule.holds(value.as_bytes())) {
                return Err("route.match.header");
            }
        }
        for (name, rule) in &self.query {
            let mut sent = parameters(request.query());
            let value = sent.find(|(known, _)| decode(known, true) == name.as_bytes());
            if !value.is_some_and(|(_, value)| rule.holds(&decode(value, true))) {
                return Err("route.match.query");
            }
        }
        Ok(())
    }

    /// The order of precedence: exact paths, expressions, the longest prefix; a method; more headers; more parameters.
    pub(super) fn precedence(&self, other: &Match) -> Ordering {
        let rank = |one: &Match| {
            let (kind, length) = match &one.path {
                PathRule::Exact(path) => (2, path.len()),
                PathRule::Regex(path, _) => (1, path.len()),
                PathRule::Prefix(path) => (0, path.len()),
            };
            (kind, length, !one.method.is_empty(), one.headers.len(), one.query.len())
        };
        rank(other).cmp(&rank(self))
    }
}

impl ValueRule {
    fn holds(&self, value: &[u8]) -> bool {
        match self {
            ValueRule::Exact(wanted) => wanted.as_bytes() == value,
            ValueRule::Regex(regex) => regex.as_ref().is_some_and(|regex| regex.is_full_match(value)),
        }
    }
}

/// Of several entries with equivalent names, only the first counts.
fn rules(list: &[NameMatch], fold: bool) -> Vec<(Str, ValueRule)> {
    let mut rules: Vec<(Str, ValueRule)> = Vec::new();
    for one in list {
        let same = |known: &Str| *known == one.name || fold && known.eq_ignore_ascii_case(&one.name);
        if rules.iter().any(|(known, _)| same(known)) {
            continue;
        }
        let rule = match &*one.kind {
            "RegularExpression" => ValueRule::Regex(Regex::new(&one.value, false)),
            _ => ValueRule::Exact(one.value.clone()),
        };
        rules.push((one.name.clone(), rule));
    }
    rules
}
