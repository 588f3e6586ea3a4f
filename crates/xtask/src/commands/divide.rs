//! `cargo xtask divide FILE`: shrinks the site's Wasm and divides it into parts. Trunk's hook runs it (`web/bundle.mjs`).

use std::fs;
use std::path::{Path, PathBuf};

use crate::parts::{self, Part, Startup};
use crate::process;
use crate::project;
use crate::step::Result;

/// The recording that the division follows.
pub const STARTUP: &str = "web/startup.txt";

/// Where the undivided Wasm is kept, for the next recording.
pub fn whole() -> PathBuf {
    project::target().join("xtask/whole.wasm")
}

/// The program as the linker wrote it.
fn linked() -> PathBuf {
    project::target().join("wasm32-unknown-unknown/wasm/opscape-web.wasm")
}

/// Divides `file`, which wasm-bindgen wrote; without one, divides what was built last anew.
pub fn run(arguments: &[String]) -> Result<()> {
    let [file] = arguments else { return parts_of(&built()?) };
    let file = Path::new(file);
    let whole = whole();
    if let Some(folder) = whole.parent() {
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let (prepared, names) = parts::prepared(&read(file)?)?;
    write(&whole, &prepared)?;
    // For `web/bundle.mjs`, which puts them into the script.
    write(&file.with_extension("names"), names.as_bytes())?;
    // Functions with one caller stay functions, so that what is not called can go elsewhere; so does, small as it is, the
    // one that has the texts which are said when somebody asks (`opscape_lab::words`).
    process::run(
        process::command("wasm-opt")
            .args(["-Oz", "-g", "--one-caller-inline-max-function-size=40", "--no-inline=*words::asked*"])
            .arg(&whole)
            .arg("-o")
            .arg(&whole),
    )?;
    parts_of(file)
}

/// The main part of the built site.
pub fn built() -> Result<PathBuf> {
    let main = fs::read_dir(project::dist())
        .map_err(|error| format!("{}: {error}", project::dist().display()))?
        .flatten()
        .map(|entry| entry.path())
        .find(|file| file.to_string_lossy().ends_with("_bg.wasm"));
    Ok(main.ok_or("dist/ has no Wasm")?)
}

/// Where a recording of this very program is, if there is one.
pub fn recording_of(whole: &[u8]) -> PathBuf {
    project::target().join(format!("xtask/startup-{:016x}.txt", parts::fingerprint(whole)))
}

/// Divides the program that is kept: the main part takes the place of `file`, the others are put beside it.
pub fn parts_of(file: &Path) -> Result<()> {
    let whole = read(&whole())?;
    let recording = match fs::read_to_string(recording_of(&whole)) {
        Ok(recording) => recording,
        Err(_) => project::read(STARTUP)?,
    };
    let divided = parts::divide(&whole, &read(&linked())?, &Startup::read(&recording)?)?;
    let plain = project::target().join("xtask/parts");
    fs::create_dir_all(&plain).map_err(|error| format!("{}: {error}", plain.display()))?;
    for (part, bytes) in &divided.parts {
        // The plain ones are kept for whoever wants to look, and for the suite that compares.
        write(&plain.join(format!("{part:?}.wasm").to_lowercase()), bytes)?;
        write(&file_of(*part, file), &parts::in_columns(bytes)?)?;
    }
    write(&project::target().join("xtask/parts.txt"), divided.account.as_bytes())
}

/// The file of a part, where the main part is `main`: `opscape-web-0123_bg.wasm`, `opscape-web-0123.page.wasm`.
fn file_of(part: Part, main: &Path) -> PathBuf {
    if part == Part::Main {
        return main.to_owned();
    }
    let stem = main.file_stem().unwrap_or_default().to_string_lossy();
    main.with_file_name(format!("{}.{}.wasm", stem.trim_end_matches("_bg"), part.name()))
}

/// Reads a file.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| format!("{}: {error}", path.display()).into())
}

/// Writes a file.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    fs::write(path, bytes).map_err(|error| format!("{}: {error}", path.display()).into())
}
