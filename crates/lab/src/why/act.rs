//! What a person or the lab's script did, in words.

use opscape_manifest::api::ObjectKey;
use opscape_manifest::check;
use opscape_sim::{EntryId, Time};

use super::{Teller, named};
use crate::Act;
use crate::inspect::{LineRef, Mark, WhyRow};
use crate::pipelines::{GitAct, RunAct};
use crate::words::{self, Lang, Rich};
use crate::world::{ActMark, ActRecord, Applied, ApplyResult, FieldChange, short};

/// The last row of a chain. `subject`: the object the chain came through.
pub(super) fn row(
    teller: Teller<'_>,
    id: EntryId,
    at: Time,
    record: &ActRecord,
    subject: Option<&ObjectKey>,
) -> WhyRow {
    let lang = teller.lang;
    let who = words::text(lang, if record.step.is_some() { "why.who.script" } else { "why.who.you" });
    let mark = teller.model().acts().iter().find(|mark| mark.entry == id);
    let result = mark.and_then(|mark| {
        mark.outcome.applied.iter().find(|result| subject.is_some_and(|subject| result.key == *subject))
    });
    let (text, line) = match (&record.act, result) {
        (Act::Apply { text } | Act::ApplyFile { file: text }, Some(result)) => {
            (applied(lang, who, result), line_of(text, result))
        }
        (Act::Apply { .. } | Act::ApplyFile { .. }, None) => {
            (words::rich(lang, "why.act.apply", &[("who", who)]), None)
        }
        (act, _) => (done(lang, who, act), None),
    };
    WhyRow { mark: Mark::Act, text, rule: Rich::default(), at, entry: Some(id), line }
}

fn applied(lang: Lang, who: &str, result: &ApplyResult) -> Rich {
    let object = named(&result.key.kind, &result.key.name);
    match (&result.done, result.changes.first()) {
        (Applied::Pruned, _) => words::rich(lang, "why.act.prune", &[("who", who), ("object", &object)]),
        (Applied::Created, _) => words::rich(lang, "why.act.create", &[("who", who), ("object", &object)]),
        (_, Some(first)) => {
            let first = most_telling(&result.changes).unwrap_or(first);
            let change = change(lang, first, "change");
            let more = result.changes.len() - 1;
            let key = if more == 0 { "why.act.change" } else { "why.act.change-more" };
            words::rich(lang, key, &[("who", who), ("change", &change), ("n", &more.to_string())])
        }
        (_, None) => words::rich(lang, "why.act.apply", &[("who", who)]),
    }
}

/// Of several changed fields the one that says most: an image, then the number of replicas, then the first.
fn most_telling(changes: &[FieldChange]) -> Option<&FieldChange> {
    let named = |field: &str| changes.iter().find(|change| change.field() == field);
    named("image").or_else(|| named("replicas")).or(changes.first())
}

/// A changed field in words: `the image 1.4 → 2.0`; for a flag `image 1.4 → 2.0`.
fn change(lang: Lang, change: &FieldChange, family: &str) -> String {
    let (mut before, mut after) = (short(change.before.as_ref()), short(change.after.as_ref()));
    let field = change.field();
    if field == "image"
        && let (Some((repository, old)), Some((same, new))) =
            (before.rsplit_once(':'), after.rsplit_once(':'))
        && repository == same
    {
        (before, after) = (old.to_owned(), new.to_owned());
    }
    let kind = match field {
        "image" => "image",
        "replicas" => "replicas",
        _ => "field",
    };
    let key = [family, ".", kind].concat();
    words::fill(lang, &key, &[("field", field), ("before", &before), ("after", &after)])
}

/// Where the text says it: the line of the most telling change, or of the object.
fn line_of(text: &str, result: &ApplyResult) -> Option<LineRef> {
    let checked = check::check(text);
    let document = checked.documents.get(result.document?)?;
    let path = most_telling(&result.changes).map_or("kind", |change| change.path.as_str());
    let start = document.locate(path).best().start;
    Some(LineRef { file: document.file.clone().unwrap_or_default(), line: start.line, column: start.column })
}

