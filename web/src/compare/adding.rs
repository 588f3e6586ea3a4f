//! One lane more: a strategy out of the built-in comparisons, or a future of the lab that is open.

use opscape_lab::compare::{MOST, lanes};
use opscape_lab::words::{Lang, fill, text};
use yew::prelude::*;

use super::menu::entries;
use super::source::Added;
use super::{Comparison, Source};
use crate::icons;
use crate::menu::{MenuButton, choice};
use crate::session::Session;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub comparison: Comparison,
    pub session: Session,
    pub lang: Lang,
    /// How many lanes there are.
    pub count: usize,
    /// Says something aloud.
    pub tell: Callback<AttrValue>,
}

/// A lane that can be added, and where it comes from.
type Offer = (Added, String);

/// Whether a comparison is of a bad version, by its name.
fn is_bad(name: &str) -> bool {
    name.split('-').any(|word| word == "bad")
}

/// Ways out of the built-in comparisons: those with the same kind of version, if it is known.
async fn ways(base: &str, source: &Source, lang: Lang) -> Vec<Offer> {
    let bad = source.built_in().map(is_bad);
    let mut offers = Vec::new();
    for (name, entry) in entries(base).await {
        if bad.is_some_and(|bad| bad != is_bad(name)) {
            continue;
        }
        for lane in lanes(&entry.text) {
            let added =
                Added::Way { name: name.to_owned(), lane: lane.to_string(), text: entry.text.clone() };
            offers.push((added, entry.words(lang).0.to_owned()));
        }
    }
    offers
}

/// The button and its menu.
#[component]
pub fn AddLane(props: &Props) -> Html {
    let Props { comparison, session, lang, count, tell } = props;
    let lang = *lang;
    let offers = use_state(Vec::<Offer>::new);
    let futures = use_state(Vec::<Added>::new);
    let opened = {
        let (offers, futures, session, comparison) =
            (offers.clone(), futures.clone(), session.clone(), comparison.clone());
        Callback::from(move |()| {
            futures.set(session.futures());
            let (offers, base, source) = (offers.clone(), session.base(), comparison.state().source.clone());
            wasm_bindgen_futures::spawn_local(async move { offers.set(ways(&base, &source, lang).await) });
        })
    };
    let item = |added: &Added, about: &str| {
        let title = added.about(lang).title;
        let (comparison, tell, added, name) =
            (comparison.clone(), tell.clone(), added.clone(), title.clone());
        let choose = move |_: MouseEvent| {
            let said = match comparison.add(added.clone()) {
                Ok(()) => fill(lang, "compare.added", &[("name", &name)]),
                Err(problem) => problem,
            };
            tell.emit(said.into());
        };
        choice(choose.into(), &title, about)
    };
    let source = comparison.state().source.clone();
    let full = *count >= MOST;
    html! {
        <MenuButton {lang} label={if full { "compare.full-up" } else { "compare.add" }} class="button small" icon={icons::lanes()} disabled={full} {opened} note={text(lang, "compare.add-how")}>
            <div role="none">{ for futures.iter().filter(|added| !source.has(added)).map(|added| item(added, &[session.title(), added.about(lang).description].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" · "))) }</div>
            <div role="none">{ for offers.iter().filter(|(added, _)| !source.has(added)).map(|(added, from)| item(added, from)) }</div>
        </MenuButton>
    }
}
