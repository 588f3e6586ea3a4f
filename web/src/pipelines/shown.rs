//! What of a pipeline is shown: its picture, made anew only if its jobs are other ones.

use std::rc::Rc;
use std::time::Duration;

use opscape_lab::pipelines::{
    Arrangement, GroupCard, JobCard, JobState, Picture, PipelineScene, Sizes, layout,
};
use opscape_lab::words::{Lang, span};
use opscape_sim::Time;

/// What a picture is made from.
#[derive(Default, PartialEq)]
struct Key {
    groups: Vec<GroupCard>,
    arrangement: Arrangement,
    by_stage: bool,
}

/// The picture that was made last.
#[derive(Default)]
pub struct Kept {
    key: Key,
    picture: Rc<Picture>,
}

impl Kept {
    /// The picture of a pipeline.
    pub fn picture(
        &mut self,
        scene: &PipelineScene,
        arrangement: Arrangement,
        by_stage: bool,
    ) -> Rc<Picture> {
        let same = self.key.arrangement == arrangement
            && self.key.by_stage == by_stage
            && self.key.groups == scene.groups;
        if !same {
            self.key = Key { groups: scene.groups.clone(), arrangement, by_stage };
            self.picture = Rc::new(layout(scene, arrangement, by_stage, Sizes::default()));
        }
        self.picture.clone()
    }
}

/// How long a job has waited or run by an instant, in words; empty: neither.
pub fn length(job: &JobCard, now: Time, lang: Lang) -> String {
    whole(taken(job, now), lang)
}

/// Whole seconds, which is what people read of pipelines.
pub fn whole(taken: Option<Duration>, lang: Lang) -> String {
    taken.map(|taken| span(lang, Duration::from_secs(taken.as_secs_f64().round() as u64))).unwrap_or_default()
}

fn taken(job: &JobCard, now: Time) -> Option<Duration> {
    match job.state {
        JobState::Queued => Some(now.since(job.ready?)),
        JobState::Running => Some(now.since(job.start?)),
        state if state.is_over() => Some(job.end?.since(job.start?)),
        _ => None,
    }
}

/// How much of a job that runs is done, 0 to 1.
pub fn progress(job: &JobCard, now: Time) -> Option<f32> {
    let (start, end) = (job.start?, job.end?);
    let all = end.since(start).as_secs_f64();
    (job.state == JobState::Running && all > 0.0)
        .then(|| (now.since(start).as_secs_f64() / all).clamp(0.0, 1.0) as f32)
}

/// Whether a group is drawn as this one: itself, the first of its box, or what it stands in.
pub fn is_drawn_as(scene: &PipelineScene, picture: &Picture, group: usize, drawn: usize) -> bool {
    let mut at = Some(group);
    while let Some(group) = at {
        let boxed = picture.frames.iter().find(|frame| frame.groups.contains(&group));
        if group == drawn || boxed.and_then(|frame| frame.groups.first()) == Some(&drawn) {
            return true;
        }
        at = scene.groups.get(group).and_then(|card| card.within);
    }
    false
}

/// Whether a line of the picture belongs to the critical path.
pub fn is_critical(scene: &PipelineScene, picture: &Picture, ends: (usize, usize)) -> bool {
    scene.path.windows(2).any(|pair| {
        let groups: Vec<usize> =
            pair.iter().filter_map(|job| scene.jobs.get(*job)).map(|job| job.group).collect();
        matches!(groups.as_slice(), [from, to] if is_drawn_as(scene, picture, *from, ends.0)
            && is_drawn_as(scene, picture, *to, ends.1))
    })
}
