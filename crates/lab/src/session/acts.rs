//! What a person did, as a text: with the text that was opened and the seed it plays the same run again.
//!
//! One act a line, in order of time, each a JSON object: `at` in microseconds, the act by its name, and what it needs. A text
//! that was applied is kept as what changed since the one before. The words are kept as they are: old links have to open.

use std::fmt::Write;
use std::sync::Arc;

use opscape_cluster::{DeleteOptions, Propagation, Request, WriteOptions};
use opscape_manifest::api::meta::{Str, Uid};
use opscape_manifest::api::{Object, ObjectKey};
use opscape_manifest::diagnostic::Position;
use opscape_manifest::print::to_json;
use opscape_manifest::tree::{self, Limits};
use opscape_manifest::value::{Map, Value};
use opscape_sim::Time;

use super::Session;
use crate::Act;
use crate::pipelines::{GitAct, RepositoryEvent, RunAct};
use crate::traffic::{Sending, WorkloadId};

/// A text of acts that cannot be read, or that is about another text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadActs {
    /// From 1.
    pub line: usize,
}

impl Session {
    /// The text this world began with.
    pub fn opening_text(&self) -> &str {
        &self.opening
    }

    /// What was done since, those acts included that are still ahead of the present instant; empty: nothing. Goes with
    /// [`Session::opening_text`] and the seed.
    pub fn acts_text(&self) -> String {
        let mut out = String::new();
        let mut text = self.opening.clone();
        for (at, act) in self.own_inputs() {
            let mut map = Map::new();
            map.extend([("at".to_owned(), Value::Int(i64::try_from(at.0).unwrap_or(i64::MAX)))]);
            encode(act, &text, &mut map);
            if let Act::Apply { text: applied } = &**act {
                text = applied.clone();
            }
            for c in to_json(&Value::Map(map)).chars() {
                // What YAML would not take, JSON's escapes say, too.
                if c.is_control() || matches!(c, '\u{feff}' | '\u{2028}' | '\u{2029}' | '\u{85}') {
                    // Writing to a String cannot fail.
                    let _ = write!(out, "\\u{:04x}", c as u32);
                } else {
                    out.push(c);
                }
            }
            out.push('\n');
        }
        out
    }

    /// Takes up what was done before: each act will happen at its time. For a session that was just opened with the same
    /// text and seed. Gives the time of the last act.
    ///
    /// # Errors
    /// The line that cannot be read; then nothing is taken up.
    pub fn expect_acts(&mut self, acts: &str) -> Result<Time, BadActs> {
        let mut text = self.opening.clone();
        let mut inputs: Vec<(Time, Arc<Act>)> = Vec::new();
        for (number, line) in acts.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let bad = BadActs { line: number + 1 };
            let (at, act) = decode_line(line, &text).ok_or(bad)?;
            if at < self.now() || inputs.last().is_some_and(|(last, _)| at < *last) {
                return Err(bad);
            }
            if let Act::Apply { text: applied } = &act {
                text = applied.clone();
            }
            inputs.push((at, Arc::new(act)));
        }
        let last = inputs.last().map_or(self.now(), |(at, _)| *at);
        self.timeline.expect(inputs);
        self.next.take();
        Ok(last)
    }

    /// The inputs without the first one, which applied the text that was opened.
    fn own_inputs(&self) -> &[(Time, Arc<Act>)] {
        let inputs = self.inputs();
        let applied = |act: &Act| matches!(act, Act::Apply { text } if *text == self.opening);
        match inputs.split_first() {
            Some(((Time::ZERO, act), rest)) if self.applied_at_first && applied(act) => rest,
            _ => inputs,
        }
    }
}

fn string(text: &str) -> Value {
    Value::String(text.to_owned())
}

/// `Deployment/shop/web`; names have no slash.
fn key_text(key: &ObjectKey) -> Value {
    Value::String([&*key.kind, "/", &*key.namespace, "/", &*key.name].concat())
}

fn key_of(value: &Value) -> Option<ObjectKey> {
    let mut parts = value.as_str()?.splitn(3, '/');
    let mut part = || parts.next().map(Str::from);
    Some(ObjectKey { kind: part()?, namespace: part()?, name: part()? })
}

