//! Scenarios of the recordings played on our own world, several at a time.

mod ci;
mod compact;
mod game;
mod gitlab;
mod kubelet;
mod names;
mod nodes;
mod routing;
mod scenario;
mod scores;
mod trace;
mod usage;
mod validation;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

pub use ci::{folders, play_ci, play_expressions, play_workflow};
pub use gitlab::play_gitlab;
pub use routing::{families, play_case, play_routing};
pub use scenario::play;
pub use validation::play_cases;

use crate::recording::format_actions;

/// How many scenarios are played at a time.
const THREADS: usize = 2;

/// Plays every scenario of a folder and writes what it did. Gives what went wrong, by scenario.
pub fn play_all(scenarios: &Path, out: &Path, only: &[String]) -> Result<Vec<(String, String)>, String> {
    let entries =
        std::fs::read_dir(scenarios).map_err(|error| format!("{}: {error}", scenarios.display()))?;
    let mut folders: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.join("actions.txt").exists())
        .filter(|path| {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            only.is_empty() || only.iter().any(|wanted| name.starts_with(wanted.as_str()))
        })
        .collect();
    folders.sort();
    folders.reverse();
    let queue = Mutex::new(folders);
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some(folder) = queue.lock().ok().and_then(|mut queue| queue.pop()) {
                    let name = folder
                        .file_name()
                        .map(|name| name.to_string_lossy().into_owned())
                        .unwrap_or_default();
                    if let Err(error) = play_into(&folder, &out.join(&name)) {
                        eprintln!("{name}: {error}");
                        if let Ok(mut failures) = failures.lock() {
                            failures.push((name, error));
                        }
                    }
                }
            });
        }
    });
    let mut failures = failures.into_inner().unwrap_or_default();
    failures.sort();
    Ok(failures)
}

/// Plays a scenario and writes its files. A panic is an error like others.
fn play_into(folder: &Path, out: &Path) -> Result<(), String> {
    let played = caught(|| play(folder))??;
    let write = |name: &str, text: &str| {
        std::fs::write(out.join(name), text).map_err(|error| format!("{}: {error}", out.join(name).display()))
    };
    std::fs::create_dir_all(out).map_err(|error| format!("{}: {error}", out.display()))?;
    write("actions.txt", &format_actions(&played.actions))?;
    write("trace.jsonl", &played.trace)?;
    if !played.scores.is_empty() {
        write("scores.jsonl", &played.scores)?;
    }
    Ok(())
}

/// Runs something that may panic.
pub fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| {
        let message = payload
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_owned()))
            .unwrap_or_else(|| "no message".to_owned());
        format!("panicked: {message}")
    })
}
