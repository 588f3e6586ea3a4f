//! *Why?* in words: from the journal's causes to rows, newest first, back to what a person did.

mod act;
mod autoscaling;
mod cluster;
mod fix;
mod kubelet;
mod node_groups;
mod nodes;
mod rollouts;
mod scheduling;
mod schema;
mod state;

use opscape_cluster::Record;
use opscape_manifest::api::meta::Uid;
use opscape_manifest::api::{Object, ObjectKey};
use opscape_sim::{EntryId, Run, Time};

pub use act::{flag, flag_of_act};
pub use scheduling::table;

use crate::inspect::{Mark, Why, WhyRow};
use crate::words::{self, Lang, Rich};
use crate::world::{LabModel, LabRecord};

/// Entries of the journal looked through at most for what was said of an object.
const LOOK_BACK: usize = 200_000;
/// Rows given at most.
const MOST_ROWS: usize = 9;

/// A world, and the language in which to speak of it.
#[derive(Clone, Copy)]
pub(crate) struct Teller<'a> {
    pub run: &'a Run<LabModel>,
    pub lang: Lang,
}

impl<'a> Teller<'a> {
    pub fn model(&self) -> &'a LabModel {
        self.run.model()
    }

    pub fn rich(&self, key: &str, values: &[(&str, &str)]) -> Rich {
        words::rich(self.lang, key, values)
    }

    pub fn at(&self, time: Time) -> String {
        words::seconds(self.lang, time)
    }

    pub fn span(&self, span: std::time::Duration) -> String {
        words::span(self.lang, span)
    }

    /// `2nd`, `2번째`.
    pub fn ordinal(&self, number: u32) -> String {
        match self.lang {
            Lang::Ko => format!("{number}번째"),
            Lang::En => {
                let ending = match (number % 10, number % 100) {
                    (1, teen) if teen != 11 => "st",
                    (2, teen) if teen != 12 => "nd",
                    (3, teen) if teen != 13 => "rd",
                    _ => "th",
                };
                format!("{number}{ending}")
            }
        }
    }
}

/// An object as kubectl names it: `deployment/web`.
pub(crate) fn named(kind: &str, name: &str) -> String {
    [&kind.to_ascii_lowercase(), "/", name].concat()
}

/// The chain of causes of an object's present state.
pub fn why(run: &Run<LabModel>, key: &ObjectKey, object: Option<&Object>, lang: Lang) -> Why {
    let teller = Teller { run, lang };
    let mut why = Why::default();
    let mut dropped = None;
    let uid = object.map(|object| object.meta().uid);
    if let Some(object) = object {
        why.rows.extend(state::row(teller, object));
        why.rows.extend(state::failing_pods(teller, object));
        why.to_change = fix::to_change(teller, object);
        if let Some((row, entry)) = schema::row(teller, object) {
            why.rows.push(row);
            dropped = entry;
        }
    }
    // What led to the last write of its status says little of a Deployment: what it did with its ReplicaSets says more.
    let written = uid.filter(|_| !matches!(&*key.kind, "Deployment" | "Rollout"));
    let written = written.and_then(|uid| run.model().cluster().store().cause_of(uid));
    // What took the database from its pods says most.
    let last = dropped.or_else(|| written.into_iter().chain(last_word(run, key, uid)).max());
    let told = why.rows.len();
    if let Some(last) = last {
        chain(teller, last, uid, &mut why.rows);
    }
    // Conditions know whole seconds only; what led to them is known exactly.
    if let Some(led) = why.rows.get(told).map(|row| row.at)
        && let Some(state) = why.rows.first_mut()
        && state.at < led
        && led.since(state.at) < std::time::Duration::from_secs(1)
    {
        state.at = led;
    }
    // Of a long chain the steps nearest to now are told, and how it began.
    if why.rows.len() > MOST_ROWS
        && let Some(begin) = why.rows.pop()
    {
        // What a pipeline did is a part of how it began.
        let by_pipeline = |row: &WhyRow| {
            let entry = row.entry.and_then(|id| run.journal().get(id));
            entry.is_some_and(|entry| matches!(entry.what, LabRecord::Command(_)))
        };
        let command = why.rows.iter().skip(MOST_ROWS - 2).find(|row| by_pipeline(row)).cloned();
        why.rows.truncate(MOST_ROWS - 1 - usize::from(command.is_some()));
        why.rows.extend(command);
        why.rows.push(begin);
    }
    why
}

/// One sentence about an entry of the journal.
pub fn headline(run: &Run<LabModel>, id: EntryId, lang: Lang) -> Option<Rich> {
    let teller = Teller { run, lang };
    let entry = run.journal().get(id)?;
    match &entry.what {
        LabRecord::Act(record) => Some(Rich::parse(&act::flag_of_act(&record.act, lang))),
        LabRecord::Migrated(migration) => Some(schema::migrated(teller, migration, "next.migrated")),
        LabRecord::Cluster(record) => cluster::headline(teller, record),
        LabRecord::Pipeline(record) => crate::pipelines::headline(record, lang),
        LabRecord::Command(record) => Some(crate::pipelines::told_command(record, lang)),
    }
}