fn encode(act: &Act, before: &str, map: &mut Map) {
    let mut set = |name: &str, value: Value| map.extend([(name.to_owned(), value)]);
    let number = |number: u32| Value::Int(i64::from(number));
    match act {
        Act::Apply { text } => match edit(before, text) {
            Some((from, to, put)) => {
                set("edit", Value::List(vec![Value::Int(from as i64), Value::Int(to as i64), string(put)]));
            }
            None => set("apply", string(text)),
        },
        Act::ApplyFile { file } => set("file", string(file)),
        Act::Run { line } => set("run", string(line)),
        Act::Scale { workload, replicas } => {
            set("scale", key_text(workload));
            set("to", Value::Int(i64::from(*replicas)));
        }
        Act::Request { line, request } => {
            if !line.is_empty() {
                set("line", string(line));
            }
            set_request(request, &mut set);
        }
        Act::Send { line, sending } => {
            if !line.is_empty() {
                set("line", string(line));
            }
            set("send", sending.to_value());
        }
        Act::StopSending { line, workload } => {
            if !line.is_empty() {
                set("line", string(line));
            }
            set("stopSending", number(workload.number()));
        }
        Act::Delete { object, grace } => {
            set("delete", key_text(object));
            if let Some(grace) = grace {
                set("grace", Value::Int(*grace));
            }
        }
        Act::StopNode { node } => set("stopNode", string(node)),
        Act::StartNode { node } => set("startNode", string(node)),
        Act::RemoveNode { node } => set("removeNode", string(node)),
        Act::Cordon { node, on } => set(if *on { "cordon" } else { "uncordon" }, string(node)),
        Act::RollBack { deployment, to } => {
            set("rollBack", key_text(deployment));
            if let Some(to) = to {
                set("to", number(*to));
            }
        }
        Act::Pause { deployment, on } => set(if *on { "pause" } else { "resume" }, key_text(deployment)),
        Act::Restart { deployment } => set("restart", key_text(deployment)),
        Act::Happen { event } => {
            set("happen", string(&event.name));
            set(if event.tag { "tag" } else { "branch" }, string(&event.reference));
        }
        Act::Git { line, act } => {
            if !line.is_empty() {
                set("line", string(line));
            }
            encode_git(act, before, &mut set);
        }
        Act::Pipeline { run, act } => {
            set("pipeline", number(*run));
            let (what, job) = match act {
                RunAct::Cancel => ("cancel", None),
                RunAct::Play(job) => ("play", Some(job)),
                RunAct::Rerun(job) => ("rerun", Some(job)),
                RunAct::Fail(job) => ("fail", Some(job)),
                RunAct::Approve(job) => ("approve", Some(job)),
                RunAct::Reject(job) => ("reject", Some(job)),
            };
            set("what", string(what));
            if let Some(job) = job {
                set("job", Value::Int(*job as i64));
            }
        }
    }
}

fn encode_git(act: &GitAct, before: &str, set: &mut dyn FnMut(&str, Value)) {
    match act {
        GitAct::Push { branch, message, text } => {
            set("push", string(branch));
            set("message", string(message));
            match text.as_ref().map(|text| (text, edit(before, text))) {
                Some((_, Some((from, to, put)))) => set(
                    "change",
                    Value::List(vec![Value::Int(from as i64), Value::Int(to as i64), string(put)]),
                ),
                Some((text, None)) => set("text", string(text)),
                None => {}
            }
        }
        GitAct::Tag { name, branch } => {
            set("tagged", string(name));
            set("branch", string(branch));
        }
        GitAct::Revert { commit, branch } => {
            set("revert", string(commit));
            set("branch", string(branch));
        }
        GitAct::Open { source, target, title } => {
            set("open", string(source));
            set("branch", string(target));
            set("title", string(title));
        }
        GitAct::Merge { number } => set("merge", Value::Int(i64::from(*number))),
    }
}

fn decode_git(value: &Value, before: &str) -> Option<GitAct> {
    let text = |name: &str| value.get(name).and_then(Value::as_str).map(Str::from);
    if let Some(branch) = text("push") {
        let changed = match value.get("change").and_then(Value::as_list) {
            Some([from, to, put]) => {
                let (from, to) = (usize::try_from(from.as_int()?).ok()?, usize::try_from(to.as_int()?).ok()?);
                Some([before.get(..from)?, put.as_str()?, before.get(to.max(from)..)?].concat().into())
            }
            _ => text("text"),
        };
        return Some(GitAct::Push { branch, message: text("message")?, text: changed });
    }
    if let Some(name) = text("tagged") {
        return Some(GitAct::Tag { name, branch: text("branch")? });
    }
    if let Some(commit) = text("revert") {
        return Some(GitAct::Revert { commit, branch: text("branch")? });
    }
    if let Some(source) = text("open") {
        return Some(GitAct::Open { source, target: text("branch")?, title: text("title")? });
    }
    let number = value.get("merge").and_then(Value::as_int)?;
    Some(GitAct::Merge { number: u32::try_from(number).ok()? })
}

