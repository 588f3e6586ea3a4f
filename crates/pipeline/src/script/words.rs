//! Words and what they stand for.

use super::{Flow, Shell, parse};

/// A word of a command.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Word(pub Vec<Part>);

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Part {
    Plain(String),
    Quoted(String),
    /// A variable, or what stands in `${...}`; whether it stands in quotes.
    Variable(String, bool),
    /// `$(...)`; whether it stands in quotes.
    Substitution(String, bool),
    /// `$((...))`.
    Arithmetic(String),
}

impl Word {
    /// `NAME=value`, if it is that.
    pub fn assignment(&self) -> Option<(String, Word)> {
        let Some(Part::Plain(first)) = self.0.first() else { return None };
        let (name, value) = first.split_once('=')?;
        let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        let mut parts = vec![Part::Plain(value.to_owned())];
        parts.extend(self.0.iter().skip(1).cloned());
        is_name.then(|| (name.to_owned(), Word(parts)))
    }

    /// Its text without anything put in.
    pub fn literal(&self) -> String {
        self.0
            .iter()
            .map(|part| match part {
                Part::Plain(text) | Part::Quoted(text) => text.as_str(),
                _ => "",
            })
            .collect()
    }

    /// Whether a command runs in it.
    pub fn substitutes(&self) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Substitution(..)))
    }
}

impl Shell {
    /// What a word stands for, as one text.
    pub(super) fn text(&mut self, word: &Word) -> String {
        word.0.iter().map(|part| self.part(part)).collect()
    }

    /// The same without running commands in it.
    pub(super) fn text_now(&self, word: &Word) -> String {
        word.0
            .iter()
            .map(|part| match part {
                Part::Plain(text) | Part::Quoted(text) => text.clone(),
                Part::Variable(name, _) => self.variable(name),
                Part::Substitution(..) | Part::Arithmetic(_) => String::new(),
            })
            .collect()
    }

    /// The fields that a word stands for: what is not in quotes is split at blanks.
    pub(super) fn fields(&mut self, word: &Word) -> Vec<String> {
        let mut fields: Vec<String> = Vec::new();
        let mut open: Option<String> = None;
        for part in &word.0 {
            let split = matches!(part, Part::Variable(_, false) | Part::Substitution(_, false));
            let text = self.part(part);
            if !split {
                open.get_or_insert_default().push_str(&text);
                continue;
            }
            if text.starts_with(char::is_whitespace) {
                fields.extend(open.take());
            }
            let mut pieces = text.split_whitespace().peekable();
            while let Some(piece) = pieces.next() {
                open.get_or_insert_default().push_str(piece);
                if pieces.peek().is_some() || text.ends_with(char::is_whitespace) {
                    fields.extend(open.take());
                }
            }
        }
        fields.extend(open);
        fields
    }

    fn part(&mut self, part: &Part) -> String {
        match part {
            Part::Plain(text) | Part::Quoted(text) => text.clone(),
            Part::Variable(name, _) => self.variable(name),
            Part::Arithmetic(text) => {
                self.arithmetic(text).map_or_else(String::new, |number| number.to_string())
            }
            Part::Substitution(text, _) => {
                let mut output = String::new();
                if let Some(list) = parse::parse(text) {
                    let (variables, folder) = (self.variables.clone(), self.folder.clone());
                    self.captured += 1;
                    self.piped += 1;
                    let flow = self.list(&list, false, "", &mut output);
                    self.captured -= 1;
                    self.piped -= 1;
                    (self.variables, self.folder) = (variables, folder);
                    self.status = match flow {
                        Flow::Status(code) | Flow::Exit(code) => code,
                        Flow::Break | Flow::Continue => 0,
                    };
                }
                output.trim_end_matches('\n').to_owned()
            }
        }
    }

    /// What `$name` or `${...}` stands for.
    fn variable(&self, inside: &str) -> String {
        let value = |name: &str| match name {
            "?" => Some(self.status.to_string()),
            "$" => Some("1".to_owned()),
            "#" => Some("0".to_owned()),
            "PWD" => Some(format!("/{}", self.folder)),
            name => self.variables.get(name).cloned(),
        };
        if let Some(name) = inside.strip_prefix('#').filter(|name| !name.is_empty()) {
            return value(name).unwrap_or_default().chars().count().to_string();
        }
        let end = inside
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .filter(|end| *end > 0)
            .unwrap_or(inside.len());
        let (name, operation) = inside.split_at(end);
        let value = value(name);
        let filled = value.clone().filter(|value| !value.is_empty());
        let put_in = |text: &str| self.put_in(text);
        match operation {
            "" => value.unwrap_or_default(),
            _ if operation.starts_with(":-") => {
                filled.unwrap_or_else(|| put_in(operation.get(2..).unwrap_or("")))
            }
            _ if operation.starts_with(":=") => {
                filled.unwrap_or_else(|| put_in(operation.get(2..).unwrap_or("")))
            }
            _ if operation.starts_with(":+") => {
                filled.map(|_| put_in(operation.get(2..).unwrap_or(""))).unwrap_or_default()
            }
            _ if operation.starts_with('-') => {
                value.unwrap_or_else(|| put_in(operation.get(1..).unwrap_or("")))
            }
            _ if operation.starts_with('+') => {
                value.map(|_| put_in(operation.get(1..).unwrap_or(""))).unwrap_or_default()
            }
            "^^" => value.unwrap_or_default().to_uppercase(),
            ",," => value.unwrap_or_default().to_lowercase(),
            _ if operation.starts_with(':') => {
                let text = put_in(operation.get(1..).unwrap_or(""));
                let (from, length) = text.split_once(':').unwrap_or((&text, ""));
                part_of(
                    &value.unwrap_or_default(),
                    self.arithmetic(from).unwrap_or(0),
                    self.arithmetic(length),
                )
            }
            _ if operation.starts_with('/') => {
                let all = operation.starts_with("//");
                let text = operation.get(if all { 2 } else { 1 }..).unwrap_or("");
                let (from, to) = text.split_once('/').unwrap_or((text, ""));
                let (from, to) = (put_in(from), put_in(to));
                let value = value.unwrap_or_default();
                match from.is_empty() {
                    true => value,
                    false if all => value.replace(&from, &to),
                    false => value.replacen(&from, &to, 1),
                }
            }
            _ => trimmed(&value.unwrap_or_default(), operation),
        }
    }

