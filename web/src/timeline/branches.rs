//! The futures that were left: a button that says how many there are, and a menu to go over to one or to drop it.

use std::rc::Rc;

use opscape_lab::session::BranchInfo;
use opscape_lab::words::{Lang, fill, seconds, text};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};
use yew::prelude::*;

use crate::focus::step_focus;
use crate::icons;
use crate::session::Session;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub session: Session,
    pub lang: Lang,
    pub branches: Rc<Vec<BranchInfo>>,
}

/// The button and its menu; nothing if no future was left.
#[component]
pub fn Branches(props: &Props) -> Html {
    let Props { session, lang, branches } = props;
    // Where the menu stands: pixels from the right and from the bottom of the window.
    let open = use_state(|| None::<(i32, i32)>);
    let node = use_node_ref();
    {
        let node = node.clone();
        use_effect_with(open.is_some(), move |open| {
            let first = node.cast::<Element>().and_then(|node| node.query_selector(".menu button").ok()?);
            if let (true, Some(first)) = (*open, first.and_then(|first| first.dyn_into::<HtmlElement>().ok()))
            {
                let _ = first.focus();
            }
        });
    }
    if branches.is_empty() {
        return Html::default();
    }
    let to_button = {
        let node = node.clone();
        move || {
            let button = node.cast::<Element>().and_then(|node| node.query_selector("button").ok()?);
            if let Some(button) = button.and_then(|button| button.dyn_into::<HtmlElement>().ok()) {
                let _ = button.focus();
            }
        }
    };
    let toggle = {
        let (open, node) = (open.clone(), node.clone());
        move |_: MouseEvent| open.set(if open.is_some() { None } else { corner(&node) })
    };
    let keyed = {
        let (open, node, to_button) = (open.clone(), node.clone(), to_button.clone());
        move |event: KeyboardEvent| {
            if open.is_none() {
                return;
            }
            let (selector, step) = match event.key().as_str() {
                "Escape" => {
                    event.stop_propagation();
                    open.set(None);
                    to_button();
                    return;
                }
                "ArrowDown" => (".menu .go", 1),
                "ArrowUp" => (".menu .go", -1),
                "ArrowRight" => (".menu button", 1),
                "ArrowLeft" => (".menu button", -1),
                _ => return,
            };
            event.prevent_default();
            event.stop_propagation();
            step_focus(&node, &event, selector, step);
        }
    };
    let left = {
        let (open, node) = (open.clone(), node.clone());
        move |event: FocusEvent| {
            let to = event.related_target().and_then(|target| target.dyn_into::<web_sys::Node>().ok());
            // A row that is dropped takes the focus with it: that is no reason to close.
            if to.is_some() && !node.get().is_some_and(|menu| menu.contains(to.as_ref())) {
                open.set(None);
            }
        }
    };
    let count = branches.len().to_string();
    let label = fill(*lang, "ui.branches", &[("n", &count)]);
    let row = |branch: &BranchInfo| {
        let span =
            [("from", &*seconds(*lang, branch.left_at)), ("until", &*seconds(*lang, branch.known_until))];
        let title = fill(*lang, "ui.branch-span", &span);
        let go = {
            let (session, open, to_button, index) =
                (session.clone(), open.clone(), to_button.clone(), branch.index);
            move |_: MouseEvent| {
                session.switch_branch(index);
                open.set(None);
                to_button();
            }
        };
        let drop = {
            let (session, open, node, index) = (session.clone(), open.clone(), node.clone(), branch.index);
            let last = branches.len() == 1;
            move |_: MouseEvent| {
                session.drop_branch(index);
                if last {
                    open.set(None);
                } else if let Some(first) =
                    node.cast::<Element>().and_then(|node| node.query_selector(".menu .go").ok()?)
                    && let Some(first) = first.dyn_ref::<HtmlElement>()
                {
                    let _ = first.focus();
                }
            }
        };
        let drop_label = format!("{}: {title}", text(*lang, "ui.branch-drop"));
        html! {
            <div class="branch-row" key={branch.index.to_string()}>
                <button type="button" class="go" onclick={go}>
                    <span><span class="title">{ title }</span><span class="about">{ said(*lang, &branch.acts) }</span></span>
                </button>
                <button type="button" class="icon" aria-label={drop_label} title={text(*lang, "ui.branch-drop")} onclick={drop}>{ icons::close() }</button>
            </div>
        }
    };
    html! {
        <span class="branches" ref={node.clone()} onkeydown={keyed} onfocusout={left}>
            <button type="button" class="plain" aria-haspopup="dialog" aria-expanded={open.is_some().to_string()} aria-label={label.clone()} title={label.clone()} onclick={toggle}>
                <span class="number">{ count }</span>{ icons::up() }
            </button>
            if let Some((right, bottom)) = *open {
                <div class="menu" role="dialog" aria-label={label} style={format!("right:{right}px;bottom:{bottom}px")}>
                    <p class="about">{ text(*lang, "ui.branches-about") }</p>
                    { for branches.iter().rev().map(row) }
                </div>
            }
        </span>
    }
}

/// What is done in a branch: the first act, and how many there are besides.
fn said(lang: Lang, acts: &[String]) -> String {
    match acts {
        [] => text(lang, "ui.branch-nothing").to_owned(),
        [one] => one.clone(),
        [first, rest @ ..] => {
            fill(lang, "ui.branch-more", &[("first", first), ("n", &rest.len().to_string())])
        }
    }
}

/// Above the button, aligned with its right edge: the dock cuts off what reaches out of it, so that the menu stands in the
/// window.
fn corner(node: &NodeRef) -> Option<(i32, i32)> {
    let frame = node.cast::<Element>()?.get_bounding_client_rect();
    let window = web_sys::window()?;
    let size = |value: Result<wasm_bindgen::JsValue, _>| value.ok().and_then(|value| value.as_f64());
    let (width, height) = (size(window.inner_width())?, size(window.inner_height())?);
    let right = (width - frame.right()).min(width - 320.0).max(8.0);
    Some((right as i32, (height - frame.top() + 4.0) as i32))
}
