//! Programs that cargo builds. They go to `target/tools`; one that the person already has in the right version is
//! used as it is.

use std::process::Stdio;

use crate::process::{cargo, command, exists, find_all, output, run};
use crate::project;
use crate::step::{Result, nothing_to_do, step};

/// 0.22 needs a newer compiler than the one this workspace asks for.
const TRUNK: &str = "0.21.14";
/// Any version will do where there is one; this is what is built where there is none.
const NEXTEST: &str = "0.9.151";

/// Trunk, which builds and serves the site.
pub fn trunk() -> Result<()> {
    install("trunk", "trunk", &["--version"], Version::Exactly(TRUNK), &["--locked"])
}

/// The program that writes the JavaScript side of the Wasm; its version must be that of the library in `Cargo.lock`.
pub fn wasm_bindgen() -> Result<()> {
    let version = project::locked_version("wasm-bindgen")?;
    // Its own lock file does not resolve, hence no `--locked`.
    install("wasm-bindgen-cli", "wasm-bindgen", &["--version"], Version::Exactly(&version), &[])
}

/// The test runner.
pub fn nextest() -> Result<()> {
    let arguments = ["--locked", "--no-default-features"];
    install("cargo-nextest", "cargo-nextest", &["nextest", "--version"], Version::Any(NEXTEST), &arguments)
}

#[derive(Clone, Copy)]
enum Version<'a> {
    Exactly(&'a str),
    Any(&'a str),
}

fn install(
    package: &str,
    program: &str,
    ask: &[&str],
    version: Version<'_>,
    cargo_arguments: &[&str],
) -> Result<()> {
    let (wanted, any) = match version {
        Version::Exactly(wanted) => (wanted, false),
        Version::Any(wanted) => (wanted, true),
    };
    for file in find_all(program) {
        let Ok(answer) = output(command(&file).args(ask).stderr(Stdio::null())) else { continue };
        // `trunk 0.21.14`, `wasm-bindgen 0.2.130`, `cargo-nextest 0.9.151 (...)`
        let found = answer.split_whitespace().nth(1).unwrap_or_default();
        if any || found == wanted {
            nothing_to_do(&format!("{program} {found}: there"));
            return use_this_one(program, &file);
        }
    }
    let crate_version = format!("{package}@{wanted}");
    let tools = project::tools();
    if exists("cargo-binstall") {
        let fetched = step(&format!("cargo binstall {crate_version}"), || {
            run(cargo().args(["binstall", "--no-confirm", "--root"]).arg(&tools).arg(&crate_version))
        });
        if fetched.is_ok() {
            return Ok(());
        }
    }
    step(&format!("cargo install {crate_version} (a few minutes, once)"), || {
        run(cargo()
            .args(["install", &crate_version, "--root"])
            .arg(&tools)
            .arg("--target-dir")
            .arg(tools.join("build"))
            .args(cargo_arguments)
            // Flags meant for the project are not meant for its tools.
            .env_remove("RUSTFLAGS"))
    })?;
    // What was compiled on the way is large and not needed again.
    let _ = std::fs::remove_dir_all(tools.join("build"));
    Ok(())
}

/// Makes sure that `file` is the one a search of PATH finds, where an older one is found before it.
fn use_this_one(program: &str, file: &std::path::Path) -> Result<()> {
    if find_all(program).next().as_deref() == Some(file) {
        return Ok(());
    }
    let bin = project::tools().join("bin");
    std::fs::create_dir_all(&bin).map_err(|error| format!("{}: {error}", bin.display()))?;
    let Some(name) = file.file_name() else { return Ok(()) };
    std::fs::copy(file, bin.join(name)).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(())
}
