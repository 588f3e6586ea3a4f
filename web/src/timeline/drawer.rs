//! Below the tracks, at full width: terminal, events, charts, pipelines.

use std::rc::Rc;

use yew::prelude::*;

use super::charts::Charts;
use super::events::Events;
use super::terminal::Terminal;
use crate::pipelines::Gantt;
use crate::session::{Session, View};

/// What the drawer shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tab {
    /// kubectl and others.
    Terminal,
    /// The cluster's events.
    Events,
    /// Numbers over time.
    Charts,
    /// Workflows.
    Pipelines,
}

impl Tab {
    /// In their order.
    pub const ALL: [Tab; 4] = [Tab::Terminal, Tab::Events, Tab::Charts, Tab::Pipelines];

    /// Key of its name.
    pub fn key(self) -> &'static str {
        match self {
            Tab::Terminal => "ui.terminal",
            Tab::Events => "ui.events",
            Tab::Charts => "ui.charts",
            Tab::Pipelines => "ui.pipelines",
        }
    }

    /// Its id in the page.
    pub fn id(self) -> &'static str {
        match self {
            Tab::Terminal => "tab-terminal",
            Tab::Events => "tab-events",
            Tab::Charts => "tab-charts",
            Tab::Pipelines => "tab-pipelines",
        }
    }
}

/// The drawer.
pub fn drawer(session: &Session, view: &Rc<View>, tab: Tab) -> Html {
    let content = match tab {
        Tab::Terminal => {
            crate::browser::prefetch("terminal");
            html! { <Terminal session={session.clone()} lang={view.lang} screen={view.screen.clone()} playing={view.playing} /> }
        }
        Tab::Events => {
            html! { <Events session={session.clone()} lang={view.lang} events={view.events.clone()} selected={view.selected.clone()} /> }
        }
        Tab::Charts => html! { <Charts session={session.clone()} view={view.clone()} /> },
        Tab::Pipelines => html! { <Gantt session={session.clone()} view={view.clone()} /> },
    };
    html! {
        <div class="drawer" id="drawer" role="tabpanel" aria-labelledby={tab.id()} tabindex="0">{ content }</div>
    }
}
