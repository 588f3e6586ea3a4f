//! What was done, as text: a line of JSON for each act, with its time. Together with the text that the world was opened
//! with it plays the same run again, in another tab or after the page was loaded anew.

use std::sync::Arc;

use opscape_cluster::{DeleteOptions, Propagation, Request, WriteOptions};
use opscape_manifest::api::meta::Uid;
use opscape_manifest::api::{Object, ObjectKey};
use opscape_manifest::diagnostic::Position;
use opscape_manifest::print;
use opscape_manifest::tree::{self, Limits};
use opscape_manifest::value::{Map, Value};
use opscape_sim::Time;

use crate::Act;

/// The acts as lines.
pub fn write(acts: &[(Time, Arc<Act>)]) -> String {
    let mut out = String::new();
    for (at, act) in acts {
        let mut map = of_act(act);
        put(&mut map, "at", i64::try_from(at.0).unwrap_or(i64::MAX));
        out.push_str(&print::to_json(&Value::Map(map)));
        out.push('\n');
    }
    out
}

/// The acts of lines. It ends before the first line that is none.
pub fn read(text: &str) -> Vec<(Time, Act)> {
    text.lines().map_while(line).collect()
}

fn line(text: &str) -> Option<(Time, Act)> {
    let start = Position { line: 1, column: 1, offset: 0 };
    let value = tree::parse(text, start, Limits::default()).root?.to_value();
    let at = u64::try_from(value.get("at")?.as_int()?).ok()?;
    Some((Time(at), to_act(&value)?))
}

fn put(map: &mut Map, name: &str, value: impl Into<Value>) {
    map.insert(name.to_owned(), value.into());
}

fn of_act(act: &Act) -> Map {
    let mut map = Map::new();
    let mut set = |name: &str, value: &str| put(&mut map, name, value);
    match act {
        Act::Apply { text } => set("apply", text),
        Act::ApplyFile { file } => set("applyFile", file),
        Act::Run { line } => set("run", line),
        Act::Scale { workload, replicas } => {
            set("scale", &of_key(workload));
            put(&mut map, "replicas", i64::from(*replicas));
        }
        Act::Request { line, request } => {
            set("line", line);
            of_request(request, &mut map);
        }
        Act::Delete { object, grace } => {
            set("delete", &of_key(object));
            maybe(&mut map, "grace", *grace);
        }
        Act::StopNode { node } => set("stopNode", node),
        Act::StartNode { node } => set("startNode", node),
        Act::RemoveNode { node } => set("removeNode", node),
        Act::Cordon { node, on } => {
            set("cordon", node);
            put(&mut map, "on", *on);
        }
        Act::RollBack { deployment, to } => {
            set("rollBack", &of_key(deployment));
            maybe(&mut map, "to", to.map(i64::from));
        }
        Act::Pause { deployment, on } => {
            set("pause", &of_key(deployment));
            put(&mut map, "on", *on);
        }
        Act::Restart { deployment } => set("restart", &of_key(deployment)),
    }
    map
}

fn maybe(map: &mut Map, name: &str, number: Option<i64>) {
    if let Some(number) = number {
        put(map, name, number);
    }
}

fn to_act(value: &Value) -> Option<Act> {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let key = |name: &str| text(name).and_then(to_key);
    let number = |name: &str| value.get(name).and_then(Value::as_int);
    let on = || value.get("on").and_then(Value::as_bool);
    if let Some(line) = text("line") {
        return Some(Act::Request { line: line.into(), request: Box::new(to_request(value)?) });
    }
    if let Some(text) = text("apply") {
        return Some(Act::Apply { text: text.into() });
    }
    if let Some(file) = text("applyFile") {
        return Some(Act::ApplyFile { file: file.into() });
    }
    if let Some(line) = text("run") {
        return Some(Act::Run { line: line.into() });
    }
    if let Some(workload) = key("scale") {
        return Some(Act::Scale { workload, replicas: i32::try_from(number("replicas")?).ok()? });
    }
    if let Some(object) = key("delete") {
        return Some(Act::Delete { object, grace: number("grace") });
    }
    if let Some(node) = text("stopNode") {
        return Some(Act::StopNode { node: node.into() });
    }
    if let Some(node) = text("startNode") {
        return Some(Act::StartNode { node: node.into() });
    }
    if let Some(node) = text("removeNode") {
        return Some(Act::RemoveNode { node: node.into() });
    }
    if let Some(node) = text("cordon") {
        return Some(Act::Cordon { node: node.into(), on: on()? });
    }
    if let Some(deployment) = key("rollBack") {
        return Some(Act::RollBack { deployment, to: number("to").and_then(|to| u32::try_from(to).ok()) });
    }
    if let Some(deployment) = key("pause") {
        return Some(Act::Pause { deployment, on: on()? });
    }
    key("restart").map(|deployment| Act::Restart { deployment })
}