fn set_request(request: &Request, set: &mut dyn FnMut(&str, Value)) {
    match request {
        Request::Create(object, options) => {
            set("post", object.to_value());
            set_dry_run(options.dry_run, set);
        }
        Request::Update(object, options) => {
            set("put", object.to_value());
            set_dry_run(options.dry_run, set);
        }
        Request::Status(object, options) => {
            set("putStatus", object.to_value());
            set_dry_run(options.dry_run, set);
        }
        Request::Scale { key, replicas, resource_version, options } => {
            set("putScale", key_text(key));
            set("to", Value::Int(i64::from(*replicas)));
            if let Some(version) = resource_version {
                set("version", string(&version.to_string()));
            }
            set_dry_run(options.dry_run, set);
        }
        Request::Delete(key, options) => {
            set("httpDelete", key_text(key));
            set_delete(options, set);
        }
        Request::Exit { namespace, name, code } => {
            set("exit", Value::String([&**namespace, "/", &**name].concat()));
            set("code", Value::Int(i64::from(*code)));
        }
        Request::Evict { namespace, name, options } => {
            set("evict", Value::String([&**namespace, "/", &**name].concat()));
            set_delete(options, set);
        }
    }
}

fn set_dry_run(dry_run: bool, set: &mut dyn FnMut(&str, Value)) {
    if dry_run {
        set("dryRun", Value::Bool(true));
    }
}

fn set_delete(options: &DeleteOptions, set: &mut dyn FnMut(&str, Value)) {
    if let Some(grace) = options.grace {
        set("grace", Value::Int(grace));
    }
    match options.propagation {
        Propagation::Background => {}
        Propagation::Foreground => set("propagation", string("Foreground")),
        Propagation::Orphan => set("propagation", string("Orphan")),
    }
    if let Some(uid) = options.uid {
        set("uid", string(&uid.to_string()));
    }
    if let Some(version) = options.resource_version {
        set("version", string(&version.to_string()));
    }
    set_dry_run(options.dry_run, set);
}

/// What changed from one text to another: the bytes that went, and what came for them. None: too much for that to be shorter.
fn edit<'a>(before: &str, after: &'a str) -> Option<(usize, usize, &'a str)> {
    let same = |(a, b): &(char, char)| a == b;
    let head: usize = before.chars().zip(after.chars()).take_while(same).map(|(c, _)| c.len_utf8()).sum();
    let (old, new) = (before.get(head..)?, after.get(head..)?);
    let tail: usize =
        old.chars().rev().zip(new.chars().rev()).take_while(same).map(|(c, _)| c.len_utf8()).sum();
    let put = new.get(..new.len() - tail)?;
    (put.len() < after.len() || after.is_empty()).then_some((head, before.len() - tail, put))
}

fn decode_line(line: &str, before: &str) -> Option<(Time, Act)> {
    let start = Position { line: 1, column: 1, offset: 0 };
    let value = tree::parse(line, start, Limits::default()).root?.to_value();
    let at = Time(u64::try_from(value.get("at")?.as_int()?).ok()?);
    Some((at, decode(&value, before)?))
}

