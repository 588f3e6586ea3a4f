//! The cluster's events, newest first, in the cluster's own words.

use std::rc::Rc;

use opscape_lab::inspect::EventRow;
use opscape_lab::words::{Lang, text};
use opscape_manifest::api::ObjectKey;
use yew::prelude::*;

use super::transport::tenths;
use crate::session::Session;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub session: Session,
    pub lang: Lang,
    pub events: Rc<Vec<EventRow>>,
    pub selected: Option<ObjectKey>,
}

/// The table.
#[component]
pub fn Events(props: &Props) -> Html {
    let Props { session, lang, events, selected } = props;
    if events.is_empty() {
        return html! { <p class="coming">{ text(*lang, "ui.no-events") }</p> };
    }
    let row = |event: &EventRow| {
        let pick = {
            let (session, key) = (session.clone(), event.object.clone());
            Callback::from(move |_: MouseEvent| session.select(Some(key.clone())))
        };
        let go = {
            let (session, at) = (session.clone(), event.at);
            Callback::from(move |event: MouseEvent| {
                event.stop_propagation();
                session.seek(at);
            })
        };
        let kind = if event.warning { "Warning" } else { "Normal" };
        let message = if event.count > 1 {
            format!("{} (×{})", event.message, event.count)
        } else {
            event.message.to_string()
        };
        html! {
            <tr class={(selected.as_ref() == Some(&event.object)).then_some("picked")} onclick={pick.clone()}>
                <td class="at"><button type="button" onclick={go}>{ tenths(event.at) }</button></td>
                <td class={classes!("type", event.warning.then_some("bad"))}>{ kind }</td>
                <td class="reason">{ event.reason.to_string() }</td>
                <td class="object"><button type="button" onclick={pick}>{ format!("{}/{}", event.object.kind.to_ascii_lowercase(), event.object.name) }</button></td>
                <td title={event.message.to_string()}>{ message }</td>
                <td class="from">{ event.from.clone() }</td>
            </tr>
        }
    };
    let head =
        |class: &'static str, key: &'static str| html! { <th scope="col" {class}>{ text(*lang, key) }</th> };
    html! {
        <table class="events">
            <colgroup><col class="at" /><col class="type" /><col class="reason" /><col class="object" /><col /><col class="from" /></colgroup>
            <thead class="spoken"><tr>
                { head("at", "ui.events.at") }{ head("type", "ui.events.type") }{ head("reason", "ui.events.reason") }
                { head("object", "ui.events.object") }{ head("", "ui.events.message") }{ head("from", "ui.events.from") }
            </tr></thead>
            <tbody>{ for events.iter().map(row) }</tbody>
        </table>
    }
}
