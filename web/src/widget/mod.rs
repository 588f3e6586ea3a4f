//! The embeddable widget: the same session and components in a shadow root, in a smaller frame. `web/js/embed.ts` calls
//! this.

mod frame;

use std::cell::Cell;

use js_sys::{JSON, Reflect};
use opscape_lab::words::Lang;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use web_sys::{Element, ShadowRoot};
use yew::prelude::*;

use crate::browser;
use crate::lessons;
use crate::session::{Begin, Session, Start};
use frame::{Config, Frame};

thread_local! {
    /// Widgets mounted so far.
    static MOUNTED: Cell<u32> = const { Cell::new(0) };
}

/// A widget in a page.
#[wasm_bindgen]
pub struct Widget {
    session: Session,
    config: Config,
    app: Option<yew::AppHandle<Frame>>,
    host: Element,
    /// Whether it plays when it is opened.
    plays: bool,
}

/// Mounts a widget in a shadow root. `config` is JSON: src, view, lang, theme, play, controls, base.
#[wasm_bindgen]
pub fn mount_widget(root: &ShadowRoot, config: &str) -> Result<Widget, JsValue> {
    let given = JSON::parse(config)?;
    let get = |name: &str| {
        let value = Reflect::get(&given, &name.into()).ok().and_then(|value| value.as_string());
        value.unwrap_or_default()
    };
    let document = root.owner_document().ok_or("no document")?;
    let place = document.create_element("div")?;
    root.append_child(&place)?;
    let play = get("play") != "click";
    let session = Session::new(Start {
        text: String::new(),
        seed: None,
        lane: None,
        lang: Lang::from_tag(&get("lang")),
        play: false,
        keep: None,
        base: get("base"),
        reads: false,
        world: Begin::Fresh,
    });
    open(&session, &get("src"), play);
    let config = Config {
        editor: get("view").contains("editor"),
        dark: is_dark(&get("theme")),
        controls: get("controls") != "none",
        base: get("base").into(),
        number: MOUNTED.with(|count| {
            count.set(count.get() + 1);
            count.get()
        }),
    };
    let props = frame::Props { session: session.clone(), config: config.clone() };
    let app = yew::Renderer::<Frame>::with_root_and_props(place, props).render();
    let host = root.host();
    host.set_attribute("data-state", if play { "playing" } else { "paused" })?;
    Ok(Widget { session, config, app: Some(app), host, plays: play })
}

#[wasm_bindgen]
impl Widget {
    /// An attribute changed.
    pub fn set(&mut self, name: &str, value: &str) {
        match name {
            "src" => open(&self.session, value, self.plays),
            "lang" => self.session.set_lang(Lang::from_tag(value)),
            "view" => self.config.editor = value.contains("editor"),
            "theme" => self.config.dark = is_dark(value),
            "controls" => self.config.controls = value != "none",
            _ => return,
        }
        if let Some(app) = &mut self.app {
            app.update(frame::Props { session: self.session.clone(), config: self.config.clone() });
        }
    }

    /// Out of sight.
    pub fn pause(&mut self) {
        self.session.set_hidden(true);
        let _ = self.host.set_attribute("data-state", "hidden");
    }

    /// In sight again.
    pub fn resume(&mut self) {
        self.session.set_hidden(false);
        let state = if self.session.view().playing { "playing" } else { "paused" };
        let _ = self.host.set_attribute("data-state", state);
    }

    /// Takes it from the page.
    pub fn destroy(&mut self) {
        self.session.end();
        if let Some(app) = self.app.take() {
            app.destroy();
        }
    }
}

/// Opens the text or the built-in lab of this name in the session.
fn open(session: &Session, src: &str, play: bool) {
    let name = src.trim();
    if name.contains('\n') || name == lessons::NAMES.first().copied().unwrap_or_default() || name.is_empty() {
        session.open_text(text_of(src), None, play);
        return;
    }
    let (session, src) = (session.clone(), src.to_owned());
    wasm_bindgen_futures::spawn_local(async move {
        let text = lessons::load(&session.base(), src.trim()).await.unwrap_or(src);
        session.open_text(text, None, play);
    });
}

/// A text as it is; the first lab for its name or nothing.
fn text_of(src: &str) -> String {
    if src.contains('\n') { src.to_owned() } else { lessons::first().to_owned() }
}

fn is_dark(theme: &str) -> bool {
    match theme {
        "dark" => true,
        "light" => false,
        _ => browser::matches("(prefers-color-scheme: dark)"),
    }
}

/// The `<opscape-lab>` that a node is in.
fn host_of(node: &NodeRef) -> Option<Element> {
    node.get()?.get_root_node().dyn_into::<ShadowRoot>().ok().map(|root| root.host())
}
