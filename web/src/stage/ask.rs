//! *Send one request*: a form, and below it the answer with its reasons, rule by rule.

use std::rc::Rc;

use opscape_lab::session::{Answer, Sent, Step, Verdict};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlInputElement, HtmlSelectElement, HtmlTextAreaElement, SvgElement};
use yew::prelude::*;

use super::board::pod_key;
use crate::draw::rich;
use crate::glyph::{Look, icon};
use crate::icons;
use crate::inspector::place_of;
use crate::session::{Ask, Session, View, millis, outcome_word};

const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

#[derive(Properties, PartialEq)]
pub struct Props {
    pub session: Session,
    pub view: Rc<View>,
    pub ask: Rc<Ask>,
}

/// The panel on the stage, while somebody asks.
pub fn ask_panel(session: &Session, view: &Rc<View>) -> Html {
    match &view.ask {
        Some(ask) => html! { <AskPanel session={session.clone()} view={view.clone()} ask={ask.clone()} /> },
        None => Html::default(),
    }
}

/// The form and the answer.
#[component]
fn AskPanel(props: &Props) -> Html {
    let Props { session, view, ask } = props;
    let (form, url, method, headers) = (use_node_ref(), use_node_ref(), use_node_ref(), use_node_ref());
    {
        let (url, asked) = (url.clone(), ask.url.clone());
        use_effect_with(asked, move |asked| {
            if let Some(input) = url.cast::<HtmlInputElement>() {
                input.set_value(asked);
                let _ = input.focus();
            }
        });
    }
    let close = {
        let (session, form) = (session.clone(), form.clone());
        Callback::from(move |()| {
            // Back to where it was opened.
            let page = form.cast::<Element>().and_then(|form| form.closest(".opscape").ok()?);
            let opener = page.and_then(|page| page.query_selector("[data-key='Send//']").ok()?);
            session.stop_asking();
            if let Some(opener) = opener.and_then(|opener| opener.dyn_into::<SvgElement>().ok()) {
                let _ = opener.focus();
            }
        })
    };
    let keyed = {
        let close = close.clone();
        Callback::from(move |event: KeyboardEvent| {
            event.stop_propagation();
            if event.key() == "Escape" {
                event.prevent_default();
                close.emit(());
            }
        })
    };
    let submitted = {
        let (session, url, method, headers) = (session.clone(), url.clone(), method.clone(), headers.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let url = url.cast::<HtmlInputElement>().map(|input| input.value()).unwrap_or_default();
            let method = method.cast::<HtmlSelectElement>().map(|input| input.value()).unwrap_or_default();
            let headers =
                headers.cast::<HtmlTextAreaElement>().map(|input| input.value()).unwrap_or_default();
            session.ask(method, url, headers);
        })
    };
    html! {
        <section ref={form} class="ask" aria-label={view.word("ui.ask")} onkeydown={keyed}>
            <header>
                <b>{ view.word("ui.ask") }</b>
                <button type="button" class="icon" aria-label={view.word("ui.close")} onclick={close.reform(|_: MouseEvent| ())}>{ icons::close() }</button>
            </header>
            <form onsubmit={submitted}>
                <select ref={method} aria-label={view.word("ui.ask.method")}>
                    { for METHODS.iter().map(|name| html! { <option selected={*name == ask.method}>{ *name }</option> }) }
                </select>
                <input ref={url} type="text" class="mono" inputmode="url" autocomplete="off" spellcheck="false" aria-label={view.word("ui.ask.url")} />
                <button type="submit" class="button primary">{ view.word("ui.ask.send") }</button>
                <textarea ref={headers} rows="1" class="mono" spellcheck="false" aria-label={view.word("ui.ask.headers")}
                    placeholder={format!("{} ({})", view.word("ui.ask.headers"), view.word("ui.ask.headers-about"))} value={ask.headers.clone()} />
            </form>
            if let Some(problem) = &ask.problem { <p class="bad">{ rich(problem) }</p> }
            if let Some(sent) = &ask.sent { { result(session, view, ask, sent) } }
        </section>
    }
}

fn result(session: &Session, view: &View, ask: &Ask, sent: &Rc<Sent>) -> Html {
    let answer = if let Some(answer) = &ask.answer {
        answered(session, view, answer)
    } else {
        let key = match (view.at < sent.at, view.playing) {
            (true, _) => "ui.ask.lost",
            (_, true) => "ui.ask.waits",
            _ => "ui.ask.waits-still",
        };
        html! { <p class="quiet">{ view.word(key) }</p> }
    };
    let hops = ask.answer.iter().flat_map(|answer| &answer.hops);
    html! {
        <div class="result">
            { answer }
            <ol class="reasons" aria-label={view.word("ui.ask.rules")}>{ for sent.steps.iter().chain(hops).map(|step| reason(session, view, step)) }</ol>
        </div>
    }
}

fn answered(session: &Session, view: &View, answer: &Answer) -> Html {
    let bad = answer.outcome.is_error();
    let pod = answer.pod.as_ref().map(|pod| {
        let (session, key) = (session.clone(), pod_key(pod));
        html! {
            <>
                { icon(Look::of(pod, view.at), 16.0) }
                <button type="button" class="link mono" onclick={move |_| session.select(Some(key.clone()))}>{ pod.name.to_string() }</button>
                if pod.revision > 0 { <span class="quiet">{ view.scene.version_name(&pod.namespace, &pod.workload, pod.revision) }</span> }
            </>
        }
    });
    html! {
        <p class="answer" data-outcome={outcome_word(view.lang, answer.outcome)}>
            <b class={bad.then_some("bad")}>{ outcome_word(view.lang, answer.outcome) }</b>
            <span class="quiet">{ view.say("ui.ask.after", &[("t", &millis(view.lang, answer.took))]) }</span>
            { for pod }
        </p>
    }
}

fn reason(session: &Session, view: &View, step: &Step) -> Html {
    let (class, mark) = match step.verdict {
        Verdict::Taken => ("taken", "M2 6.5l3 3 5-6.5"),
        Verdict::Passed => ("passed", "M3 3l6 6M9 3l-6 6"),
        Verdict::Note => ("note", "M6 5.9v.2"),
    };
    let line = step.line.as_ref().map(|place| {
        let (session, line) = (session.clone(), place_of(view, &place.file, place.line));
        html! {
            <>{ " " }<button type="button" class="link" onclick={move |_| session.cite(line)}>{ view.say("ui.line", &[("n", &place.line.to_string())]) }</button></>
        }
    });
    html! {
        <li class={class}>
            <svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true"><path d={mark} /></svg>
            <span>{ rich(&step.text) }{ for line }</span>
        </li>
    }
}
