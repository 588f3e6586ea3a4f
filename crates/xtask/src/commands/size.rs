//! `cargo xtask size`: what a visitor downloads, against the budgets.

use super::build;
use crate::process;
use crate::step::Result;
use crate::tools;
use crate::tools::chromium;

/// Builds the site and measures it.
pub fn run() -> Result<()> {
    tools::for_the_site()?;
    build::site()?;
    let browser = chromium::find_or_install()?;
    process::run(process::command("node").arg("e2e/size.mjs").env(chromium::VARIABLE, browser))
}
