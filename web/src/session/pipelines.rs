//! Pipelines: which is looked at, and what a person lets happen.

use opscape_lab::Act;
use opscape_lab::pipelines::git::{Git, GitAct};
use opscape_lab::pipelines::{Outcome, RepositoryEvent};
use opscape_lab::session::Refused;
use opscape_lab::words::fill;
use opscape_manifest::api::Str;
use opscape_sim::Time;

use super::view::Detail;
use super::{Session, State};

impl Session {
    /// Looks at a pipeline by its file, and selects one of its jobs or none.
    pub fn select_job(&self, file: Str, job: Option<usize>) {
        self.change(|state| state.pipeline = Some((file, job)));
    }

    /// Lets something happen in the repository, and plays on if a pipeline runs on it.
    pub fn begin_pipelines(&self, event: RepositoryEvent) {
        let begun = self.change(|state| {
            let text = state.text.all().to_owned();
            let world = state.world.as_mut()?;
            // A push takes what stands in the editor with it.
            let changed =
                &*event.name == "push" && !event.tag && !world.model().pipelines().is_taken_up(&text);
            let act = if changed {
                let message = fill(state.lang, "git.message", &[]).as_str().into();
                let act = GitAct::Push { branch: event.reference, message, text: Some(text.as_str().into()) };
                Act::Git { line: "".into(), act }
            } else {
                Act::Happen { event }
            };
            let done = match world.act(act) {
                Ok(done) => done,
                Err(Refused::Text(problems)) => {
                    let problem = problems.into_iter().next()?;
                    state.tell(problem.message, true);
                    return None;
                }
                Err(Refused::Api(_)) => return None,
            };
            let begun = done.begun.unwrap_or_default();
            state.said = fill(state.lang, "pipeline.began", &[("n", &begun.to_string())]);
            Some(begun)
        });
        if begun.flatten().is_some_and(|begun| begun > 0) {
            self.play(true);
        }
    }

    /// Does something to the repository, and plays on if a pipeline runs on it.
    pub fn git(&self, act: Act) {
        let begun = self.change(|state| {
            let done = state.world.as_mut()?.act(act).ok()?;
            state.tell(done.output.trim().to_owned(), done.refused);
            done.begun
        });
        if begun.flatten().is_some_and(|begun| begun > 0) {
            self.play(true);
        }
    }

    /// The repository.
    pub fn repository(&self) -> Option<Git> {
        let state = self.0.state.try_borrow().ok()?;
        Some(state.world.as_ref()?.model().pipelines().git().clone())
    }

    /// The checks of a pull request: jobs, and how each ended.
    pub fn checks(&self, pull: u32) -> Vec<(Str, Option<Outcome>)> {
        let Ok(state) = self.0.state.try_borrow() else { return Vec::new() };
        state.world.as_ref().map(|world| world.model().pipelines().checks(pull)).unwrap_or_default()
    }

    /// What a job gave to others.
    pub fn job_outputs(&self, run: u32, job: usize) -> Vec<(String, Option<String>)> {
        let Ok(state) = self.0.state.try_borrow() else { return Vec::new() };
        let Some(world) = &state.world else { return Vec::new() };
        world.model().pipelines().outputs(run, job)
    }

    /// What a job has printed so far.
    pub fn job_log(&self, run: u32, job: usize) -> Vec<(Time, String)> {
        let Ok(state) = self.0.state.try_borrow() else { return Vec::new() };
        let Some(world) = &state.world else { return Vec::new() };
        world.model().pipelines().log(run, job, world.now())
    }
}

impl State {
    /// Looks at the pipelines if the text has nothing else, or has some now and `had` none before; and no longer if it has
    /// none.
    pub(super) fn look_at_pipelines(&mut self, applied: bool) {
        let Some(world) = &self.world else { return };
        let has = !world.model().pipelines().is_empty();
        let alone = has && world.model().is_without_objects();
        if has && (alone || applied) {
            self.detail = Detail::Pipelines;
        } else if !has && self.detail == Detail::Pipelines {
            self.detail = Detail::Pods;
        }
    }
}
