//! Damaged texts thrown at the whole way from text to world: no panic, no hang, no explosion of memory.

#![expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "hangs are measured in wall time")]

mod corpus;
mod drive;
mod mutate;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use opscape_sim::Rng;

use crate::play::caught;

/// One text may take this long, with all that is done to its world.
const SLOW: Duration = Duration::from_secs(10);
/// The whole process may take this much memory.
const MOST_MEMORY: u64 = 2 << 30;

/// What is being tried now, for the watchman.
struct Watched {
    input: PathBuf,
    begin: Instant,
}

/// Tries damaged texts for a while. Gives how many were tried, and what was found, as files in `out`.
pub fn fuzz(
    recordings: &Path,
    labs: &Path,
    out: &Path,
    minutes: f64,
    seed: u64,
) -> Result<(u64, Vec<PathBuf>), String> {
    std::fs::create_dir_all(out).map_err(|error| format!("{}: {error}", out.display()))?;
    let corpus = corpus::corpus(recordings, labs)?;
    let end = Instant::now() + Duration::from_secs_f64(minutes.max(0.0) * 60.0);
    let watched = Arc::new(Mutex::new(None::<Watched>));
    watch(Arc::clone(&watched));
    let (mut tried, mut found, mut accepted) = (0_u64, Vec::new(), 0_u64);
    let mut told = Instant::now();
    while Instant::now() < end {
        let mut rng = Rng::stream(seed.wrapping_add(tried), "fuzz");
        let text = mutate::mutated(&corpus, &mut rng);
        // Written first: what ends the whole process is found there.
        let current = out.join("current.yaml");
        std::fs::write(&current, &text).map_err(|error| format!("{}: {error}", current.display()))?;
        set(&watched, Some(Watched { input: current, begin: Instant::now() }));
        let steps = out.join("current.steps");
        let mut log = String::new();
        let result = caught(|| {
            drive::drive(&text, &corpus, &mut rng, &mut |step| {
                log.push_str(step);
                log.push('\n');
                // What cannot be written is only missed should this text end the process.
                let _ = std::fs::write(&steps, &log);
            })
        });
        set(&watched, None);
        tried += 1;
        match result {
            Ok(opened) => accepted += u64::from(opened),
            Err(error) => {
                let path = out.join(format!("finding-{seed}-{tried}.yaml"));
                eprintln!("{}: {error}", path.display());
                let _ = std::fs::copy(&steps, path.with_extension("steps"));
                std::fs::write(&path, &text).map_err(|error| format!("{}: {error}", path.display()))?;
                found.push(path);
            }
        }
        if told.elapsed() > Duration::from_secs(30) {
            told = Instant::now();
            println!(
                "{tried} texts, {accepted} of them became worlds, {} findings, {} MB",
                found.len(),
                memory() >> 20
            );
        }
    }
    println!("{tried} texts, {accepted} of them became worlds, {} findings", found.len());
    Ok((tried, found))
}

/// Tries one text again, with other acts. An error tells how it ended.
pub fn replay(recordings: &Path, labs: &Path, path: &Path) -> Result<bool, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let corpus = corpus::corpus(recordings, labs)?;
    caught(|| drive::drive(&text, &corpus, &mut Rng::stream(0, "replay"), &mut |step| println!("{step}")))
}

fn set(watched: &Mutex<Option<Watched>>, value: Option<Watched>) {
    if let Ok(mut watched) = watched.lock() {
        *watched = value;
    }
}

/// Ends the process when a text takes too long or too much memory: nothing else could.
fn watch(watched: Arc<Mutex<Option<Watched>>>) {
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(Duration::from_millis(200));
            let Ok(now) = watched.lock() else { return };
            let Some(now) = &*now else { continue };
            let why = if now.begin.elapsed() > SLOW {
                format!("took more than {} s", SLOW.as_secs())
            } else if memory() > MOST_MEMORY {
                format!("took {} MB", memory() >> 20)
            } else {
                continue;
            };
            eprintln!("{}: {why}", now.input.display());
            for kind in ["yaml", "steps"] {
                let kept = now.input.with_file_name("finding-watch").with_extension(kind);
                let _ = std::fs::copy(now.input.with_extension(kind), kept);
            }
            std::process::exit(1);
        }
    });
}

/// Resident memory in bytes; 0 where the system does not say.
fn memory() -> u64 {
    const PAGE: u64 = 4096;
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split_whitespace().nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * PAGE
}
