//! `cargo xtask bench`: one JSON line for each benchmark on standard output.

use super::build;
use crate::process;
use crate::step::{Result, step};
use crate::tools;
use crate::tools::chromium;

/// Runs the native benchmarks, then the same in Chromium.
pub fn run() -> Result<()> {
    step("native benchmarks", || {
        process::run(process::cargo().args([
            "run",
            "--quiet",
            "--release",
            "--package",
            "opscape",
            "--",
            "bench",
        ]))
    })?;
    tools::for_the_site()?;
    build::site()?;
    let browser = chromium::find_or_install()?;
    step("benchmarks in Chromium", || {
        process::run(process::command("node").arg("e2e/bench.mjs").env(chromium::VARIABLE, browser))
    })
}
