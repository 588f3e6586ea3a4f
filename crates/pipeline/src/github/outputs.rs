//! What steps give to those behind them, and jobs to those that need them.
//!
//! Source: GitHub's documentation, "Passing information between jobs", "Workflow commands" (`GITHUB_OUTPUT`), "Reuse
//! workflows" (outputs of a called workflow). Jobs of a matrix share their outputs: the last one to give a value counts.

use super::contexts::Contexts;
use super::expression::{Data, Object};
use super::plan::Planned;
use super::token::Token;
use super::workflow::Work;
use crate::run::{GroupId, JobId, Outcome, SoFar};
use crate::script::UNKNOWN;

/// Values by name.
#[derive(Clone, Debug, Default)]
pub(super) struct Outputs {
    pub values: Object,
    /// Names of values that are there and that nobody knows.
    pub unknown: Vec<String>,
    /// Whether there may be others.
    pub open: bool,
}

impl Outputs {
    /// Nobody knows anything of them.
    pub(super) fn unknown() -> Outputs {
        Outputs { open: true, ..Outputs::default() }
    }

    pub(super) fn known<const N: usize>(values: [(&str, &str); N]) -> Outputs {
        let values = values.map(|(name, value)| (name, Data::from(value)));
        Outputs { values: values.into_iter().collect(), ..Outputs::default() }
    }

    /// A value, known or not. An empty one leaves what is there.
    pub(super) fn put(&mut self, name: &str, value: &str) {
        if value.contains(UNKNOWN) {
            self.unknown.push(name.to_owned());
        } else if !value.is_empty() || self.values.get(name).is_none() {
            self.unknown.retain(|other| !other.eq_ignore_ascii_case(name));
            self.values.set(name, value.into());
        }
    }

    /// Whoever asks for a value at a path that nobody knows shall hear so.
    pub(super) fn forget(&self, contexts: &mut Contexts, path: &[&str]) {
        if self.open {
            contexts.forget(path);
        }
        for name in &self.unknown {
            contexts.forget(&[path, &[name]].concat());
        }
    }

    pub(super) fn told(self) -> Vec<(String, Option<String>)> {
        let known = self.values.entries().filter(|(name, _)| !self.unknown.iter().any(|other| other == name));
        let known = known.map(|(name, value)| (name.to_owned(), Some(value.to_text().into_owned())));
        known.chain(self.unknown.iter().map(|name| (name.clone(), None))).collect()
    }
}

/// What a file of commands (`GITHUB_OUTPUT`, `GITHUB_ENV`) says: `name=value`, and `name<<END`, lines, `END`.
pub(super) fn commands(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let (equals, document) = (line.find('='), line.find("<<"));
        match (equals, document) {
            (equals, Some(at)) if equals.is_none_or(|equals| at < equals) => {
                let (name, end) = (line.get(..at).unwrap_or(""), line.get(at + 2..).unwrap_or(""));
                let value: Vec<&str> = lines.by_ref().take_while(|line| *line != end).collect();
                found.push((name.trim().to_owned(), value.join("\n")));
            }
            (Some(at), _) => {
                let (name, value) = (line.get(..at).unwrap_or(""), line.get(at + 1..).unwrap_or(""));
                found.push((name.trim().to_owned(), value.to_owned()));
            }
            (None, _) => {}
        }
    }
    found
}

/// What a job gives that has ended; none: it never ran.
pub(super) fn of_job(planned: &Planned, job: JobId, so_far: SoFar<'_>) -> Option<Outputs> {
    let performed = planned.performed.get(&job)?;
    let run = so_far.jobs.get(job).filter(|run| run.ended().is_some() && run.start.is_some())?;
    let length = run.course.as_ref()?.length;
    let group = so_far.plan.jobs.get(job)?.group;
    let contexts = performed.contexts_at(length);
    let mut outputs = Outputs::default();
    for (name, value) in planned.placed.get(group)?.job.get("outputs").map_or(&[][..], Token::entries) {
        let value = contexts.value(value).map_or(UNKNOWN.into(), |value| value.to_text().into_owned());
        outputs.put(&name.shown(), &value);
    }
    Some(outputs)
}

/// What a group gives whose jobs have ended.
pub(super) fn of_group(planned: &Planned, group: GroupId, so_far: SoFar<'_>) -> Outputs {
    let Some(placed) = planned.placed.get(group) else { return Outputs::default() };
    if so_far.result(group) == Some(Outcome::Skipped) {
        return Outputs::default();
    }
    let call = match &placed.job.work {
        Work::Call(call) => call,
        Work::Steps(_) => {
            let jobs = so_far.plan.groups.get(group).map_or(&[][..], |group| &group.jobs);
            let mut jobs: Vec<JobId> = jobs.to_vec();
            jobs.sort_by_key(|job| so_far.jobs.get(*job).map(|run| run.end));
            let mut all = Outputs::default();
            for outputs in jobs.into_iter().filter_map(|job| of_job(planned, job, so_far)) {
                for (name, value) in outputs.values.entries() {
                    all.put(name, &value.to_text());
                }
                all.unknown.extend(outputs.unknown);
            }
            return all;
        }
    };
    if call.jobs.is_none() {
        return Outputs::unknown();
    }
    let mut contexts = placed.scope.contexts.clone();
    let mut jobs = Object::default();
    let inner = so_far.plan.groups.iter().enumerate().filter(|(_, inner)| inner.within == Some(group));
    for (id, inner) in inner {
        let outputs = of_group(planned, id, so_far);
        outputs.forget(&mut contexts, &["jobs", &inner.base, "outputs"]);
        let result = so_far.result(id).map_or("", Outcome::name);
        let entry = [("result", result.into()), ("outputs", outputs.values.into())];
        jobs.set(&inner.base, Object::from_iter(entry).into());
    }
    contexts.set("jobs", jobs.into());
    let mut outputs = Outputs::default();
    for (name, definition) in call.outputs.as_ref().map_or(&[][..], Token::entries) {
        let value = definition.get("value").map_or(Ok(Data::Null), |value| contexts.value(value));
        outputs.put(&name.shown(), &value.map_or(UNKNOWN.into(), |value| value.to_text().into_owned()));
    }
    outputs
}

#[cfg(test)]
mod tests {
    use super::commands;

    #[test]
    fn values_stand_on_a_line_or_between_marks() {
        let text = "a=1\nb<<EOF\nx=2\ny\nEOF\nc = d=e\nnothing\nd=<<\n";
        let found = commands(text);
        let wanted = [("a", "1"), ("b", "x=2\ny"), ("c", " d=e"), ("d", "<<")];
        assert_eq!(found, wanted.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}
