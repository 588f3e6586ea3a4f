//! The locations of a server, and which of them nginx takes: `ngx_http_core_find_location`.

use std::sync::Arc;

use opscape_manifest::api::meta::Str;

use super::annotations::Annotations;
use super::rewrite::Rewrite;
use crate::route::BackendId;
use crate::route::reason::{Origin, Reason, Why};
use crate::route::regex::Regex;

/// How a location is matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Matcher {
    /// `location = PATH`
    Exact,
    /// `location PATH`
    Prefix,
    /// `location ~* "^PATH"`; `None`: an expression that cannot be read, so nothing matches.
    Regex(Option<Regex>),
}

/// A location of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Location {
    /// As rendered.
    pub path: Str,
    /// As the Ingress has it.
    pub ingress_path: Str,
    pub matcher: Matcher,
    /// Of the upstreams; `None`: the controller's default backend.
    pub upstream: Option<usize>,
    pub settings: Arc<Annotations>,
    pub rewrite: Option<Rewrite>,
    /// `default-backend`, for when nobody else serves.
    pub custom_default: Option<BackendId>,
    /// The Ingress it comes from; the server's own `location /` has none.
    pub origin: Option<Arc<Origin>>,
    pub field: String,
}

/// The locations of a server, ready to be searched.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Locations {
    /// In the order of the configuration.
    all: Vec<Location>,
    /// Places, in order of the paths.
    exact: Vec<usize>,
    prefixes: Vec<PrefixEntry>,
    regexes: Vec<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct PrefixEntry {
    at: usize,
    /// The longest other entry that this one begins with.
    parent: Option<usize>,
}

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hit<'l> {
    /// A location.
    Location(&'l Location),
    /// The path without the slash at the end of a location: 301.
    Slash(&'l Location),
    /// Nothing.
    None,
}

impl Locations {
    pub(super) fn new(all: Vec<Location>) -> Locations {
        let path = |at: &usize| all.get(*at).map_or("", |location| &location.path);
        let of = |wanted: fn(&Matcher) -> bool| -> Vec<usize> {
            let places = all.iter().enumerate().filter(|(_, location)| wanted(&location.matcher));
            places.map(|(at, _)| at).collect()
        };
        let sorted = |mut places: Vec<usize>| {
            opscape_manifest::order::sort_by(&mut places, |a, b| path(a).cmp(path(b)));
            // Of two with the same path, the first counts.
            places.dedup_by(|later, earlier| path(later) == path(earlier));
            places
        };
        let exact = sorted(of(|matcher| *matcher == Matcher::Exact));
        let mut prefixes: Vec<PrefixEntry> = Vec::new();
        for at in sorted(of(|matcher| *matcher == Matcher::Prefix)) {
            let mut parent = prefixes.len().checked_sub(1);
            while let Some(entry) = parent.and_then(|entry| prefixes.get(entry)) {
                if path(&at).starts_with(path(&entry.at)) {
                    break;
                }
                parent = entry.parent;
            }
            prefixes.push(PrefixEntry { at, parent });
        }
        let regexes = of(|matcher| matches!(matcher, Matcher::Regex(_)));
        Locations { all, exact, prefixes, regexes }
    }

    fn path(&self, at: usize) -> &[u8] {
        self.all.get(at).map_or(&[], |location| location.path.as_bytes())
    }

    /// Which location a path leads to.
    pub(super) fn find(&self, path: &[u8]) -> Hit<'_> {
        let location = |at: usize| self.all.get(at).map_or(Hit::None, Hit::Location);
        if let Ok(found) = self.exact.binary_search_by(|at| self.path(*at).cmp(path)) {
            return self.exact.get(found).map_or(Hit::None, |at| location(*at));
        }
        let after = self.prefixes.partition_point(|entry| self.path(entry.at) <= path);
        let mut candidate = after.checked_sub(1);
        let mut longest = None;
        while let Some(entry) = candidate.and_then(|entry| self.prefixes.get(entry)) {
            if path.starts_with(self.path(entry.at)) {
                longest = Some(entry.at);
                break;
            }
            candidate = entry.parent;
        }
        if longest.is_none_or(|at| self.path(at) != path)
            && let Some(slashed) = self.with_slash(path)
        {
            return Hit::Slash(slashed);
        }
        let by_regex =
            self.regexes.iter().find(|at| self.all.get(**at).is_some_and(|location| location.matches(path)));
        by_regex.copied().or(longest).map_or(Hit::None, location)
    }

    /// `auto_redirect`: the location, exact or not, that is the path and a slash.
    fn with_slash(&self, path: &[u8]) -> Option<&Location> {
        let is_it = |at: &usize| self.path(*at).strip_prefix(path) == Some(b"/");
        // What begins with the path stands right behind it.
        let behind = |at: &usize| self.path(*at).starts_with(path);
        let exact = self.exact.get(self.exact.partition_point(|at| self.path(*at) <= path)..)?;
        let prefixes =
            self.prefixes.get(self.prefixes.partition_point(|entry| self.path(entry.at) <= path)..)?;
        let found = exact.iter().copied().take_while(behind).find(is_it);
        let at = found.or_else(|| prefixes.iter().map(|entry| entry.at).take_while(behind).find(is_it))?;
        self.all.get(at)
    }

    /// Says why a location was taken, and the others not.
    pub(super) fn explain(&self, path: &[u8], hit: Hit<'_>, why: &mut Why<'_>) {
        if !why.asked() {
            return;
        }
        let shown = String::from_utf8_lossy(path).into_owned();
        let taken =
            if let Hit::Location(location) | Hit::Slash(location) = hit { Some(location) } else { None };
        let mut seen = false;
        for location in &self.all {
            if taken.is_some_and(|taken| std::ptr::eq(taken, location)) {
                seen = true;
                continue;
            }
            let fits = location.matches(path);
            let key = match &location.matcher {
                Matcher::Exact => "route.path.exact-not",
                Matcher::Regex(None) => "route.path.regex-bad",
                Matcher::Prefix if !fits => "route.path.prefix-not",
                Matcher::Regex(_) if !fits => "route.path.regex-not",
                Matcher::Regex(_) if seen => "route.path.regex-later",
                Matcher::Prefix | Matcher::Regex(_) => "route.path.shorter",
            };
            why.say(|| location.say(Reason::passed(key), &shown));
        }
        let (Some(location), false) = (taken, matches!(hit, Hit::Slash(_))) else {
            if let Some(location) = taken {
                why.say(|| location.say(Reason::taken("route.path.slash"), &shown));
            } else {
                why.say(|| Reason::taken("route.path.none").with("path", shown));
            }
            return;
        };
        let key = match (&location.matcher, &location.origin) {
            (_, None) => "route.path.default",
            (Matcher::Exact, _) => "route.path.exact",
            (Matcher::Prefix, _) => "route.path.prefix",
            (Matcher::Regex(_), _) => "route.path.regex",
        };
        why.say(|| location.say(Reason::taken(key), &shown));
    }
}

