//! The lab's database as images find it: which columns there were when, and who changed them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use opscape_cluster::images::Answer;
use opscape_manifest::api::meta::Str;
use opscape_manifest::lab::{Image, ImageSchema};
use opscape_sim::{EntryId, Time};

use super::LabImages;
use super::health::Answers;

/// A column that was added or dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnChange {
    /// When.
    pub at: Time,
    /// The column, as `customers.name`.
    pub column: Str,
    /// Whether it is there since.
    pub there: bool,
    /// The pod that did it.
    pub pod: Str,
    /// The journal's entry about it.
    pub entry: EntryId,
}

/// The columns of the database: at t=0, and as they changed since, in order of time.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Columns {
    begin: Arc<[Str]>,
    changes: Arc<Vec<ColumnChange>>,
}

impl Columns {
    pub fn new(begin: &[Str]) -> Columns {
        Columns { begin: begin.into(), changes: Arc::default() }
    }

    fn changes_of<'a>(&'a self, column: &'a str) -> impl DoubleEndedIterator<Item = &'a ColumnChange> {
        self.changes.iter().filter(move |change| &*change.column == column)
    }

    /// Whether a column is there at an instant.
    fn is_there(&self, column: &str, at: Time) -> bool {
        let last = self.changes_of(column).rev().find(|change| change.at <= at);
        last.map_or_else(|| self.begin.iter().any(|there| &**there == column), |change| change.there)
    }

    pub fn push(&mut self, change: ColumnChange) {
        Arc::make_mut(&mut self.changes).push(change);
    }
}

/// A column that an image needs and that is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing<'a> {
    /// The column.
    pub column: &'a Str,
    /// How it went; none: it was never there.
    pub dropped: Option<&'a ColumnChange>,
}

impl LabImages {
    /// Whether an image needs or changes anything of the database.
    pub(crate) fn has_database(&self) -> bool {
        self.said.iter().any(|said| said.schema.is_some())
    }

    /// What the Lab document says of an image and the database.
    pub(crate) fn schema(&self, image: &str) -> Option<&ImageSchema> {
        self.said(image)?.schema.as_ref()
    }

    /// What an image needs of the database and does not find at an instant.
    pub(crate) fn missing(&self, image: &str, at: Time) -> Option<Missing<'_>> {
        let column = self.schema(image)?.needs.iter().find(|column| !self.columns.is_there(column, at))?;
        let mut changes = self.columns.changes_of(column).rev();
        Some(Missing { column, dropped: changes.find(|change| change.at <= at && !change.there) })
    }

    /// What a migration by an image changes at an instant: columns that it adds and were not there, and those that it drops.
    pub(crate) fn migration(&self, image: &str, at: Time) -> Vec<(Str, bool)> {
        let Some(schema) = self.schema(image) else { return Vec::new() };
        let adds = schema.adds.iter().map(|column| (column, true));
        let all = adds.chain(schema.drops.iter().map(|column| (column, false)));
        all.filter(|(column, there)| self.columns.is_there(column, at) != *there)
            .map(|(column, there)| (column.clone(), there))
            .collect()
    }

    /// The same images, after a change of the database.
    pub(crate) fn after(&self, change: ColumnChange) -> LabImages {
        let mut changed = self.clone();
        changed.columns.push(change);
        changed
    }

    /// The spans, since the start of a process, in which it is not ready because of the database. `since`: when it started;
    /// none: it has not, and finds the database as it is now.
    pub(super) fn unready(&self, said: &Image, since: Option<Time>) -> Vec<(Duration, Option<Duration>)> {
        let Some(schema) =
            said.schema.as_ref().filter(|schema| schema.when_missing() == ImageSchema::UNREADY)
        else {
            return Vec::new();
        };
        let since = since.unwrap_or(Time::FAR);
        let lacks = |at: Time| schema.needs.iter().any(|column| !self.columns.is_there(column, at));
        let mut spans: Vec<(Duration, Option<Duration>)> = Vec::new();
        let later = self.columns.changes.iter().map(|change| change.at).filter(|at| *at > since);
        for at in std::iter::once(since).chain(later) {
            let after = at.since(since);
            match (lacks(at), spans.last_mut()) {
                (true, Some((_, None))) => {}
                (true, _) => spans.push((after, None)),
                (false, Some((_, until @ None))) => *until = Some(after),
                (false, _) => {}
            }
        }
        spans
    }

    /// Whether a process that starts at an instant ends at once because of the database.
    pub(super) fn exits(&self, said: &Image, since: Option<Time>) -> bool {
        let since = since.unwrap_or(Time::FAR);
        said.schema.as_ref().is_some_and(|schema| {
            schema.when_missing() == ImageSchema::EXITS
                && schema.needs.iter().any(|column| !self.columns.is_there(column, since))
        })
    }
}

/// Answers in which whoever is well says that he is not, in some spans of time.
pub(super) fn interrupt(answers: Answers, spans: &[(Duration, Option<Duration>)]) -> Answers {
    if spans.is_empty() {
        return answers;
    }
    let within =
        |at: Duration| spans.iter().any(|(from, until)| *from <= at && until.is_none_or(|until| at < until));
    let mut usual: BTreeMap<Duration, Answer> = BTreeMap::from([(Duration::ZERO, Answer::Well)]);
    usual.extend(answers);
    let edges = spans.iter().flat_map(|(from, until)| [Some(*from), *until]).flatten();
    let points: std::collections::BTreeSet<Duration> = usual.keys().copied().chain(edges).collect();
    let answer = |at: Duration| {
        let usual = usual.range(..=at).next_back().map_or(Answer::Well, |(_, answer)| answer.clone());
        match usual {
            Answer::Well if within(at) => Answer::Bad { status: 503, output: "".into() },
            usual => usual,
        }
    };
    points.into_iter().map(|at| (at, answer(at))).collect()
}

/// What the database answers to who asks for a column that is not there (PostgreSQL, SQLSTATE 42703).
pub(crate) fn no_column(column: &str) -> String {
    ["ERROR: column ", column, " does not exist (SQLSTATE 42703)"].concat()
}
