//! A trace replayed: the state of each group after each change.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::fields::{fields, python_json};
use super::groups::{Counter, Group, Line, Value};
use super::names::Names;
use super::side::Bound;

/// The kinds that are compared, beside Events.
const KINDS: [&str; 15] = [
    "Deployment",
    "ReplicaSet",
    "StatefulSet",
    "DaemonSet",
    "Job",
    "CronJob",
    "Pod",
    "Node",
    "HorizontalPodAutoscaler",
    "PodDisruptionBudget",
    "ResourceQuota",
    "EndpointSlice",
    "ControllerRevision",
    "PersistentVolumeClaim",
    "PersistentVolume",
];

type Object = serde_json::Map<String, Json>;

/// An Event, each time it was counted up.
pub struct SeenEvent {
    /// When.
    pub at: f64,
    /// Its compact view.
    pub event: Object,
    /// How often it happened since it was seen last.
    pub times: usize,
}

/// What a replayed trace gives.
#[derive(Default)]
pub struct Replay {
    /// Every group through time.
    pub lines: BTreeMap<Group, Line>,
    /// The Events.
    pub events: Vec<SeenEvent>,
    /// The bindings.
    pub bound: Vec<Bound>,
    /// When something changed, sorted.
    pub times: Vec<f64>,
}

/// A member of a group: how it looks, and for a pod its node.
#[derive(Clone)]
enum Member {
    Pod { looks: String, node: String },
    Endpoints(Vec<String>),
    Revision(String),
    Object(BTreeMap<String, String>),
}

/// A text member of a JSON object, or nothing.
pub fn text_of<'a>(value: &'a Json, key: &str) -> &'a str {
    value.get(key).and_then(Json::as_str).unwrap_or_default()
}

fn member_text<'a>(object: &'a Object, key: &str) -> &'a str {
    object.get(key).and_then(Json::as_str).unwrap_or_default()
}

fn is_set(object: &Object, key: &str) -> bool {
    object.get(key).is_some_and(|value| !super::fields::is_empty(value))
}

impl Replay {
    /// Replays a trace in the order of its lines.
    pub fn of(names: &Names, trace: &[Json]) -> Self {
        let mut out = Replay::default();
        let mut state: BTreeMap<(String, String), Object> = BTreeMap::new();
        let mut group_of: BTreeMap<(String, String), Group> = BTreeMap::new();
        let mut members: BTreeMap<Group, Vec<(String, Member)>> = BTreeMap::new();
        let mut counted: BTreeMap<String, usize> = BTreeMap::new();
        for record in trace {
            let at = record.get("t").and_then(Json::as_f64).unwrap_or(0.0);
            let (kind, name, op) = (text_of(record, "kind"), text_of(record, "name"), text_of(record, "op"));
            let key = (kind.to_owned(), name.to_owned());
            let before = state.remove(&key);
            let object = if op == "DELETED" {
                None
            } else {
                let mut object = before.filter(|_| op == "MODIFIED").unwrap_or_default();
                let change =
                    record.get("d").filter(|d| !super::fields::is_empty(d)).or_else(|| record.get("o"));
                for (field, value) in change.and_then(Json::as_object).into_iter().flatten() {
                    if value.is_null() {
                        object.remove(field);
                    } else {
                        object.insert(field.clone(), value.clone());
                    }
                }
                state.insert(key.clone(), object.clone());
                Some(object)
            };
            if kind == "Event" {
                out.see_event(name, at, op, object, &mut counted);
                continue;
            }
            if !KINDS.contains(&kind) {
                continue;
            }
            let old = group_of.remove(&key);
            let new = object.as_ref().map(|object| group(names, kind, name, object));
            if kind == "Pod"
                && op != "EXISTING"
                && let Some(node) =
                    object.as_ref().map(|pod| member_text(pod, "node")).filter(|node| !node.is_empty())
                && !old.as_ref().is_some_and(|old| has_node(members.get(old), name))
            {
                out.bound.push(Bound { at, pod: name.to_owned(), node: node.to_owned() });
            }
            for changed in [&old, &new].into_iter().flatten().collect::<BTreeSet<_>>() {
                let members = members.entry(changed.clone()).or_default();
                members.retain(|(member, _)| member != name);
                if let Some(object) = object.as_ref().filter(|_| Some(changed) == new.as_ref()) {
                    members.push((name.to_owned(), member(names, kind, name, object)));
                }
                out.push(changed, members, if op == "EXISTING" { -1.0 } else { at });
            }
            if let Some(new) = new {
                group_of.insert(key, new);
            }
        }
        out.times.sort_by(f64::total_cmp);
        out
    }

