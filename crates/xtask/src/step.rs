//! What is being done and how long it took.

use std::fmt;
use std::time::{Duration, Instant};

/// Why a chore stopped, in words for the person at the terminal.
#[derive(Debug)]
pub struct Failure(String);

/// What a step comes to.
pub type Result<T> = std::result::Result<T, Failure>;

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<String> for Failure {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Failure {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<wasmparser::BinaryReaderError> for Failure {
    fn from(error: wasmparser::BinaryReaderError) -> Self {
        Self(format!("not Wasm as it should be: {error}"))
    }
}

impl From<std::num::TryFromIntError> for Failure {
    fn from(_: std::num::TryFromIntError) -> Self {
        Self("a number is too large".to_owned())
    }
}

/// Announces `what`, does it, and says how long it took.
pub fn step<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    eprintln!("==> {what}");
    let start = Instant::now();
    let result = work();
    let taken = seconds(start.elapsed());
    match &result {
        Ok(_) => eprintln!("    {what}: done in {taken}"),
        Err(_) => eprintln!("    {what}: FAILED after {taken}"),
    }
    result
}

/// Says that nothing had to be done.
pub fn nothing_to_do(what: &str) {
    eprintln!("==> {what}");
}

/// `0.4 s`, `72 s`.
pub fn seconds(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 10.0 { format!("{seconds:.1} s") } else { format!("{seconds:.0} s") }
}