fn decode(value: &Value, before: &str) -> Option<Act> {
    let text = |name: &str| value.get(name).and_then(Value::as_str).map(Str::from);
    let key = |name: &str| value.get(name).and_then(key_of);
    let int = |name: &str| value.get(name).and_then(Value::as_int);
    let replicas = || i32::try_from(int("to")?).ok();
    if let Some(edit) = value.get("edit").and_then(Value::as_list) {
        let [from, to, put] = edit else { return None };
        let (from, to) = (usize::try_from(from.as_int()?).ok()?, usize::try_from(to.as_int()?).ok()?);
        let applied = [before.get(..from)?, put.as_str()?, before.get(to.max(from)..)?].concat();
        return Some(Act::Apply { text: applied.into() });
    }
    if let Some(request) = decode_request(value) {
        return Some(Act::Request { line: text("line").unwrap_or_default(), request: Box::new(request) });
    }
    let line = || text("line").unwrap_or_default();
    if let Some(sending) = value.get("send").and_then(Sending::of) {
        return Some(Act::Send { line: line(), sending: Box::new(sending) });
    }
    if let Some(number) = int("stopSending") {
        let workload = WorkloadId::from(u32::try_from(number).ok()?);
        return Some(Act::StopSending { line: line(), workload });
    }
    if let Some(act) = decode_git(value, before) {
        return Some(Act::Git { line: line(), act });
    }
    let on_node = |name: &str, make: fn(Str) -> Act| text(name).map(make);
    text("apply")
        .map(|text| Act::Apply { text })
        .or_else(|| on_node("file", |file| Act::ApplyFile { file }))
        .or_else(|| on_node("run", |line| Act::Run { line }))
        .or_else(|| on_node("stopNode", |node| Act::StopNode { node }))
        .or_else(|| on_node("startNode", |node| Act::StartNode { node }))
        .or_else(|| on_node("removeNode", |node| Act::RemoveNode { node }))
        .or_else(|| on_node("cordon", |node| Act::Cordon { node, on: true }))
        .or_else(|| on_node("uncordon", |node| Act::Cordon { node, on: false }))
        .or_else(|| Some(Act::Scale { workload: key("scale")?, replicas: replicas()? }))
        .or_else(|| Some(Act::Delete { object: key("delete")?, grace: int("grace") }))
        .or_else(|| {
            let to = int("to").and_then(|to| u32::try_from(to).ok());
            Some(Act::RollBack { deployment: key("rollBack")?, to })
        })
        .or_else(|| Some(Act::Pause { deployment: key("pause")?, on: true }))
        .or_else(|| Some(Act::Pause { deployment: key("resume")?, on: false }))
        .or_else(|| Some(Act::Restart { deployment: key("restart")? }))
        .or_else(|| {
            let tag = text("tag");
            let event = RepositoryEvent {
                name: text("happen")?,
                tag: tag.is_some(),
                reference: tag.or(text("branch"))?,
            };
            Some(Act::Happen { event })
        })
        .or_else(|| {
            let run = u32::try_from(int("pipeline")?).ok()?;
            let job = || usize::try_from(int("job")?).ok();
            let act = match &*text("what")? {
                "cancel" => RunAct::Cancel,
                "play" => RunAct::Play(job()?),
                "rerun" => RunAct::Rerun(job()?),
                "fail" => RunAct::Fail(job()?),
                "approve" => RunAct::Approve(job()?),
                "reject" => RunAct::Reject(job()?),
                _ => return None,
            };
            Some(Act::Pipeline { run, act })
        })
}

fn decode_request(value: &Value) -> Option<Request> {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let key = |name: &str| value.get(name).and_then(key_of);
    let object = |name: &str| {
        let object = value.get(name).filter(|object| object.str_at(&["kind"]).is_some())?;
        Object::from_value(object).ok()
    };
    let number = |name: &str| text(name).and_then(|text| text.parse::<u64>().ok());
    let dry_run = value.get("dryRun").and_then(Value::as_bool).unwrap_or_default();
    let write = WriteOptions { dry_run };
    let delete = DeleteOptions {
        grace: value.get("grace").and_then(Value::as_int),
        propagation: match text("propagation") {
            Some("Foreground") => Propagation::Foreground,
            Some("Orphan") => Propagation::Orphan,
            _ => Propagation::Background,
        },
        uid: text("uid").and_then(Uid::parse),
        resource_version: number("version"),
        dry_run,
    };
    if let Some(object) = object("post") {
        return Some(Request::Create(object, write));
    }
    if let Some(object) = object("put") {
        return Some(Request::Update(object, write));
    }
    if let Some(object) = object("putStatus") {
        return Some(Request::Status(object, write));
    }
    if let Some(key) = key("putScale") {
        let replicas = i32::try_from(value.get("to")?.as_int()?).ok()?;
        return Some(Request::Scale { key, replicas, resource_version: number("version"), options: write });
    }
    if let Some(key) = key("httpDelete") {
        return Some(Request::Delete(key, delete));
    }
    if let Some((namespace, name)) = text("exit").and_then(|pod| pod.split_once('/')) {
        let code = i32::try_from(value.get("code")?.as_int()?).ok()?;
        return Some(Request::Exit { namespace: namespace.into(), name: name.into(), code });
    }
    let (namespace, name) = text("evict")?.split_once('/')?;
    Some(Request::Evict { namespace: namespace.into(), name: name.into(), options: delete })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_a_text_is_what_is_kept() {
        assert_eq!(edit("replicas: 2\n", "replicas: 12\n"), Some((10, 10, "1")));
        assert_eq!(edit("가나다", "가라다"), Some((3, 6, "라")));
        assert_eq!(edit("aa", "aaa"), Some((2, 2, "a")));
        assert_eq!(edit("same", "same"), Some((4, 4, "")));
        assert_eq!(edit("abc", "xyz"), None);
        assert_eq!(edit("abc", ""), Some((0, 3, "")));
    }
}
