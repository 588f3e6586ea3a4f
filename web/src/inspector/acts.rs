//! What can be done with an object: the buttons of the inspector and the rows of the stage's menu.

use opscape_lab::Act;
use opscape_lab::inspect::Inspection;
use opscape_manifest::api::ObjectKey;
use wasm_bindgen::JsCast;
use yew::prelude::*;

use crate::session::{Session, View};
use crate::stage::url_of;

/// One thing that can be done.
pub struct Offer {
    /// In words.
    pub label: &'static str,
    /// The key that does it on the stage; empty: none.
    pub key: &'static str,
    /// What it does.
    pub act: Act,
}

/// What can be done with an object now.
pub fn acts_for(view: &View, key: &ObjectKey) -> Vec<Offer> {
    let offer = |label: &'static str, act: Act| Offer { label: view.word(label), key: "", act };
    match &*key.kind {
        "Pod" => vec![Offer {
            label: view.word("ui.act.delete-pod"),
            key: "Delete",
            act: Act::Delete { object: key.clone(), grace: None },
        }],
        "Node" => {
            let node = view.scene.nodes.iter().find(|node| node.name == key.name);
            let (stopped, cordoned) = node.map_or((false, false), |node| (node.stopped, node.cordoned));
            let name = key.name.clone();
            vec![
                if stopped {
                    offer("ui.act.start-node", Act::StartNode { node: name.clone() })
                } else {
                    offer("ui.act.stop-node", Act::StopNode { node: name.clone() })
                },
                offer(
                    if cordoned { "ui.act.uncordon" } else { "ui.act.cordon" },
                    Act::Cordon { node: name, on: !cordoned },
                ),
            ]
        }
        "Deployment" => {
            let strip = view
                .scene
                .rollouts
                .iter()
                .find(|strip| strip.workload == key.name && strip.namespace == key.namespace);
            let paused = strip.is_some_and(|strip| strip.state == opscape_lab::scene::RolloutState::Paused);
            let deployment = || key.clone();
            vec![
                offer("ui.act.roll-back", Act::RollBack { deployment: deployment(), to: None }),
                offer(
                    if paused { "ui.act.resume" } else { "ui.act.pause" },
                    Act::Pause { deployment: deployment(), on: !paused },
                ),
                offer("ui.act.restart", Act::Restart { deployment: deployment() }),
            ]
        }
        "Rollout" => {
            let strip = view
                .scene
                .rollouts
                .iter()
                .find(|strip| strip.workload == key.name && strip.namespace == key.namespace);
            let phase = strip.and_then(|strip| strip.progress.as_ref()).map(|progress| &*progress.phase.0);
            let run = |verb: &str| Act::Run {
                line: ["kubectl argo rollouts ", verb, " ", &key.name, " -n ", &key.namespace]
                    .concat()
                    .into(),
            };
            match phase {
                Some("Healthy") => vec![offer("ui.act.roll-back", run("undo"))],
                Some("Degraded") => {
                    vec![offer("ui.act.retry", run("retry rollout")), offer("ui.act.roll-back", run("undo"))]
                }
                _ => vec![
                    offer("ui.act.promote", run("promote")),
                    offer("ui.act.promote-full", run("promote --full")),
                    offer("ui.act.abort", run("abort")),
                ],
            }
        }
        _ => Vec::new(),
    }
}

/// The buttons.
pub fn acts(session: &Session, view: &View, inspection: &Inspection) -> Html {
    let key = &inspection.key;
    if inspection.gone {
        return html! { <div class="acts quiet">{ view.word("ui.gone") }</div> };
    }
    let strip = view.scene.rollouts.iter().find(|strip| {
        strip.kind == &*key.kind && strip.workload == key.name && strip.namespace == key.namespace
    });
    let offers = acts_for(view, key);
    let ask = url_of(view, key).map(|url| {
        let session = session.clone();
        html! { <button type="button" class="button small" onclick={move |_| session.ask_for(Some(url.clone()))}>{ view.word("ui.ask") }</button> }
    });
    if offers.is_empty() && strip.is_none() && ask.is_none() {
        return Html::default();
    }
    html! {
        <div class="acts">
            if let Some(strip) = strip {
                { scale(session, view, key, strip.wanted) }
            }
            { for offers.into_iter().map(|offer| {
                let (session, act) = (session.clone(), offer.act);
                html! { <button type="button" class="button small" onclick={move |_| session.act(act.clone())}>{ offer.label }</button> }
            }) }
            { for ask }
        </div>
    }
}

fn scale(session: &Session, view: &View, workload: &ObjectKey, wanted: u32) -> Html {
    let to = |session: &Session, workload: &ObjectKey, replicas: i64| {
        let replicas = i32::try_from(replicas.max(0)).unwrap_or(i32::MAX);
        session.act(Act::Scale { workload: workload.clone(), replicas });
    };
    let by = |step: i64| {
        let (session, workload, wanted) = (session.clone(), workload.clone(), i64::from(wanted));
        Callback::from(move |_: MouseEvent| to(&session, &workload, wanted + step))
    };
    let typed = {
        let (session, workload) = (session.clone(), workload.clone());
        Callback::from(move |event: Event| {
            let input = event.target().and_then(|target| target.dyn_into::<web_sys::HtmlInputElement>().ok());
            if let Some(replicas) = input.and_then(|input| input.value().trim().parse::<i64>().ok()) {
                to(&session, &workload, replicas);
            }
        })
    };
    html! {
        <span class="stepper" role="group" aria-label={view.word("ui.act.scale")}>
            <button type="button" aria-label={view.word("ui.act.fewer")} onclick={by(-1)}>{ "−" }</button>
            <input type="number" min="0" aria-label={view.word("ui.replicas")} value={wanted.to_string()} onchange={typed} />
            <button type="button" aria-label={view.word("ui.act.more")} onclick={by(1)}>{ "+" }</button>
        </span>
    }
}
