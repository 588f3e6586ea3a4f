//! The dock: the clock and its controls, the tracks, and a drawer below.

mod areas;
mod completion;
mod drawer;
mod events;
mod speed;
mod terminal;
mod tracks;
mod transport;

use std::rc::Rc;

use yew::prelude::*;

pub use drawer::{Drawer, Tab};
pub use tracks::Tracks;
pub use transport::{Transport, readout, tenths};

use crate::session::{Session, View};

/// What the dock needs.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// To act.
    pub session: Session,
    /// To draw.
    pub view: Rc<View>,
    /// The tab of the drawer; none: it is folded.
    pub tab: Option<Tab>,
    /// Another tab, or none.
    pub set_tab: Callback<Option<Tab>>,
}

/// The dock.
#[component]
pub fn Dock(props: &Props) -> Html {
    let Props { session, view, tab, set_tab } = props;
    html! {
        <section class="panel dock" aria-label={view.word("ui.timeline")}>
            <Transport session={session.clone()} view={view.clone()} tab={*tab} set_tab={set_tab.clone()} />
            <Tracks session={session.clone()} view={view.clone()} />
            if let Some(tab) = *tab {
                <Drawer session={session.clone()} view={view.clone()} {tab} />
            }
        </section>
    }
}
