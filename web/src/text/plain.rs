//! The text before it is touched: coloured lines with a clear field of the same measures on top, so that typing works at
//! once. On the first touch the editor is loaded and takes its place.

use std::rc::Rc;

use opscape_lab::words::{Lang, text as words};
use opscape_manifest::diagnostic::Severity;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::{ClipboardEvent, HtmlTextAreaElement};
use yew::prelude::*;

use super::colour::line_pieces;
use super::editor::{Editor, load};
use crate::session::{Session, TextView};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub session: Session,
    pub lang: Lang,
    pub text: Rc<TextView>,
}

/// Lines coloured at most; a longer text is shown plain until the editor is there.
const COLOURED: usize = 3_000;

/// The longest text that is taken while editing. The browser keeps about 5 MB of what is typed for the next visit, and the
/// editor is slow long before the 10 MB that are read.
pub const LONGEST: usize = 2_000_000;

/// The text, plain or in the editor.
#[component]
pub fn Plain(props: &Props) -> Html {
    let Props { session, lang, text } = props;
    let field = use_node_ref();
    let host = use_node_ref();
    let editor = use_mut_ref(|| None::<Editor>);
    let loaded = use_state(|| false);
    let asked = use_mut_ref(|| false);

    let touch = {
        let (session, lang, host, field) = (session.clone(), *lang, host.clone(), field.clone());
        let (editor, loaded, asked) = (editor.clone(), loaded.clone(), asked.clone());
        Callback::from(move |()| {
            if asked.replace(true) {
                return;
            }
            let (session, host, field) = (session.clone(), host.clone(), field.clone());
            let (editor, loaded, asked) = (editor.clone(), loaded.clone(), asked.clone());
            spawn_local(async move {
                let Some(parent) = host.cast::<web_sys::Element>() else { return };
                match load(&parent, &session, lang, field.cast::<HtmlTextAreaElement>()).await {
                    Some(made) => {
                        *editor.borrow_mut() = Some(made);
                        loaded.set(true);
                    }
                    // Without it the plain field goes on to work; the next touch tries again.
                    None => *asked.borrow_mut() = false,
                }
            });
        })
    };
    // What the page changed goes to the editor.
    {
        let editor = editor.clone();
        use_effect_with((text.clone(), *lang, *loaded), move |(text, lang, _)| {
            if let Some(editor) = &mut *editor.borrow_mut() {
                editor.update(text, *lang);
            }
        });
    }
    {
        let editor = editor.clone();
        use_effect_with((), move |()| {
            move || {
                editor.borrow_mut().take();
            }
        });
    }
    // A line that is cited is brought into view.
    {
        let field = field.clone();
        let loaded = *loaded;
        use_effect_with(text.cited, move |cited| {
            if let (false, Some((line, _)), Some(field)) =
                (loaded, cited, field.cast::<HtmlTextAreaElement>())
                && let Some(scroll) = field.closest(".plain-text").ok().flatten()
            {
                let middle = (*line as i32 - 1) * 18 - scroll.client_height() / 2;
                scroll.set_scroll_top(middle.max(0));
            }
        });
    }
    let typed = {
        let session = session.clone();
        Callback::from(move |event: InputEvent| {
            if let Some(field) = event.target_dyn_into::<HtmlTextAreaElement>() {
                session.type_text(&field.value());
            }
        })
    };
    let pasted = {
        let session = session.clone();
        Callback::from(move |event: Event| {
            let (Some(field), Some(paste)) =
                (event.target_dyn_into::<HtmlTextAreaElement>(), event.dyn_ref::<ClipboardEvent>())
            else {
                return;
            };
            let pasted = paste.clipboard_data().and_then(|data| data.get_data("text/plain").ok());
            let length = field.text_length() as usize + pasted.map_or(0, |text| text.len());
            if length > LONGEST {
                event.prevent_default();
                refuse(&session, length);
            }
        })
    };
    let keyed = {
        let session = session.clone();
        Callback::from(move |event: KeyboardEvent| {
            event.stop_propagation();
            if event.key() == "Enter" && (event.ctrl_key() || event.meta_key()) {
                event.prevent_default();
                session.apply();
            }
        })
    };
    let before = text.lines_before();
    let wrong = |line: u32, severity: Severity| {
        text.problems
            .iter()
            .any(|problem| problem.severity == severity && problem.span.start.line == line + before)
    };
    let lines: Vec<&str> = text.text.split('\n').collect();
    let number = |index: usize| {
        let line = index as u32 + 1;
        let class = classes!(
            text.changed.contains(&line).then_some("changed"),
            wrong(line, Severity::Error).then_some("wrong")
        );
        html! { <div {class}>{ line }</div> }
    };
    let code = |(index, line): (usize, &&str)| {
        let at = index as u32 + 1;
        let class = text.cited.is_some_and(|(cited, _)| cited == at).then_some("here");
        let underline = [
            (Severity::Error, "underlined"),
            (Severity::Warning, "underlined warn"),
            (Severity::NotSimulated, "underlined note"),
        ]
        .into_iter()
        .find(|(severity, _)| wrong(at, *severity))
        .map(|(_, class)| class);
        let pieces = if index < COLOURED {
            line_pieces(line)
        } else {
            vec![super::colour::Piece { text: line, class: None }]
        };
        html! {
            <div {class}>
                { for pieces.into_iter().map(|piece| {
                    let blank = piece.text.trim().is_empty();
                    html! { <span class={classes!(piece.class, underline.filter(|_| !blank))}>{ piece.text.to_owned() }</span> }
                }) }
            </div>
        }
    };
    let plain = || {
        html! {
                <div class="plain-text code">
                    <div class="gutter" aria-hidden="true">{ for (0..lines.len()).map(number) }</div>
                    <div class="lines">
                        <pre aria-hidden="true">{ for lines.iter().enumerate().map(code) }</pre>
                        <textarea ref={field} aria-label={words(*lang, "ui.text")} spellcheck="false" autocapitalize="off" autocomplete="off" wrap="off"
                            value={text.text.to_string()} oninput={typed} onpaste={pasted} onkeydown={keyed}
                            onfocus={touch.reform(|_: FocusEvent| ())} onpointerdown={touch.reform(|_: PointerEvent| ())} />
                    </div>
                </div>
        }
    };
    // The editor fills a host of its own, which stays the same element all the time.
    html! {
        <div class="body">
            <div class="cm-host" key="editor" ref={host}></div>
            <div key="plain">if !*loaded { { plain() } }</div>
        </div>
    }
}

/// Says that a text of this length was not taken.
pub fn refuse(session: &Session, length: usize) {
    let megabytes = |bytes: usize| format!("{:.1}", bytes as f64 / 1e6);
    let values = [("size", &*megabytes(length)), ("most", &*megabytes(LONGEST))];
    session.tell(session.view().say("ui.too-large", &values), true);
}

/// Line and column (from 1) of the cursor in the plain field.
pub fn cursor_of(field: &HtmlTextAreaElement) -> (u32, u32) {
    let at = field.selection_end().ok().flatten().unwrap_or(0) as usize;
    let units: Vec<u16> = field.value().encode_utf16().take(at).collect();
    let text = String::from_utf16_lossy(&units);
    let line = text.matches('\n').count() as u32 + 1;
    let column = text.rsplit('\n').next().map_or(0, |last| last.chars().count()) as u32 + 1;
    (line, column)
}

/// Whether the field has the focus.
pub fn has_focus(field: &HtmlTextAreaElement) -> bool {
    field.dyn_ref::<web_sys::Element>().is_some_and(|element| element.matches(":focus").unwrap_or(false))
}
