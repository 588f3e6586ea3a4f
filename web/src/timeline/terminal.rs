//! The terminal: what was typed and printed, a prompt with history and completion.

use std::rc::Rc;

use opscape_lab::words::{Lang, text};
use web_sys::{HtmlElement, HtmlInputElement};
use yew::prelude::*;

use crate::session::{LineKind, Screen, Session};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub session: Session,
    pub lang: Lang,
    pub screen: Rc<Screen>,
    /// Whether the clock runs: a command that waits goes on only then.
    pub playing: bool,
}

/// The terminal.
#[component]
pub fn Terminal(props: &Props) -> Html {
    let Props { session, lang, screen, playing } = props;
    let input = use_node_ref();
    let frame = use_node_ref();
    let choices = use_state(Vec::<String>::new);
    // 0: the line being typed; 1: the newest of the history.
    let back = use_mut_ref(|| 0_usize);
    // After Escape the next Tab leaves the field, as in the editor.
    let leaving = use_mut_ref(|| false);
    {
        let frame = frame.clone();
        use_effect_with((screen.lines.len(), choices.len(), screen.running), move |_| {
            if let Some(frame) = frame.cast::<HtmlElement>() {
                frame.set_scroll_top(frame.scroll_height());
            }
        });
    }
    let set_line = {
        let input = input.clone();
        move |line: &str| {
            if let Some(input) = input.cast::<HtmlInputElement>() {
                input.set_value(line);
                let end = line.encode_utf16().count() as u32;
                let _ = input.set_selection_range(end, end);
            }
        }
    };
    let keyed = {
        let (session, screen, choices, set_line) =
            (session.clone(), screen.clone(), choices.clone(), set_line.clone());
        Callback::from(move |event: KeyboardEvent| {
            event.stop_propagation();
            let Some(field) = event.target_dyn_into::<HtmlInputElement>() else { return };
            let line = field.value();
            let leave = leaving.replace(event.key() == "Escape");
            match event.key().as_str() {
                "Enter" if !event.is_composing() => {
                    event.prevent_default();
                    if !screen.running {
                        *back.borrow_mut() = 0;
                        choices.set(Vec::new());
                        set_line("");
                        session.run(&line);
                    }
                }
                "ArrowUp" | "ArrowDown" => {
                    event.prevent_default();
                    let mut back = back.borrow_mut();
                    *back = if event.key() == "ArrowUp" {
                        (*back + 1).min(screen.history.len())
                    } else {
                        back.saturating_sub(1)
                    };
                    let found = screen.history.len().checked_sub(*back).and_then(|at| screen.history.get(at));
                    set_line(found.map_or("", |line| line));
                }
                "Tab" if !event.shift_key() && !leave && !line.is_empty() => {
                    event.prevent_default();
                    let found = session.complete(&line);
                    let before = line.get(..found.from).unwrap_or(&line);
                    match found.candidates.as_slice() {
                        [] => {}
                        [one] => {
                            let end = if one.ends_with(['=', '/', '.']) { "" } else { " " };
                            set_line(&format!("{before}{one}{end}"));
                            choices.set(Vec::new());
                        }
                        many => {
                            set_line(&format!("{before}{}", found.common()));
                            choices.set(many.to_vec());
                        }
                    }
                }
                "c" if event.ctrl_key() && screen.running => {
                    event.prevent_default();
                    session.interrupt();
                }
                "l" if event.ctrl_key() => {
                    event.prevent_default();
                    session.run("clear");
                }
                "Escape" => choices.set(Vec::new()),
                _ => {}
            }
        })
    };
    let focus = {
        let input = input.clone();
        Callback::from(move |_: MouseEvent| {
            // A selection is for copying: the click that ends it does not take it away.
            let selected = web_sys::window()
                .and_then(|window| window.get_selection().ok()?)
                .is_some_and(|selection| !selection.is_collapsed());
            if let (false, Some(input)) = (selected, input.cast::<HtmlElement>()) {
                let _ = input.focus();
            }
        })
    };
    let waits = screen.running && !playing;
    html! {
        <div class="terminal" ref={frame} onclick={focus}>
            if screen.lines.is_empty() { <p class="choices">{ text(*lang, "ui.terminal.hello") }</p> }
            { for screen.lines.iter().map(|line| match line.kind {
                LineKind::Typed => html! { <pre class="typed"><span class="prompt">{ "$ " }</span>{ line.text.to_string() }</pre> },
                LineKind::Out => html! { <pre>{ line.text.to_string() }</pre> },
                LineKind::Err => html! { <pre class="complaint">{ line.text.to_string() }</pre> },
            }) }
            if waits { <p class="choices">{ text(*lang, "ui.terminal.waits") }</p> }
            <div class="line">
                <span class="prompt" aria-hidden="true">{ if screen.running { "…" } else { "$" } }</span>
                <input ref={input} type="text" aria-label={text(*lang, "ui.terminal")} autocomplete="off" autocapitalize="off" spellcheck="false" onkeydown={keyed} />
            </div>
            if !choices.is_empty() { <pre class="choices">{ choices.iter().take(60).cloned().collect::<Vec<_>>().join("  ") }</pre> }
        </div>
    }
}