    fn see_event(
        &mut self,
        name: &str,
        at: f64,
        op: &str,
        object: Option<Object>,
        counted: &mut BTreeMap<String, usize>,
    ) {
        let Some(event) = object else {
            counted.remove(name);
            return;
        };
        let number = |key: &str| event.get(key).and_then(Json::as_u64);
        let count =
            number("series").or_else(|| number("count").filter(|count| *count > 0)).unwrap_or(1) as usize;
        let before = counted.insert(name.to_owned(), count).unwrap_or(0);
        if op != "EXISTING" {
            self.events.push(SeenEvent { at, event, times: count.saturating_sub(before).max(1) });
        }
    }

    /// Notes the state of a group.
    fn push(&mut self, group: &Group, members: &[(String, Member)], at: f64) {
        let (value, spread) = combine(members);
        let line = self.lines.entry(group.clone()).or_default();
        if line.values.last().unwrap_or(&None) == &value {
            if let (Some(_), Some(last)) = (line.values.last(), line.spreads.last_mut()) {
                *last = spread;
            }
            return;
        }
        line.times.push(line.times.last().map_or(at, |last| at.max(*last)));
        line.values.push(value);
        line.spreads.push(spread);
        if at >= 0.0 {
            self.times.push(at);
        }
    }
}

fn has_node(members: Option<&Vec<(String, Member)>>, name: &str) -> bool {
    members.into_iter().flatten().any(|(member, state)| {
        member == name && matches!(state, Member::Pod { node, .. } if !node.is_empty())
    })
}

/// The state of a group from its members, and for pods how many are on which node.
fn combine(members: &[(String, Member)]) -> (Option<Value>, Option<Counter>) {
    let Some((_, first)) = members.first() else { return (None, None) };
    let mut counter = Counter::new();
    let mut spread = None;
    for (_, member) in members {
        match member {
            Member::Pod { looks, node } => {
                *counter.entry(looks.clone()).or_default() += 1;
                let spread = spread.get_or_insert_with(Counter::new);
                if !node.is_empty() && !looks.contains("terminating") {
                    *spread.entry(node.clone()).or_default() += 1;
                }
            }
            Member::Endpoints(endpoints) => {
                for endpoint in endpoints {
                    *counter.entry(endpoint.clone()).or_default() += 1;
                }
            }
            Member::Revision(revision) => *counter.entry(revision.clone()).or_default() += 1,
            Member::Object(_) => {}
        }
    }
    match first {
        Member::Object(fields) => (Some(Value::Fields(fields.clone())), None),
        _ => (Some(Value::Members(counter)), spread),
    }
}

/// Which group an object belongs to.
fn group(names: &Names, kind: &str, name: &str, object: &Object) -> Group {
    let owner = member_text(object, "owner");
    let or_unknown = |text: &str| if text.is_empty() { "?".to_owned() } else { text.to_owned() };
    let (what, which) = match kind {
        "Pod" => match owner.split_once('/').filter(|(_, name)| !name.is_empty()) {
            Some((owner_kind, owner)) => ("Pods of", format!("{owner_kind}/{}", names.canon(owner))),
            None => ("Pod", names.canon(name)),
        },
        "EndpointSlice" => ("EndpointSlices of", or_unknown(member_text(object, "service"))),
        "ControllerRevision" => ("ControllerRevisions of", or_unknown(owner)),
        _ => (kind, names.canon(name)),
    };
    (what.to_owned(), which)
}

