//! What the controllers of Ingresses and Gateways write into the API: addresses, conditions, events. They look a moment after
//! something they watch has changed; ingress-nginx publishes addresses once a minute (`UpdateInterval`,
//! internal/ingress/status/status.go).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use opscape_cluster::load_balancer::{Pool, alb_hostname, points, status};
use opscape_cluster::{Change, Message, Op, Reporter, Store};
use opscape_manifest::api::meta::Str;
use opscape_manifest::api::{Object, Other, Service};
use opscape_manifest::value::Value;
use opscape_network::route::entrance::{Entrance, Front, entrances};
use opscape_network::route::{Objects, Origin, gateway_statuses};
use opscape_sim::{Context, Time};

use super::{LabEvent, LabModel, LabRecord};

type LabContext<'a> = Context<'a, LabEvent, LabRecord>;

/// What those controllers remember.
#[derive(Debug, Clone, Default)]
pub(super) struct Controllers {
    /// The store's version up to which changes were looked at.
    seen: u64,
    /// When they look next.
    due: Option<Time>,
    /// Ingresses that were written since they looked, by namespace and name.
    written: BTreeSet<(Str, Str)>,
    /// The addresses of load balancers in front of controllers, by controller.
    shared: BTreeMap<Str, Str>,
}

/// What they look after; without any of these there are none.
const THEIRS: &[&str] = &["Ingress", "GatewayClass", "Gateway", "HTTPRoute"];
/// What else their work depends on.
const OTHERS: &[&str] =
    &["IngressClass", "IngressClassParams", "ReferenceGrant", "Namespace", "Secret", "Service"];
/// How long a change takes to reach them through their watches.
const NOTICED: Duration = Duration::from_millis(50);
/// How often ingress-nginx writes addresses, in microseconds.
const NGINX_PUBLISHES: u64 = 60_000_000;

impl LabModel {
    /// What happened may matter to them.
    pub(super) fn controllers_notice(&mut self, context: &mut LabContext<'_>) {
        let store = self.cluster.store();
        let from = std::mem::replace(&mut self.controllers.seen, store.version());
        if from == self.controllers.seen || THEIRS.iter().all(|kind| store.count(kind) == 0) {
            return;
        }
        // More may have been written in one instant than the watch log keeps.
        let mut concerned = store.oldest_change().is_some_and(|oldest| oldest > from + 1);
        for change in store.changes_since(from) {
            concerned |= concerns(change);
            if change.op != Op::Deleted && change.object.kind_name() == "Ingress" {
                let meta = change.object.meta();
                self.controllers.written.insert((meta.namespace.clone(), meta.name.clone()));
                concerned = true;
            }
        }
        if concerned {
            self.controllers_look_at(context.now() + NOTICED, context);
        }
    }

    fn controllers_look_at(&mut self, at: Time, context: &mut LabContext<'_>) {
        if self.controllers.due.is_none_or(|due| at < due) {
            self.controllers.due = Some(at);
            context.at(at, LabEvent::Controllers);
        }
    }

    /// They look.
    pub(super) fn controllers_look(&mut self, context: &mut LabContext<'_>) {
        let now = context.now();
        if self.controllers.due.is_none_or(|due| now < due) {
            return;
        }
        self.controllers.due = None;
        let store = self.cluster.store();
        let kinds = THEIRS.iter().chain(OTHERS);
        let objects = Objects::of_cluster(kinds.flat_map(|kind| store.objects(kind, None)));
        let entrances = entrances(&objects);
        self.say_scheduled(&entrances, context);
        let mut next: Option<Time> = None;
        let mut gateways: BTreeMap<Origin, Vec<Str>> = BTreeMap::new();
        for entrance in &entrances {
            let Some(object) = find(self.cluster.store(), &entrance.origin) else { continue };
            let present = addresses(&object);
            let at = self.written_at(entrance, &object, now);
            let mut held = present.clone();
            if let Front::Alb { refused: Some(said), .. } = &entrance.front {
                // `Build` fails: the load balancer stays as it is, if there is one.
                self.say_refused(&object, said, context);
            } else if at <= now {
                held = self.wanted(entrance, &present);
            } else if !Self::is_settled(entrance, &present) {
                next = Some(next.map_or(at, |next| next.min(at)));
            }
            if &*entrance.origin.kind == "Gateway" {
                gateways.insert(Origin::clone(&entrance.origin), held);
            } else if held != present {
                self.publish_ingress(&object, &held, matches!(entrance.front, Front::Alb { .. }), context);
            }
        }
        let of = |origin: &Origin| gateways.get(origin).cloned().unwrap_or_default();
        for (origin, status) in gateway_statuses(&objects, &of) {
            if let Some(object) = find(self.cluster.store(), &origin) {
                self.publish(&object, Value::Map(status), context);
            }
        }
        if let Some(next) = next {
            self.controllers_look_at(next, context);
        }
    }