fn done(lang: Lang, who: &str, act: &Act) -> Rich {
    let say = |key: &str, values: &[(&str, &str)]| {
        let mut all = vec![("who", who)];
        all.extend_from_slice(values);
        words::rich(lang, key, &all)
    };
    let key = |key: &ObjectKey| named(&key.kind, &key.name);
    match act {
        Act::Apply { .. } | Act::ApplyFile { .. } => say("why.act.apply", &[]),
        Act::Run { line } => say("why.act.command", &[("line", line)]),
        Act::Request { line, .. } | Act::Send { line, .. } if !line.is_empty() => {
            say("why.act.command", &[("line", line)])
        }
        Act::Request { .. } => say("why.act.request", &[]),
        Act::Send { .. } => say("why.act.send", &[]),
        Act::StopSending { .. } => say("why.act.stop-sending", &[]),
        Act::Scale { workload, replicas } => {
            say("why.act.scale", &[("object", &key(workload)), ("n", &replicas.to_string())])
        }
        Act::Delete { object, .. } => say("why.act.delete", &[("object", &key(object))]),
        Act::StopNode { node } => say("why.act.stop-node", &[("node", node)]),
        Act::StartNode { node } => say("why.act.start-node", &[("node", node)]),
        Act::RemoveNode { node } => say("why.act.remove-node", &[("node", node)]),
        Act::Cordon { node, on: true } => say("why.act.cordon", &[("node", node)]),
        Act::Cordon { node, on: false } => say("why.act.uncordon", &[("node", node)]),
        Act::RollBack { deployment, to: None } => say("why.act.roll-back", &[("object", &key(deployment))]),
        Act::RollBack { deployment, to: Some(to) } => {
            say("why.act.roll-back-to", &[("object", &key(deployment)), ("n", &to.to_string())])
        }
        Act::Pause { deployment, on: true } => say("why.act.pause", &[("object", &key(deployment))]),
        Act::Pause { deployment, on: false } => say("why.act.resume", &[("object", &key(deployment))]),
        Act::Restart { deployment } => say("why.act.restart", &[("object", &key(deployment))]),
        Act::Happen { event } => {
            say("why.act.happen", &[("event", &event.name), ("reference", &event.reference)])
        }
        Act::Git { line, .. } if !line.is_empty() => say("why.act.command", &[("line", line)]),
        Act::Git { act, .. } => {
            let (key, values) = git_act(act);
            let number = values.1.to_string();
            say(&["why.act.", key].concat(), &[("name", values.0), ("n", &number)])
        }
        Act::Pipeline { run, act } => say(run_act(*act, true), &[("n", &run.to_string())]),
    }
}

/// The flag of an act on the timeline: a few words.
pub fn flag(mark: &ActMark, lang: Lang) -> String {
    if !matches!(mark.record.act, Act::Apply { .. } | Act::ApplyFile { .. }) {
        return flag_of_act(&mark.record.act, lang);
    }
    let done: Vec<&ApplyResult> = mark
        .outcome
        .applied
        .iter()
        .filter(|result| !matches!(result.done, Applied::Unchanged | Applied::Refused(_)))
        .collect();
    match done.as_slice() {
        // A pipeline, which waits for something to happen.
        [] if mark.outcome.applied.is_empty() => words::fill(lang, "flag.apply", &[]),
        [] => words::fill(lang, "flag.apply-nothing", &[]),
        [one] => match (&one.done, most_telling(&one.changes)) {
            (Applied::Configured, Some(first)) => words::fill(
                lang,
                "flag.apply-change",
                &[("name", &one.key.name), ("change", &change(lang, first, "flag"))],
            ),
            (Applied::Pruned, _) => {
                words::fill(lang, "flag.prune", &[("object", &named(&one.key.kind, &one.key.name))])
            }
            _ => words::fill(lang, "flag.apply-one", &[("object", &named(&one.key.kind, &one.key.name))]),
        },
        many => words::fill(lang, "flag.apply-many", &[("n", &many.len().to_string())]),
    }
}