    /// A text with the variables in it replaced.
    pub(super) fn put_in(&self, text: &str) -> String {
        let text = text.trim_matches(['"', '\'']);
        let mut result = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            result.push_str(rest.get(..at).unwrap_or(""));
            let after = rest.get(at + 1..).unwrap_or("");
            let braced = after.strip_prefix('{').and_then(|after| Some((after, after.find('}')?)));
            let (inside, length) = if let Some((after, end)) = braced {
                (after.get(..end).unwrap_or(""), end + 2)
            } else {
                let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
                (after.get(..end).unwrap_or(""), end)
            };
            result.push_str(&self.variables.get(inside).cloned().unwrap_or_default());
            rest = after.get(length..).unwrap_or("");
        }
        result.push_str(rest);
        result
    }

    /// Sums and products of whole numbers; nothing for what is none.
    fn arithmetic(&self, text: &str) -> Option<i64> {
        let symbols: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
        let mut at = 0;
        let sum = self.sum(&symbols, &mut at)?;
        (at == symbols.len()).then_some(sum)
    }

    fn sum(&self, symbols: &[char], at: &mut usize) -> Option<i64> {
        let mut total = self.product(symbols, at)?;
        while let Some(sign @ ('+' | '-')) = symbols.get(*at) {
            *at += 1;
            let next = self.product(symbols, at)?;
            total = if *sign == '+' { total.checked_add(next)? } else { total.checked_sub(next)? };
        }
        Some(total)
    }

    fn product(&self, symbols: &[char], at: &mut usize) -> Option<i64> {
        let mut total = self.factor(symbols, at)?;
        while let Some(sign @ ('*' | '/' | '%')) = symbols.get(*at) {
            *at += 1;
            let next = self.factor(symbols, at)?;
            total = match sign {
                '*' => total.checked_mul(next)?,
                '/' => total.checked_div(next)?,
                _ => total.checked_rem(next)?,
            };
        }
        Some(total)
    }

    fn factor(&self, symbols: &[char], at: &mut usize) -> Option<i64> {
        match symbols.get(*at)? {
            '(' => {
                *at += 1;
                let inner = self.sum(symbols, at)?;
                *at += 1;
                (symbols.get(*at - 1) == Some(&')')).then_some(inner)
            }
            '-' => {
                *at += 1;
                self.factor(symbols, at).map(|number| -number)
            }
            _ => {
                let word: String = symbols
                    .get(*at..)?
                    .iter()
                    .take_while(|c| c.is_ascii_alphanumeric() || **c == '_' || **c == '$')
                    .collect();
                *at += word.chars().count();
                let name = word.trim_start_matches('$');
                name.parse().ok().or_else(|| match self.variables.get(name) {
                    Some(value) => value.trim().parse().ok(),
                    None if word.is_empty() => None,
                    None => Some(0),
                })
            }
        }
    }
}

/// `${name:from:length}`: what is negative counts from the end.
fn part_of(value: &str, from: i64, length: Option<i64>) -> String {
    let all = i64::try_from(value.chars().count()).unwrap_or(i64::MAX);
    let from = if from < 0 { all.saturating_add(from).max(0) } else { from.min(all) };
    let until = match length {
        None => all,
        Some(length) if length < 0 => all.saturating_add(length),
        Some(length) => from.saturating_add(length).min(all),
    };
    let (skip, take) = (usize::try_from(from), usize::try_from(until.saturating_sub(from)));
    value.chars().skip(skip.unwrap_or(0)).take(take.unwrap_or(0)).collect()
}

/// `${name%pattern}` and its like.
fn trimmed(value: &str, operation: &str) -> String {
    let fits = crate::gitlab::glob::fits;
    let ends: Vec<usize> = value.char_indices().map(|(at, _)| at).chain([value.len()]).collect();
    let tail = |at: usize| value.get(at..).unwrap_or("");
    let head = |at: usize| value.get(..at).unwrap_or("");
    let kept = if let Some(pattern) = operation.strip_prefix("%%") {
        ends.iter().find(|at| fits(pattern, tail(**at))).map(|at| head(*at))
    } else if let Some(pattern) = operation.strip_prefix('%') {
        ends.iter().rev().find(|at| fits(pattern, tail(**at))).map(|at| head(*at))
    } else if let Some(pattern) = operation.strip_prefix("##") {
        ends.iter().rev().find(|at| fits(pattern, head(**at))).map(|at| tail(*at))
    } else if let Some(pattern) = operation.strip_prefix('#') {
        ends.iter().find(|at| fits(pattern, head(**at))).map(|at| tail(*at))
    } else {
        None
    };
    kept.unwrap_or(value).to_owned()
}
