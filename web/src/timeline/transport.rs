//! Play, pause, step, speed, what comes next, and the tabs of the drawer.

use opscape_lab::words::{Lang, count};
use opscape_sim::Time;
use yew::prelude::*;

use super::branches::Branches;
use super::drawer::Tab;
use super::speed::{Speed, speed_menu};
use crate::draw::rich;
use crate::icons;
use crate::session::{Session, View};

/// The bar.
pub fn transport(session: &Session, view: &View, tab: Option<Tab>, set_tab: &Callback<Option<Tab>>) -> Html {
    let button = |class: &'static str,
                  label: &'static str,
                  key: &'static str,
                  icon: Html,
                  act: Callback<MouseEvent>| {
        let word = view.word(label);
        html! {
            <button type="button" class={classes!("icon", class)} aria-label={word} title={format!("{word} ({key})")} onclick={act} disabled={!view.alive}>
                { icon }
            </button>
        }
    };
    let act = |act: fn(&Session)| {
        let session = session.clone();
        Callback::from(move |_: MouseEvent| act(&session))
    };
    let (play_word, play_icon) = if view.playing {
        (view.word("ui.pause"), icons::pause())
    } else {
        (view.word("ui.play"), icons::play())
    };
    let branch = {
        let session = session.clone();
        Callback::from(move |_: MouseEvent| session.branch_here())
    };
    html! {
        <div class="bar">
            { button("first", "ui.to-start", "Home", icons::to_start(), act(|session| session.seek(Time::ZERO))) }
            { button("back", "ui.step-back", "←", icons::step_back(), act(Session::step_back)) }
            <button type="button" class="play" aria-label={play_word} title={format!("{play_word} (Space)")} onclick={act(Session::toggle)} disabled={!view.alive}>
                { play_icon }
            </button>
            { button("", "ui.step", "→", icons::step(), act(Session::step)) }
            <span class="readout">{ readout(view) }</span>
            <span class="rule"></span>
            <Speed session={session.clone()} speed={view.speed} label={view.word("ui.speed")} />
            { speed_menu(session, view.speed, view.word("ui.speed")) }
            if let Some(next) = &view.next {
                <>
                    <span class="rule before-next"></span>
                    <span class="next">
                        { view.word("ui.next") }{ " " }<b>{ tenths(next.0) }</b>{ " " }{ rich(&next.1) }
                    </span>
                </>
            }
            <span class="space"></span>
            <button type="button" class="plain branch" onclick={branch} disabled={!view.alive || view.at >= view.known_until}
                title={view.word("ui.branch-about")}>
                { icons::branch() }<span class="label">{ view.word("ui.branch") }</span>
            </button>
            <Branches session={session.clone()} lang={view.lang} branches={view.branches.clone()} />
            <span class="rule"></span>
            { tab_list(view, tab, set_tab) }
        </div>
    }
}

fn tab_list(view: &View, tab: Option<Tab>, set_tab: &Callback<Option<Tab>>) -> Html {
    let entry = |which: Tab| {
        let chosen = tab == Some(which);
        let set = set_tab.clone();
        let events = view.events.len();
        html! {
            <button type="button" role="tab" id={which.id()} aria-selected={chosen.to_string()} aria-controls={chosen.then_some("drawer")}
                tabindex={if chosen || tab.is_none() { "0" } else { "-1" }}
                onclick={move |_| set.emit((!chosen).then_some(which))}>
                { view.word(which.key()) }
                if which == Tab::Events && events > 0 { <span class="count">{ count(events as u64) }</span> }
            </button>
        }
    };
    let keyed = {
        let set = set_tab.clone();
        Callback::from(move |event: KeyboardEvent| {
            let step = match event.key().as_str() {
                "ArrowRight" => 1,
                "ArrowLeft" => Tab::ALL.len() - 1,
                _ => return,
            };
            event.prevent_default();
            event.stop_propagation();
            let at = tab.and_then(|tab| Tab::ALL.iter().position(|other| *other == tab)).unwrap_or(0);
            if let Some(next) = Tab::ALL.get((at + step) % Tab::ALL.len()) {
                set.emit(Some(*next));
                crate::focus::focus_id(&event, next.id());
            }
        })
    };
    let fold = {
        let (set, open) = (set_tab.clone(), tab.is_some());
        Callback::from(move |_: MouseEvent| set.emit((!open).then_some(Tab::Events)))
    };
    html! {
        <>
            <div class="tabs" role="tablist" aria-label={view.word("ui.drawer")} onkeydown={keyed}>
                { for Tab::ALL.into_iter().map(entry) }
            </div>
            <button type="button" class="icon fold" aria-label={view.word("ui.fold")} aria-expanded={tab.is_some().to_string()} onclick={fold}>
                { if tab.is_some() { icons::down() } else { icons::up() } }
            </button>
        </>
    }
}

/// Seconds to a tenth, without the unit.
pub fn tenths(at: Time) -> String {
    let tenths = at.0.saturating_add(50_000) / 100_000;
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// The present instant, large.
pub fn readout(view: &View) -> Html {
    let unit = match view.lang {
        Lang::En => "s",
        Lang::Ko => "초",
    };
    html! { <><b>{ tenths(view.at) }</b>{ " " }{ unit }</> }
}