/// The flag of an act whose outcome is not known.
pub fn flag_of_act(act: &Act, lang: Lang) -> String {
    let say = |key: &str, values: &[(&str, &str)]| words::fill(lang, key, values);
    let key = |key: &ObjectKey| named(&key.kind, &key.name);
    match act {
        Act::Apply { .. } => say("flag.apply", &[]),
        Act::ApplyFile { file } => say("flag.apply-one", &[("object", file)]),
        Act::Run { line } => line.to_string(),
        Act::Request { line, .. } | Act::Send { line, .. } if !line.is_empty() => line.to_string(),
        Act::Request { .. } => say("flag.request", &[]),
        Act::Send { .. } => say("flag.send", &[]),
        Act::StopSending { .. } => say("flag.stop-sending", &[]),
        Act::Scale { workload, replicas } => {
            say("flag.scale", &[("name", &workload.name), ("n", &replicas.to_string())])
        }
        Act::Delete { object, .. } => say("flag.delete", &[("object", &key(object))]),
        Act::StopNode { node } => say("flag.stop-node", &[("node", node)]),
        Act::StartNode { node } => say("flag.start-node", &[("node", node)]),
        Act::RemoveNode { node } => say("flag.remove-node", &[("node", node)]),
        Act::Cordon { node, on: true } => say("flag.cordon", &[("node", node)]),
        Act::Cordon { node, on: false } => say("flag.uncordon", &[("node", node)]),
        Act::RollBack { deployment, .. } => say("flag.roll-back", &[("name", &deployment.name)]),
        Act::Pause { deployment, on: true } => say("flag.pause", &[("name", &deployment.name)]),
        Act::Pause { deployment, on: false } => say("flag.resume", &[("name", &deployment.name)]),
        Act::Restart { deployment } => say("flag.restart", &[("name", &deployment.name)]),
        Act::Happen { event } => {
            say("pipeline.flag.happen", &[("event", &event.name), ("reference", &event.reference)])
        }
        Act::Git { act, .. } => {
            let (key, values) = git_act(act);
            let number = values.1.to_string();
            say(&["pipeline.flag.", key].concat(), &[("name", values.0), ("n", &number)])
        }
        Act::Pipeline { run, act } => say(run_act(*act, false), &[("n", &run.to_string())]),
    }
}

/// The key of what is done to a run: a sentence, or a flag.
fn run_act(act: RunAct, sentence: bool) -> &'static str {
    match (act, sentence) {
        (RunAct::Cancel, true) => "why.act.run-cancel",
        (RunAct::Play(_), true) => "why.act.run-play",
        (RunAct::Rerun(_), true) => "why.act.run-rerun",
        (RunAct::Fail(_), true) => "why.act.run-fail",
        (RunAct::Approve(_), true) => "why.act.run-approve",
        (RunAct::Reject(_), true) => "why.act.run-reject",
        (RunAct::Cancel, false) => "pipeline.flag.run-cancel",
        (RunAct::Play(_), false) => "pipeline.flag.run-play",
        (RunAct::Rerun(_), false) => "pipeline.flag.run-rerun",
        (RunAct::Fail(_), false) => "pipeline.flag.run-fail",
        (RunAct::Approve(_), false) => "pipeline.flag.run-approve",
        (RunAct::Reject(_), false) => "pipeline.flag.run-reject",
    }
}

/// The end of an act's key in the texts, with the name and the number that it is about.
fn git_act(act: &GitAct) -> (&'static str, (&str, u32)) {
    match act {
        GitAct::Push { branch, .. } => ("push", (branch, 0)),
        GitAct::Tag { name, .. } => ("tag", (name, 0)),
        GitAct::Revert { commit, .. } => ("revert", (commit.get(..7).unwrap_or(commit), 0)),
        GitAct::Open { source, .. } => ("open-pull", (source, 0)),
        GitAct::Merge { number } => ("merge", ("", *number)),
    }
}
