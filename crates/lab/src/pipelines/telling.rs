//! A pipeline in words: what a job waits for, and why it began, failed or did not run.

use std::time::Duration;

use opscape_pipeline::github::trigger;
use opscape_pipeline::run::{Cause, JobId, Outcome, Verdict, What, outside};
use opscape_sim::Time;

use super::scene::{GroupCard, JobCard, JobState, PipelineScene};
use super::{CommandRecord, Passed, PipelineRecord, Pipelines, Runs};
use crate::words::{self, Lang, Rich};

/// A job in words.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JobStory {
    /// Sentences, each with the rule that it comes from; what matters most comes first.
    pub rows: Vec<(Rich, Rich)>,
    /// The jobs that it waits for now, or waited for last.
    pub waits_for: Vec<JobId>,
}

/// What happened to a job, in one sentence; none: it is not worth one.
pub(crate) fn headline(record: &PipelineRecord, lang: Lang) -> Option<Rich> {
    let key = match record.what {
        What::Queued | What::Asks => return None,
        What::Asked => "pipeline.told.asked",
        What::Delayed(_) => "pipeline.told.delayed",
        What::Started => "pipeline.told.started",
        What::Ended(Outcome::Success) => "pipeline.told.succeeded",
        What::Ended(Outcome::Failure) => "pipeline.told.failed",
        What::Ended(Outcome::Cancelled) => "pipeline.told.cancelled",
        What::Ended(Outcome::Skipped) => "pipeline.told.skipped",
    };
    Some(words::rich(lang, key, &[("job", &record.name)]))
}

/// That a step ran a command, in one sentence.
pub(crate) fn told_command(record: &CommandRecord, lang: Lang) -> Rich {
    words::rich(lang, "pipeline.told.command", &[("job", &record.name), ("step", &record.step)])
}

struct Teller<'a> {
    scene: &'a PipelineScene,
    lang: Lang,
}

/// A job of a pipeline in words.
pub fn story(scene: &PipelineScene, job: JobId, lang: Lang) -> JobStory {
    let mut story = JobStory::default();
    let teller = Teller { scene, lang };
    let Some(card) = scene.jobs.get(job) else { return story };
    let Some(group) = scene.groups.get(card.group) else { return story };
    let needed = teller.needed(card.group);
    let open: Vec<JobId> = needed.iter().copied().filter(|need| !teller.is_over(*need)).collect();
    match card.state {
        JobState::Planned => {
            story.waits_for = needed;
            let key = if story.waits_for.is_empty() { "pipeline.why.first" } else { "pipeline.why.behind" };
            story
                .rows
                .push((teller.say(key, &[("jobs", &teller.names(&story.waits_for))]), teller.rule(group)));
        }
        JobState::Waiting if scene.run.as_ref().is_some_and(|run| run.held.is_some()) => {
            let name = scene.run.as_ref().and_then(|run| run.held.as_deref()).unwrap_or_default();
            let rule = code(&["concurrency: ", name].concat());
            story.rows.push((teller.say("pipeline.why.held", &[]), rule));
        }
        JobState::Waiting => {
            story.rows.push((
                teller.say("pipeline.why.waits", &[("jobs", &teller.names(&open))]),
                teller.rule(group),
            ));
            story.waits_for = open;
        }
        JobState::Manual if !card.environment.is_empty() => {
            let who: Vec<String> = card.reviewers.iter().map(|name| ["`", name, "`"].concat()).collect();
            let values = [("environment", &*card.environment), ("who", &*who.join(", "))];
            story.rows.push((teller.say("pipeline.why.reviewed", &values), Rich::default()));
        }
        JobState::Manual => {
            story.rows.push((teller.say("pipeline.why.manual", &[]), code(&group.condition)));
        }
        JobState::Delayed => {
            let until = card.until.map(|until| words::seconds(lang, until)).unwrap_or_default();
            story.rows.push((teller.say("pipeline.why.delayed", &[("t", &until)]), code(&group.condition)));
        }
        JobState::Queued => {
            story.rows.push((teller.held(card), Rich::default()));
            story.waits_for.extend(card.cause.job());
        }
        JobState::Skipped => {
            let bad: Vec<JobId> = needed.iter().copied().filter(|need| teller.is_bad(*need)).collect();
            let key = if bad.is_empty() { "pipeline.why.skipped-by-rule" } else { "pipeline.why.skipped" };
            let text = teller.say(key, &[("jobs", &teller.names(&bad))]);
            story.rows.push((text, teller.condition(group)));
            story.waits_for = bad;
        }
        JobState::Cancelled => story.rows.push((teller.say("pipeline.why.cancelled", &[]), Rich::default())),
        JobState::Failed if matches!(card.verdict, Some(Verdict::Rejected | Verdict::Refused)) => {
            let rejected = card.verdict == Some(Verdict::Rejected);
            let key = if rejected { "pipeline.why.rejected" } else { "pipeline.why.refused" };
            let values = [("environment", &*card.environment)];
            story.rows.push((teller.say(key, &values), Rich::default()));
        }
        JobState::Failed | JobState::Excused => {
            let last = card.steps.iter().rev().find(|step| step.span.is_some());
            let step = last.map_or("", |step| &*step.name);
            let key =
                if card.state == JobState::Excused { "pipeline.why.excused" } else { "pipeline.why.failed" };
            story.rows.push((teller.say(key, &[("step", step)]), Rich::default()));
        }
        JobState::Running | JobState::Succeeded => {}
    }
    if card.start.is_some() {
        story.rows.extend(teller.began(card));
        if story.waits_for.is_empty() {
            story.waits_for.extend(card.cause.job());
        }
    }
    story
}

