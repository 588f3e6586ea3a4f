//! What is wrong with the text: the line, the real system's words, our guess, and one click to mend it.

use opscape_lab::words::{self, Lang, Rich};
use opscape_manifest::diagnostic::{Diagnostic, Severity};
use yew::prelude::*;

use crate::draw::rich;
use crate::icons;
use crate::session::{Session, TextView};

/// Problems listed at most.
const MOST: usize = 50;

/// The hint in words.
pub fn hint(lang: Lang, problem: &Diagnostic) -> Option<Rich> {
    let hint = problem.hint.as_ref()?;
    let values: Vec<(&str, &str)> = hint.values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    Some(words::rich(lang, hint.key, &values))
}

/// The list under the editor.
pub fn problems(session: &Session, lang: Lang, text: &TextView) -> Html {
    let mut problems: Vec<&Diagnostic> = text.problems.iter().collect();
    if problems.is_empty() {
        return Html::default();
    }
    problems.sort_by_key(|problem| problem.severity);
    let serious = problems.iter().any(|problem| problem.severity == Severity::Error);
    let before = text.lines_before();
    let row = |problem: &&Diagnostic| {
        let line = problem.span.start.line;
        let class = match problem.severity {
            Severity::Error => "",
            Severity::Warning => "warning",
            Severity::NotSimulated => "note",
        };
        let here = line > before
            && problem.file.as_deref().unwrap_or("") == text.file().map_or("", |file| &*file.name);
        let number = if here || text.files.len() < 2 {
            (line - before.min(line)).to_string()
        } else {
            format!("{} {}", problem.file.as_deref().unwrap_or(""), line)
        };
        let go = {
            let session = session.clone();
            move |_: MouseEvent| session.cite(line)
        };
        let hint = hint(lang, problem);
        let mend = problem.fix.clone().map(|fix| {
            let session = session.clone();
            let label = hint.as_ref().map_or_else(|| html! { { words::text(lang, "ui.mend") } }, rich);
            html! { <button type="button" class="link hint" onclick={move |_| session.mend(&fix)}>{ label }</button> }
        });
        let message = if problem.severity == Severity::NotSimulated && problem.message.is_empty() {
            words::text(lang, "ui.not-simulated").to_owned()
        } else {
            problem.message.clone()
        };
        html! {
            <li {class}>
                { icons::wrong() }
                <div>
                    <button type="button" class="line" onclick={go}>{ number }</button>{ " " }
                    <span class="message">{ message }</span>
                    if let Some(mend) = mend { <div>{ mend }</div> } else if let Some(hint) = hint { <div class="hint">{ rich(&hint) }</div> }
                </div>
            </li>
        }
    };
    let more = problems.len().saturating_sub(MOST);
    html! {
        <div class={classes!("problems", (!serious).then_some("only-notes"))} role="region" aria-label={words::text(lang, "ui.problems")} tabindex="0">
            <ul>{ for problems.iter().take(MOST).map(row) }</ul>
            if more > 0 { <p class="more">{ format!("+ {more}") }</p> }
        </div>
    }
}
