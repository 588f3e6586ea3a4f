//! What the lab is about, when nothing is selected: its description and its steps, the one that was reached in full.

use opscape_lab::words::Rich;
use opscape_manifest::lab::Step;
use yew::prelude::*;

use crate::draw::rich;
use crate::session::{Session, View};
use crate::timeline_tenths as tenths;

/// The step that was reached, from 0, if there are steps.
pub fn reached(view: &View) -> Option<usize> {
    view.steps.iter().rposition(|at| at.is_some_and(|at| at <= view.at))
}

/// What the lab wants to be reached, and whether it is.
fn goals(view: &View) -> Html {
    if view.goals.is_empty() {
        return Html::default();
    }
    html! {
        <>
            <h3>{ view.word("ui.goals") }</h3>
            <ul class="goals">
                { for view.goals.iter().map(|goal| html! {
                    <li class={if goal.holds { "met" } else { "open" }} title={goal.wanted.clone()}>
                        <svg viewBox="0 0 16 16" aria-hidden="true"><rect x="1" y="1" width="14" height="14" rx="3" /><path d="M4.5 8.3l2.4 2.4 4.6-5.2" /></svg>
                        <span>{ rich(&Rich::parse(&goal.text)) }</span>
                        <em>{ view.word(if goal.holds { "ui.goal.met" } else { "ui.goal.open" }) }</em>
                    </li>
                }) }
            </ul>
        </>
    }
}

/// The description, the steps and the goals.
pub fn lesson(session: &Session, view: &View) -> Html {
    let Some(spec) = view.spec.as_ref().filter(|spec| spec.title.is_some() || !spec.steps.is_empty()) else {
        return html! { <p class="nothing">{ view.word("ui.nothing-selected") }</p> };
    };
    let tag = view.lang.tag();
    let now = reached(view);
    let step = |(index, step): (usize, &Step)| {
        let at = view.steps.get(index).copied().flatten();
        let current = now == Some(index);
        let title = step.title.as_ref().map_or("", |title| title.in_language(tag)).to_owned();
        let go = at.map(|at| {
            let session = session.clone();
            let go = move |_: MouseEvent| session.seek(at);
            html! { <button type="button" title={view.word("ui.go-there")} onclick={go}>{ tenths(at) }</button> }
        });
        let runs = step.actions.iter().filter_map(|action| action.run.as_ref()).map(ToString::to_string);
        html! {
            <li class={if current { "now" } else if now.is_some_and(|now| index < now) { "past" } else { "ahead-step" }} aria-current={current.then_some("step")}>
                <span class="number">{ index + 1 }</span>
                <div>
                    <b>{ title }</b>
                    if current {
                        <>
                            if let Some(text) = &step.text { <p>{ rich(&Rich::parse(text.in_language(tag))) }</p> }
                            { for runs.map(|run| html! { <code class="run">{ run }</code> }) }
                        </>
                    }
                </div>
                <span class="at">{ go.unwrap_or_else(|| html! { view.word("ui.step-waits") }) }</span>
            </li>
        }
    };
    html! {
        <div class="content lesson" tabindex="0" role="region" aria-label={view.word("ui.lab")}>
            if let Some(title) = &spec.title { <h2>{ title.in_language(tag).to_owned() }</h2> }
            if let Some(about) = &spec.description { <p class="about">{ rich(&Rich::parse(about.in_language(tag))) }</p> }
            <ol class="steps">{ for spec.steps.iter().enumerate().map(step) }</ol>
            { goals(view) }
            <p class="faint">{ view.word("ui.nothing-selected") }</p>
        </div>
    }
}