impl Teller<'_> {
    fn say(&self, key: &str, values: &[(&str, &str)]) -> Rich {
        words::rich(self.lang, key, values)
    }

    /// The jobs that a group waits for, those of what it stands in included if it waits for none itself.
    fn needed(&self, group: usize) -> Vec<JobId> {
        let mut at = Some(group);
        while let Some(card) = at.and_then(|group| self.scene.groups.get(group)) {
            if !card.needs.is_empty() {
                return card.needs.iter().flat_map(|need| self.jobs_in(*need)).collect();
            }
            at = card.within;
        }
        Vec::new()
    }

    fn jobs_in(&self, group: usize) -> Vec<JobId> {
        let own = self.scene.groups.get(group).map(|group| group.jobs.clone()).unwrap_or_default();
        let inner = self
            .scene
            .groups
            .iter()
            .enumerate()
            .filter(|(id, inner)| inner.within == Some(group) && *id != group);
        own.into_iter().chain(inner.flat_map(|(id, _)| self.jobs_in(id))).collect()
    }

    fn state(&self, job: JobId) -> JobState {
        self.scene.jobs.get(job).map(|job| job.state).unwrap_or_default()
    }

    fn is_over(&self, job: JobId) -> bool {
        self.state(job).is_over()
    }

    fn is_bad(&self, job: JobId) -> bool {
        matches!(
            self.state(job),
            JobState::Failed | JobState::Cancelled | JobState::Skipped | JobState::Manual
        )
    }

    fn name(&self, job: JobId) -> &str {
        self.scene.jobs.get(job).map_or("", |job| &*job.name)
    }

    /// At most four names, and how many more there are.
    fn names(&self, jobs: &[JobId]) -> String {
        const MOST: usize = 4;
        let names: Vec<String> =
            jobs.iter().take(MOST).map(|job| ["`", self.name(*job), "`"].concat()).collect();
        let names = names.join(", ");
        match jobs.len().checked_sub(MOST).filter(|more| *more > 0) {
            Some(more) => {
                words::fill(self.lang, "pipeline.and-more", &[("jobs", &names), ("n", &more.to_string())])
            }
            None => names,
        }
    }

    /// By which rule a group waits for others.
    fn rule(&self, group: &GroupCard) -> Rich {
        if group.needs.is_empty() {
            return Rich::default();
        }
        if group.by_stage {
            let stage = group.stage.and_then(|stage| self.scene.stages.get(stage));
            return self.say("pipeline.rule.stage", &[("stage", stage.map_or("", |stage| stage))]);
        }
        let names = group.needs.iter().filter_map(|need| self.scene.groups.get(*need));
        let names: Vec<&str> = names.map(|need| &*need.id).collect();
        code(&["needs: [", &names.join(", "), "]"].concat())
    }

    /// The condition that did not hold.
    fn condition(&self, group: &GroupCard) -> Rich {
        match &*group.condition {
            "" if self.scene.stages.is_empty() => self.say("pipeline.rule.success", &[]),
            "" => self.say("pipeline.rule.on-success", &[]),
            condition if self.scene.stages.is_empty() => code(&["if: ", condition].concat()),
            condition => code(condition),
        }
    }

    /// What keeps a job from getting a runner.
    fn held(&self, card: &JobCard) -> Rich {
        let labels: Vec<&str> = card.labels.iter().map(|label| &**label).collect();
        let labels = labels.join(", ");
        match card.cause {
            Cause::MaxParallel(other) => self.say("pipeline.why.max-parallel", &[("job", self.name(other))]),
            Cause::Serial(other) => self.say("pipeline.why.serial", &[("job", self.name(other))]),
            Cause::SerialElsewhere => self.say("pipeline.why.serial-elsewhere", &[]),
            Cause::RunnerElsewhere => self.say("pipeline.why.runner-elsewhere", &[]),
            _ if labels.is_empty() => self.say("pipeline.why.runner", &[]),
            _ => self.say("pipeline.why.runner-with", &[("labels", &labels)]),
        }
    }

    /// Why a job began when it did.
    fn began(&self, card: &JobCard) -> Vec<(Rich, Rich)> {
        let mut rows = Vec::new();
        let start = card.start.unwrap_or_default();
        let at = words::seconds(self.lang, start);
        let (key, job) = match card.cause {
            Cause::Beginning if card.verdict == Some(Verdict::Approved) => ("pipeline.why.began-approved", 0),
            // It waited for a person, or for its time, and somebody began it.
            Cause::Beginning if !self.needed(card.group).is_empty() => ("pipeline.why.began-person", 0),
            Cause::Beginning => ("pipeline.why.began-first", 0),
            Cause::Needs(job) => ("pipeline.why.began-behind", job),
            Cause::Runner(job) => ("pipeline.why.began-runner", job),
            Cause::MaxParallel(job) => ("pipeline.why.began-parallel", job),
            Cause::Serial(job) => ("pipeline.why.began-serial", job),
            Cause::RunnerElsewhere | Cause::SerialElsewhere => ("pipeline.why.began-elsewhere", 0),
        };
        let rule = self.scene.groups.get(card.group).map(|group| self.rule(group)).unwrap_or_default();
        rows.push((self.say(key, &[("t", &at), ("job", self.name(job))]), rule));
        let waited = card.ready.map(|ready| start.since(ready)).filter(|waited| !waited.is_zero());
        if let Some(waited) = waited {
            let waited = words::span(self.lang, waited);
            rows.push((self.say("pipeline.why.queued-for", &[("span", &waited)]), Rich::default()));
        }
        if card.critical {
            rows.push((self.say("pipeline.why.critical", &[]), Rich::default()));
        }
        rows
    }
}

