//! Pipelines: what GitHub Actions makes of a workflow: its expressions, its jobs and what decides which of them run.
//! What GitLab makes of a configuration: its jobs and its pipeline. [`run`] plays both on the clock.
//!
//! [`github`] follows the code of the official tools, file by file, [`gitlab`] the code of GitLab.

pub mod advice;
pub mod github;
pub mod gitlab;
pub mod run;
pub mod script;
mod system;
pub mod yaml;

pub use system::System;
