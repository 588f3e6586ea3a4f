//! Pipelines: which is looked at, and what a person lets happen.

use opscape_lab::Act;
use opscape_lab::pipelines::RepositoryEvent;
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
            let done = state.world.as_mut()?.act(Act::Happen { event }).ok()?;
            let begun = done.begun.unwrap_or_default();
            state.said = fill(state.lang, "pipeline.began", &[("n", &begun.to_string())]);
            Some(begun)
        });
        if begun.flatten().is_some_and(|begun| begun > 0) {
            self.play(true);
        }
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
