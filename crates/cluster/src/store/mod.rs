//! The object store (etcd and the watch cache in one): tables by kind, indexes, and the last changes.

mod change;
mod name;

use std::collections::BTreeMap;
use std::sync::Arc;

use imbl::{OrdMap, Vector};
use opscape_manifest::api::meta::{ObjectMeta, OwnerReference, Str, Uid};
use opscape_manifest::api::{Event, Kind, Object, Pod, Resource};
use opscape_manifest::order;
use opscape_sim::{EntryId, IdMap, IdSet, Time};

pub use change::{Change, Op};
pub use name::Name;
use name::NameRef;

/// The objects of a kind. Only their coming and going changes a table.
#[derive(Clone)]
enum Table {
    /// Which object has a name.
    Named(OrdMap<Name, Uid>),
    /// Events come and go by the thousand, and hardly anybody asks for one by its name: they are put in order when somebody does.
    Events(IdSet<Uid>),
}

impl Table {
    fn new(kind: &str) -> Table {
        if kind == Kind::Event.name() { Table::Events(IdSet::new()) } else { Table::Named(OrdMap::new()) }
    }

    fn insert(&mut self, meta: &ObjectMeta) {
        match self {
            Table::Events(events) => drop(events.insert(meta.uid)),
            Table::Named(names) => {
                let name = Name { namespace: meta.namespace.clone(), name: meta.name.clone() };
                names.insert(name, meta.uid);
            }
        }
    }

    fn remove(&mut self, meta: &ObjectMeta) {
        match self {
            Table::Events(events) => drop(events.remove(&meta.uid)),
            Table::Named(names) => drop(names.remove(&NameRef(&meta.namespace, &meta.name))),
        }
    }

    fn len(&self) -> usize {
        match self {
            Table::Events(events) => events.len(),
            Table::Named(names) => names.len(),
        }
    }
}

/// All objects. Cloning shares everything.
#[derive(Clone, Default)]
pub struct Store {
    version: u64,
    last_uid: u64,
    /// By name of the kind: the kinds that are not simulated have tables, too.
    tables: BTreeMap<Str, Table>,
    by_uid: IdMap<Uid, Stored>,
    owned: IdMap<Uid, IdSet<Uid>>,
    pods_on: OrdMap<Str, IdSet<Uid>>,
    orphan_pods: IdSet<Uid>,
    changes: Vector<Change>,
}

#[derive(Clone)]
struct Stored {
    object: Object,
    cause: Option<EntryId>,
}

/// How many changes are kept for watchers; who comes later has to list again.
const CHANGES_KEPT: usize = 16_384;

impl Store {
    /// An object of a kind with a type.
    pub fn get<T: Resource>(&self, namespace: &str, name: &str) -> Option<&Arc<T>> {
        T::from_object(self.find(T::KIND.name(), namespace, name)?)
    }

    /// All objects of a kind with a type, in order of namespace and name; of one namespace only if one is given.
    pub fn list<T: Resource>(&self, namespace: Option<&str>) -> impl Iterator<Item = &Arc<T>> {
        self.scan(T::KIND.name(), namespace).filter_map(T::from_object)
    }

    /// All Events, or those in a namespace, in order of their creation: cheaper than [`Store::list`].
    pub fn events_by_age(&self, namespace: Option<&str>) -> impl Iterator<Item = &Arc<Event>> {
        self.events(namespace).filter_map(Event::from_object)
    }

    /// An object of any kind, by the name of its kind (`Ingress`).
    pub fn object(&self, kind: &str, namespace: &str, name: &str) -> Option<Object> {
        self.find(kind, namespace, name).cloned()
    }

    /// All objects of any kind, in order of namespace and name.
    pub fn objects(&self, kind: &str, namespace: Option<&str>) -> Vec<Object> {
        self.scan(kind, namespace).cloned().collect()
    }

    /// How many objects of a kind there are.
    pub fn count(&self, kind: &str) -> usize {
        self.tables.get(kind).map_or(0, Table::len)
    }

    /// The names of the kinds of which there are objects, or were.
    pub fn kinds(&self) -> impl Iterator<Item = &Str> {
        self.tables.keys()
    }

    /// The object with this identity.
    pub fn by_uid(&self, uid: Uid) -> Option<&Object> {
        self.by_uid.get(&uid).map(|stored| &stored.object)
    }

