//! Variables and their expansion.
//!
//! Source: gitlab `lib/expand_variables.rb` and `lib/gitlab/ci/variables/collection` (sorted by what they use, then
//! expanded; `$$` stays), read, not run.

use std::collections::BTreeMap;

/// Variables by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Variables {
    values: BTreeMap<String, Variable>,
}

/// One variable.
#[derive(Clone, Debug, PartialEq)]
struct Variable {
    value: String,
    /// `expand: false`.
    raw: bool,
}

impl Variables {
    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(|variable| variable.value.as_str())
    }

    /// Sets a variable; what it had is gone.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.values.insert(name.to_owned(), Variable { value: value.into(), raw: false });
    }

    /// Sets a variable whose value is not expanded.
    pub fn set_raw(&mut self, name: &str, value: impl Into<String>) {
        self.values.insert(name.to_owned(), Variable { value: value.into(), raw: true });
    }

    /// Takes over all variables of another collection, which win.
    pub fn extend(&mut self, others: &Variables) {
        self.values.extend(others.values.iter().map(|(name, value)| (name.clone(), value.clone())));
    }

    /// Takes over those named.
    pub fn extend_named(&mut self, others: &Variables, names: &[String]) {
        let named = others.values.iter().filter(|(name, _)| names.contains(name));
        self.values.extend(named.map(|(name, value)| (name.clone(), value.clone())));
    }

    /// Names and values, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values.iter().map(|(name, variable)| (name.as_str(), variable.value.as_str()))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// All of them with what they refer to put in; the variables of a circle stay as they are.
    #[must_use]
    pub fn expanded(&self) -> Variables {
        let mut result = Variables::default();
        for name in self.values.keys() {
            self.resolve(name, &mut result, &mut Vec::new());
        }
        result
    }

    fn resolve(&self, name: &str, result: &mut Variables, open: &mut Vec<String>) {
        if result.values.contains_key(name) || open.iter().any(|other| other == name) {
            return;
        }
        let Some(variable) = self.values.get(name) else { return };
        let mut resolved = variable.clone();
        if !variable.raw && variable.value.contains(['$', '%']) && open.len() < 64 {
            open.push(name.to_owned());
            resolved.value = replace(&variable.value, |used| {
                self.resolve(used, result, open);
                // What is not there is left for the runner.
                result.get(used).map(str::to_owned)
            });
            open.pop();
        }
        result.values.insert(name.to_owned(), resolved);
    }

    /// As a runner sets them: what does not exist is empty, `$$` is `$`.
    pub fn for_runner(&self) -> BTreeMap<String, String> {
        let value = |variable: &Variable| {
            if variable.raw {
                variable.value.clone()
            } else {
                self.expand(&variable.value).replace("$$", "$")
            }
        };
        self.values.iter().map(|(name, variable)| (name.clone(), value(variable))).collect()
    }

    /// A text with the variables that exist put in (`ExpandVariables.expand_existing`).
    pub fn expand_existing(&self, text: &str) -> String {
        replace(text, |name| self.get(name).map(str::to_owned))
    }

    /// A text with variables put in, nothing for those that do not exist (`ExpandVariables.expand`).
    pub fn expand(&self, text: &str) -> String {
        replace(text, |name| Some(self.get(name).unwrap_or_default().to_owned()))
    }
}

/// Replaces `$NAME`, `${NAME}` and `%NAME%` by what `value` gives, if it gives something. `$$` stays, and what follows it.
fn replace(text: &str, mut value: impl FnMut(&str) -> Option<String>) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['$', '%']) {
        result.push_str(rest.get(..at).unwrap_or(""));
        let found = rest.get(at..).unwrap_or("");
        if let Some(after) = found.strip_prefix("$$") {
            result.push_str("$$");
            rest = after;
            continue;
        }
        let (name, length) = reference(found);
        match name.and_then(&mut value) {
            Some(value) => result.push_str(&value),
            None => result.push_str(found.get(..length).unwrap_or("")),
        }
        rest = found.get(length..).unwrap_or("");
    }
    result.push_str(rest);
    result
}

/// The name of the variable that a text begins with, and how long the reference is.
fn reference(text: &str) -> (Option<&str>, usize) {
    let name_at = |from: usize| {
        let word = text.get(from..).unwrap_or("");
        let end = word.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(word.len());
        word.get(..end).filter(|name| !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit()))
    };
    let enclosed = |from: usize, close: char| {
        let name = name_at(from)?;
        text.get(from + name.len()..)?.starts_with(close).then_some((Some(name), from + name.len() + 1))
    };
    let found = if text.starts_with("${") {
        enclosed(2, '}')
    } else if text.starts_with('%') {
        enclosed(1, '%')
    } else {
        name_at(1).map(|name| (Some(name), 1 + name.len()))
    };
    found.unwrap_or((None, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_expanded_through_each_other_and_not_around_in_a_circle() {
        let mut variables = Variables::default();
        for (name, value) in [
            ("BASE", "car"),
            ("FULL", "$BASE-one"),
            ("A_NEST", "${FULL}-x"),
            ("LITERAL", "$$BASE"),
            ("ONE", "$TWO"),
            ("TWO", "$ONE"),
            ("MISSING", "$NOPE/x"),
        ] {
            variables.set(name, value);
        }
        variables.set_raw("RAW", "$BASE");
        let expanded = variables.expanded();
        assert_eq!(expanded.get("A_NEST"), Some("car-one-x"));
        assert_eq!(expanded.get("LITERAL"), Some("$$BASE"));
        assert_eq!(expanded.get("RAW"), Some("$BASE"));
        assert_eq!(expanded.get("MISSING"), Some("$NOPE/x"));
        assert!(expanded.get("ONE").is_some());
        assert_eq!(expanded.expand("%BASE% $NOPE."), "car .");
    }
}
