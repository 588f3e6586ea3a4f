//! Who of a primary and its canary gets a request: balancer.lua, `route_to_alternative_balancer`.

use super::{Controller, Pattern, Shaping, Upstream};
use crate::route::Request;
use crate::route::decision::Share;
use crate::route::reason::{Reason, Why};
use crate::route::table::Table;

/// What a canary's rules say.
enum Rule {
    /// It gets the request, by a rule.
    Canary(&'static str, String),
    /// It does not, by a rule.
    Primary(&'static str, String),
    /// So many of the total.
    Weight,
}

impl Controller {
    /// Among whom a request is drawn.
    pub(super) fn shares(
        &self,
        table: &Table,
        upstream: &Upstream,
        request: &Request,
        why: &mut Why<'_>,
    ) -> Vec<Share> {
        let primary = upstream.backend;
        let canary = upstream.alternative.and_then(|at| self.upstreams.get(at));
        let Some((canary, shaping)) = canary.and_then(|canary| Some((canary, canary.shaping.as_ref()?)))
        else {
            why.say(|| table.say(Reason::taken("route.backend"), primary));
            return vec![Share::all(primary)];
        };
        if !table.serves(canary.backend) {
            why.say(|| table.say(Reason::passed("route.canary.unavailable"), canary.backend));
            why.say(|| table.say(Reason::taken("route.backend"), primary));
            return vec![Share::all(primary)];
        }
        let name = |reason: Reason| reason.with("canary", &*table.backend(canary.backend).service);
        match shaping.rule(request) {
            Rule::Canary(key, value) => {
                why.say(|| name(Reason::taken(key).with("value", value)));
                why.say(|| table.say(Reason::taken("route.backend"), canary.backend));
                return vec![Share::all(canary.backend)];
            }
            Rule::Primary(key, value) => {
                why.say(|| name(Reason::passed(key).with("value", value)));
                why.say(|| table.say(Reason::taken("route.backend"), primary));
                return vec![Share::all(primary)];
            }
            Rule::Weight => {}
        }
        let weight = shaping.weight.min(shaping.total);
        why.say(|| {
            let reason = if weight == 0 {
                Reason::passed("route.canary.weight")
            } else {
                Reason::taken("route.canary.weight")
            };
            name(reason.with("weight", weight.to_string()).with("total", shaping.total.to_string()))
        });
        let mut shares = Vec::with_capacity(2);
        for (backend, weight) in [(primary, shaping.total - weight), (canary.backend, weight)] {
            if weight > 0 {
                why.say(|| table.say(Reason::taken("route.backend"), backend));
                shares.push(Share { weight, ..Share::all(backend) });
            }
        }
        shares
    }
}

impl Shaping {
    fn rule(&self, request: &Request) -> Rule {
        let header = if self.header.is_empty() { None } else { request.header(&self.header) };
        if let Some(found) = header {
            let shown = || [&self.header, ": ", found].concat();
            if !self.value.is_empty() {
                if *self.value == *found {
                    return Rule::Canary("route.canary.header-value", shown());
                }
            } else if let Pattern::Regex(pattern) = &self.pattern {
                if pattern.is_match(found.as_bytes()) {
                    return Rule::Canary("route.canary.header-pattern", shown());
                }
            } else if self.pattern == Pattern::Bad {
                return Rule::Primary("route.canary.header-pattern-bad", shown());
            } else if found == "always" {
                return Rule::Canary("route.canary.header", shown());
            } else if found == "never" {
                return Rule::Primary("route.canary.header-never", shown());
            }
        }
        let cookie = if self.cookie.is_empty() { None } else { request.cookie(&self.cookie) };
        if let Some(found) = cookie {
            let shown = || [&self.cookie, "=", found].concat();
            if found == "always" {
                return Rule::Canary("route.canary.cookie", shown());
            } else if found == "never" {
                return Rule::Primary("route.canary.cookie-never", shown());
            }
        }
        Rule::Weight
    }
}
