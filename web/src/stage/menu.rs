//! What can be done with a thing on the stage, where it stands.

use std::rc::Rc;

use opscape_manifest::api::ObjectKey;
use wasm_bindgen::JsCast;
use yew::prelude::*;

use crate::focus::{leaves, step_focus};
use crate::inspector::acts_for;
use crate::session::{Session, View};

/// Which menu is open, and where in the stage.
#[derive(Debug, Clone, PartialEq)]
pub struct Opened {
    /// Of what.
    pub key: ObjectKey,
    /// Pixels from the left of the content.
    pub x: f64,
    /// Pixels from its top.
    pub y: f64,
}

#[derive(Properties, PartialEq)]
pub struct Props {
    pub session: Session,
    pub view: Rc<View>,
    pub opened: Opened,
    pub close: Callback<()>,
}

/// The menu.
#[component]
pub fn ActMenu(props: &Props) -> Html {
    let Props { session, view, opened, close } = props;
    let node = use_node_ref();
    {
        let node = node.clone();
        use_effect_with((), move |()| {
            if let Some(first) =
                node.cast::<web_sys::Element>().and_then(|menu| menu.query_selector("button").ok()?)
                && let Some(first) = first.dyn_ref::<web_sys::HtmlElement>()
            {
                let _ = first.focus();
            }
        });
    }
    let keyed = {
        let (node, close) = (node.clone(), close.clone());
        Callback::from(move |event: KeyboardEvent| {
            event.stop_propagation();
            let step = match event.key().as_str() {
                "Escape" | "Tab" => {
                    close.emit(());
                    return;
                }
                "ArrowDown" => 1,
                "ArrowUp" => -1,
                _ => return,
            };
            event.prevent_default();
            step_focus(&node, &event, "button", step);
        })
    };
    let left = {
        let (node, close) = (node.clone(), close.clone());
        Callback::from(move |event: FocusEvent| {
            if leaves(&node, &event) {
                close.emit(());
            }
        })
    };
    let why = {
        let (session, close, key) = (session.clone(), close.clone(), opened.key.clone());
        move |event: MouseEvent| {
            event.stop_propagation();
            session.select(Some(key.clone()));
            close.emit(());
        }
    };
    let acts = acts_for(view, &opened.key).into_iter().map(|act| {
        let (session, close, what) = (session.clone(), close.clone(), act.act);
        let run = move |event: MouseEvent| {
            event.stop_propagation();
            session.act(what.clone());
            close.emit(());
        };
        html! { <button type="button" role="menuitem" onclick={run}>{ act.label }<kbd>{ act.key }</kbd></button> }
    });
    let ask = super::routes::url_of(view, &opened.key).map(|url| {
        let (session, close) = (session.clone(), close.clone());
        let run = move |event: MouseEvent| {
            event.stop_propagation();
            session.ask_for(Some(url.clone()));
            close.emit(());
        };
        html! { <button type="button" role="menuitem" onclick={run}>{ view.word("ui.ask") }</button> }
    });
    html! {
        <div class="menu" role="menu" aria-label={opened.key.name.to_string()} ref={node} onkeydown={keyed} onfocusout={left}
            style={format!("left:{}px;top:{}px", opened.x as i32, opened.y as i32)}>
            <button type="button" role="menuitem" onclick={why}>{ view.word("ui.why") }<kbd>{ "Enter" }</kbd></button>
            { for acts }
            { for ask }
        </div>
    }
}