    /// The object with this identity, if it is of this type.
    pub fn typed_by_uid<T: Resource>(&self, uid: Uid) -> Option<&Arc<T>> {
        T::from_object(self.by_uid(uid)?)
    }

    /// What led to the last write of an object.
    pub fn cause_of(&self, uid: Uid) -> Option<EntryId> {
        self.by_uid.get(&uid)?.cause
    }

    /// All objects that name this one in their `ownerReferences`, in order of their creation.
    pub fn owned_by(&self, owner: Uid) -> impl Iterator<Item = &Object> {
        self.owned.get(&owner).into_iter().flat_map(IdSet::iter).filter_map(|uid| self.by_uid(uid))
    }

    /// How many objects name this one in their `ownerReferences`.
    pub fn count_owned_by(&self, owner: Uid) -> usize {
        self.owned.get(&owner).map_or(0, IdSet::len)
    }

    /// The pods bound to a node, in order of their creation.
    pub fn pods_on(&self, node: &str) -> impl Iterator<Item = &Arc<Pod>> {
        self.pods_on.get(node).into_iter().flat_map(IdSet::iter).filter_map(|uid| self.typed_by_uid(uid))
    }

    /// How many pods are bound to a node.
    pub fn count_pods_on(&self, node: &str) -> usize {
        self.pods_on.get(node).map_or(0, IdSet::len)
    }

    /// The pods without a controller, in order of their creation.
    pub fn orphan_pods(&self) -> impl Iterator<Item = &Arc<Pod>> {
        self.orphan_pods.iter().filter_map(|uid| self.typed_by_uid(uid))
    }

    /// The resourceVersion of the last write.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The changes after a version, in order. The first one has version `version + 1`, unless that is too long ago (the watch
    /// is then too old: list again).
    pub fn changes_since(&self, version: u64) -> impl Iterator<Item = &Change> {
        let first = self.changes.front().map_or(0, |change| change.version);
        let skip = (version + 1).saturating_sub(first) as usize;
        let skip = skip.min(self.changes.len());
        self.changes.focus().narrow(skip..).into_iter()
    }

    /// The version of the oldest change still kept; a watch from before it is too old.
    pub fn oldest_change(&self) -> Option<u64> {
        self.changes.front().map(|change| change.version)
    }

    fn find(&self, kind: &str, namespace: &str, name: &str) -> Option<&Object> {
        match self.tables.get(kind)? {
            Table::Named(names) => self.by_uid(*names.get(&NameRef(namespace, name))?),
            Table::Events(_) => self.events(Some(namespace)).find(|event| *event.meta().name == *name),
        }
    }

    /// All Events, or those in a namespace, in order of their creation.
    fn events(&self, namespace: Option<&str>) -> impl Iterator<Item = &Object> {
        let events = match self.tables.get(Kind::Event.name()) {
            Some(Table::Events(events)) => Some(events),
            _ => None,
        };
        let wanted: Option<Str> = namespace.map(Str::from);
        let events = events.into_iter().flat_map(IdSet::iter).filter_map(|uid| self.by_uid(uid));
        events.filter(move |event| wanted.as_ref().is_none_or(|wanted| event.meta().namespace == *wanted))
    }

