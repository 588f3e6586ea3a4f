//! `cargo xtask size`: what a visitor downloads, against the budgets.

use super::{build, startup};
use crate::process;
use crate::step::Result;
use crate::tools;
use crate::tools::chromium;

/// Builds the site and measures it.
pub fn run() -> Result<()> {
    tools::for_the_site()?;
    build::site()?;
    let browser = chromium::find_or_install()?;
    let measure =
        || process::run(process::command("node").arg("e2e/size.mjs").env(chromium::VARIABLE, &browser));
    if measure().is_ok() {
        return Ok(());
    }
    // The program may have changed since what it begins with was recorded: that alone is no reason to fail.
    println!("\nOver budget with the recording in web/startup.txt; once more with one of this program.");
    println!("If that is within the budget, commit what `cargo xtask startup` writes.");
    startup::of_this_build()?;
    measure()
}
