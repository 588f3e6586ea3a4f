//! Conditions of listener rules: `buildRuleConditions` of model_build_listener_rules.go, and how an Application Load
//! Balancer matches them (docs.aws.amazon.com/elasticloadbalancing, rule condition types).

use std::borrow::Cow;

use opscape_manifest::api::meta::Str;
use opscape_manifest::value::Value;

use super::json::{items, member, text};
use crate::route::Request;
use crate::route::reason::Reason;
use crate::route::regex::Regex;
use crate::route::request::{decode, parameters};

/// One condition; all of a rule have to hold.
#[derive(Debug, Clone)]
pub(super) enum Condition {
    /// One of these patterns fits the host, whatever the case.
    Host(Vec<Str>),
    /// One of these patterns fits the path.
    Path(Vec<Str>),
    /// One of these expressions is found in the host, or in the path.
    Regex { path: bool, list: Vec<Regex>, expressions: Vec<Str> },
    /// One of these patterns fits the header, whatever the case.
    Header(Str, Vec<Str>),
    /// The method is one of these.
    Method(Vec<Str>),
    /// One of these names (if any) and values is in the query, whatever the case.
    Query(Vec<(Option<Str>, Str)>),
    /// The client's address; it is not known here, so only the whole Internet holds.
    Source(Vec<Str>),
}

impl Condition {
    /// Whether it holds; otherwise the key that says what does not.
    pub(super) fn holds(&self, request: &Request) -> Result<(), &'static str> {
        let (host, path) = (request.hostname(), request.path());
        let fits = match self {
            Condition::Host(list) => (list.iter().any(|one| glob(one, host, true)), "route.host.not"),
            Condition::Path(list) => {
                (list.iter().any(|one| glob(one, path, false)), "route.path.pattern-not")
            }
            Condition::Regex { path: true, list, .. } => {
                (list.iter().any(|one| one.is_match(path.as_bytes())), "route.path.regex-not")
            }
            Condition::Regex { path: false, list, .. } => {
                (list.iter().any(|one| one.is_match(host.as_bytes())), "route.host.not")
            }
            Condition::Header(name, list) => {
                let value = request.header(name);
                let holds = value.is_some_and(|value| list.iter().any(|one| glob(one, value, true)));
                (holds, "route.alb.condition.header")
            }
            Condition::Method(list) => {
                (list.iter().any(|one| **one == *request.method), "route.alb.condition.method")
            }
            Condition::Query(list) => {
                (list.iter().any(|one| query(one, request)), "route.alb.condition.query")
            }
            Condition::Source(list) => {
                (list.iter().any(|one| &**one == "0.0.0.0/0"), "route.alb.condition.source")
            }
        };
        if fits.0 { Ok(()) } else { Err(fits.1) }
    }
}

impl Condition {
    /// What it asks for, in a reason about it.
    pub(super) fn say(&self, reason: Reason) -> Reason {
        let (name, values): (&str, Vec<Cow<'_, str>>) = match self {
            Condition::Header(name, values) => (name, plain(values)),
            Condition::Host(values)
            | Condition::Path(values)
            | Condition::Method(values)
            | Condition::Source(values) => ("", plain(values)),
            Condition::Regex { expressions, .. } => ("", plain(expressions)),
            Condition::Query(pairs) => {
                let pair = |(key, value): &(Option<Str>, Str)| match key {
                    Some(key) => Cow::Owned([key, "=", value].concat()),
                    None => Cow::Owned(value.to_string()),
                };
                ("", pairs.iter().map(pair).collect())
            }
        };
        reason.with("name", name).with("values", values.join("`, `"))
    }
}

fn plain(values: &[Str]) -> Vec<Cow<'_, str>> {
    values.iter().map(|value| Cow::Borrowed(&**value)).collect()
}

fn query((key, value): &(Option<Str>, Str), request: &Request) -> bool {
    let plain = |text: &str| String::from_utf8_lossy(&decode(text, true)).into_owned();
    parameters(request.query()).any(|(name, found)| {
        key.as_ref().is_none_or(|key| glob(key, &plain(name), true)) && glob(value, &plain(found), true)
    })
}

/// `*` stands for any number of characters, `?` for exactly one.
fn glob(pattern: &str, text: &str, fold: bool) -> bool {
    let same = |a: u8, b: u8| a == b || fold && a.eq_ignore_ascii_case(&b);
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    // The last `*` and how far it reaches.
    let mut star = None;
    while let Some(found) = text.get(t) {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(wanted) if *wanted == b'?' || same(*wanted, *found) => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((at, reach)) = star else { return false };
                star = Some((at, reach + 1));
                (p, t) = (at + 1, reach + 1);
            }
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(|byte| *byte == b'*')
}

