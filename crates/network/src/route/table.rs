//! The compiled table: all routes of a set of objects, and whom a request belongs to.

use std::sync::Arc;

use opscape_manifest::api::ingress::IngressSpec;
use opscape_manifest::api::meta::Str;

use super::alb::LoadBalancer;
use super::backend::{Backend, Lookup, State, Wanted};
use super::class::{self, Flavour};
use super::gateway::Gateways;
use super::ingress::Plain;
use super::nginx::{self, Controller};
use super::objects::{Found, Objects};
use super::policy::Policies;
use super::reason::{Origin, Reason, Why};
use super::service::Services;
use super::{BackendId, Decision, Request};

/// All routes of a set of objects, ready to answer requests.
#[derive(Debug, Clone)]
pub struct Table {
    backends: Vec<Backend>,
    entries: Vec<Entry>,
    services: Services,
    policies: Policies,
    /// What is to be known of the objects, whatever is asked: Ingresses that nobody serves, ....
    notes: Vec<Reason>,
}

/// Somebody who takes requests from outside.
#[derive(Debug, Clone)]
enum Entry {
    Plain(Plain),
    Nginx(Controller),
    Alb(LoadBalancer),
    Gateways(Gateways),
}

/// How much a request belongs to somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Claim {
    /// Nothing listens there.
    None,
    /// It takes whatever comes.
    Any,
    /// A wildcard of it fits the host.
    Wildcard,
    /// It names the host.
    Host,
}

/// What a table is made with.
pub(super) struct Builder<'o> {
    pub objects: &'o Objects,
    backends: Vec<Backend>,
    pub notes: Vec<Reason>,
    /// Ingresses that their controller refuses, and its words.
    pub refused: Vec<(Arc<Origin>, String)>,
}

impl<'o> Builder<'o> {
    pub(super) fn new(objects: &'o Objects) -> Builder<'o> {
        Builder { objects, backends: Vec::new(), notes: Vec::new(), refused: Vec::new() }
    }

    /// The backend for what a route asks for; the same one for the same.
    pub(super) fn backend(&mut self, wanted: Wanted) -> BackendId {
        let known = self.backends.iter().position(|backend| backend.wanted == wanted);
        let at = known.unwrap_or_else(|| {
            self.backends.push(Backend::resolve(wanted, self.objects));
            self.backends.len() - 1
        });
        BackendId(u32::try_from(at).unwrap_or(u32::MAX))
    }

    /// A backend made before.
    pub(super) fn known(&self, id: BackendId) -> Option<&Backend> {
        self.backends.get(id.0 as usize)
    }
}

impl Table {
    /// Whether a load balancer asks its targets whether they are well: where requests go then depends on the time, too.
    pub fn asks_targets(&self) -> bool {
        self.entries.iter().any(|entry| matches!(entry, Entry::Alb(balancer) if balancer.asks_targets()))
    }

    /// Compiles the routes of a set of objects.
    pub fn compile(objects: &Objects) -> Table {
        Table::build(objects, None)
    }

    /// Compiles the routes of a set of objects that come after others: a group of Ingresses of which the AWS Load Balancer
    /// Controller refuses one keeps the load balancer that it had.
    pub fn compile_after(objects: &Objects, before: &Table) -> Table {
        Table::build(objects, Some(before))
    }

    fn build(objects: &Objects, before: Option<&Table>) -> Table {
        let mut builder = Builder::new(objects);
        let mut entries = Vec::new();
        if !objects.gateways.is_empty() {
            entries.push(Entry::Gateways(Gateways::new(&mut builder)));
        }
        for group in class::groups(&mut builder) {
            let ingresses: Vec<&Found<IngressSpec>> = group.ingresses;
            match group.flavour {
                Flavour::Nginx => entries.push(Entry::Nginx(nginx::controller(&ingresses, &mut builder))),
                Flavour::Alb => {
                    let mut balancers = super::alb::groups(&ingresses, &mut builder);
                    if let Some(before) = before {
                        super::alb::keep_refused(&mut balancers, &ingresses, before, &mut builder);
                    }
                    entries.extend(balancers.into_iter().map(Entry::Alb));
                }
                Flavour::Plain => entries.push(Entry::Plain(Plain::new(&ingresses, &mut builder))),
            }
        }
        let services = Services::new(&mut builder);
        let policies = Policies::new(objects);
        Table { backends: builder.backends, entries, services, policies, notes: builder.notes }
    }

    /// The load balancer of a group of Ingresses.
    pub(super) fn balancer(&self, group: &str) -> Option<&LoadBalancer> {
        self.entries.iter().find_map(|entry| match entry {
            Entry::Alb(balancer) if balancer.is_of(group) => Some(balancer),
            _ => None,
        })
    }

