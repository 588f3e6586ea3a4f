//! GitHub Actions.

mod contexts;
mod convert;
mod embedded;
mod events;
pub mod expression;
pub mod json;
mod matrix;
mod outcome;
mod problem;
mod schema;
mod template;
pub mod token;
mod workflow;

pub use contexts::Contexts;
pub use convert::is_valid_cron;
pub use matrix::{Combination, MAX_COMBINATIONS, Unknown, expand};
pub use outcome::{Outcome, ancestors, outcomes, runs};
pub use problem::{Phase, Problem};
pub use workflow::{
    Action, Call, Event, Files, Input, InputDefault, Job, Secret, Step, Work, Workflow, read,
};
