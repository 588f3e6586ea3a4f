//! A button with a menu: opened by a click, closed by Escape, a choice, or when the focus goes elsewhere.

use opscape_lab::words::{Lang, text};
use wasm_bindgen::JsCast;
use yew::prelude::*;

use crate::focus::{leaves, step_focus};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub lang: Lang,
    /// The key of what it says.
    pub label: &'static str,
    pub class: &'static str,
    pub icon: Html,
    #[prop_or_default]
    pub disabled: bool,
    /// Whether the choices are there: they may still be on their way when it is opened.
    #[prop_or(true)]
    pub there: bool,
    /// What is said below the choices, if anything.
    #[prop_or_default]
    pub note: AttrValue,
    /// It was opened.
    pub opened: Callback<()>,
    /// The choices, each a `role=menuitem`.
    pub children: Html,
}

/// The button and its menu.
#[component]
pub fn MenuButton(props: &Props) -> Html {
    let Props { lang, label, class, icon, disabled, there, note, opened, children } = props;
    let open = use_state(|| false);
    let node = use_node_ref();
    let to_button = {
        let node = node.clone();
        move || {
            let button =
                node.cast::<web_sys::Element>().and_then(|node| node.query_selector("button").ok()?);
            if let Some(button) = button.and_then(|button| button.dyn_into::<web_sys::HtmlElement>().ok()) {
                let _ = button.focus();
            }
        }
    };
    {
        let node = node.clone();
        use_effect_with((*open, *there), move |(open, _)| {
            let first = node.cast::<web_sys::Element>();
            let first = first.and_then(|node| node.query_selector("[role=menuitem]").ok()?);
            if let (true, Some(first)) =
                (*open, first.and_then(|first| first.dyn_into::<web_sys::HtmlElement>().ok()))
            {
                let _ = first.focus();
            }
        });
    }
    let toggle = {
        let (open, opened, disabled) = (open.clone(), opened.clone(), *disabled);
        move |_: MouseEvent| {
            // It keeps the focus, so that who chose the last one knows where he is.
            if disabled {
                return;
            }
            open.set(!*open);
            opened.emit(());
        }
    };
    let keyed = {
        let (open, node, to_button) = (open.clone(), node.clone(), to_button.clone());
        move |event: KeyboardEvent| {
            if !*open {
                return;
            }
            match event.key().as_str() {
                "Escape" => {
                    open.set(false);
                    to_button();
                }
                "ArrowDown" => step_focus(&node, &event, "[role=menuitem]", 1),
                "ArrowUp" => step_focus(&node, &event, "[role=menuitem]", -1),
                _ => return,
            }
            event.prevent_default();
            event.stop_propagation();
        }
    };
    let left = {
        let (open, node) = (open.clone(), node.clone());
        move |event: FocusEvent| {
            if leaves(&node, &event) {
                open.set(false);
            }
        }
    };
    // A choice was made.
    let chosen = {
        let open = open.clone();
        move |event: MouseEvent| {
            let target = event.target_dyn_into::<web_sys::Element>();
            let is_choice = |target: web_sys::Element| {
                target.closest("[role=menuitem]").is_ok_and(|found| found.is_some())
            };
            if target.is_some_and(is_choice) {
                open.set(false);
                to_button();
            }
        }
    };
    let word = text(*lang, label);
    html! {
        <span class="with-menu" ref={node.clone()} onkeydown={keyed} onfocusout={left}>
            <button type="button" class={*class} aria-haspopup="menu" aria-expanded={open.to_string()} onclick={toggle} aria-label={word} aria-disabled={disabled.then_some("true")}>
                { icon.clone() }<span class="label">{ word }</span>
            </button>
            if *open {
                <div class="menu">
                    <div role="menu" aria-label={word} onclick={chosen}>{ children.clone() }</div>
                    if !note.is_empty() {
                        <p class="about">{ note }</p>
                    }
                </div>
            }
        </span>
    }
}

/// A choice.
pub fn choice(choose: Callback<MouseEvent>, title: &str, about: &str) -> Html {
    html! {
        <button type="button" role="menuitem" onclick={choose}>
            <span><span class="title">{ title }</span><span class="about">{ about }</span></span>
        </button>
    }
}
