//! The lab as a lesson: its steps and goals, in a language.

use opscape_sim::Time;

use super::{Session, check};

/// A step of the Lab document.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StepRow {
    /// When it happens; none: it waits for its condition.
    pub at: Option<Time>,
    /// The condition it waits, or waited, for, as `deployment/web {.status.readyReplicas} == 3`; else empty.
    pub when: String,
    /// A few words.
    pub title: String,
    /// What to look at and why.
    pub text: String,
    /// An object to show, as `deployment/web`.
    pub focus: String,
    /// Whether play stops before it.
    pub pause: bool,
    /// Whether the present instant has reached it.
    pub reached: bool,
}

/// A check of the Lab document as a goal.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Goal {
    /// What it means.
    pub text: String,
    /// Whether it holds at the present instant, or held when it had to.
    pub holds: bool,
    /// What is there at the present instant.
    pub seen: String,
    /// As `deployment/web {.status.readyReplicas} == 3`.
    pub wanted: String,
}

impl Session {
    /// What the lab is called; empty without a Lab document.
    pub fn title(&self) -> &str {
        let tag = self.lang().tag();
        self.spec().title.as_ref().map_or("", |title| title.in_language(tag))
    }

    /// What the lab is about.
    pub fn description(&self) -> &str {
        let tag = self.lang().tag();
        self.spec().description.as_ref().map_or("", |description| description.in_language(tag))
    }

    /// The steps in order of time.
    pub fn steps(&self) -> Vec<StepRow> {
        let (tag, now) = (self.lang().tag(), self.now());
        let text = |text: &Option<opscape_manifest::lab::Text>| {
            text.as_ref().map(|text| text.in_language(tag).to_owned()).unwrap_or_default()
        };
        self.spec()
            .steps
            .iter()
            .enumerate()
            .map(|(index, step)| {
                let at = self.model().step_at(index);
                StepRow {
                    at,
                    when: step.when.as_ref().map(check::describe).unwrap_or_default(),
                    title: text(&step.title),
                    text: text(&step.text),
                    focus: step.focus.to_string(),
                    pause: step.pause == Some(true),
                    reached: at.is_some_and(|at| at <= now),
                }
            })
            .collect()
    }

    /// The goals, as they stand at the present instant: one that held when it had to stays met.
    pub fn goals(&self) -> Vec<Goal> {
        let tag = self.lang().tag();
        let checks = self.spec().checks.iter().enumerate();
        checks
            .map(|(index, check)| {
                let (holds, seen) = check::evaluate(check, self.model(), self.now());
                let holds = holds || self.model().goal_held(index);
                let text = check.text.as_ref().map(|text| text.in_language(tag).to_owned());
                let wanted = check::describe(check);
                Goal { text: text.unwrap_or_else(|| wanted.clone()), holds, seen, wanted }
            })
            .collect()
    }
}
