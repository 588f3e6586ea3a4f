//! The inspector: the selected object, why it is as it is, and what can be done.

mod acts;
mod details;
mod lesson;
mod logs;
mod why;

use std::rc::Rc;

use opscape_lab::inspect::Inspection;
use opscape_lab::scene::PodState;
use yew::prelude::*;

pub use acts::acts_for;
pub use lesson::reached;
pub use why::{chain, place_of};

use crate::glyph::{Look, icon};
use crate::icons;
use crate::session::{Session, View};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Tab {
    Why,
    Details,
    Logs,
    Yaml,
}

impl Tab {
    /// Those of an object of this kind.
    fn of(kind: &str) -> &'static [Tab] {
        match kind {
            "Pod" => &[Tab::Why, Tab::Details, Tab::Yaml, Tab::Logs],
            _ => &[Tab::Why, Tab::Details, Tab::Yaml],
        }
    }

    fn key(self) -> &'static str {
        match self {
            Tab::Why => "ui.why",
            Tab::Details => "ui.details",
            Tab::Logs => "ui.logs",
            Tab::Yaml => "ui.yaml",
        }
    }

    fn id(self) -> &'static str {
        match self {
            Tab::Why => "inspect-why",
            Tab::Details => "inspect-details",
            Tab::Logs => "inspect-logs",
            Tab::Yaml => "inspect-yaml",
        }
    }
}

/// The panel; `close` closes or folds it.
pub fn inspector(session: &Session, view: &Rc<View>, close: &Callback<()>) -> Html {
    let close = close.reform(|_: MouseEvent| ());
    let kind = view.selected.as_ref().map(|key| key.kind.to_string()).unwrap_or_default();
    html! {
        <section class="panel inspector" aria-label={view.word("ui.inspector")}>
            <header>
                <span class="name">{ view.word("ui.inspector") }</span>
                <span class="space"></span>
                <span class="quiet">{ kind }</span>
                <button type="button" class="icon" aria-label={view.word("ui.close")} onclick={close}>{ icons::close() }</button>
            </header>
            if let Some(inspection) = &view.inspection {
                <Object session={session.clone()} view={view.clone()} inspection={inspection.clone()} />
            } else {
                { lesson::lesson(session, view) }
            }
        </section>
    }
}

#[derive(Properties, PartialEq)]
struct ObjectProps {
    session: Session,
    view: Rc<View>,
    inspection: Rc<Inspection>,
}

#[component]
fn Object(props: &ObjectProps) -> Html {
    let ObjectProps { session, view, inspection } = props;
    let tab = use_state(|| Tab::Why);
    let tabs = Tab::of(&inspection.key.kind);
    let shown = if tabs.contains(&*tab) { *tab } else { Tab::Why };
    let entry = |which: Tab| {
        let chosen = shown == which;
        let tab = tab.clone();
        html! {
            <button type="button" role="tab" id={which.id()} aria-selected={chosen.to_string()} aria-controls="inspected"
                tabindex={if chosen { "0" } else { "-1" }} onclick={move |_| tab.set(which)}>{ view.word(which.key()) }</button>
        }
    };
    let keyed = {
        let tab = tab.clone();
        Callback::from(move |event: KeyboardEvent| {
            let step = match event.key().as_str() {
                "ArrowRight" => 1,
                "ArrowLeft" => tabs.len() - 1,
                _ => return,
            };
            event.prevent_default();
            event.stop_propagation();
            let at = tabs.iter().position(|other| *other == shown).unwrap_or(0);
            if let Some(next) = tabs.get((at + step) % tabs.len()) {
                tab.set(*next);
                crate::focus::focus_id(&event, next.id());
            }
        })
    };
    let content = match shown {
        Tab::Why => html! {
            <>
                { chain(session, view, inspection) }
                if let Some(table) = &inspection.scheduling { { details::scheduling(session, view, table) } }
            </>
        },
        Tab::Details => details::details(session, view, inspection),
        Tab::Logs => {
            html! { <logs::Logs session={session.clone()} lang={view.lang} inspection={inspection.clone()} /> }
        }
        Tab::Yaml => {
            html! { <pre class="yaml" aria-label="YAML">{ details::coloured(&inspection.yaml) }</pre> }
        }
    };
    html! {
        <>
            <div class="who">
                { portrait(view, inspection) }
                <div>
                    <h2 class="title">{ inspection.key.name.to_string() }</h2>
                    <div class="rest">
                        <span class={classes!("word", inspection.failing.then_some("bad"))}>{ &inspection.word }</span>
                        { &inspection.rest }
                    </div>
                </div>
            </div>
            { acts::acts(session, view, inspection) }
            <div class="tabs" role="tablist" aria-label={view.word("ui.inspector")} onkeydown={keyed}>{ for tabs.iter().copied().map(entry) }</div>
            <div class="content" id="inspected" role="tabpanel" tabindex="0" aria-labelledby={shown.id()}>{ content }</div>
        </>
    }
}

/// The glyph of a pod; the mark of another kind.
fn portrait(view: &View, inspection: &Inspection) -> Html {
    if let Some(pod) = &inspection.pod {
        return icon(Look::of(pod, view.at), 34.0);
    }
    let mark = match &*inspection.key.kind {
        "Node" => "M5 8h24v18h-24zM9 20h5v-5h-5zM17 20h5v-5h-5z",
        "Service" => "M5 17h8M13 17l8-8h8M13 17h16M13 17l8 8h8",
        "Deployment" | "Rollout" | "ReplicaSet" => "M6 6h9v9h-9zM19 6h9v9h-9zM6 19h9v9h-9zM19 19h9v9h-9z",
        _ => "M8 5h13l6 6v18h-19zM21 5v6h6",
    };
    let class = if inspection.failing { "var(--err)" } else { "var(--ink-2)" };
    html! {
        <svg width="34" height="34" viewBox="0 0 34 34" fill="none" stroke={class} stroke-width="1.6" stroke-linejoin="round" aria-hidden="true">
            <path d={mark} />
        </svg>
    }
}

/// A glyph of a state, for rows that have no pod of their own.
pub fn failing_mark() -> Html {
    icon(Look { state: PodState::Failing, colour: 2, pulled: 0.0, phase: 1.0 }, 15.0)
}
