//! GitHub Actions.

mod contexts;
mod convert;
mod embedded;
mod events;
pub mod expression;
pub mod json;
mod matrix;
mod outcome;
mod pattern;
mod problem;
mod schema;
mod template;
pub mod token;
pub mod trigger;
mod workflow;

pub use contexts::Contexts;
pub use convert::is_valid_cron;
pub use matrix::{Combination, MAX_COMBINATIONS, Unknown, expand};
pub use outcome::{Outcome, ancestors, outcomes, runs};
pub use pattern::{lets_in, matches};
pub use problem::{Phase, Problem};
pub use workflow::{
    Action, Call, Event, Files, Input, InputDefault, Job, Secret, Step, Work, Workflow, read,
};
