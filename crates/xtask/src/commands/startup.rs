//! `cargo xtask startup`: records which functions run before a page moves, and divides the site by it.

use std::fs;

use super::{build, divide};
use crate::parts::{self, Startup};
use crate::process;
use crate::project;
use crate::step::{Result, step};
use crate::tools;
use crate::tools::chromium;

/// Builds the site, plays it with probes in Chromium, and writes `web/startup.txt`.
pub fn run() -> Result<()> {
    tools::for_the_site()?;
    build::site()?;
    let recording = record()?;
    divide::write(&project::root().join(divide::STARTUP), recording.as_bytes())?;
    build::site()
}

/// Records the built site, and divides it by that: what is in the repository may be of another program by now, or of
/// another compiler's.
pub fn of_this_build() -> Result<()> {
    record()?;
    divide::parts_of(&divide::built()?)
}

/// Plays the built site with probes; keeps what it came to with the program, and gives it.
fn record() -> Result<String> {
    let browser = chromium::find_or_install()?;
    let folder = project::target().join("xtask/startup");
    let whole = divide::read(&divide::whole())?;
    step("playing the site with probes", || {
        fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        divide::write(&folder.join("probed.wasm"), &parts::with_probes(&whole)?)?;
        process::run(
            process::command("node").arg("e2e/startup.mjs").arg(&folder).env(chromium::VARIABLE, browser),
        )
    })?;
    let called = |name: &str| divide::read(&folder.join(name));
    let before = Startup::read(&project::read(divide::STARTUP)?)?;
    let (widget, soon) = (called("widget.called")?, called("soon.called")?);
    let recording = parts::recorded(&whole, [&widget, &soon, &called("page.called")?], &before)?.write();
    divide::write(&divide::recording_of(&whole), recording.as_bytes())?;
    Ok(recording)
}
