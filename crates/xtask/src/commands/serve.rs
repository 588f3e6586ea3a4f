//! `cargo xtask serve`: the app on this machine, rebuilt as files change.

use crate::process;
use crate::step::{Result, nothing_to_do};
use crate::tools;

/// Serves the app; further arguments go to `trunk serve`.
pub fn run(arguments: &[String]) -> Result<()> {
    tools::for_the_site()?;
    nothing_to_do("trunk serve (the first build takes a few minutes; stop with Ctrl+C)");
    process::run(process::command("trunk").arg("serve").args(arguments))
}
