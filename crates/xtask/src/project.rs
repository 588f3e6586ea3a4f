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
    version_in(&lock, package).map(str::to_owned).ok_or_else(|| format!("Cargo.lock has no {package}").into())
}

fn version_in<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let name = format!("name = \"{package}\"");
    let version = lock.lines().skip_while(|line| **line != name).nth(1)?;
    version.strip_prefix("version = \"")?.strip_suffix('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_locked_version_of_the_very_package() {
        let lock = "[[package]]\nname = \"wasm-bindgen-macro\"\nversion = \"1.0.0\"\n\n\
                    [[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\n";
        assert_eq!(version_in(lock, "wasm-bindgen"), Some("0.2.130"));
        assert_eq!(version_in(lock, "wasm"), None);
    }

    #[test]
    fn the_lock_and_the_manifest_agree_on_wasm_bindgen() {
        let manifest = read("Cargo.toml").unwrap();
        let version = locked_version("wasm-bindgen").unwrap();
        assert!(manifest.contains(&format!("wasm-bindgen = \"={version}\"")), "{version}");
    }
}
