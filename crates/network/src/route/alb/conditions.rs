//! Conditions of listener rules: `buildRuleConditions` of model_build_listener_rules.go, and how an Application Load
//! Balancer matches them (docs.aws.amazon.com/elasticloadbalancing, rule condition types).

use opscape_manifest::api::meta::Str;
use opscape_manifest::value::Value;

use super::json::{items, member, text};
use crate::route::Request;
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
    Regex { path: bool, list: Vec<Regex> },
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
            Condition::Regex { path: true, list } => {
                (list.iter().any(|one| one.is_match(path.as_bytes())), "route.path.regex-not")
            }
            Condition::Regex { path: false, list } => {
                (list.iter().any(|one| one.is_match(host.as_bytes())), "route.host.not")
            }
            Condition::Header(name, list) => {
                let value = request.header(name);
                let holds = value.is_some_and(|value| list.iter().any(|one| glob(one, value, true)));
                (holds, "route.match.header")
            }
            Condition::Method(list) => {
                (list.iter().any(|one| **one == *request.method), "route.match.method")
            }
            Condition::Query(list) => (list.iter().any(|one| query(one, request)), "route.match.query"),
            Condition::Source(list) => (list.iter().any(|one| &**one == "0.0.0.0/0"), "route.match.source"),
        };
        if fits.0 { Ok(()) } else { Err(fits.1) }
    }
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

/// The patterns of an Ingress path (`buildPathPatterns`). `None`: wildcards where there may be none.
pub(super) fn patterns(path: &str, kind: &str) -> Option<Vec<Str>> {
    if !matches!(kind, "Exact" | "Prefix") {
        return Some(vec![path.into()]);
    }
    if path.contains(['*', '?']) {
        return None;
    }
    if kind == "Exact" {
        return Some(vec![path.into()]);
    }
    if path == "/" {
        return Some(vec!["/*".into()]);
    }
    let bare = path.strip_suffix('/').unwrap_or(path);
    Some(vec![bare.into(), [bare, "/*"].concat().into()])
}

/// The hosts and paths of a rule, and the conditions that an annotation adds.
#[derive(Default)]
pub(super) struct Added {
    pub hosts: Vec<Str>,
    pub paths: Vec<Str>,
    pub others: Vec<Condition>,
}

impl Added {
    /// Reads `conditions.NAME`.
    pub(super) fn read(&mut self, annotation: &Value) {
        for one in annotation.as_list().unwrap_or_default() {
            let values = |config: &str, name: &str| {
                strings(member(one, config).and_then(|config| member(config, name)))
            };
            match text(one, "field").unwrap_or_default() {
                "host-header" => {
                    self.hosts.extend(values("hostHeaderConfig", "values"));
                    self.expressions(false, &values("hostHeaderConfig", "regexValues"));
                }
                "path-pattern" => {
                    self.paths.extend(values("pathPatternConfig", "values"));
                    self.expressions(true, &values("pathPatternConfig", "regexValues"));
                }
                "http-header" => {
                    let config = member(one, "httpHeaderConfig");
                    let name = config.and_then(|config| text(config, "httpHeaderName")).unwrap_or_default();
                    self.others.push(Condition::Header(name.into(), values("httpHeaderConfig", "values")));
                }
                "http-request-method" => {
                    self.others.push(Condition::Method(values("httpRequestMethodConfig", "values")));
                }
                "query-string" => {
                    let config = member(one, "queryStringConfig");
                    let pairs =
                        items(config.and_then(|config| member(config, "values"))).iter().map(|pair| {
                            let value = text(pair, "value").unwrap_or_default();
                            (text(pair, "key").filter(|key| !key.is_empty()).map(Into::into), value.into())
                        });
                    self.others.push(Condition::Query(pairs.collect()));
                }
                "source-ip" => self.others.push(Condition::Source(values("sourceIpConfig", "values"))),
                _ => {}
            }
        }
    }

    pub(super) fn expressions(&mut self, path: bool, list: &[Str]) {
        if !list.is_empty() {
            let list = list.iter().filter_map(|one| Regex::new(one, false)).collect();
            self.others.push(Condition::Regex { path, list });
        }
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
        assert_eq!(patterns("/a*", "Exact"), None);
    }
}
