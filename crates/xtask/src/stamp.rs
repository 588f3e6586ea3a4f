//! What an output was made from, so that it is not made twice.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::project;

/// A stamp kept beside an output: the text of everything the output depends on.
pub struct Stamp {
    file: PathBuf,
    now: String,
}

impl Stamp {
    /// A stamp in `file` for an output that depends on `text`.
    pub fn of_text(file: PathBuf, text: String) -> Self {
        Self { file, now: text }
    }

    /// A stamp in `file` for an output that depends on files and folders of the repository, told by length and
    /// time of change.
    pub fn of_files(file: PathBuf, inputs: &[&str]) -> Self {
        let mut now = String::new();
        for input in inputs {
            note(&project::root().join(input), &mut now);
        }
        Self { file, now }
    }

    /// Whether the output was made from what is there now.
    pub fn holds(&self) -> bool {
        fs::read_to_string(&self.file).is_ok_and(|text| text == self.now)
    }

    /// Notes that the output has been made.
    pub fn set(&self) {
        if let Some(folder) = self.file.parent() {
            let _ = fs::create_dir_all(folder);
        }
        // Without a stamp the work is done again, which is slow and not wrong.
        let _ = fs::write(&self.file, &self.now);
    }
}

fn note(path: &Path, out: &mut String) {
    let Ok(about) = fs::metadata(path) else { return };
    if about.is_dir() {
        let name = path.file_name().unwrap_or_default();
        if name == "target" || name == "node_modules" {
            return;
        }
        let mut entries: Vec<PathBuf> =
            fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        entries.sort();
        for entry in entries {
            note(&entry, out);
        }
    } else {
        let changed = about.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let _ = writeln!(out, "{} {} {:?}", path.display(), about.len(), changed.map(|time| time.as_nanos()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_until_what_it_was_made_from_changes() {
        let folder = std::env::temp_dir().join(format!("opscape-stamp-{}", std::process::id()));
        let input = folder.join("input");
        fs::create_dir_all(&input).unwrap();
        fs::write(input.join("a"), "1").unwrap();
        let stamp = || Stamp::of_files(folder.join("kept/stamp"), &[input.to_str().unwrap()]);
        assert!(!stamp().holds());
        stamp().set();
        assert!(stamp().holds());
        fs::write(input.join("a"), "12").unwrap();
        assert!(!stamp().holds());
        stamp().set();
        fs::write(input.join("b"), "").unwrap();
        assert!(!stamp().holds());
        fs::remove_dir_all(folder).unwrap();
    }
}
