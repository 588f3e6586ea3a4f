//! What the containers of a pod write.

use std::rc::Rc;

use opscape_lab::inspect::Inspection;
use opscape_lab::logs::LogLine;
use opscape_lab::words::{Lang, text};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlSelectElement};
use yew::prelude::*;

use crate::session::{Session, Writing};
use crate::timeline_tenths as tenths;

/// Lines shown at most, the newest.
const MOST: usize = 400;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub session: Session,
    pub lang: Lang,
    /// The pod. It is made anew when there may be more.
    pub inspection: Rc<Inspection>,
}

/// The log of one container at a time.
#[component]
pub fn Logs(props: &Props) -> Html {
    let Props { session, lang, inspection } = props;
    let node = use_node_ref();
    let chosen = use_state(|| None::<AttrValue>);
    let previous = use_state(|| false);
    let key = &inspection.key;
    // Another pod: its first container, as it is now.
    {
        let (chosen, previous) = (chosen.clone(), previous.clone());
        use_effect_with(key.clone(), move |_| {
            chosen.set(None);
            previous.set(false);
        });
    }
    let Writing { containers, container, log } = session.writing(key, chosen.as_deref(), *previous);
    let count = log.as_ref().map_or(0, |log| log.lines.len());
    let last = log.as_ref().ok().and_then(|log| log.lines.last()).map(|(at, _)| *at);
    {
        // Who reads the end goes on to read the end.
        let node = node.clone();
        let at_end = node
            .cast::<Element>()
            .and_then(|list| list.closest(".content").ok()?)
            .is_none_or(|frame| frame.scroll_height() - frame.scroll_top() - frame.client_height() < 24);
        use_effect_with((count, last, container.clone(), *previous), move |_| {
            let frame = node.cast::<Element>().and_then(|list| list.closest(".content").ok()?);
            if let (true, Some(frame)) = (at_end, frame) {
                frame.set_scroll_top(frame.scroll_height());
            }
        });
    }
    let choose = {
        let chosen = chosen.clone();
        Callback::from(move |event: Event| {
            if let Some(select) =
                event.target().and_then(|target| target.dyn_into::<HtmlSelectElement>().ok())
            {
                chosen.set(Some(select.value().into()));
            }
        })
    };
    let turn = {
        let previous = previous.clone();
        move |_: MouseEvent| previous.set(!*previous)
    };
    let word = |key: &'static str| text(*lang, key);
    html! {
        <div class="logs" ref={node}>
            <div class="log-bar">
                if containers.len() > 1 {
                    <select aria-label={word("ui.logs.container")} onchange={choose}>
                        { for containers.iter().map(|name| html! {
                            <option value={name.clone()} selected={*name == container}>{ name.clone() }</option>
                        }) }
                    </select>
                } else {
                    <span class="mono">{ container }</span>
                }
                <span class="space"></span>
                <button type="button" class="button small" aria-pressed={previous.to_string()} onclick={turn}>{ word("ui.logs.previous") }</button>
            </div>
            { match log {
                Ok(log) if log.lines.is_empty() => html! { <p class="quiet">{ word("ui.logs.nothing") }</p> },
                Ok(log) => html! {
                    <>
                        <ol class="log">{ for log.lines.iter().rev().take(MOST).rev().map(|(at, line)| row(*at, line)) }</ol>
                        if log.ended { <p class="quiet">{ word("ui.logs.ended") }</p> }
                    </>
                },
                Err(_) if inspection.gone => html! { <p class="quiet">{ word("ui.logs.gone") }</p> },
                Err(why) => html! { <p class="quiet mono">{ why }</p> },
            } }
        </div>
    }
}

fn row(at: opscape_sim::Time, line: &LogLine) -> Html {
    let bad = ["ERROR", "Error:", "[emerg]", "fatal"].iter().any(|word| line.text.contains(word));
    html! { <li><span class="at">{ tenths(at) }</span><span class={bad.then_some("bad")}>{ line.text.clone() }</span></li> }
}
