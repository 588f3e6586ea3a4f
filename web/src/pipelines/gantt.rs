//! The jobs on the timeline: when each waited and ran, under the tracks and on the same axis.

use std::rc::Rc;

use opscape_lab::pipelines::{JobCard, JobState, PipelineScene};
use opscape_lab::words::text;
use opscape_sim::Time;
use yew::prelude::*;

use super::graph::state_key;
use super::marks::mark;
use super::shown::length;
use super::{chosen, picked};
use crate::draw::{fit, px};
use crate::session::{Session, View};
use crate::size::use_size;

/// Height of a row.
const ROW: f32 = 24.0;

/// What the chart needs.
#[derive(Properties, PartialEq)]
pub struct Props {
    pub session: Session,
    pub view: Rc<View>,
}

struct Axis {
    from: Time,
    until: Time,
    left: f32,
    right: f32,
}

impl Axis {
    fn x(&self, at: Time) -> f32 {
        let span = self.until.since(self.from).as_secs_f64().max(1e-6);
        let passed = at.as_secs_f64() - self.from.as_secs_f64();
        self.left + (passed / span) as f32 * (self.right - self.left)
    }

    /// A stretch of time inside the chart: its left edge and its width.
    fn stretch(&self, from: Time, until: Time) -> Option<(f32, f32)> {
        let (begin, end) = (self.x(from).max(self.left), self.x(until).min(self.right));
        (end >= begin).then_some((begin, (end - begin).max(1.0)))
    }
}

/// The jobs on the timeline.
#[component]
pub fn Gantt(props: &Props) -> Html {
    let Props { session, view } = props;
    let node = use_node_ref();
    let (width, _) = use_size(&node);
    let scene = chosen(view);
    let content = scene.map(|scene| {
        if scene.run.is_none() {
            return html! { <p class="coming">{ text(view.lang, "pipeline.nothing-ran") }</p> };
        }
        let small = width < 620.0;
        // The gutter is that of the tracks above.
        let axis = Axis {
            from: view.tracks.from,
            until: view.tracks.until,
            left: if small { 112.0 } else { 128.0 },
            right: width - if small { 14.0 } else { 16.0 },
        };
        chart(session, view, scene, &axis, width)
    });
    html! {
        <div class="gantt" ref={node}>
            { content.unwrap_or_else(|| html! { <p class="coming">{ text(view.lang, "pipeline.none") }</p> }) }
        </div>
    }
}

fn chart(session: &Session, view: &View, scene: &PipelineScene, axis: &Axis, width: f32) -> Html {
    // In the order in which they began; then those that have not.
    let mut order: Vec<usize> = (0..scene.jobs.len()).collect();
    let begins = |job: &usize| scene.jobs.get(*job).and_then(|job| job.ready.or(job.start));
    order.sort_by_key(|job| (begins(job).is_none(), begins(job), *job));
    let height = ROW * order.len() as f32 + 4.0;
    let selected = picked(view, scene);
    let rows = order.iter().enumerate().filter_map(|(row, id)| {
        let job = scene.jobs.get(*id)?;
        let (session, file, id) = (session.clone(), scene.file.clone(), *id);
        let onclick = Callback::from(move |_: MouseEvent| session.select_job(file.clone(), Some(id)));
        let class = classes!("row", job.critical.then_some("critical"), (selected == Some(id)).then_some("picked"));
        Some(html! {
            <g key={id} {class} {onclick} data-row={job.name.to_string()} transform={format!("translate(0 {})", px(row as f32 * ROW + 2.0))}>
                <title>{ job.name.to_string() }</title>
                <rect class="lane" x="0" width={px(width)} height={px(ROW)} />
                { mark(job.state, 18.0, ROW / 2.0) }
                <text class="name" x="32" y="16">{ fit(&job.name, axis.left - 40.0, 12.0) }</text>
                { bars(view, job, axis) }
            </g>
        })
    });
    let rows: Vec<Html> = rows.collect();
    let now = axis.x(view.at);
    html! {
        <svg width={px(width)} height={px(height)} aria-hidden="true">
            <defs>
                <pattern id="gantt-waits" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
                    <rect class="hatch" width="1.6" height="5" />
                </pattern>
            </defs>
            { rows.into_iter().collect::<Html>() }
            if now >= axis.left - 1.0 && now <= axis.right + 1.0 {
                <path class="playhead" d={format!("M{} 0V{}", px(now), px(height))} />
            }
        </svg>
    }
}

fn bars(view: &View, job: &JobCard, axis: &Axis) -> Html {
    let waits = job.ready.and_then(|ready| {
        let until = job.start.unwrap_or(view.at);
        axis.stretch(ready, until).filter(|_| until > ready)
    });
    let runs = job.start.and_then(|start| axis.stretch(start, job.end.unwrap_or(view.at).min(view.at)));
    let rest = job.end.filter(|end| job.state == JobState::Running && *end > view.at);
    let rest = rest.and_then(|end| axis.stretch(view.at, end));
    let taken = length(job, view.at, view.lang);
    let word = text(view.lang, state_key(job.state));
    let told = match job.state {
        JobState::Succeeded | JobState::Running => taken,
        JobState::Planned | JobState::Waiting => String::new(),
        _ if taken.is_empty() => word.to_owned(),
        _ => [word, " ", &taken].concat(),
    };
    let end = rest.or(runs).or(waits).map_or(axis.left, |(x, w)| x + w);
    // What ends near the right edge has its words before it.
    let width = told.chars().map(|c| if c >= '\u{1100}' { 10.5 } else { 6.2 }).sum::<f32>();
    let begin = waits.or(runs).map_or(axis.left, |(x, _)| x);
    let (x, anchor) =
        if end + 6.0 + width <= axis.right + 10.0 { (end + 6.0, "start") } else { (begin - 6.0, "end") };
    let fits = anchor == "start" || begin - 6.0 - width > axis.left;
    let bar = |class: &'static str, place: Option<(f32, f32)>| {
        place.map(|(x, w)| html! { <rect {class} x={px(x)} y="6.5" width={px(w)} height="11" rx="2" /> })
    };
    html! {
        <>
            { bar("waits", waits).unwrap_or_default() }
            { bar("rest", rest).unwrap_or_default() }
            { bar(if matches!(job.state, JobState::Failed) { "ran bad" } else { "ran" }, runs).unwrap_or_default() }
            if fits { <text class="length" x={px(x)} y="16" text-anchor={anchor}>{ told }</text> }
        </>
    }
}
