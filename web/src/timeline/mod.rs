//! The dock: the clock and its controls, the tracks, and a drawer below.

mod areas;
mod branches;
mod charts;
mod drawer;
mod events;
mod speed;
mod terminal;
mod tracks;
mod transport;

use std::rc::Rc;

use yew::prelude::*;

pub use drawer::Tab;
use drawer::drawer;
pub use tracks::Tracks;
use transport::transport;
pub use transport::{readout, tenths};

use crate::session::{Session, View};

/// The dock. `tab`: what the drawer shows; none: it is folded.
pub fn dock(session: &Session, view: &Rc<View>, tab: Option<Tab>, set_tab: &Callback<Option<Tab>>) -> Html {
    html! {
        <section class="panel dock" aria-label={view.word("ui.timeline")}>
            { transport(session, view, tab, set_tab) }
            <Tracks session={session.clone()} view={view.clone()} />
            if let Some(tab) = tab { { drawer(session, view, tab) } }
        </section>
    }
}