    /// What a route asked for that has this backend.
    pub(super) fn wanted(&self, id: BackendId) -> Option<&Wanted> {
        self.backends.get(id.0 as usize).map(|backend| &backend.wanted)
    }

    /// Looks up anew who serves; the routes stay.
    pub fn refresh(&mut self, objects: &Objects) {
        for backend in &mut self.backends {
            *backend = Backend::resolve(backend.wanted.clone(), objects);
        }
    }

    /// Looks up anew who serves for one Service, of which `objects` has to hold all that belongs to it.
    pub fn refresh_service(&mut self, namespace: &str, name: &str, objects: &Objects) {
        for backend in &mut self.backends {
            if &*backend.namespace == namespace && &*backend.service == name {
                *backend = Backend::resolve(backend.wanted.clone(), objects);
            }
        }
    }

    /// What becomes of a request.
    pub fn answer<'r>(&self, request: &'r Request) -> Decision<'r> {
        self.decide(request, &mut Why::nobody())
    }

    /// What becomes of a request, and why, step by step.
    pub fn explain<'r>(&self, request: &'r Request) -> (Decision<'r>, Vec<Reason>) {
        let mut reasons = self.notes.clone();
        let decision = self.decide(request, &mut Why::into(&mut reasons));
        (decision, reasons)
    }

    fn decide<'r>(&self, request: &'r Request, why: &mut Why<'_>) -> Decision<'r> {
        let mut best = (Claim::None, None);
        for entry in &self.entries {
            let claim = match entry {
                Entry::Plain(plain) => plain.claim(request),
                Entry::Nginx(controller) => controller.claim(request),
                Entry::Alb(balancer) => balancer.claim(request),
                Entry::Gateways(gateways) => gateways.claim(request),
            };
            if best.1.is_none() || claim > best.0 {
                best = (claim, Some(entry));
            }
        }
        if best.0 < Claim::Wildcard
            && let Some(decision) = self.services.by_url(self, request, why)
        {
            return decision;
        }
        match best.1 {
            Some(Entry::Plain(plain)) => plain.answer(self, request, why),
            Some(Entry::Nginx(controller)) => controller.answer(self, request, why),
            Some(Entry::Alb(balancer)) => balancer.answer(self, request, why),
            Some(Entry::Gateways(gateways)) => gateways.answer(self, request, why),
            None => {
                why.say(|| Reason::taken("route.nobody"));
                Decision::not_found()
            }
        }
    }

    /// The Services, for connections to them.
    pub fn services(&self) -> &Services {
        &self.services
    }

    /// The NetworkPolicies.
    pub fn policies(&self) -> &Policies {
        &self.policies
    }

    /// A backend. Ids of another table give an empty one.
    pub fn backend(&self, id: BackendId) -> &Backend {
        static NONE: std::sync::OnceLock<Backend> = std::sync::OnceLock::new();
        self.backends
            .get(id.0 as usize)
            .unwrap_or_else(|| NONE.get_or_init(|| Backend::resolve(Wanted::nothing(), &Objects::default())))
    }

    /// All backends.
    pub fn backends(&self) -> &[Backend] {
        &self.backends
    }

    /// Whether a backend has somebody who serves.
    pub(super) fn serves(&self, id: BackendId) -> bool {
        self.backends.get(id.0 as usize).is_some_and(Backend::serves)
    }

    /// Fills the places of a reason about a backend.
    pub(super) fn say(&self, reason: Reason, id: BackendId) -> Reason {
        let backend = self.backend(id);
        let key = match (reason.key, backend.state) {
            ("route.unavailable", State::NoService) => "route.unavailable.no-service",
            ("route.unavailable", State::NoPort) => "route.unavailable.no-port",
            ("route.backend", _) if backend.wanted.lookup == Lookup::Outside => "route.outside",
            ("route.backend", _) if backend.known().is_empty() => "route.backend.assumed",
            (key, _) => key,
        };
        Reason { key, ..reason }
            .with("service", &*backend.service)
            .with("namespace", &*backend.namespace)
            .with(
                "port",
                if backend.port == 0 { backend.wanted.port_text() } else { backend.port.to_string() },
            )
            .with("count", backend.known().len().to_string())
    }
}

/// Whom rules name: an origin and the field of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    pub origin: Arc<Origin>,
    pub field: Str,
}

impl Source {
    /// Adds where a reason comes from.
    pub(super) fn mark(&self, reason: Reason) -> Reason {
        reason.with("from", self.origin.to_string()).at(&self.origin, &*self.field)
    }
}
