//! Pipelines: what GitHub Actions makes of a workflow: its expressions, its jobs and what decides which of them run.
//! GitLab's configurations and the running of jobs follow.
//!
//! [`github`] follows the code of the official tools, file by file.

pub mod github;
pub mod yaml;