/// The last entry that says something of an object, beyond what led to its last write: of a Deployment or a Rollout, what
/// it did with its ReplicaSets.
fn last_word(run: &Run<LabModel>, key: &ObjectKey, uid: Option<Uid>) -> Option<EntryId> {
    let entries = run.journal().iter().rev().take(LOOK_BACK);
    for (id, entry) in entries {
        let LabRecord::Cluster(record) = &entry.what else { continue };
        let about = match record {
            Record::CreatedReplicaSet(fact) => Some(&fact.deployment),
            Record::ScaledReplicaSet(fact) => Some(&fact.deployment),
            Record::EventRecorded(_) => None,
            Record::ConditionChanged(fact) if matches!(&*fact.subject.kind, "Deployment" | "Rollout") => None,
            Record::Scheduler(fact) => Some(fact.subject()),
            Record::Kubelet(fact) => Some(&fact.pod),
            Record::NodeLifecycle(fact) => Some(&fact.subject),
            other => other.subject(),
        };
        let fits = |subject: &opscape_cluster::Subject| match uid {
            Some(uid) => subject.uid == uid,
            None => {
                subject.kind == key.kind && subject.name == key.name && subject.namespace == key.namespace
            }
        };
        if about.is_some_and(fits) || record.subject().is_some_and(|subject| about.is_some() && fits(subject))
        {
            return Some(id);
        }
    }
    None
}

/// The rows of an entry and of what led to it.
fn chain(teller: Teller<'_>, last: EntryId, about: Option<Uid>, rows: &mut Vec<WhyRow>) {
    let mut subject: Option<ObjectKey> = None;
    let mut made_this = false;
    let mut seen = kubelet::Seen::after(rows);
    for (id, entry) in teller.run.journal().causes(last) {
        match &entry.what {
            LabRecord::Act(record) => {
                rows.push(act::row(teller, id, entry.at, record, subject.as_ref()));
                return;
            }
            LabRecord::Migrated(migration) => {
                let text = schema::migrated(teller, migration, "why.migrated");
                let row = told(Mark::Step, text, Rich::default());
                rows.push(WhyRow { at: entry.at, entry: Some(id), ..row });
            }
            LabRecord::Pipeline(record) => {
                let text = crate::pipelines::headline(record, teller.lang);
                let row = text.map(|text| told(Mark::Step, text, Rich::default()));
                rows.extend(row.map(|row| WhyRow { at: entry.at, entry: Some(id), ..row }));
            }
            LabRecord::Command(record) => {
                let text = crate::pipelines::told_command(record, teller.lang);
                let rule = Rich::parse(&["`", &record.line, "`"].concat());
                rows.push(WhyRow { at: entry.at, entry: Some(id), ..told(Mark::Step, text, rule) });
            }
            LabRecord::Cluster(Record::Requested(request)) => {
                subject = Some(ObjectKey {
                    kind: request.subject.kind.clone(),
                    namespace: request.subject.namespace.clone(),
                    name: request.subject.name.clone(),
                });
            }
            LabRecord::Cluster(record) => {
                // That a ReplicaSet made the pod is said together with why it grew.
                let grew =
                    entry.cause.and_then(|cause| teller.run.journal().get(cause)).is_some_and(|cause| {
                        matches!(
                            cause.what,
                            LabRecord::Cluster(Record::CreatedReplicaSet(_) | Record::ScaledReplicaSet(_))
                        )
                    });
                if let Record::PodCreated(fact) = record
                    && grew
                {
                    made_this = about == Some(fact.pod.uid);
                    continue;
                }
                if let Record::Kubelet(fact) = record
                    && about != Some(fact.pod.uid)
                    && !is_node(fact)
                {
                    let told = kubelet::elsewhere(teller, fact);
                    rows.extend(told.map(|row| WhyRow { at: entry.at, entry: Some(id), ..row }));
                    continue;
                }
                if let Record::Scheduler(fact) = record
                    && about != Some(fact.subject().uid)
                {
                    continue;
                }
                if let Record::Kubelet(fact) = record {
                    let told = kubelet::rows(teller, fact, &mut seen);
                    rows.extend(told.into_iter().map(|row| WhyRow { at: entry.at, entry: Some(id), ..row }));
                    continue;
                }
                if let Some(row) = cluster::row(teller, record, std::mem::take(&mut made_this)) {
                    rows.push(WhyRow { at: entry.at, entry: Some(id), ..row });
                }
            }
        }
    }
}

/// Whether a kubelet speaks of its node.
fn is_node(fact: &opscape_cluster::kubelet::Fact) -> bool {
    use opscape_cluster::kubelet::What;
    matches!(fact.what, What::NodeStopped | What::NodeStarted)
}

/// A row with a sentence and a rule.
fn told(mark: Mark, text: Rich, rule: Rich) -> WhyRow {
    WhyRow { mark, text, rule, ..WhyRow::default() }
}