impl Location {
    /// Whether it matches a path, seen alone.
    fn matches(&self, path: &[u8]) -> bool {
        match &self.matcher {
            Matcher::Exact => self.path.as_bytes() == path,
            Matcher::Prefix => path.starts_with(self.path.as_bytes()),
            Matcher::Regex(regex) => regex.as_ref().is_some_and(|regex| regex.is_match(path)),
        }
    }

    /// Fills the places of a reason about this location.
    pub(super) fn say(&self, reason: Reason, path: &str) -> Reason {
        let reason = reason.with("path", path).with("location", &*self.path);
        match &self.origin {
            Some(origin) => reason.with("from", origin.to_string()).at(origin, self.field.as_str()),
            None => reason,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locations(list: &[(&str, &str)]) -> Locations {
        let all = list.iter().map(|(kind, path)| Location {
            path: (*path).into(),
            ingress_path: (*path).into(),
            matcher: match *kind {
                "=" => Matcher::Exact,
                "~*" => Matcher::Regex(Regex::new(&["^", path].concat(), true)),
                _ => Matcher::Prefix,
            },
            upstream: None,
            settings: Arc::default(),
            rewrite: None,
            custom_default: None,
            origin: None,
            field: String::new(),
        });
        Locations::new(all.collect())
    }

    #[test]
    fn nginx_takes_the_exact_then_the_longest_then_the_first_expression() {
        let list = locations(&[
            ("", "/cart/items/"),
            ("=", "/cart"),
            ("", "/cart/"),
            ("", "/blog/"),
            ("=", "/x/"),
            ("", "/"),
        ]);
        for (path, want) in [
            ("/", "/"),
            ("/cart", "= /cart"),
            ("/cart/", "/cart/"),
            ("/cartoon", "/"),
            ("/cart/items/9", "/cart/items/"),
            ("/cart/itemsx", "/cart/"),
            ("/cart/items", "301 /cart/items/"),
            ("/blog", "301 /blog/"),
            ("/blogger", "/"),
            ("/x", "301 /x/"),
        ] {
            let got = match list.find(path.as_bytes()) {
                Hit::Location(location) if location.matcher == Matcher::Exact => {
                    format!("= {}", location.path)
                }
                Hit::Location(location) => location.path.to_string(),
                Hit::Slash(location) => format!("301 {}", location.path),
                Hit::None => String::new(),
            };
            assert_eq!(got, want, "{path}");
        }
        let list = locations(&[("~*", "/a/b"), ("~*", "/a"), ("", "/a/b/c")]);
        assert!(matches!(list.find(b"/A/B/c"), Hit::Location(location) if &*location.path == "/a/b"));
        assert_eq!(list.find(b"/x"), Hit::None);
    }
}
