//! Identifiers of jobs and steps (`converter/id-builder.ts`). Unlike that, and like the runner's C#, without regard to case.

use std::collections::BTreeSet;

/// An identifier has fewer characters.
const MAX_LENGTH: usize = 100;
const MAX_ATTEMPTS: usize = 1000;

/// The identifiers of a scope.
#[derive(Default)]
pub(super) struct Ids(BTreeSet<String>);

fn is_legal(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

impl Ids {
    /// Takes an identifier that a person wrote.
    ///
    /// # Errors
    /// The words for why it is none.
    pub(super) fn add(&mut self, id: &str) -> Result<(), String> {
        let first = id.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if !first || !id.chars().all(is_legal) || id.len() >= MAX_LENGTH {
            return Err(format!(
                "The identifier '{id}' is invalid. IDs may only contain alphanumeric characters, '_', and '-'. IDs must start with a letter or '_' and and must be less than {MAX_LENGTH} characters."
            ));
        }
        if id.starts_with("__") {
            return Err(format!("The identifier '{id}' is invalid. IDs starting with '__' are reserved."));
        }
        if !self.0.insert(id.to_ascii_lowercase()) {
            return Err(format!(
                "The identifier '{id}' may not be used more than once within the same scope."
            ));
        }
        Ok(())
    }

    /// Makes an identifier of what a step uses. None: there are too many of them.
    pub(super) fn generate(&mut self, name: &str) -> Option<String> {
        let original: String =
            "__".chars().chain(name.chars().map(|c| if is_legal(c) { c } else { '_' })).collect();
        for attempt in 1..MAX_ATTEMPTS {
            let suffix = if attempt == 1 { String::new() } else { format!("_{attempt}") };
            let length = original.len().min(MAX_LENGTH - suffix.len());
            let candidate = format!("{}{suffix}", original.get(..length).unwrap_or(""));
            if self.0.insert(candidate.to_ascii_lowercase()) {
                return Some(candidate);
            }
        }
        None
    }
}
