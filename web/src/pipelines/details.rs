//! A job that is selected: why it stands as it does, its steps, its log, and what can be done to it.

use opscape_lab::Act;
use opscape_lab::pipelines::{JobCard, JobState, PipelineScene, RunAct, StepSpan, story};
use opscape_lab::words::{Lang, seconds, text};
use opscape_sim::Time;
use yew::prelude::*;

use super::graph::state_key;
use super::marks::icon;
use super::shown::{length, whole};
use crate::draw::rich;
use crate::icons;
use crate::session::{Session, View};

/// Lines of the log shown at most.
const LINES: usize = 200;

/// The panel of a job.
pub fn details(session: &Session, view: &View, scene: &PipelineScene, id: usize) -> Html {
    let Some(job) = scene.jobs.get(id) else { return Html::default() };
    let lang = view.lang;
    let close = {
        let (session, file) = (session.clone(), scene.file.clone());
        Callback::from(move |_: MouseEvent| session.select_job(file.clone(), None))
    };
    let told = story(scene, id, lang);
    let line = scene.groups.get(job.group).map_or(0, |group| group.line);
    let show = {
        let session = session.clone();
        Callback::from(move |_: MouseEvent| session.cite(line))
    };
    let run = scene.run.as_ref().map(|run| run.number);
    let outputs = run.map(|run| session.job_outputs(run, id)).unwrap_or_default();
    let log = run.map(|run| session.job_log(run, id)).unwrap_or_default();
    let word = text(lang, state_key(job.state));
    html! {
        <section class="job-details" aria-label={job.name.to_string()}>
            <header>
                { icon(job.state) }<b class="name">{ job.name.to_string() }</b>
                <span class="quiet">{ word }{ " " }{ length(job, view.at, lang) }</span>
                <span class="space"></span>
                <button type="button" class="icon" aria-label={view.word("ui.close")} onclick={close}>{ icons::close() }</button>
            </header>
            <ul class="reasons">{ for told.rows.iter().map(|(sentence, rule)| html! {
                <li>{ rich(sentence) }if !rule.is_empty() { <div class="rule-text">{ rich(rule) }</div> }</li>
            }) }</ul>
            <div class="acts">
                { for acts(job).iter().filter_map(|(key, act)| Some(offer(session, lang, key, run?, act(id)))) }
                if line > 0 {
                    <button type="button" class="plain" onclick={show}>{ text(lang, "pipeline.show-line") }</button>
                }
            </div>
            { steps(view, job) }
            if !outputs.is_empty() {
                <dl class="job-outputs" aria-label={text(lang, "pipeline.outputs")}>{ for outputs.iter().map(|(name, value)| html! {
                    <><dt class="mono">{ ["outputs.", name].concat() }</dt><dd class="mono">{
                        match value {
                            Some(value) => html! { { value.clone() } },
                            None => html! { <span class="faint" title={text(lang, "pipeline.output-unknown-about")}>{ text(lang, "pipeline.output-unknown") }</span> },
                        }
                    }</dd></>
                }) }</dl>
            }
            if !log.is_empty() {
                <div class="job-log mono" role="log" tabindex="0" aria-label={text(lang, "pipeline.log")}>
                    { for log.iter().skip(log.len().saturating_sub(LINES)).map(|(at, line)| html! {
                        <div><span class="faint">{ seconds(lang, *at) }</span>{ line.clone() }</div>
                    }) }
                </div>
            }
        </section>
    }
}

type Offer = (&'static str, fn(usize) -> RunAct);

fn acts(job: &JobCard) -> &'static [Offer] {
    match job.state {
        JobState::Manual if !job.environment.is_empty() => {
            &[("pipeline.act.approve", RunAct::Approve), ("pipeline.act.reject", RunAct::Reject)]
        }
        JobState::Manual | JobState::Delayed => &[("pipeline.act.play", RunAct::Play)],
        JobState::Running => &[("pipeline.act.fail", RunAct::Fail)],
        JobState::Succeeded | JobState::Failed | JobState::Excused | JobState::Cancelled => {
            &[("pipeline.act.rerun", RunAct::Rerun)]
        }
        JobState::Planned | JobState::Waiting | JobState::Queued | JobState::Skipped => &[],
    }
}

fn offer(session: &Session, lang: Lang, key: &'static str, run: u32, act: RunAct) -> Html {
    let session = session.clone();
    let act = Act::Pipeline { run, act };
    html! {
        <button type="button" class="button" onclick={Callback::from(move |_: MouseEvent| session.act(act.clone()))}>{ text(lang, key) }</button>
    }
}

fn steps(view: &View, job: &JobCard) -> Html {
    let row = |step: &StepSpan| {
        let state = match step.span {
            Some((_, until)) if until <= view.at => JobState::Succeeded,
            Some((from, _)) if from <= view.at => JobState::Running,
            None if job.state.is_over() => JobState::Skipped,
            _ => JobState::Waiting,
        };
        // The last step of a job that failed is the one that did.
        let last = job.steps.iter().rev().find(|step| step.span.is_some()).map(|step| step.span);
        let failed = matches!(job.state, JobState::Failed | JobState::Excused) && last == Some(step.span);
        let state = if failed && step.span.is_some() { job.state } else { state };
        let taken = step.span.and_then(|(from, until)| until.min(view.at).0.checked_sub(from.0)).map(Time);
        let taken = whole(taken.map(|taken| taken.since(Time::ZERO)), view.lang);
        html! {
            <li>
                { icon(state) }<span class="name">{ step.name.to_string() }</span>
                { for step.commands.iter().map(|(name, acts)| {
                    let about = if *acts { "pipeline.acts-about" } else { "pipeline.opaque-about" };
                    html! {
                        <span class={classes!("command", "mono", acts.then_some("acts"))} title={text(view.lang, about)}>
                            { name.to_string() }
                            <span class="spoken">{ text(view.lang, if *acts { "pipeline.acts" } else { "pipeline.opaque" }) }</span>
                        </span>
                    }
                }) }
                if step.opaque && step.commands.is_empty() { <span class="faint" title={text(view.lang, "pipeline.opaque-about")}>{ text(view.lang, "pipeline.opaque") }</span> }
                <span class="space"></span><span class="quiet">{ taken }</span>
            </li>
        }
    };
    html! { <ol class="job-steps" aria-label={text(view.lang, "pipeline.steps")}>{ for job.steps.iter().map(row) }</ol> }
}
