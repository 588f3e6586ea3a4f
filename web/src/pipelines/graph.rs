//! The jobs as a graph.

use std::fmt::Write;

use opscape_lab::pipelines::{JobCard, JobState, Picture, PipelineScene};
use opscape_lab::words::text;
use yew::prelude::*;

use super::marks::mark;
use super::shown::{is_critical, is_drawn_as, length, progress};
use crate::draw::{fit, px};
use crate::session::View;

/// Around the picture.
pub(super) const MARGIN: f32 = 16.0;

/// What of the graph stands out.
pub struct Lit {
    /// The job that is selected.
    pub picked: Option<usize>,
    /// The job that is pointed at.
    pub pointed: Option<usize>,
    /// What that one waits for.
    pub waited: Vec<usize>,
}

/// The graph.
pub fn graph(view: &View, scene: &PipelineScene, picture: &Picture, lit: &Lit) -> Html {
    let (width, height) = (picture.size.0 + 2.0 * MARGIN, picture.size.1 + 2.0 * MARGIN);
    let shown = lit.pointed.and_then(|job| scene.jobs.get(job)).map(|job| job.group);
    let lines = picture.lines.iter().map(|line| {
        let critical = is_critical(scene, picture, line.ends);
        let waited = shown.is_some_and(|group| is_drawn_as(scene, picture, group, line.ends.1));
        let class = classes!(
            "need",
            critical.then_some("critical"),
            line.by_stage.then_some("by-stage"),
            waited.then_some("waited")
        );
        html! { <path class={class} d={path(&line.points)} /> }
    });
    let stages = picture.stages.iter().map(|(stage, x, w)| {
        let name = scene.stages.get(*stage).map_or("", |name| name);
        html! {
            <g class="stage-title">
                <text x={px(*x)} y="13">{ fit(name, *w, 12.0) }</text>
                <path d={format!("M{} 19.5h{}", px(*x), px(*w))} />
            </g>
        }
    });
    let frames = picture.frames.iter().map(|frame| {
        let group = frame.groups.first().and_then(|group| scene.groups.get(*group));
        let name = group.map_or("", |group| &*group.base);
        let over =
            frame.groups.iter().filter_map(|group| scene.groups.get(*group)).flat_map(|group| &group.jobs);
        let over = over.filter(|job| scene.jobs.get(**job).is_some_and(|job| job.state.is_over())).count();
        let count = if scene.run.is_some() && over > 0 {
            format!("{over}/{}", frame.count)
        } else {
            format!("×{}", frame.count)
        };
        let place = frame.place;
        html! {
            <g class="job-frame" transform={format!("translate({} {})", px(place.x), px(place.y))}>
                <rect width={px(place.w)} height={px(place.h)} rx="6" />
                <text class="name" x="10" y="18">{ fit(name, place.w - 60.0, 12.0) }</text>
                <text class="count" x={px(place.w - 10.0)} y="18" text-anchor="end">{ count }</text>
            </g>
        }
    });
    let jobs = scene.jobs.iter().zip(&picture.jobs).enumerate().filter(|(_, (_, place))| place.w > 0.0);
    let first = lit.picked.unwrap_or(0);
    let jobs = jobs.map(|(id, (job, place))| {
        let class = classes!(
            "job",
            job.state.name(),
            job.critical.then_some("critical"),
            (lit.picked == Some(id)).then_some("picked"),
            lit.waited.contains(&id).then_some("waited")
        );
        let said = format!("{}, {} {}", job.name, state_word(view, job), length(job, view.at, view.lang));
        html! {
            <g key={id} class={class} role="button" tabindex={if id == first { "0" } else { "-1" }} data-job={job.name.to_string()} data-id={id.to_string()}
                data-state={job.state.name()} aria-label={said.trim_end().to_owned()} aria-pressed={(lit.picked == Some(id)).to_string()}
                transform={format!("translate({} {})", px(place.x), px(place.y))}>
                <title>{ job.name.to_string() }</title>
                { card(view, job, (place.w, place.h)) }
            </g>
        }
    });
    html! {
        <svg class="pipeline-graph" width={px(width)} height={px(height)} role="group" aria-label={text(view.lang, "pipeline.graph")}>
            <g transform={format!("translate({MARGIN} {MARGIN})")}>
                { for stages }{ for frames }{ for lines }{ for jobs }
            </g>
        </svg>
    }
}

fn card(view: &View, job: &JobCard, (w, h): (f32, f32)) -> Html {
    let taken = length(job, view.at, view.lang);
    let line = match job.state {
        JobState::Succeeded | JobState::Running if !taken.is_empty() => taken,
        JobState::Planned => String::new(),
        state => {
            let word = text(view.lang, state_key(state));
            if taken.is_empty() { word.to_owned() } else { [word, " ", &taken].concat() }
        }
    };
    let alone = line.is_empty();
    html! {
        <>
            <rect class="card" width={px(w)} height={px(h)} rx="6" />
            { mark(job.state, 17.0, h / 2.0) }
            <text class="name" x="32" y={if alone { "22.5" } else { "16" }}>{ fit(&job.short, w - 40.0, 12.0) }</text>
            if !alone { <text class="length" x="32" y="29">{ fit(&line, w - 38.0, 11.0) }</text> }
            if let Some(done) = progress(job, view.at) {
                <path class="done" d={format!("M8 {}h{}", px(h - 3.0), px((w - 16.0) * done))} />
            }
        </>
    }
}

/// The key of a state's name.
pub fn state_key(state: JobState) -> &'static str {
    match state {
        JobState::Planned => "pipeline.state.planned",
        JobState::Waiting => "pipeline.state.waiting",
        JobState::Manual => "pipeline.state.manual",
        JobState::Delayed => "pipeline.state.delayed",
        JobState::Queued => "pipeline.state.queued",
        JobState::Running => "pipeline.state.running",
        JobState::Succeeded => "pipeline.state.succeeded",
        JobState::Failed => "pipeline.state.failed",
        JobState::Excused => "pipeline.state.excused",
        JobState::Cancelled => "pipeline.state.cancelled",
        JobState::Skipped => "pipeline.state.skipped",
    }
}

fn state_word(view: &View, job: &JobCard) -> &'static str {
    text(view.lang, state_key(job.state))
}

/// Straight across columns, with a curve between them.
fn path(points: &[(f32, f32)]) -> String {
    let mut d = String::new();
    for (at, (x, y)) in points.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| points.get(at));
        // Writing to a String cannot fail.
        let _ = match before {
            None => write!(d, "M{} {}", px(*x), px(*y)),
            Some(_) if at % 2 == 1 => write!(d, "L{} {}", px(*x), px(*y)),
            Some((x0, y0)) => {
                let middle = px((x0 + x) / 2.0);
                write!(d, "C{middle} {} {middle} {} {} {}", px(*y0), px(*y), px(*x), px(*y))
            }
        };
    }
    d
}
