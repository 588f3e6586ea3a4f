//! Where things are, and the versions the lock files ask for.

use std::fs;
use std::path::{Path, PathBuf};

use crate::step::Result;

/// The repository's top folder.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}

/// Cargo's target folder, kept inside the repository unless the person moved it.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |path| root().join(path))
}

/// Where the tools built for this project live: `target/tools/bin`.
pub fn tools() -> PathBuf {
    target().join("tools")
}

/// The built site.
pub fn dist() -> PathBuf {
    root().join("dist")
}

/// Reads a file of the repository.
pub fn read(path: &str) -> Result<String> {
    fs::read_to_string(root().join(path)).map_err(|error| format!("{path}: {error}").into())
}

/// The version of `package` in the workspace's `Cargo.lock`.
pub fn locked_version(package: &str) -> Result<String> {
    let lock = read("Cargo.lock")?;
    let mut lines = lock.lines().skip_while(|line| *line != format!("name = \"{package}\"")).skip(1);
    lines
        .next()
        .and_then(|line| line.strip_prefix("version = \"")?.strip_suffix('"'))
        .map(str::to_owned)
        .ok_or_else(|| format!("Cargo.lock has no {package}").into())
}
