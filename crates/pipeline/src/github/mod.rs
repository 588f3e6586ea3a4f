//! GitHub Actions.

mod action;
mod advice;
mod contexts;
mod convert;
mod embedded;
mod events;
pub mod expression;
pub mod json;
mod matrix;
mod outcome;
mod outputs;
mod pattern;
mod perform;
mod plan;
mod problem;
mod process;
mod schema;
mod template;
pub mod token;
pub mod trigger;
mod workflow;
mod yaml;

pub use advice::advice;
pub use contexts::Contexts;
pub use convert::is_valid_cron;
pub use matrix::{Combination, MAX_COMBINATIONS, Unknown, expand};
pub use outcome::{ancestors, outcomes, runs};

pub use crate::run::Outcome;
pub use pattern::{lets_in, matches};
pub use plan::{Assumptions, Planned, Protection, plan};
pub use problem::{Phase, Problem};
pub use workflow::{
    Action, Call, Event, Files, Input, InputDefault, Job, Secret, Step, Work, Workflow, read,
};
