//! The pipelines of the text on the stage: jobs as a graph, a run, what a job waits for and why. The same on the timeline is
//! in [`gantt`].

mod details;
mod gantt;
mod graph;
mod marks;
mod repository;
mod run;
mod shown;

use std::rc::Rc;
use std::sync::Arc;

use opscape_lab::pipelines::{Arrangement, JobState, PipelineScene, story};
use opscape_lab::words::text;
use wasm_bindgen::JsCast;
use yew::prelude::*;

pub use gantt::Gantt;
pub use run::told;

use crate::session::{Session, View};
use details::details;
use graph::{Lit, graph, state_key};
use run::RunBar;
use shown::{Kept, length};

/// What the board needs.
#[derive(Properties, PartialEq)]
pub struct Props {
    pub session: Session,
    pub view: Rc<View>,
}

/// The pipeline that is looked at: the one that was chosen, else the first.
fn chosen(view: &View) -> Option<&Arc<PipelineScene>> {
    let scenes = &view.scene.pipelines;
    let file = view.pipeline.as_ref().map(|(file, _)| file);
    scenes.iter().find(|scene| Some(&scene.file) == file).or_else(|| scenes.first())
}

/// The job that is selected.
fn picked(view: &View, scene: &PipelineScene) -> Option<usize> {
    let (file, job) = view.pipeline.as_ref()?;
    job.filter(|job| *file == scene.file && *job < scene.jobs.len())
}

/// The pipeline on the stage.
#[component]
pub fn Board(props: &Props) -> Html {
    let Props { session, view } = props;
    let kept = use_mut_ref(Kept::default);
    let stages = use_state(|| true);
    let by_stage = use_state(|| false);
    let pointed = use_state_eq(|| None::<usize>);
    let root = use_node_ref();
    let pictured = chosen(view).map(|scene| {
        let by_stages = *stages && !scene.stages.is_empty();
        let arrangement = if by_stages { Arrangement::Stages } else { Arrangement::Needs };
        (scene, kept.borrow_mut().picture(scene, arrangement, *by_stage))
    });
    {
        // A large graph begins in the middle of its height.
        let begin = pictured.as_ref().map(|(scene, picture)| (scene.file.clone(), beginning(&picture.jobs)));
        let root = root.clone();
        use_effect_with(begin, move |begin| {
            if let (Some((_, y)), Some(root)) = (begin, root.cast::<web_sys::Element>()) {
                root.set_scroll_left(0);
                root.set_scroll_top(y - root.client_height() / 2);
            }
        });
    }
    let Some((scene, picture)) = pictured else { return Html::default() };
    let has_stages = !scene.stages.is_empty();
    let picked = picked(view, scene);
    let waited = pointed.or(picked).map(|job| story(scene, job, view.lang).waits_for).unwrap_or_default();
    let lit = Lit { picked, pointed: pointed.or(picked), waited };
    let clicked = {
        let (session, file) = (session.clone(), scene.file.clone());
        Callback::from(move |event: MouseEvent| {
            let job = job_of(event.target());
            session.select_job(file.clone(), job);
        })
    };
    let over = {
        let pointed = pointed.clone();
        Callback::from(move |event: MouseEvent| pointed.set(job_of(event.target())))
    };
    let out = {
        let pointed = pointed.clone();
        Callback::from(move |_: MouseEvent| pointed.set(None))
    };
    let focused = {
        let pointed = pointed.clone();
        Callback::from(move |event: FocusEvent| pointed.set(job_of(event.target())))
    };
    let keyed = {
        let (session, scene, picture) = (session.clone(), scene.clone(), picture.clone());
        Callback::from(move |event: KeyboardEvent| {
            let Some(at) = job_of(event.target()) else { return };
            let next = match event.key().as_str() {
                "Enter" | " " => {
                    event.prevent_default();
                    event.stop_propagation();
                    return session.select_job(scene.file.clone(), Some(at));
                }
                "Escape" => {
                    event.stop_propagation();
                    return session.select_job(scene.file.clone(), None);
                }
                "ArrowRight" => nearest(&picture.jobs, at, (1.0, 0.0)),
                "ArrowLeft" => nearest(&picture.jobs, at, (-1.0, 0.0)),
                "ArrowDown" => nearest(&picture.jobs, at, (0.0, 1.0)),
                "ArrowUp" => nearest(&picture.jobs, at, (0.0, -1.0)),
                _ => return,
            };
            event.prevent_default();
            event.stop_propagation();
            if let Some(next) = next {
                focus(&event, next);
            }
        })
    };
    let toggle = |state: &UseStateHandle<bool>, on: bool| {
        let state = state.clone();
        Callback::from(move |_: MouseEvent| state.set(on))
    };
    html! {
        <>
            <RunBar session={session.clone()} view={view.clone()} scene={scene.clone()} />
            { repository::repository(session, view) }
            if has_stages {
                <div class="pipeline-options">
                    <span class="segments" role="group" aria-label={text(view.lang, "pipeline.arrange")}>
                        <button type="button" aria-pressed={stages.to_string()} onclick={toggle(&stages, true)}>{ text(view.lang, "pipeline.by-stages") }</button>
                        <button type="button" aria-pressed={(!*stages).to_string()} onclick={toggle(&stages, false)}>{ text(view.lang, "pipeline.by-needs") }</button>
                    </span>
                    <button type="button" class="plain" aria-pressed={by_stage.to_string()} onclick={toggle(&by_stage, !*by_stage)}>{ text(view.lang, "pipeline.implicit") }</button>
                </div>
            }
            <div class="scroll pipeline" ref={root} onclick={clicked} onmouseover={over} onmouseleave={out} onfocusin={focused} onkeydown={keyed} data-time={view.at.0.to_string()}>
                { graph(view, scene, &picture, &lit) }
                { table(view, scene) }
            </div>
            if let Some(job) = picked { { details(session, view, scene, job) } }
            { legend(view) }
        </>
    }
}

