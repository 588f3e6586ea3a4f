//! GitHub, as it moves a run on: a job is decided once all that it needs has ended, with what those gave.
//!
//! Source: GitHub's documentation, "Workflow syntax" (`jobs.<id>.if`, `jobs.<id>.needs`, `jobs.<id>.outputs`) and "Contexts
//! reference".

use std::sync::Arc;

use super::contexts::Contexts;
use super::expression::{Data, Environment, Object};
use super::outputs;
use super::perform;
use super::plan::Planned;
use crate::run::{Answer, Course, Decision, Ends, GroupId, JobId, Outcome, Plan, SoFar, System, Talk, Told};

impl System for Planned {
    fn decide(&self, group: GroupId, so_far: SoFar<'_>) -> Decision {
        if !so_far.needs_ended(group) {
            Decision::Wait
        } else if self.runs(group, so_far) {
            Decision::Run
        } else {
            Decision::Skip
        }
    }

    fn prepare(&mut self, group: GroupId, so_far: SoFar<'_>) -> Option<Arc<Plan>> {
        self.placed.get(group).filter(|placed| placed.later)?;
        let contexts = self.knowing(group, so_far)?;
        self.fill(group, &contexts);
        Some(self.plan.clone())
    }

    fn course(&mut self, job: JobId, speed: f64, so_far: SoFar<'_>) -> Course {
        self.answers.remove(&job);
        self.goes(job, speed, so_far)
    }

    fn answered(&mut self, job: JobId, answer: Answer, speed: f64, so_far: SoFar<'_>) -> Course {
        Arc::make_mut(self.answers.entry(job).or_default()).push(answer);
        self.goes(job, speed, so_far)
    }
}

impl Planned {
    /// How a job goes, as far as the world has answered.
    fn goes(&mut self, job: JobId, speed: f64, so_far: SoFar<'_>) -> Course {
        let Some(planned) = so_far.plan.jobs.get(job) else { return Course::default() };
        let placed = self.placed.get(planned.group);
        let steps =
            placed.map(|placed| (placed.job.steps(), &placed.scope)).filter(|(steps, _)| !steps.is_empty());
        let parts = (steps, self.knowing(planned.group, so_far), self.made.get(job));
        let (Some((steps, scope)), Some(contexts), Some(made)) = parts else {
            return planned.course(speed);
        };
        // Its strategy is none.
        if planned.steps.len() != steps.len() {
            return planned.course(speed);
        }
        let written = placed.map(|placed| &placed.job.written);
        let id = placed.map_or("", |placed| placed.job.id());
        let tries = so_far.jobs.get(job).map_or(0, |run| run.reruns);
        let failing = self.assumptions.wishes.failing([id, &planned.name], &made.usual, tries);
        let mut planned = planned.clone();
        if let Some(step) = failing.and_then(|at| planned.steps.get_mut(at)) {
            step.ends = if step.ends == Ends::Excused { Ends::Excused } else { Ends::Failing };
        }
        let env = [scope.env.as_deref(), written.and_then(|job| job.get("env"))];
        let talk = self.assumptions.acts.then(|| Talk::new(self.answers.entry(job).or_default()));
        let (course, performed) = perform::job((&planned, made), steps, &contexts, env, speed, talk);
        self.performed.insert(job, Arc::new(performed));
        course
    }

    /// Whether a group runs whose needs have ended.
    fn runs(&self, group: GroupId, so_far: SoFar<'_>) -> bool {
        let Some(placed) = self.placed.get(group) else { return false };
        let before: Vec<Outcome> = placed.before.iter().filter_map(|group| so_far.result(*group)).collect();
        let Some(contexts) = self.knowing(group, so_far) else { return false };
        let contexts = contexts.behind(before);
        match placed.job.get("if") {
            None => contexts.call("success", &[]).is_some_and(|success| success.is_truthy()),
            // What cannot be evaluated fails the job: it does not run.
            Some(written) => {
                contexts.truth(&placed.job.condition, written).is_ok_and(|truth| truth.unwrap_or(true))
            }
        }
    }

    /// What the expressions of a group know: its scope, and what it needs.
    fn knowing(&self, group: GroupId, so_far: SoFar<'_>) -> Option<Contexts> {
        let placed = self.placed.get(group)?;
        let mut contexts = placed.scope.contexts.clone();
        let mut needs = Object::default();
        for (name, need) in placed.needs.iter().zip(&so_far.plan.groups.get(group)?.needs) {
            let outputs = outputs::of_group(self, *need, so_far);
            outputs.forget(&mut contexts, &["needs", name, "outputs"]);
            let result = so_far.result(*need).map_or("", Outcome::name);
            let entry = [("result", result.into()), ("outputs", outputs.values.into())];
            needs.insert(name.as_str(), Data::from(Object::from_iter(entry)));
        }
        contexts.set("needs", needs.into());
        Some(contexts)
    }

    /// What a job that began printed by itself and by its commands: each line with the time since its first step began.
    pub fn log(&self, job: JobId) -> &[(std::time::Duration, String)] {
        self.performed.get(&job).map_or(&[], |performed| &performed.log)
    }

    /// What a job asked of the world.
    pub fn told(&self, job: JobId) -> &[Told] {
        self.performed.get(&job).map_or(&[], |performed| &performed.told)
    }

    /// Commands of a job that nobody knows, by the step: they only took time.
    pub fn unknown(&self, job: JobId) -> &[(usize, String)] {
        self.performed.get(&job).map_or(&[], |performed| &performed.unknown)
    }

    /// What a job gives to others, once it has ended: names and values; none: nobody knows the value.
    pub fn outputs(&self, job: JobId, so_far: SoFar<'_>) -> Vec<(String, Option<String>)> {
        outputs::of_job(self, job, so_far).map(outputs::Outputs::told).unwrap_or_default()
    }
}
