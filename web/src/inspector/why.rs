//! The chain of causes, the newest first, back to what the user did.

use opscape_lab::inspect::{Inspection, Mark, WhyRow};
use yew::prelude::*;

use super::failing_mark;
use crate::draw::rich;
use crate::glyph::{Look, icon};
use crate::icons;
use crate::session::{Session, View};
use crate::timeline_tenths as tenths;

/// The line of the whole text that a place in a file means.
pub fn place_of(view: &View, file: &str, line: u32) -> u32 {
    let before =
        view.text.files.iter().find(|other| &*other.name == file).map_or(0, |other| other.lines_before);
    before + line
}

/// The chain and what to do about it.
pub fn chain(session: &Session, view: &View, inspection: &Inspection) -> Html {
    let why = &inspection.why;
    if why.rows.is_empty() {
        return html! { <p class="quiet">{ view.word("ui.no-why") }</p> };
    }
    html! {
        <>
            <ol class="why">{ for why.rows.iter().map(|row| one(session, view, inspection, row)) }</ol>
            if let Some(change) = &why.to_change {
                <p class="to-change">{ rich(change) }</p>
            }
        </>
    }
}

fn one(session: &Session, view: &View, inspection: &Inspection, row: &WhyRow) -> Html {
    let mark = match (row.mark, &inspection.pod) {
        (Mark::State, Some(pod)) => icon(Look::of(pod, view.at), 15.0),
        (Mark::Failure, _) => failing_mark(),
        (Mark::Act, _) => icons::flag(),
        _ => html! {
            <svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true">
                <circle cx="5" cy="5" r="3" fill="var(--panel)" stroke="var(--ink-3)" stroke-width="1.6" />
            </svg>
        },
    };
    let line = row.line.as_ref().map(|place| {
        let line = place_of(view, &place.file, place.line);
        let session = session.clone();
        html! {
            <>{ " " }<button type="button" class="link" onclick={move |_| session.cite(line)}>{ view.say("ui.line", &[("n", &place.line.to_string())]) }</button></>
        }
    });
    let go = {
        let (session, at) = (session.clone(), row.at);
        move |_: MouseEvent| session.seek(at)
    };
    html! {
        <li>
            <span class="mark-box">{ mark }</span>
            <div>
                { rich(&row.text) }
                if row.rule.is_empty() { { for line } } else {
                    <div class="rule">{ rich(&row.rule) }{ for line }</div>
                }
            </div>
            <span class="at"><button type="button" title={view.word("ui.go-there")} onclick={go}>{ tenths(row.at) }</button></span>
        </li>
    }
}
