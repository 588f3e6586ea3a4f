//! The way in: a menu of what can be compared.

use opscape_lab::compare::lanes;
use opscape_lab::words::{Lang, fill, text};
use yew::prelude::*;

use super::Source;
use crate::browser;
use crate::icons;
use crate::lessons::Entry;
use crate::menu::{MenuButton, choice};
use crate::session::Session;

/// Names of the built-in comparisons, in the order of the menu.
const NAMES: &[&str] = &[
    "bad-version",
    "good-version",
    "rolling-bad",
    "rolling-good",
    "blue-green-bad",
    "blue-green-good",
    "canary-bad",
    "canary-good",
];

/// The text of a built-in comparison. None: there is none of this name, or it could not be loaded.
pub async fn load(base: &str, name: &str) -> Option<String> {
    let name = NAMES.iter().find(|known| **known == name)?;
    browser::fetched(&format!("{base}compare/{name}.yaml")).await
}

pub(super) async fn entries(base: &str) -> Vec<(&'static str, Entry)> {
    let mut entries = Vec::new();
    for name in NAMES {
        if let Some(text) = load(base, name).await {
            entries.push((*name, Entry::new(text)));
        }
    }
    entries
}

#[derive(Properties, PartialEq)]
pub struct Props {
    pub session: Session,
    pub lang: Lang,
    /// How many futures were left.
    pub branches: usize,
    /// Compares.
    pub compare: Callback<Source>,
}

/// The button and its menu.
#[component]
pub fn CompareMenu(props: &Props) -> Html {
    let Props { session, lang, branches, compare } = props;
    let list = use_state(Vec::<(&str, Entry)>::new);
    let own = use_state(|| 0_usize);
    let opened = {
        let (list, own, session) = (list.clone(), own.clone(), session.clone());
        Callback::from(move |()| {
            own.set(lanes(&session.text()).len());
            if list.is_empty() {
                let (list, base) = (list.clone(), session.base());
                wasm_bindgen_futures::spawn_local(async move { list.set(entries(&base).await) });
            }
        })
    };
    let item = |source: Box<dyn Fn() -> Option<Source>>, title: &str, about: &str| {
        let compare = compare.clone();
        let choose = move |_: MouseEvent| {
            if let Some(source) = source() {
                compare.emit(source);
            }
        };
        choice(choose.into(), title, about)
    };
    let own_lanes = {
        let session = session.clone();
        move || Some(session.lanes_source())
    };
    let futures = {
        let session = session.clone();
        move || session.branches_source()
    };
    html! {
        <MenuButton lang={*lang} label="compare.compare" class="plain" icon={icons::lanes()} {opened} note={text(*lang, "compare.how")}>
            <div role="none">
            if *own > 1 {
                { item(Box::new(own_lanes), text(*lang, "compare.this-text"), &fill(*lang, "compare.this-text-about", &[("n", &own.to_string())])) }
            }
            if *branches > 0 {
                { item(Box::new(futures), text(*lang, "compare.futures"), &fill(*lang, "compare.futures-about", &[("n", &branches.to_string())])) }
            }
            </div>
            // A list of its own: what has the focus stays when the list comes.
            <div role="none">
            { for list.iter().map(|(name, entry)| {
                let (written, name) = (entry.text.clone(), *name);
                let (title, about) = entry.words(*lang);
                item(Box::new(move || Some(Source::Text { text: written.clone(), seed: None, name: Some(name.to_owned()) })), title, about)
            }) }
            </div>
        </MenuButton>
    }
}
