//! Tab completion: programs, commands, flags and their values, kinds, names, containers, fields, files.

use opscape_lab::World;

use crate::process::Shell;
use crate::programs::programs;

/// What could stand where the cursor is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Completions {
    /// Byte offset in the line at which the word to be completed begins.
    pub from: usize,
    /// Whole words, in order. One that can go on (`--namespace=`, `deployment/`) ends with `=`, `/` or `.`; the others
    /// want a blank behind them.
    pub candidates: Vec<String>,
}

impl Completions {
    /// What all candidates begin with: what Tab can type at once.
    pub fn common(&self) -> &str {
        let Some(first) = self.candidates.first() else { return "" };
        let same =
            |other: &String| first.char_indices().zip(other.chars()).take_while(|((_, a), b)| a == b).count();
        let shared = self.candidates.iter().map(same).min().unwrap_or(0);
        let end = first.char_indices().nth(shared).map_or(first.len(), |(at, _)| at);
        first.get(..end).unwrap_or("")
    }
}

impl Shell {
    /// What could stand at a place (byte offset) of a line.
    pub fn complete(&self, line: &str, cursor: usize, world: &dyn World) -> Completions {
        let text = line.get(..cursor).unwrap_or(line);
        let (words, from) = words(text);
        let Some((partial, before)) = words.split_last() else { return Completions::default() };
        let mut candidates = self.candidates(before, partial, world);
        candidates.retain(|candidate| candidate.starts_with(partial.as_str()) && candidate != partial);
        crate::sorted::distinct(&mut candidates);
        Completions { from, candidates }
    }

    fn candidates(&self, before: &[String], partial: &str, world: &dyn World) -> Vec<String> {
        let files = || {
            let mut files = world.files();
            files.extend(self.files.keys().cloned());
            files
        };
        let Some((program, rest)) = before.split_first() else {
            let own = programs().iter().map(|program| program.name.to_owned());
            return own.chain(self.aliases.keys().cloned()).collect();
        };
        // The command behind `timeout 5`, `watch` or `xargs`.
        let skipped = match program.as_str() {
            "timeout" if rest.is_empty() => return Vec::new(),
            "timeout" => 1,
            "watch" | "xargs" => 0,
            "k" | "kubectl" => return crate::kubectl::complete(self, rest, partial, world, &files),
            name => {
                let alias = self.aliases.get(name).map(|alias| alias.split_whitespace());
                return match alias.and_then(|mut words| words.next().map(|first| (first == "kubectl", words)))
                {
                    Some((true, more)) => {
                        let words: Vec<String> =
                            more.map(str::to_owned).chain(rest.iter().cloned()).collect();
                        crate::kubectl::complete(self, &words, partial, world, &files)
                    }
                    _ => files(),
                };
            }
        };
        self.candidates(rest.get(skipped..).unwrap_or_default(), partial, world)
    }
}

/// The words of the last command of a text, the last of them being the one at its end (maybe empty), and where that
/// one begins.
fn words(text: &str) -> (Vec<String>, usize) {
    let mut words: Vec<String> = Vec::new();
    let mut word: Option<(usize, String)> = None;
    let mut quote = None;
    let mut redirected = false;
    for (at, next) in text.char_indices() {
        match (quote, next) {
            (Some(mark), _) if next == mark => quote = None,
            (None, '\'' | '"') => {
                quote = Some(next);
                word.get_or_insert((at, String::new()));
            }
            (None, '|' | ';' | '&' | '\n' | '(' | ')') => {
                words.clear();
                word = None;
                redirected = false;
            }
            (None, '>' | '<') => {
                word = None;
                redirected = true;
            }
            (None, ' ' | '\t') => {
                if let Some((_, done)) = word.take()
                    && !std::mem::take(&mut redirected)
                {
                    words.push(done);
                }
            }
            _ => word.get_or_insert((at, String::new())).1.push(next),
        }
    }
    let (from, last) = word.unwrap_or((text.len(), String::new()));
    words.push(last);
    (words, from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_command_counts() {
        let of = |text: &str| words(text);
        assert_eq!(of("kubectl get po"), (vec!["kubectl".into(), "get".into(), "po".into()], 12));
        assert_eq!(of("a; b 'c d' "), (vec!["b".into(), "c d".into(), String::new()], 11));
        assert_eq!(of("x $(kubectl g"), (vec!["kubectl".into(), "g".into()], 12));
        assert_eq!(of("a > f b"), (vec!["a".into(), "b".into()], 6));
        assert_eq!(of(""), (vec![String::new()], 0));
    }

    #[test]
    fn what_candidates_share_can_be_typed() {
        let of = |texts: &[&str]| {
            let candidates = texts.iter().map(|text| (*text).to_owned()).collect();
            Completions { from: 0, candidates }.common().to_owned()
        };
        assert_eq!(of(&["web-1", "web-2"]), "web-");
        assert_eq!(of(&["한글", "한국"]), "한");
        assert_eq!(of(&[]), "");
    }
}
