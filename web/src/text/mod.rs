//! The text panel: files as tabs, the text, what is wrong with it, Apply.

pub mod colour;
mod editor;
pub(crate) mod fields;
mod plain;
mod problems;

use std::rc::Rc;

use opscape_lab::words::Lang;
use opscape_lab::words::text as words;
use yew::prelude::*;

use crate::browser;
use crate::icons;
use crate::session::{Session, TextView};
use plain::Plain;
use problems::problems;

/// What the panel needs. It draws anew only when the text changes, not with the clock.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// To act.
    pub session: Session,
    /// The language.
    pub lang: Lang,
    /// The text.
    pub text: Rc<TextView>,
    /// Whether there is a world that it could be applied to.
    pub alive: bool,
    /// Folds the panel; none: it cannot be folded.
    #[prop_or_default]
    pub fold: Option<Callback<()>>,
}

/// The panel.
#[component]
pub fn TextPanel(props: &Props) -> Html {
    let Props { session, lang, text, alive, fold } = props;
    let apply = {
        let session = session.clone();
        move |_: MouseEvent| session.apply()
    };
    let errors = text.errors();
    let state = if text.edited || !*alive { words(*lang, "ui.edited") } else { "" };
    let tabs = text.files.iter().enumerate().map(|(index, file)| {
        let session = session.clone();
        let name = if file.name.is_empty() { words(*lang, "ui.unnamed") } else { &*file.name };
        html! {
            <button type="button" aria-pressed={(index == text.shown).to_string()} class={classes!("file", (index == text.shown).then_some("on"))}
                title={name.to_owned()} aria-label={name.to_owned()} onclick={move |_| session.show_file(index)}>{ short(name, text) }</button>
        }
    });
    let one = text.files.first().map(|file| file.name.to_string()).filter(|name| !name.is_empty());
    html! {
        <section class="panel text" aria-label={words(*lang, "ui.text")}>
            <header>
                if text.files.len() > 1 {
                    <div class="files">{ for tabs }</div>
                } else {
                    <span class="name">{ one.unwrap_or_else(|| words(*lang, "ui.unnamed").to_owned()) }</span>
                }
                <span class="state">{ state }</span>
                <span class="space"></span>
                <button type="button" class="button primary apply" onclick={apply} disabled={errors > 0 || (*alive && !text.edited)}
                    title={browser::apply_key()}>
                    { words(*lang, "ui.apply") }
                    // Beside several files there is no room for it.
                    if text.files.len() < 2 { <kbd>{ if browser::is_mac() { "⌘ ↵" } else { "Ctrl ↵" } }</kbd> }
                </button>
                if let Some(fold) = fold {
                    <button type="button" class="icon fold-text" aria-label={words(*lang, "ui.fold")} onclick={fold.reform(|_: MouseEvent| ())}>{ icons::left() }</button>
                }
            </header>
            <Plain session={session.clone()} lang={*lang} text={text.clone()} />
            { problems(session, *lang, text) }
        </section>
    }
}

/// A file's name without its folders, unless another file is called the same.
fn short<'a>(name: &'a str, text: &TextView) -> &'a str {
    let last = |name: &'a str| name.rsplit('/').next().unwrap_or(name);
    let alone = text.files.iter().filter(|file| file.name.rsplit('/').next() == Some(last(name))).count() < 2;
    if alone { last(name) } else { name }
}
