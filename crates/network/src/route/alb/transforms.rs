//! `transforms.NAME`: what a rule makes of a request before it goes to a target (`buildTransforms` of
//! enhanced_backend_builder.go; docs.aws.amazon.com/elasticloadbalancing, rule transforms).

use std::borrow::Cow;

use opscape_manifest::api::meta::Str;
use opscape_manifest::value::Value;

use super::json::{items, member, text};
use crate::route::decision::{Answer, Change, Decision, Forward};
use crate::route::reason::{Reason, Why};
use crate::route::regex::Regex;
use crate::route::{Request, table::Source};

/// At most one of each; conditions see the request as it came.
#[derive(Debug, Clone, Default)]
pub(super) struct Transforms {
    url: Option<Rewrite>,
    host: Option<Rewrite>,
}

/// What is found is replaced; `$1` stands for a group.
#[derive(Debug, Clone)]
struct Rewrite {
    regex: Regex,
    pattern: Str,
    replace: Str,
}

impl Transforms {
    /// Reads the annotation. `Err`: what the controller or AWS says against it.
    pub(super) fn read(annotation: &Value) -> Result<Transforms, String> {
        let mut all = Transforms::default();
        for one in annotation.as_list().unwrap_or_default() {
            let kind = text(one, "type").unwrap_or_default();
            let (config, place) = match kind {
                "url-rewrite" => ("urlRewriteConfig", &mut all.url),
                "host-header-rewrite" => ("hostHeaderRewriteConfig", &mut all.host),
                _ => return Err(["unknown transform type: ", kind].concat()),
            };
            let rewrites = member(one, config).and_then(|config| member(config, "rewrites"));
            let [rewrite] = items(rewrites) else {
                return Err([config, " must have precisely one rewrite"].concat());
            };
            if place.is_some() {
                return Err(["a rule can have at most one transform of type ", kind].concat());
            }
            *place = Some(Rewrite::read(rewrite)?);
        }
        Ok(all)
    }

    /// What becomes of a request that goes on.
    pub(super) fn apply<'r>(
        &self,
        decision: Decision<'r>,
        request: &'r Request,
        source: &Source,
        why: &mut Why<'_>,
    ) -> Decision<'r> {
        let Decision::Forward(mut forward) = decision else { return decision };
        if let Some(rewrite) = &self.url {
            let url = rewrite.replaced(request.target());
            let said = Said { key: "url", rewrite, from: request.target(), source };
            said.say(url.as_deref(), why);
            if let Some(url) = url
                && !put(&mut forward, &url)
            {
                why.say(|| source.mark(Reason::taken("route.alb.transform.fails").with("to", &url)));
                return Decision::answer(Answer::Error, 500);
            }
        }
        if let Some(rewrite) = &self.host {
            let host = rewrite.replaced(request.host());
            Said { key: "host", rewrite, from: request.host(), source }.say(host.as_deref(), why);
            if let Some(host) = host {
                forward.changes.push(Change::Set("Host".into(), host.into()));
            }
        }
        Decision::Forward(forward)
    }
}

/// Whether it is a path, with or without a query.
fn put(forward: &mut Forward<'_>, url: &str) -> bool {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    forward.path = Cow::Owned(path.to_owned());
    forward.query = Cow::Owned(query.to_owned());
    path.starts_with('/')
}

struct Said<'s> {
    key: &'static str,
    rewrite: &'s Rewrite,
    from: &'s str,
    source: &'s Source,
}

impl Said<'_> {
    fn say(&self, to: Option<&str>, why: &mut Why<'_>) {
        why.say(|| {
            let reason = match (to, self.key) {
                (Some(to), "url") => Reason::taken("route.alb.transform.url").with("to", to),
                (Some(to), _) => Reason::taken("route.alb.transform.host").with("to", to),
                (None, _) => Reason::passed("route.alb.transform.not"),
            };
            let reason = reason.with("path", self.from).with("location", &*self.rewrite.pattern);
            self.source.mark(reason.with("target", &*self.rewrite.replace))
        });
    }
}

impl Rewrite {
    fn read(value: &Value) -> Result<Rewrite, String> {
        let pattern: Str = text(value, "regex").unwrap_or_default().into();
        let regex = Regex::new(&pattern, false).filter(Regex::is_regular);
        let regex = regex.ok_or_else(|| ["invalid regex: ", &*pattern].concat())?;
        Ok(Rewrite { regex, pattern, replace: text(value, "replace").unwrap_or_default().into() })
    }

    /// The text with what was found replaced; `None` where nothing is found.
    fn replaced(&self, given: &str) -> Option<String> {
        let captures = self.regex.find(given.as_bytes())?;
        let (from, to) = captures.get(0)?;
        let mut out = given.get(..from)?.to_owned();
        let mut rest = &*self.replace;
        while let Some((before, after)) = rest.split_once('$') {
            out.push_str(before);
            let digit = after.chars().next().and_then(|first| first.to_digit(10));
            rest = if let Some(group) = digit {
                let group = captures.text(given.as_bytes(), group as usize);
                out.push_str(&String::from_utf8_lossy(group));
                after.get(1..).unwrap_or_default()
            } else {
                out.push('$');
                after
            };
        }
        out.push_str(rest);
        out.push_str(given.get(to..)?);
        Some(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::objects::json;

    fn read(text: &str) -> Result<Transforms, String> {
        Transforms::read(&json(text).unwrap())
    }

    #[test]
    fn what_is_found_is_replaced() {
        let rewrite = |pattern: &str, replace: &str| Rewrite {
            regex: Regex::new(pattern, false).unwrap(),
            pattern: pattern.into(),
            replace: replace.into(),
        };
        for (pattern, replace, given, want) in [
            ("^/api/(.*)$", "/$1", "/api/items?x=1", Some("/items?x=1")),
            ("^/api/?(.*)$", "/$1", "/api", Some("/")),
            // The query stays where only the path is replaced.
            ("^([^?]*)", "/new", "/old/a?x=1", Some("/new?x=1")),
            ("^/dp/([A-Z0-9]+)/?$", "/product.php?id=$1", "/dp/B09", Some("/product.php?id=B09")),
            ("^/api/", "/", "/web", None),
            ("b", "$2-$x", "abc", Some("a-$xc")),
        ] {
            assert_eq!(rewrite(pattern, replace).replaced(given).as_deref(), want, "{pattern} {given}");
        }
    }

    #[test]
    fn what_aws_refuses_is_refused() {
        let one = |regex: &str| {
            format!(
                r#"[{{"type":"url-rewrite","urlRewriteConfig":{{"rewrites":[{{"regex":"{regex}","replace":"/"}}]}}}}]"#
            )
        };
        assert!(read(&one("^/a/(.*)$")).is_ok());
        // Look-around and back references are not for a load balancer.
        for refused in ["(", "^/(?!api)", "(a)\\\\1"] {
            assert!(read(&one(refused)).is_err(), "{refused}");
        }
        assert_eq!(read(r#"[{"type":"x"}]"#).unwrap_err(), "unknown transform type: x");
        let none = read(r#"[{"type":"url-rewrite","urlRewriteConfig":{"rewrites":[]}}]"#);
        assert!(none.unwrap_err().contains("precisely one"));
    }
}
