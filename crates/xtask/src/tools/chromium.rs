//! A Chromium for the browser tests.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::process::{command, exists, find_all, output, run};
use crate::step::{Result, nothing_to_do, step};

/// The environment variable that names the browser to use, here and in `e2e/`.
pub const VARIABLE: &str = "OPSCAPE_CHROMIUM";

const NAMES: [&str; 5] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
const MAC: [&str; 2] = [
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
];

/// The browser named by the environment, else one on this machine, else Debian's, else Playwright's own.
pub fn find_or_install() -> Result<PathBuf> {
    let found = find();
    if apt_possible() && (found.is_none() || !has_korean_font()) {
        let mut packages = vec!["fonts-noto-cjk"];
        if found.is_none() {
            packages.push("chromium");
        }
        let what = format!("apt-get install {}", packages.join(" "));
        // Without the font only the Korean pictures are worse; without the browser the next way is tried.
        let _ = step(&what, || {
            let _ = run(command("apt-get").args(["update", "-q"]));
            run(command("apt-get")
                .args(["install", "-y", "-q", "--no-install-recommends"])
                .args(&packages)
                .env("DEBIAN_FRONTEND", "noninteractive"))
        });
    }
    if let Some(file) = found.or_else(find) {
        nothing_to_do(&format!("Chromium: {}", file.display()));
        return Ok(file);
    }
    super::npm::packages()?;
    step("playwright install chromium", || {
        run(command("node").args(["node_modules/playwright-core/cli.js", "install", "chromium"]))
    })?;
    playwrights_own().ok_or_else(|| format!("no Chromium: set {VARIABLE} to one").into())
}

fn find() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os(VARIABLE).map(PathBuf::from) {
        return Some(named);
    }
    NAMES
        .iter()
        .find_map(|name| find_all(name).next())
        .or_else(|| MAC.iter().map(PathBuf::from).find(|file| file.is_file()))
        .or_else(playwrights_own)
}

fn playwrights_own() -> Option<PathBuf> {
    let ask = "import('playwright-core').then(p => console.log(p.chromium.executablePath()))";
    let answer = output(command("node").args(["-e", ask]).stderr(Stdio::null())).ok()?;
    Some(PathBuf::from(answer.trim())).filter(|file| file.is_file())
}

fn apt_possible() -> bool {
    Path::new("/etc/debian_version").exists()
        && exists("apt-get")
        && output(command("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

fn has_korean_font() -> bool {
    output(command("fc-list").args([":lang=ko", "family"]).stderr(Stdio::null()))
        .is_ok_and(|fonts| !fonts.trim().is_empty())
}
