//! Pipelines: what GitHub Actions makes of a workflow: its expressions, its jobs and what decides which of them run.
//! [`run`] plays them on the clock. What GitLab makes of a configuration: its jobs, its pipeline, and how that runs.
//!
//! [`github`] follows the code of the official tools, file by file, [`gitlab`] the code of GitLab.

pub mod github;
pub mod gitlab;
pub mod run;
pub mod yaml;
