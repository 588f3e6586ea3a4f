//! Pipelines: what GitHub Actions makes of a workflow: its expressions, its jobs and what decides which of them run.
//! [`run`] plays them on the clock. GitLab's configurations follow.
//!
//! [`github`] follows the code of the official tools, file by file.

pub mod github;
pub mod run;
pub mod yaml;
