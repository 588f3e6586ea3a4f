//! Facts, revisions, pods, events, the scheduler's table, YAML.

use opscape_lab::Act;
use opscape_lab::inspect::{Beside, BesideRow, Inspection, SchedulingTable};
use opscape_manifest::api::ObjectKey;
use yew::prelude::*;

use crate::draw::colour_class;
use crate::glyph::{Look, icon};
use crate::session::{Session, View};
use crate::stage::pod_key;
use crate::text::colour::{Piece, line_pieces};
use crate::timeline_tenths as tenths;

/// A button that selects an object.
fn to_object(session: &Session, key: &ObjectKey, text: String) -> Html {
    let (session, key) = (session.clone(), key.clone());
    html! { <button type="button" class="link" onclick={move |_| session.select(Some(key.clone()))}>{ text }</button> }
}

/// Everything but *Why?* and YAML.
pub fn details(session: &Session, view: &View, inspection: &Inspection) -> Html {
    html! {
        <>
            <dl class="facts">{ for inspection.facts.iter().map(|fact| html! {
                <>
                    <dt>{ &fact.label }</dt>
                    <dd class={fact.mono.then_some("mono")}>
                        { match &fact.link { Some(key) => to_object(session, key, fact.value.clone()), None => html! { { &fact.value } } } }
                    </dd>
                </>
            }) }</dl>
            if let Some(pair) = &inspection.beside { { beside(session, view, pair) } }
            if !inspection.revisions.is_empty() { { revisions(session, view, inspection) } }
            if !inspection.pods.is_empty() {
                <>
                    <h3>{ format!("{} {}", view.word("ui.pods"), inspection.pods.len()) }</h3>
                    <div class="pod-list">{ for inspection.pods.iter().take(200).map(|pod| {
                        let (session, key) = (session.clone(), pod_key(pod));
                        let label = format!("{}, {}", pod.name, view.word(pod.state.key()));
                        html! {
                            <button type="button" title={label.clone()} aria-label={label} onclick={move |_| session.select(Some(key.clone()))}>
                                { icon(Look::of(pod, view.at), 18.0) }
                            </button>
                        }
                    }) }</div>
                </>
            }
            if !inspection.events.is_empty() {
                <>
                    <h3>{ view.word("ui.events") }</h3>
                    <ul class="little-events">{ for inspection.events.iter().take(50).map(|event| html! {
                        <li>
                            <span class="at">{ tenths(event.at) }</span>
                            <span><b class={event.warning.then_some("bad")}>{ event.reason.to_string() }</b>{ " " }<span class="quiet">{ event.message.to_string() }</span></span>
                        </li>
                    }) }</ul>
                </>
            }
        </>
    }
}

fn revisions(session: &Session, view: &View, inspection: &Inspection) -> Html {
    let row = |revision: &opscape_lab::inspect::RevisionRow| {
        let back = {
            let (session, deployment, to) = (session.clone(), inspection.key.clone(), revision.revision);
            move |_: MouseEvent| session.act(Act::RollBack { deployment: deployment.clone(), to: Some(to) })
        };
        html! {
            <tr class={colour_class(revision.colour)}>
                <td><i class="swatch"></i>{ " " }<b class="rev-text">{ format!("v{}", revision.revision) }</b></td>
                <td class="mono">{ revision.image.to_string() }</td>
                <td>{ revision.pods.to_string() }</td>
                <td>
                    if revision.current { <span class="quiet">{ view.word("ui.current") }</span> }
                    else if !inspection.gone { <button type="button" class="link" onclick={back}>{ view.word("ui.act.roll-back-here") }</button> }
                </td>
            </tr>
        }
    };
    html! {
        <>
            <h3>{ view.word("ui.revisions-title") }</h3>
            <table class="revisions"><tbody>{ for inspection.revisions.iter().map(row) }</tbody></table>
        </>
    }
}

/// An Ingress and an HTTPRoute side by side.
pub fn beside(session: &Session, view: &View, pair: &Beside) -> Html {
    let head = |(key, host): &(ObjectKey, String)| {
        html! { <th scope="col">{ to_object(session, key, key.kind.to_string()) }<div class="mono faint">{ host.clone() }</div></th> }
    };
    let row = |row: &BesideRow| {
        let (sign, word) =
            if row.one == row.two { ("=", "ui.beside.same") } else { ("≠", "ui.beside.differs") };
        html! {
            <tr class={(row.one != row.two).then_some("differs")}>
                <th scope="row" class="mono">{ &row.path }</th>
                <td class="mono">{ &row.one }</td>
                <td class="sign"><span aria-hidden="true">{ sign }</span><span class="spoken">{ view.word(word) }</span></td>
                <td class="mono">{ &row.two }</td>
            </tr>
        }
    };
    html! {
        <>
            <h3>{ view.word("ui.beside") }</h3>
            <table class="beside">
                <thead><tr><td></td>{ head(&pair.one) }<td></td>{ head(&pair.two) }</tr></thead>
                <tbody>{ for pair.rows.iter().map(row) }</tbody>
            </table>
        </>
    }
}

/// What the scheduler made of each node.
pub fn scheduling(session: &Session, view: &View, table: &SchedulingTable) -> Html {
    let row = |verdict: &opscape_lab::inspect::NodeVerdict| {
        let key = ObjectKey { kind: "Node".into(), namespace: "".into(), name: verdict.node.clone() };
        let scores: Vec<String> = table
            .plugins
            .iter()
            .zip(&verdict.scores)
            .map(|(plugin, score)| format!("{plugin} {score}"))
            .collect();
        html! {
            <tr class={verdict.chosen.then_some("chosen")}>
                <td>{ to_object(session, &key, verdict.node.to_string()) }</td>
                <td>
                    if !verdict.rejected.is_empty() { <span>{ verdict.rejected.to_string() }</span> }
                    else if verdict.chosen { { view.word("ui.chosen") } }
                    else { <span class="quiet">{ view.word("ui.fits") }</span> }
                    if !scores.is_empty() { <div class="scores">{ scores.join(" · ") }</div> }
                </td>
                <td class="n">{ if verdict.scores.is_empty() { String::new() } else { verdict.total.to_string() } }</td>
            </tr>
        }
    };
    html! {
        <>
            <h3>{ view.word("ui.scheduling") }{ " " }<span class="faint">{ tenths(table.at) }</span></h3>
            <table class="verdicts">
                <thead><tr>
                    <th scope="col">{ view.word("ui.node") }</th><th scope="col">{ view.word("ui.verdict") }</th><th scope="col" class="n">{ view.word("ui.score") }</th>
                </tr></thead>
                <tbody>{ for table.nodes.iter().map(row) }</tbody>
            </table>
            if table.more > 0 { <p class="faint">{ view.say("ui.more-nodes", &[("n", &table.more.to_string())]) }</p> }
        </>
    }
}

/// YAML with the colours of the editor.
pub fn coloured(yaml: &str) -> Html {
    let line = |line: &str| {
        let pieces = line_pieces(line);
        html! { <>{ for pieces.into_iter().map(|Piece { text, class }| html! { <span class={class}>{ text.to_owned() }</span> }) }{ "\n" }</> }
    };
    yaml.lines().take(2_000).map(line).collect()
}