fn member(names: &Names, kind: &str, name: &str, object: &Object) -> Member {
    match kind {
        "Pod" => {
            Member::Pod { looks: pod(names, name, object), node: member_text(object, "node").to_owned() }
        }
        "EndpointSlice" => Member::Endpoints(
            object
                .get("endpoints")
                .and_then(Json::as_array)
                .into_iter()
                .flatten()
                .map(|endpoint| {
                    let pod = text_of(endpoint, "pod");
                    let name = names.canon(if pod.is_empty() { "?" } else { pod });
                    let mut out = name.find("~pod").map_or_else(
                        || name.clone(),
                        |start| format!("{}~pod", name.get(..start).unwrap_or_default()),
                    );
                    for state in ["ready", "serving", "terminating"] {
                        if endpoint.get(state).and_then(Json::as_bool) == Some(true) {
                            out.push(' ');
                            out.push_str(state);
                        }
                    }
                    out
                })
                .collect(),
        ),
        "ControllerRevision" => {
            let revision = object.get("revision").map_or_else(|| "None".to_owned(), plain);
            Member::Revision(format!("{} revision {revision}", names.canon(name)))
        }
        _ => Member::Object(fields(names, kind, object)),
    }
}

/// A value as text, without quotes.
fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A pod in words.
fn pod(names: &Names, name: &str, object: &Object) -> String {
    let conditions: BTreeMap<&str, &str> = object
        .get("conditions")
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
        .filter_map(Json::as_str)
        .map(|condition| condition.split_once('=').unwrap_or((condition, "")))
        .collect();
    let condition = |name: &str| conditions.get(name).copied();
    let mut parts = Vec::new();
    let owner_kind = member_text(object, "owner").split('/').next().unwrap_or_default();
    let node = member_text(object, "node");
    match object.get("index").filter(|index| !index.is_null()) {
        _ if owner_kind == "StatefulSet" => parts.push(name.to_owned()),
        Some(index) => parts.push(format!("index {}", plain(index))),
        None if owner_kind == "DaemonSet" && !node.is_empty() => parts.push(node.to_owned()),
        None => {}
    }
    parts.push(object.get("phase").map_or_else(|| "?".to_owned(), plain));
    let ready = condition("Ready").unwrap_or_default();
    parts.push(if ready == "True" { "Ready" } else { "notReady" }.to_owned());
    let containers: Vec<&str> = object
        .get("containers")
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
        .filter_map(Json::as_str)
        .collect();
    parts.push(if containers.is_empty() { "-".to_owned() } else { containers.join(",") });
    parts.push(names.text(&object.get("image").map(plain).unwrap_or_default(), false));
    parts.push(if node.is_empty() { "unbound" } else { "bound" }.to_owned());
    if let Some(scheduled) = condition("PodScheduled").filter(|state| *state != "True") {
        parts.push(format!("PodScheduled={scheduled}"));
    }
    if let Some(target) = condition("DisruptionTarget") {
        parts.push(format!("DisruptionTarget={target}"));
    }
    if ready.starts_with("False:") && ready != "False:ContainersNotReady" {
        parts.push(format!("Ready={ready}"));
    }
    for (key, word) in [("deleting", "terminating"), ("nominated", "nominated")] {
        if is_set(object, key) {
            parts.push(word.to_owned());
        }
    }
    for key in ["finalizers", "priority"] {
        if let Some(value) = object.get(key).filter(|value| !super::fields::is_empty(value)) {
            parts.push(format!("{key}={}", names.text(&python_json(value), false)));
        }
    }
    parts.join(" ")
}
