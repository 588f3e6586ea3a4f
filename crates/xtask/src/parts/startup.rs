//! The recording of what runs before a page moves, made by `cargo xtask startup`.
//!
//! It names the functions that did *not* run: one that is new since, or has another name, counts as one that runs, and so
//! does not surprise a page with a download. Names are kept as 32-bit fingerprints; what two names share is kept as needed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::step::Result;

/// What was recorded.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Startup {
    /// Functions that run before a page moves, by name and shape: when each of their stretches is needed.
    ran: BTreeMap<u32, Vec<When>>,
    /// Fingerprints of the names of functions that do not.
    later: BTreeSet<u32>,
}

/// When code is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum When {
    /// Before a widget moves, or nobody knows.
    First,
    /// In the seconds after a widget moves.
    Soon,
    /// Until the full page moves and in the seconds after.
    Page,
    /// After that, or never.
    Later,
    /// Only in a panic; no recording says so.
    Panic,
}

impl When {
    /// When code is needed that was seen to run in a widget until it moved, in the seconds after, and in the full page.
    pub fn of(widget: bool, soon: bool, page: bool) -> When {
        match (widget, soon, page) {
            (true, _, _) => When::First,
            (false, true, _) => When::Soon,
            (false, false, true) => When::Page,
            (false, false, false) => When::Later,
        }
    }
}

const HEAD: &str = "\
# What of the program runs before a page moves; the Wasm is divided by it (crates/xtask/src/parts). Made by
# `cargo xtask startup`. Under [ran], a function (fingerprint of its name and instructions) and when each of its stretches
# is needed, two bits for each from the lowest on, from 0 (first) to 3 (later); under [later], functions (by name) that do not run.
";

/// Fingerprints on a line.
const LINE: usize = 13;

impl Startup {
    /// What is known of functions: name, shape, and when each stretch was needed.
    pub fn of<'a>(functions: impl IntoIterator<Item = (&'a str, u32, Vec<When>)>) -> Startup {
        let mut startup = Startup::default();
        let mut names = BTreeSet::new();
        for (name, shape, needs) in functions {
            if needs.first().is_none_or(|when| *when == When::Later) {
                startup.later.insert(fingerprint(name));
                continue;
            }
            names.insert(fingerprint(name));
            // Several functions may look the same: then what is needed first decides.
            let before = startup.ran.entry(with_shape(name, shape)).or_insert_with(|| needs.clone());
            for (before, when) in before.iter_mut().zip(needs) {
                *before = when.min(*before);
            }
        }
        startup.later.retain(|name| !names.contains(name));
        startup
    }

    /// When the stretches of a function were needed; nothing if it was not seen to run.
    pub fn seen(&self, name: &str, shape: u32) -> impl Iterator<Item = When> {
        self.ran.get(&with_shape(name, shape)).into_iter().flatten().copied()
    }

    /// When the stretches of a function are needed, the whole function first.
    pub fn needs(&self, name: &str, shape: u32) -> Vec<When> {
        match self.ran.get(&with_shape(name, shape)) {
            Some(needs) => needs.clone(),
            None if self.later.contains(&fingerprint(name)) => vec![When::Later],
            None => vec![When::First],
        }
    }

    /// Reads `web/startup.txt`.
    ///
    /// # Errors
    /// Where something is no fingerprint or stands before the first heading.
    pub fn read(text: &str) -> Result<Startup> {
        let mut startup = Startup::default();
        let mut heading = "";
        for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            if line.starts_with('[') {
                heading = line;
                continue;
            }
            match heading {
                "[ran]" => {
                    let (key, needs) =
                        line.split_once(' ').ok_or("web/startup.txt: a function without stretches")?;
                    startup.ran.insert(number(key)?, unpacked(needs)?);
                }
                "[later]" => {
                    for word in line.split_whitespace() {
                        startup.later.insert(number(word)?);
                    }
                }
                other => return Err(format!("web/startup.txt: no such heading: {other:?}").into()),
            }
        }
        Ok(startup)
    }

    /// As it is kept.
    pub fn write(&self) -> String {
        let mut out = HEAD.to_owned();
        out.push_str("\n[ran]\n");
        for (key, needs) in &self.ran {
            let _ = writeln!(out, "{key:08x} {}", packed(needs));
        }
        out.push_str("\n[later]");
        for (at, print) in self.later.iter().enumerate() {
            let _ = write!(out, "{}{print:08x}", if at % LINE == 0 { '\n' } else { ' ' });
        }
        out.push('\n');
        out
    }
}

fn number(word: &str) -> Result<u32> {
    u32::from_str_radix(word, 16).map_err(|_| format!("web/startup.txt: {word:?} is no fingerprint").into())
}

/// The count of stretches, then a letter for each two.
fn packed(needs: &[When]) -> String {
    let bits = |when: Option<&When>| match when {
        None | Some(When::First) => 0,
        Some(When::Soon) => 1,
        Some(When::Page) => 2,
        Some(When::Later | When::Panic) => 3,
    };
    let mut out = format!("{} ", needs.len());
    for pair in needs.chunks(2) {
        let _ = write!(out, "{:x}", bits(pair.first()) | bits(pair.get(1)) << 2);
    }
    // Most functions end with what is not needed, or are needed whole.
    out
}

fn unpacked(text: &str) -> Result<Vec<When>> {
    let bad = || format!("web/startup.txt: {text:?} are no stretches");
    let (count, letters) = text.split_once(' ').ok_or_else(bad)?;
    let count: usize = count.parse().map_err(|_| bad())?;
    let mut out = Vec::new();
    for letter in letters.chars() {
        let bits = letter.to_digit(16).ok_or_else(bad)?;
        for bits in [bits & 3, bits >> 2] {
            out.push(match bits {
                0 => When::First,
                1 => When::Soon,
                2 => When::Page,
                _ => When::Later,
            });
        }
    }
    if out.len() < count {
        return Err(bad().into());
    }
    out.truncate(count);
    Ok(out)
}

/// FNV-1a.
fn fingerprint(name: &str) -> u32 {
    hashed(0x811c_9dc5, name.bytes())
}

fn with_shape(name: &str, shape: u32) -> u32 {
    hashed(fingerprint(name), shape.to_le_bytes())
}

fn hashed(from: u32, bytes: impl IntoIterator<Item = u8>) -> u32 {
    bytes.into_iter().fold(from, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::When::{First, Later, Page};
    use super::*;

    fn sample() -> Startup {
        Startup::of([
            ("a", 1, vec![Later, Later]),
            ("b", 1, vec![First, Later, Page]),
            ("b", 2, vec![Later]),
            ("c", 1, vec![Page, Later, Page, Later, Later]),
            ("b", 1, vec![First, First, Later]),
        ])
    }

    #[test]
    fn it_is_read_as_it_was_written() {
        assert_eq!(Startup::read(&sample().write()).unwrap(), sample());
        for wrong in ["0000aaaa\n", "[later]\nwhat\n", "[ran]\n0000aaaa\n", "[ran]\n0000aaaa 9 0\n"] {
            assert!(Startup::read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_needed_first_decides_and_so_does_what_is_new() {
        assert_eq!(sample().needs("a", 7), [Later]);
        assert_eq!(sample().needs("b", 1), [First, First, Page]);
        assert_eq!(sample().needs("c", 1), [Page, Later, Page, Later, Later]);
        // Changed since, or new: nobody knows.
        assert_eq!(sample().needs("b", 3), [First]);
        assert_eq!(sample().needs("new", 1), [First]);
    }
}
