//! What runs, on what, how it stands, and the way to let something happen in the repository.

use std::rc::Rc;
use std::sync::Arc;

use opscape_lab::Act;
use opscape_lab::pipelines::{Outcome, PipelineScene, RepositoryEvent, RunAct, RunCard};
use opscape_lab::words::{Lang, fill, text};
use opscape_sim::Time;
use wasm_bindgen::JsCast;
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use super::shown::whole;
use crate::draw::rich;
use crate::session::{Session, View};

/// What the bar needs.
#[derive(Properties, PartialEq)]
pub struct Props {
    pub session: Session,
    pub view: Rc<View>,
    pub scene: Arc<PipelineScene>,
}

/// The most names of the critical path that are told.
const NAMES: usize = 8;

/// The bar above the graph.
#[component]
pub fn RunBar(props: &Props) -> Html {
    let Props { session, view, scene } = props;
    let lang = view.lang;
    // What somebody chose, as long as the same pipeline is looked at.
    let event = use_state(|| None::<RepositoryEvent>);
    {
        let event = event.clone();
        use_effect_with(scene.file.clone(), move |_| event.set(None));
    }
    let usual = scene.usual.clone();
    let Some(now) = (*event).clone().or(usual) else { return Html::default() };
    let pick = {
        let (event, now) = (event.clone(), now.clone());
        Callback::from(move |change: Event| {
            let Some(select) = change.target_dyn_into::<HtmlSelectElement>() else { return };
            let value = select.value();
            let tag = value == "tag";
            let name = if tag { "push" } else { &value };
            event.set(Some(RepositoryEvent { name: name.into(), reference: now.reference.clone(), tag }));
        })
    };
    let typed = {
        let (event, now) = (event.clone(), now.clone());
        Callback::from(move |change: InputEvent| {
            let input = change.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
            if let Some(input) = input {
                event.set(Some(RepositoryEvent { reference: input.value().as_str().into(), ..now.clone() }));
            }
        })
    };
    let begin = {
        let (session, now) = (session.clone(), now.clone());
        Callback::from(move |submitted: SubmitEvent| {
            submitted.prevent_default();
            session.begin_pipelines(now.clone());
        })
    };
    let choose = {
        let session = session.clone();
        Callback::from(move |change: Event| {
            if let Some(select) = change.target_dyn_into::<HtmlSelectElement>() {
                session.select_job(select.value().as_str().into(), None);
            }
        })
    };
    let running = scene.run.as_ref().filter(|run| run.ended.is_none() || run.asks);
    let cancel = running.map(|run| {
        let (session, act) = (session.clone(), Act::Pipeline { run: run.number, act: RunAct::Cancel });
        Callback::from(move |_: MouseEvent| session.act(act.clone()))
    });
    let mut names: Vec<&str> = scene.events.iter().map(|name| &**name).collect();
    if !names.contains(&&*now.name) {
        names.push(&now.name);
    }
    let selected = if now.tag { "tag" } else { &*now.name };
    let option = |name: &str| html! { <option value={name.to_owned()} selected={name == selected}>{ name.to_owned() }</option> };
    html! {
        <div class="pipeline-bar">
            <div class="what">
                if view.scene.pipelines.len() > 1 {
                    <select aria-label={text(lang, "pipeline.which")} onchange={choose}>{ for view.scene.pipelines.iter().map(|other| html! {
                        <option value={other.file.to_string()} selected={other.file == scene.file}>{ other.name.to_string() }</option>
                    }) }</select>
                } else {
                    <b>{ scene.name.to_string() }</b>
                }
                <span class="quiet stands">{ stands(view, scene) }</span>
            </div>
            <form onsubmit={begin}>
                <select aria-label={text(lang, "pipeline.event")} onchange={pick}>
                    { for names.iter().copied().map(option) }
                    if names.contains(&"push") { { option("tag") } }
                </select>
                <input class="mono" aria-label={text(lang, "pipeline.reference")} value={now.reference.to_string()} oninput={typed} spellcheck="false" autocomplete="off" />
                <button type="submit" class="button primary" disabled={now.reference.trim().is_empty() || !view.alive}>{ text(lang, "pipeline.run") }</button>
                if let Some(cancel) = cancel {
                    <button type="button" class="button" onclick={cancel}>{ text(lang, "pipeline.cancel") }</button>
                }
            </form>
            if let Some(passed) = &scene.passed {
                <p class="passed">{ text(lang, "pipeline.ran-nothing") }{ " " }{ rich(&passed.told(&now.name, lang)) }</p>
            } else if let Some(path) = critical(view, scene) {
                <p class="critical-path"><i></i>{ path }</p>
            }
        </div>
    }
}

fn stands(view: &View, scene: &PipelineScene) -> String {
    match &scene.run {
        Some(run) => told(run, view.at, view.lang),
        None => text(view.lang, "pipeline.never-ran").to_owned(),
    }
}

/// Which run it is and how it stands.
pub fn told(run: &RunCard, now: Time, lang: Lang) -> String {
    let key = match run.outcome {
        _ if run.held.is_some() => "pipeline.run.held",
        _ if run.asks => "pipeline.run.asks",
        _ if run.ended.is_none() => "pipeline.run.running",
        Some(Outcome::Failure) => "pipeline.run.failed",
        Some(Outcome::Cancelled) => "pipeline.run.cancelled",
        Some(Outcome::Skipped) => "pipeline.run.skipped",
        Some(Outcome::Success) | None => "pipeline.run.succeeded",
    };
    let end = run.ended.unwrap_or(now);
    let values = [
        ("n", &*run.number.to_string()),
        ("event", &*run.event.name),
        ("group", run.held.as_deref().unwrap_or_default()),
        ("reference", &*run.event.reference),
        ("span", &whole(Some(end.since(run.began)), lang)),
    ];
    fill(lang, key, &values)
}

/// The critical path in words: as far as it is known.
fn critical(view: &View, scene: &PipelineScene) -> Option<String> {
    let run = scene.run.as_ref()?;
    let last = scene.path.last().and_then(|job| scene.jobs.get(*job))?.end.unwrap_or(view.at);
    let names: Vec<&str> =
        scene.path.iter().filter_map(|job| scene.jobs.get(*job)).map(|job| &*job.name).collect();
    let shown = match names.as_slice() {
        [first @ .., last] if first.len() >= NAMES => {
            [&first.get(..NAMES - 2).unwrap_or_default().join(" → "), " → … → ", last].concat()
        }
        all => all.join(" → "),
    };
    let taken = whole(Some(last.min(view.at).since(run.began)), view.lang);
    let key = if run.ended.is_some() { "pipeline.path" } else { "pipeline.path-so-far" };
    Some(fill(view.lang, key, &[("span", &taken), ("jobs", &shown)]))
}