fn code(text: &str) -> Rich {
    if text.is_empty() { Rich::default() } else { Rich::parse(&["`", text, "`"].concat()) }
}

impl Passed {
    /// Why nothing runs, in words.
    pub fn told(&self, event: &str, lang: Lang) -> Rich {
        let (key, name) = match self {
            Passed::GitLab(message) => return Rich::parse(message),
            Passed::GitHub(passed) => match passed {
                trigger::Passed::NoEvent => ("pipeline.passed.event", event),
                trigger::Passed::Branch(name) => ("pipeline.passed.branch", name.as_str()),
                trigger::Passed::Tag(name) => ("pipeline.passed.tag", name.as_str()),
                trigger::Passed::Paths => ("pipeline.passed.paths", ""),
                trigger::Passed::Action(name) => ("pipeline.passed.type", name.as_str()),
                trigger::Passed::Workflow(name) => ("pipeline.passed.workflow", name.as_str()),
                trigger::Passed::Message => ("pipeline.passed.message", ""),
            },
        };
        words::rich(lang, key, &[("name", name)])
    }
}

impl Pipelines {
    /// What a job gave to others, once it has ended: names and values; none: nobody knows the value.
    pub fn outputs(&self, run: u32, job: JobId) -> Vec<(String, Option<String>)> {
        match self.run(run).map(|run| (run.engine.system(), run.engine.so_far())) {
            Some((Runs::GitHub(planned), so_far)) => planned.outputs(job, so_far),
            _ => Vec::new(),
        }
    }

