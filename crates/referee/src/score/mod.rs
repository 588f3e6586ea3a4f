//! How like the real run a simulated one is. The rules, the weights and the tolerances are those of the recordings' own
//! judge; this is a second, independent writing of them, so that the repository can be judged on its own.
//!
//! The total is 3/4 of the weighted mean of the parts the scenario exercises (each 0..1) and 1/4 of the worst of them:
//!
//! | part | weight | what |
//! |---|---|---|
//! | settled | 0.40 | the state of every group of objects at the quiet moments of the real run |
//! | commands | 0.25 | exit code, text and duration of every command |
//! | events | 0.15 | Events: object, type, reason, message, number, time |
//! | scheduling | 0.10 | the chosen node among the best-scored ones (0.03, and only the evenness, where no scores were recorded) |
//! | final | 0.10 | the state of every group at the end |

mod commands;
mod compare;
mod events;
mod fields;
mod groups;
mod matching;
mod names;
mod pipelines;
mod report;
mod routing;
mod scheduling;
mod side;
mod state;
mod validation;
mod workflows;

pub(crate) use compare::without_repeat;
pub use compare::{Comparison, Difference, Part};
pub use pipelines::compare_pipeline;
pub use report::{compare_all, explain, table, to_json};
pub use routing::{RoutingResult, compare_routing, mean};
pub use validation::{CaseResult, ValidationSummary, compare_validation};
pub use workflows::{WorkflowResult, compare_workflow};