    /// When the address of an Ingress or a Gateway can be written.
    fn written_at(&self, entrance: &Entrance, object: &Object, now: Time) -> Time {
        if matches!(entrance.front, Front::Nginx(_)) {
            return Time(now.0.div_ceil(NGINX_PUBLISHES) * NGINX_PUBLISHES);
        }
        let created = object.meta().creation_timestamp.map_or(now, |stamp| self.time_of(stamp));
        self.pool().map_or(now, |pool| created + pool.create_time)
    }

    fn pool(&self) -> Option<Arc<Pool>> {
        self.cluster.options().flags.load_balancers.clone()
    }

    /// Whether it has the address that it should have.
    fn is_settled(entrance: &Entrance, present: &[Str]) -> bool {
        match &entrance.front {
            Front::Nginx(Some(addresses)) => addresses == present,
            _ => !present.is_empty() && present.iter().all(|address| asked_for(entrance, address)),
        }
    }

    /// The addresses that an Ingress or a Gateway should have.
    fn wanted(&mut self, entrance: &Entrance, present: &[Str]) -> Vec<Str> {
        let Some(pool) = self.pool() else { return Vec::new() };
        match &entrance.front {
            Front::Nginx(Some(addresses)) => addresses.clone(),
            Front::Nginx(None) => self.shared("ingress-nginx", &pool),
            Front::Shared(controller) => self.shared(controller, &pool),
            Front::Alb { name, id, public, .. } => vec![alb_hostname(name, id, *public).into()],
            Front::Own if Self::is_settled(entrance, present) => present.to_vec(),
            Front::Own => {
                let asked = entrance.wanted.first().map_or("", |address| &**address);
                let address = pool.allocate(asked, self.cluster.store());
                address.map(|address| address.to_string().into()).into_iter().collect()
            }
        }
    }

    /// The address of the load balancer in front of a controller; none: the pool has none left.
    fn shared(&mut self, controller: &str, pool: &Pool) -> Vec<Str> {
        let store = self.cluster.store();
        // While no Ingress had it, somebody else may have got it.
        let is_somebodys = |address: &Str| {
            store
                .list::<Service>(None)
                .any(|service| points(&service.status).any(|point| point == &**address))
                || store.objects("Gateway", None).iter().any(|gateway| addresses(gateway).contains(address))
        };
        if let Some(known) = self.controllers.shared.get(controller)
            && !is_somebodys(known)
        {
            return vec![known.clone()];
        }
        let Ok(address) = pool.allocate("", store) else { return Vec::new() };
        let address: Str = address.to_string().into();
        self.controllers.shared.insert(controller.into(), address.clone());
        vec![address]
    }

    /// The AWS Load Balancer Controller says why it cannot make what is asked for (`recordIngressGroupEvent`,
    /// controllers/ingress/group_controller.go).
    fn say_refused(&mut self, object: &Object, why: &str, context: &mut LabContext<'_>) {
        let text = ["Failed build model due to ", why].concat();
        let said = Message::warning("FailedBuildModel", &text);
        let reporter = Reporter::new("ingress");
        self.in_cluster(context, |cluster, context| cluster.tell(context, &reporter, object, &said));
    }

    /// ingress-nginx says of each Ingress that was written that it will look at it (internal/ingress/controller/store/store.go).
    fn say_scheduled(&mut self, entrances: &[Entrance], context: &mut LabContext<'_>) {
        let reporter = Reporter::new("nginx-ingress-controller");
        for (namespace, name) in std::mem::take(&mut self.controllers.written) {
            let served = entrances.iter().any(|entrance| {
                let origin = &entrance.origin;
                matches!(entrance.front, Front::Nginx(_))
                    && &*origin.kind == "Ingress"
                    && origin.namespace == namespace
                    && origin.name == name
            });
            let object = self.cluster.store().object("Ingress", &namespace, &name);
            if let Some(object) = object.filter(|_| served) {
                let said = Message::normal("Sync", "Scheduled for sync");
                self.in_cluster(context, |cluster, context| {
                    cluster.tell(context, &reporter, &object, &said);
                });
            }
        }
    }

