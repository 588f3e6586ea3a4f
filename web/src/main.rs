//! The Yew app and the embeddable widget. The page mounts itself where it finds `#opscape`; widgets are mounted by
//! `embed.js` through [`widget::mount_widget`].

mod app;
mod browser;
mod compare;
mod draw;
mod failure;
mod focus;
mod glyph;
mod hook;
mod icons;
mod inspector;
mod lessons;
mod memory;
mod menu;
mod panels;
mod pipelines;
mod session;
mod share;
mod size;
mod stage;
mod text;
mod timeline;
mod top;
mod widget;

use std::hash::RandomState;

use opscape_lab::words::Lang;
use session::{Begin, Recording, Session, Start};
pub(crate) use timeline::tenths as timeline_tenths;

fn main() {
    // The seeds of hash tables follow from where memory is free when the first is made. Now that is always the same
    // place, so that what runs at the start is the same in each page (crates/xtask/src/parts).
    let _ = RandomState::new();
    failure::watch();
    let Some(root) = web_sys::window().and_then(|window| window.document()?.get_element_by_id("opscape"))
    else {
        return;
    };
    wasm_bindgen_futures::spawn_local(async move {
        let lang = Lang::from_tag(&browser::stored("lang").unwrap_or_else(browser::language));
        browser::set_root("lang", lang.tag());
        let dark = match browser::stored("theme").as_deref() {
            Some(theme) => theme == "dark",
            None => browser::matches("(prefers-color-scheme: dark)"),
        };
        let comparing = share::comparison_of_address().await;
        let shared = if comparing.is_some() { None } else { share::of_address().await };
        let (text, seed, lane, done) = match shared {
            Some(shared) => (shared.text, shared.seed, shared.lane, shared.done),
            None => {
                (browser::stored("text").unwrap_or_else(|| lessons::first().to_owned()), None, None, None)
            }
        };
        let begin = done.map_or(Begin::Fresh, |done| {
            Begin::Shared(Box::new(Recording {
                opened: done.opened,
                seed,
                lane: lane.clone(),
                acts: done.acts,
                at: done.at,
            }))
        });
        // After a stop (`opscapeFailed` in index.html counts them): first where it was; if that stops again, from the
        // beginning; then the text alone.
        let stops = browser::kept("stopped").map_or(0, |stops| stops.parse().unwrap_or(1));
        let world = match stops {
            1 => Recording::stored().map_or(Begin::Fresh, |recording| Begin::Again(Box::new(recording))),
            0 => begin,
            2 => Begin::Fresh,
            _ => Begin::NotYet,
        };
        let session = Session::new(Start {
            text,
            seed,
            lane,
            lang,
            // What somebody did is looked at where they stopped.
            play: stops == 0 && matches!(world, Begin::Fresh) && comparing.is_none(),
            keep: Some("text"),
            base: String::new(),
            reads: true,
            world,
        });
        browser::after(5_000, || {
            if !browser::is_there(".failed") {
                browser::forget("stopped");
            }
        });
        hook::install(&session);
        root.set_inner_html("");
        yew::Renderer::<app::App>::with_root_and_props(root, app::Props { session, dark, comparing })
            .render();
        browser::set_root("data-opscape", "ready");
    });
}