/// The patterns of an Ingress path (`buildPathPatterns`). `Err`: wildcards where there may be none.
pub(super) fn patterns(path: &str, kind: &str) -> Result<Vec<Str>, String> {
    if !matches!(kind, "Exact" | "Prefix") {
        return Ok(vec![path.into()]);
    }
    if path.contains(['*', '?']) {
        return Err([&kind.to_lowercase(), " path shouldn't contain wildcards: ", path].concat());
    }
    if kind == "Exact" {
        return Ok(vec![path.into()]);
    }
    if path == "/" {
        return Ok(vec!["/*".into()]);
    }
    let bare = path.strip_suffix('/').unwrap_or(path);
    Ok(vec![bare.into(), [bare, "/*"].concat().into()])
}

/// The hosts and paths of a rule, and the conditions that an annotation adds.
#[derive(Default)]
pub(super) struct Added {
    pub hosts: Vec<Str>,
    pub paths: Vec<Str>,
    pub others: Vec<Condition>,
}

impl Added {
    /// Reads `conditions.NAME` (`RuleCondition.Validate` of config_types.go).
    pub(super) fn read(&mut self, annotation: &Value) -> Result<(), String> {
        for one in annotation.as_list().unwrap_or_default() {
            let field = text(one, "field").unwrap_or_default();
            let config = match field {
                "host-header" => "hostHeaderConfig",
                "path-pattern" => "pathPatternConfig",
                "http-header" => "httpHeaderConfig",
                "http-request-method" => "httpRequestMethodConfig",
                "query-string" => "queryStringConfig",
                "source-ip" => "sourceIPConfig",
                _ => continue,
            };
            let inside = member(one, config).ok_or_else(|| ["missing ", config].concat())?;
            let values = strings(member(inside, "values"));
            let expressions = strings(member(inside, "regexValues"));
            let empty = items(member(inside, "values")).is_empty() && expressions.is_empty();
            if empty {
                let word = if field == "query-string" { "Values" } else { "values" };
                return Err(["invalid ", config, ": ", word, " cannot be empty"].concat());
            }
            match field {
                "host-header" => {
                    self.hosts.extend(values);
                    self.expressions(false, expressions)?;
                }
                "path-pattern" => {
                    self.paths.extend(values);
                    self.expressions(true, expressions)?;
                }
                "http-header" => {
                    let name = text(inside, "httpHeaderName").unwrap_or_default();
                    self.others.push(Condition::Header(name.into(), values));
                }
                "http-request-method" => self.others.push(Condition::Method(values)),
                "query-string" => {
                    let mut pairs = Vec::new();
                    for pair in items(member(inside, "values")) {
                        let value = text(pair, "value").filter(|value| !value.is_empty());
                        let value = value.ok_or("invalid queryStringConfig: value cannot be empty")?;
                        let key = text(pair, "key").filter(|key| !key.is_empty());
                        pairs.push((key.map(Into::into), value.into()));
                    }
                    self.others.push(Condition::Query(pairs));
                }
                _ => self.others.push(Condition::Source(values)),
            }
        }
        Ok(())
    }

    pub(super) fn expressions(&mut self, path: bool, expressions: Vec<Str>) -> Result<(), String> {
        if expressions.is_empty() {
            return Ok(());
        }
        let mut list = Vec::new();
        for one in &expressions {
            let regex = Regex::new(one, false).filter(Regex::is_regular);
            list.push(regex.ok_or_else(|| ["invalid regex: ", &**one].concat())?);
        }
        self.others.push(Condition::Regex { path, list, expressions });
        Ok(())
    }

    /// All of it.
    pub(super) fn conditions(self) -> Vec<Condition> {
        let mut all = Vec::new();
        if !self.hosts.is_empty() {
            all.push(Condition::Host(self.hosts));
        }
        if !self.paths.is_empty() {
            all.push(Condition::Path(self.paths));
        }
        all.extend(self.others);
        all
    }
}

fn strings(list: Option<&Value>) -> Vec<Str> {
    items(list).iter().filter_map(Value::as_str).map(Into::into).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_as_in_aws() {
        for (pattern, text, want) in [
            ("/img/*/pics", "/img/a/b/pics", true),
            ("/img/*/pics", "/img/pics", false),
            ("/v?/x", "/v1/x", true),
            ("/v?/x", "/v12/x", false),
            ("*", "", true),
            ("a*b*c", "axxbyyc", true),
            ("a*b", "abab", true),
            ("/plain", "/plain/x", false),
            ("/Plain", "/plain", false),
        ] {
            assert_eq!(glob(pattern, text, false), want, "{pattern} {text}");
        }
        assert!(glob("*.Example.com", "a.b.example.COM", true));
        assert_eq!(patterns("/img/", "Prefix").unwrap(), ["/img".into(), Str::from("/img/*")]);
        assert_eq!(patterns("/a*", "Exact").unwrap_err(), "exact path shouldn't contain wildcards: /a*");
    }
}