    fn publish_ingress(
        &mut self,
        object: &Object,
        addresses: &[Str],
        of_alb: bool,
        context: &mut LabContext<'_>,
    ) {
        self.publish(object, status(addresses, false), context);
        if of_alb {
            let said = Message::normal("SuccessfullyReconciled", "Successfully reconciled");
            let reporter = Reporter::new("ingress");
            self.in_cluster(context, |cluster, context| cluster.tell(context, &reporter, object, &said));
        }
    }

    /// Writes a status; conditions that stay as they are keep their time.
    fn publish(&mut self, object: &Object, mut status: Value, context: &mut LabContext<'_>) {
        let Object::Other(other) = object else { return };
        let now = self.cluster.timestamp(context.now()).to_string();
        stamp(&mut status, other.body.get("status"), &now);
        let mut new = Other::clone(other);
        new.body.insert("status".to_owned(), status);
        if new != **other {
            let new = Object::Other(Arc::new(new));
            self.in_cluster(context, |cluster, context| cluster.publish(context, &new));
        }
    }
}

/// Whether a change is one that they watch for.
fn concerns(change: &Change) -> bool {
    let object = &change.object;
    let Some(old) = &change.old else { return watches(object) };
    let (was, is) = (old.meta(), object.meta());
    match (old, object) {
        (Object::Service(old), Object::Service(new)) => old.spec != new.spec || old.status != new.status,
        _ => {
            watches(object)
                && (change.op != Op::Modified
                    || was.generation != is.generation
                    || was.annotations != is.annotations
                    || was.labels != is.labels)
        }
    }
}

fn watches(object: &Object) -> bool {
    THEIRS.iter().chain(OTHERS).any(|kind| *kind == object.kind_name())
}

/// Whether an address is one that it asks for.
fn asked_for(entrance: &Entrance, address: &Str) -> bool {
    entrance.wanted.is_empty() || entrance.wanted.contains(address)
}

fn find(store: &Store, origin: &Origin) -> Option<Object> {
    store.object(&origin.kind, &origin.namespace, &origin.name)
}

/// The addresses that an Ingress or a Gateway has.
pub(crate) fn addresses(object: &Object) -> Vec<Str> {
    let Object::Other(other) = object else { return Vec::new() };
    let Some(status) = other.body.get("status") else { return Vec::new() };
    let own = status.get("addresses").and_then(Value::as_list).unwrap_or_default();
    points(status).chain(own.iter().filter_map(|one| one.str_at(&["value"]))).map(Str::from).collect()
}

/// Gives conditions their `lastTransitionTime`: that of the old ones where they say the same.
fn stamp(new: &mut Value, old: Option<&Value>, now: &str) {
    match new {
        Value::Map(map) if map.contains_key("type") && map.contains_key("reason") => {
            let same = old.filter(|old| old.str_at(&["status"]) == map.get("status").and_then(Value::as_str));
            let time = same.and_then(|old| old.str_at(&["lastTransitionTime"])).unwrap_or(now);
            map.insert("lastTransitionTime".to_owned(), time.into());
        }
        Value::Map(map) => {
            for (key, value) in map.iter_mut() {
                stamp(value, old.and_then(|old| old.get(key)), now);
            }
        }
        Value::List(list) => {
            let olds = old.and_then(Value::as_list).unwrap_or_default();
            for value in list {
                let known = ["type", "name", "parentRef"].iter().find(|key| value.get(key).is_some());
                let same = |old: &&Value| known.is_some_and(|key| old.get(key) == value.get(key));
                let old = olds.iter().find(same).cloned();
                stamp(value, old.as_ref(), now);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use opscape_manifest::value::Map;

    use super::*;

    #[test]
    fn conditions_keep_their_times() {
        let condition = |status: &str| {
            let pair = |key: &str, value: &str| (key.to_owned(), Value::from(value));
            Value::Map(Map::from([
                pair("type", "Programmed"),
                pair("status", status),
                pair("reason", "Programmed"),
            ]))
        };
        let with = |status: &str| {
            Value::Map(Map::from([("conditions".to_owned(), Value::List(vec![condition(status)]))]))
        };
        let time = |value: &Value| {
            let list = value.get("conditions").and_then(Value::as_list).unwrap_or_default();
            list.first().and_then(|one| one.str_at(&["lastTransitionTime"])).unwrap_or_default().to_owned()
        };
        let mut first = with("False");
        stamp(&mut first, None, "1");
        let mut second = with("False");
        stamp(&mut second, Some(&first), "2");
        let mut third = with("True");
        stamp(&mut third, Some(&second), "3");
        assert_eq!([time(&first), time(&second), time(&third)], ["1", "1", "3"]);
    }
}
