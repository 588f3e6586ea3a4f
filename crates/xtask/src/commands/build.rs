//! `cargo xtask build`: the static site.

use crate::process;
use crate::project;
use crate::stamp::Stamp;
use crate::step::{Result, nothing_to_do, step};
use crate::tools;

/// Everything the site is made from.
const INPUTS: [&str; 9] = [
    "Cargo.toml",
    "Cargo.lock",
    "rust-toolchain.toml",
    "Trunk.toml",
    "package-lock.json",
    "crates",
    "web",
    "static",
    ".cargo",
];

/// Builds `dist/`: static files with relative addresses, which work from any folder of any server.
pub fn run() -> Result<()> {
    tools::for_the_site()?;
    site()
}

/// Builds `dist/` unless it was built from just these files.
pub fn site() -> Result<()> {
    let stamp = Stamp::of_files(project::target().join("xtask/site.stamp"), &INPUTS);
    if stamp.holds() && project::dist().join("index.html").is_file() {
        nothing_to_do("dist/: built from these files already");
        return Ok(());
    }
    step("trunk build --release", || process::run(process::command("trunk").args(["build", "--release"])))?;
    stamp.set();
    Ok(())
}