    fn scan(&self, kind: &str, namespace: Option<&str>) -> impl Iterator<Item = &Object> {
        let wanted: Option<Str> = namespace.map(Str::from);
        let (names, events) = match self.tables.get(kind) {
            Some(Table::Named(names)) => (Some(names), Vec::new()),
            Some(Table::Events(_)) => {
                let mut events: Vec<&Object> = self.events(namespace).collect();
                order::sort_by(&mut events, |a, b| {
                    let (a, b) = (a.meta(), b.meta());
                    NameRef(&a.namespace, &a.name).order(&b.namespace, &b.name)
                });
                (None, events)
            }
            None => (None, Vec::new()),
        };
        let from = NameRef(namespace.unwrap_or_default(), "");
        let range = names.map(|names| names.range::<_, NameRef<'_>>(from..));
        range
            .into_iter()
            .flatten()
            .take_while(move |(name, _)| wanted.as_ref().is_none_or(|wanted| name.namespace == *wanted))
            .filter_map(|(_, uid)| self.by_uid(*uid))
            .chain(events)
    }

    /// A new identity.
    pub(crate) fn next_uid(&mut self) -> Uid {
        self.last_uid += 1;
        Uid(self.last_uid)
    }

    /// Stores an object with the next resourceVersion, and gives the change.
    pub(crate) fn put(&mut self, mut object: Object, at: Time, cause: Option<EntryId>) -> Change {
        self.version += 1;
        object.meta_mut().resource_version = self.version;
        let uid = object.meta().uid;
        let old =
            self.by_uid.insert(uid, Stored { object: object.clone(), cause }).map(|stored| stored.object);
        if old.is_none() {
            let kind = object.kind_name();
            if !self.tables.contains_key(kind) {
                self.tables.insert(kind.into(), Table::new(kind));
            }
            if let Some(table) = self.tables.get_mut(kind) {
                table.insert(object.meta());
            }
        }
        self.index(uid, old.as_ref(), Some(&object));
        let op = if old.is_some() { Op::Modified } else { Op::Added };
        self.keep(Change { version: self.version, at, op, object, old, cause })
    }

    /// Removes an object, and gives the change; its object has the resourceVersion of the removal, but for Events: they go by
    /// the thousand, and nobody reads it.
    pub(crate) fn remove(&mut self, object: &Object, at: Time, cause: Option<EntryId>) -> Option<Change> {
        let meta = object.meta();
        let uid = meta.uid;
        let old = self.by_uid.remove(&uid)?.object;
        self.tables.get_mut(object.kind_name())?.remove(meta);
        self.index(uid, Some(&old), None);
        self.version += 1;
        let mut last = object.clone();
        if object.kind() != Kind::Event {
            last.meta_mut().resource_version = self.version;
        }
        Some(self.keep(Change {
            version: self.version,
            at,
            op: Op::Deleted,
            object: last,
            old: Some(old),
            cause,
        }))
    }

    fn keep(&mut self, change: Change) -> Change {
        self.changes.push_back(change.clone());
        if self.changes.len() > CHANGES_KEPT {
            self.changes.pop_front();
        }
        change
    }

    fn index(&mut self, uid: Uid, old: Option<&Object>, new: Option<&Object>) {
        fn owners(object: Option<&Object>) -> Option<&Vec<OwnerReference>> {
            object.map(|object| &object.meta().owner_references)
        }
        let same = match (owners(old), owners(new)) {
            (Some(old), Some(new)) => old == new,
            (None, None) => true,
            (Some(one), None) | (None, Some(one)) => one.is_empty(),
        };
        if !same {
            for owner in owners(old).into_iter().flatten() {
                remove_owned(&mut self.owned, owner.uid, uid);
            }
            for owner in owners(new).into_iter().flatten() {
                self.owned.or_default(owner.uid).insert(uid);
            }
        }
        if old.or(new).is_some_and(|object| object.kind() == Kind::Pod) {
            self.index_pod(uid, old.and_then(Pod::from_object), new.and_then(Pod::from_object));
        }
    }

    fn index_pod(&mut self, uid: Uid, old: Option<&Arc<Pod>>, new: Option<&Arc<Pod>>) {
        fn node(pod: Option<&Arc<Pod>>) -> Option<&Str> {
            pod.map(|pod| &pod.spec.node_name).filter(|node| !node.is_empty())
        }
        if node(old) != node(new) {
            if let Some(node) = node(old) {
                remove_bound(&mut self.pods_on, node, uid);
            }
            if let Some(node) = node(new) {
                self.pods_on.entry(node.clone()).or_default().insert(uid);
            }
        }
        let orphan = |pod: Option<&Arc<Pod>>| pod.is_some_and(|pod| is_orphan(&pod.metadata));
        match (orphan(old), orphan(new)) {
            (false, true) => drop(self.orphan_pods.insert(uid)),
            (true, false) => drop(self.orphan_pods.remove(&uid)),
            _ => {}
        }
    }
}

fn is_orphan(meta: &ObjectMeta) -> bool {
    meta.controller().is_none()
}

fn remove_owned(owned: &mut IdMap<Uid, IdSet<Uid>>, owner: Uid, uid: Uid) {
    if let Some(set) = owned.get_mut(&owner) {
        set.remove(&uid);
        if set.is_empty() {
            owned.remove(&owner);
        }
    }
}

fn remove_bound(pods_on: &mut OrdMap<Str, IdSet<Uid>>, node: &Str, uid: Uid) {
    if let Some(set) = pods_on.get_mut(node) {
        set.remove(&uid);
        if set.is_empty() {
            pods_on.remove(node);
        }
    }
}
