//! Node and the packages of `package-lock.json`.

use crate::process::{command, exists, output, run};
use crate::project;
use crate::stamp::Stamp;
use crate::step::{Result, nothing_to_do, step};

const OLDEST_NODE: u32 = 20;

/// Installs the packages that the lock file names.
pub fn packages() -> Result<()> {
    if !exists("node") || !exists("npm") {
        return Err(format!("Node.js {OLDEST_NODE} or newer with npm is needed: https://nodejs.org").into());
    }
    let version = output(command("node").arg("--version"))?;
    let major = version.trim().trim_start_matches('v').split('.').next().and_then(|part| part.parse().ok());
    if major.is_none_or(|major: u32| major < OLDEST_NODE) {
        return Err(format!("Node.js {OLDEST_NODE} or newer is needed, this is {}", version.trim()).into());
    }
    let file = project::root().join("node_modules/.opscape-lock");
    let stamp = Stamp::of_text(file, project::read("package-lock.json")?);
    if stamp.holds() {
        nothing_to_do("npm packages: there");
        return Ok(());
    }
    step("npm ci", || {
        run(command(if cfg!(windows) { "npm.cmd" } else { "npm" }).args(["ci", "--no-audit", "--no-fund"]))?;
        stamp.set();
        Ok(())
    })
}