fn job_of(target: Option<web_sys::EventTarget>) -> Option<usize> {
    let element = target?.dyn_into::<web_sys::Element>().ok()?;
    element.closest("[data-id]").ok()??.get_attribute("data-id")?.parse().ok()
}

fn focus(event: &KeyboardEvent, job: usize) {
    let root = event.target_dyn_into::<web_sys::Element>().and_then(|element| element.closest("svg").ok()?);
    let found = root.and_then(|root| root.query_selector(&format!("[data-id='{job}']")).ok()?);
    if let Some(found) = found.and_then(|found| found.dyn_into::<web_sys::SvgElement>().ok()) {
        let _ = found.focus();
    }
}

/// How far down the jobs are that come first, in pixels.
fn beginning(places: &[opscape_lab::pipelines::Box]) -> i32 {
    let drawn = || places.iter().filter(|place| place.w > 0.0);
    let left = drawn().map(|place| place.x).fold(f32::INFINITY, f32::min);
    let middles = drawn().filter(|place| place.x < left + 1.0).map(|place| place.y + place.h / 2.0);
    let (top, bottom) =
        middles.fold((f32::INFINITY, 0.0_f32), |(top, bottom), y| (top.min(y), bottom.max(y)));
    if bottom > 0.0 { (f32::midpoint(top, bottom) + graph::MARGIN) as i32 } else { 0 }
}

/// The job that lies nearest in a direction.
fn nearest(places: &[opscape_lab::pipelines::Box], at: usize, (dx, dy): (f32, f32)) -> Option<usize> {
    let own = places.get(at)?;
    let distance = |place: &opscape_lab::pipelines::Box| {
        let (x, y) = (place.x - own.x, place.y - own.y);
        let (along, across) = (x * dx + y * dy, (x * dy).abs() + (y * dx).abs());
        (along > 1.0).then_some(along + across * 2.0)
    };
    let others = places.iter().enumerate().filter(|(other, place)| *other != at && place.w > 0.0);
    let others = others.filter_map(|(other, place)| Some((other, distance(place)?)));
    others.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(other, _)| other)
}

/// The jobs in words, for those who do not see the picture.
fn table(view: &View, scene: &PipelineScene) -> Html {
    let heads = ["pipeline.job", "pipeline.state", "pipeline.needs", "pipeline.length"];
    let rows = scene.jobs.iter().map(|job| {
        let group = scene.groups.get(job.group);
        let needs = group.map_or(&[][..], |group| &group.needs).iter();
        let needs: Vec<&str> =
            needs.filter_map(|need| scene.groups.get(*need)).map(|need| &*need.id).collect();
        html! {
            <tr>
                <td>{ job.name.to_string() }</td><td>{ text(view.lang, state_key(job.state)) }</td>
                <td>{ needs.join(", ") }</td><td>{ length(job, view.at, view.lang) }</td>
            </tr>
        }
    });
    html! {
        <table class="spoken jobs">
            <caption>{ scene.name.to_string() }</caption>
            <thead><tr>{ for heads.map(|key| html! { <th scope="col">{ text(view.lang, key) }</th> }) }</tr></thead>
            <tbody>{ for rows }</tbody>
        </table>
    }
}

fn legend(view: &View) -> Html {
    const SHOWN: [JobState; 6] = [
        JobState::Waiting,
        JobState::Queued,
        JobState::Running,
        JobState::Succeeded,
        JobState::Failed,
        JobState::Skipped,
    ];
    html! {
        <div class="legend" aria-hidden="true">
            { for SHOWN.map(|state| html! { <span>{ marks::icon(state) }{ text(view.lang, state_key(state)) }</span> }) }
        </div>
    }
}