    /// What a job has printed by an instant: each line and when it came.
    pub fn log(&self, run: u32, job: JobId, now: Time) -> Vec<(Time, String)> {
        let Some(state) = self.run(run) else { return Vec::new() };
        let Some(one) = state.engine.jobs().get(job) else { return Vec::new() };
        let Some(begin) = one.steps else { return Vec::new() };
        let at = |after: Duration| state.began + begin.since(Time::ZERO) + after;
        let end = one.end.map(|end| state.began + end.since(Time::ZERO));
        let mut lines: Vec<(Time, String)> = Vec::new();
        let mut last = None;
        match state.engine.system() {
            Runs::GitLab(process) => {
                lines.push((at(Duration::ZERO), "Getting source from Git repository".to_owned()));
                let done = process.done(job);
                let log = done.map(|done| done.log.as_slice()).unwrap_or_default();
                lines.extend(log.iter().map(|(after, line)| (at(*after), line.clone())));
                let code = done.map_or(0, |done| done.code);
                last = end.map(|_| match one.outcome {
                    Some(Outcome::Success) => "Job succeeded".to_owned(),
                    Some(Outcome::Cancelled) => "Job canceled".to_owned(),
                    _ => ["ERROR: Job failed: exit code ", &code.max(1).to_string()].concat(),
                });
            }
            Runs::GitHub(planned) => {
                let log = planned.log(job);
                lines.extend(log.iter().map(|(after, line)| (at(*after), line.clone())));
                if log.is_empty() {
                    let steps = state.engine.plan().jobs.get(job).map_or(&[][..], |job| &job.steps);
                    let spans = one.course.as_ref().map_or(&[][..], |course| &course.steps);
                    let begins = spans.iter().map(|span| span.map(|(from, _)| from));
                    lines.extend(
                        steps
                            .iter()
                            .zip(begins)
                            .filter_map(|(step, from)| Some((at(from?), step.name.clone()))),
                    );
                }
                let failed = one.outcome == Some(Outcome::Failure);
                let told = log.last().is_some_and(|(_, line)| line.starts_with("Error: "));
                if failed && !told {
                    last = Some("Error: Process completed with exit code 1.".to_owned());
                }
            }
        }
        if let Some(end) = end {
            lines.retain(|(at, _)| *at <= end);
            lines.extend(last.map(|last| (end, last)));
        }
        // A step's output is known in the end; what commands printed in the world has its own times.
        let printed = self.printed.get(&(run, job)).filter(|printed| printed.0 == one.reruns);
        let mut printed = printed.map_or(&[][..], |printed| &printed.1);
        for (at, line) in &mut lines {
            if let Some(found) = printed.iter().position(|(_, text)| text == line) {
                *at = printed.get(found).map_or(*at, |(time, _)| *time);
                printed = printed.get(found + 1..).unwrap_or_default();
            }
        }
        // What a command prints that still runs.
        if let Some(busy) = self.busy.get(&(run, job)) {
            if busy.entry.is_some() && matches!(state.engine.system(), Runs::GitHub(_)) {
                let begun = one.asks.map(|asks| state.began + asks.since(Time::ZERO));
                lines.extend(begun.map(|begun| (begun, ["$ ", &outside::line(&busy.asked.words)].concat())));
            }
            lines.extend(busy.shown.iter().cloned());
        }
        lines.retain(|(at, _)| *at <= now);
        lines
    }
}