fn of_key(key: &ObjectKey) -> String {
    [&*key.kind, "/", &*key.namespace, "/", &*key.name].concat()
}

fn to_key(text: &str) -> Option<ObjectKey> {
    let (kind, rest) = text.split_once('/')?;
    let (namespace, name) = rest.split_once('/')?;
    Some(ObjectKey { kind: kind.into(), namespace: namespace.into(), name: name.into() })
}

fn of_request(request: &Request, map: &mut Map) {
    let version = |version: Option<u64>| version.map(u64::cast_signed);
    match request {
        Request::Create(object, options) => {
            put(map, "create", object.to_value());
            put(map, "dryRun", options.dry_run);
        }
        Request::Update(object, options) => {
            put(map, "update", object.to_value());
            put(map, "dryRun", options.dry_run);
        }
        Request::Scale { key, replicas, resource_version, options } => {
            put(map, "scale", of_key(key));
            put(map, "replicas", i64::from(*replicas));
            maybe(map, "version", version(*resource_version));
            put(map, "dryRun", options.dry_run);
        }
        Request::Delete(key, options) => {
            put(map, "delete", of_key(key));
            of_delete(options, map);
        }
        Request::Evict { namespace, name, options } => {
            let pod = ObjectKey { kind: "Pod".into(), namespace: namespace.clone(), name: name.clone() };
            put(map, "evict", of_key(&pod));
            of_delete(options, map);
        }
    }
}

fn of_delete(options: &DeleteOptions, map: &mut Map) {
    maybe(map, "grace", options.grace);
    let propagation = match options.propagation {
        Propagation::Background => "Background",
        Propagation::Foreground => "Foreground",
        Propagation::Orphan => "Orphan",
    };
    put(map, "propagation", propagation);
    if let Some(uid) = options.uid {
        put(map, "uid", uid.to_string());
    }
    maybe(map, "version", options.resource_version.map(u64::cast_signed));
    put(map, "dryRun", options.dry_run);
}

fn to_request(value: &Value) -> Option<Request> {
    let key = |name: &str| value.get(name).and_then(Value::as_str).and_then(to_key);
    let number = |name: &str| value.get(name).and_then(Value::as_int);
    let resource_version = number("version").map(i64::cast_unsigned);
    let dry_run = value.get("dryRun").and_then(Value::as_bool).unwrap_or_default();
    let options = WriteOptions { dry_run };
    if let Some(object) = value.get("create") {
        return Some(Request::Create(Object::from_value(object).ok()?, options));
    }
    if let Some(object) = value.get("update") {
        return Some(Request::Update(Object::from_value(object).ok()?, options));
    }
    if let Some(key) = key("scale") {
        let replicas = i32::try_from(number("replicas")?).ok()?;
        return Some(Request::Scale { key, replicas, resource_version, options });
    }
    let delete = DeleteOptions {
        grace: number("grace"),
        propagation: match value.get("propagation").and_then(Value::as_str) {
            Some("Foreground") => Propagation::Foreground,
            Some("Orphan") => Propagation::Orphan,
            _ => Propagation::Background,
        },
        uid: value.get("uid").and_then(Value::as_str).and_then(Uid::parse),
        resource_version,
        dry_run,
    };
    if let Some(key) = key("delete") {
        return Some(Request::Delete(key, delete));
    }
    key("evict").map(|key| Request::Evict { namespace: key.namespace, name: key.name, options: delete })
}
