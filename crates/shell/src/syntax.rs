//! The grammar of a command line: the part of the POSIX shell that people use at a terminal. Words with quotes,
//! `$NAME` and `$(...)`, `|`, `;`, `&&`, `||`, redirections and here-documents, comments.

use std::fmt;

/// Commands in order, each with the condition under which it runs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Script {
    pub items: Vec<(Joint, Pipeline)>,
}

/// When the next pipeline runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Joint {
    /// `;` or a new line: always.
    Then,
    /// `&&`: if the one before succeeded.
    And,
    /// `||`: if the one before failed.
    Or,
}

/// Commands whose output is the next one's input.
pub(crate) type Pipeline = Vec<Command>;

/// One command before expansion.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Command {
    /// `NAME=value` before the words.
    pub assignments: Vec<(String, Word)>,
    pub words: Vec<Word>,
    pub redirects: Vec<Redirect>,
}

/// A word is its parts, put together.
pub(crate) type Word = Vec<Part>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    Text(String),
    /// `$NAME`; split into words unless quoted.
    Variable {
        name: String,
        quoted: bool,
    },
    /// `$(...)`; split into words unless quoted.
    Output {
        script: Script,
        quoted: bool,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Redirect {
    /// `> FILE`, `2> FILE`, `>> FILE`.
    Write { error: bool, append: bool, file: Word },
    /// `< FILE`.
    Read(Word),
    /// `<<EOF`: the text of a here-document.
    Here(Word),
    /// `2>&1`.
    ErrorToOutput,
    /// `>&2`.
    OutputToError,
}

/// A line that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// As bash words it.
    pub message: String,
    /// Whether more lines could complete it: an open quote, a here-document without its end, a trailing `|`, `&&` or `\`.
    pub incomplete: bool,
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)
    }
}

fn unexpected(token: &str) -> SyntaxError {
    let message = if token.is_empty() {
        "bash: syntax error: unexpected end of file".to_owned()
    } else {
        format!("bash: syntax error near unexpected token `{token}'")
    };
    SyntaxError { message, incomplete: token.is_empty() }
}

fn unclosed(quote: char) -> SyntaxError {
    let message = format!("bash: unexpected EOF while looking for matching `{quote}'");
    SyntaxError { message, incomplete: true }
}

/// Reads a command line, which may have several lines.
pub(crate) fn parse(text: &str) -> Result<Script, SyntaxError> {
    let mut reader = Reader { text, at: 0, here: Vec::new(), depth: 0 };
    let script = reader.script(None)?;
    Ok(script)
}

/// `$(...)` within `$(...)` deeper than this is refused.
const MAX_DEPTH: usize = 16;

struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// Here-documents whose text begins after the present line: delimiter, whether tabs are stripped, whether variables
    /// are replaced, and where the redirect is to be found.
    here: Vec<HereDoc>,
    depth: usize,
}

struct HereDoc {
    delimiter: String,
    strip_tabs: bool,
    literal: bool,
    text: Option<Word>,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    fn eat(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    fn blanks(&mut self) {
        loop {
            if self.eat("\\\n") || self.eat("\\\r\n") {
                continue;
            }
            match self.peek() {
                Some(' ' | '\t' | '\r') => {
                    self.bump();
                }
                Some('#') => {
                    while self.peek().is_some_and(|next| next != '\n') {
                        self.bump();
                    }
                }
                _ => return,
            }
        }
    }

    /// Reads up to `end` (`)` of a substitution) or the end of the text.
    fn script(&mut self, end: Option<char>) -> Result<Script, SyntaxError> {
        let mut script = Script::default();
        let mut joint = Joint::Then;
        // Here-documents are found again by their order of appearance.
        let first_here = self.here.len();
        loop {
            self.blanks();
            match self.peek() {
                None if end.is_some() => return Err(unclosed(')')),
                None => break,
                Some(next) if Some(next) == end => {
                    self.bump();
                    break;
                }
                Some('\n') => {
                    self.bump();
                    self.here_documents()?;
                    continue;
                }
                _ => {}
            }
            if joint == Joint::Then && !script.items.is_empty() && self.eat(";") {
                continue;
            }
            let pipeline = self.pipeline(end)?;
            script.items.push((joint, pipeline));
            self.blanks();
            joint = if self.eat("&&") {
                Joint::And
            } else if self.eat("||") {
                Joint::Or
            } else if self.eat(";") {
                Joint::Then
            } else if self.rest().starts_with('&') {
                return Err(unexpected("&"));
            } else {
                match self.peek() {
                    None | Some('\n') => {}
                    Some(next) if Some(next) == end => {}
                    Some(next) => return Err(unexpected(&next.to_string())),
                }
                Joint::Then
            };
            if joint != Joint::Then {
                while matches!(self.peek(), Some(' ' | '\t' | '\r' | '\n')) {
                    self.bump();
                }
                if self.peek().is_none() {
                    return Err(unexpected(""));
                }
            }
        }
        if end.is_none() {
            self.here_documents()?;
        }
        let mut texts = self.here.drain(first_here..).map(|here| here.text.unwrap_or_default());
        fill_here(&mut script, &mut texts);
        Ok(script)
    }

    fn pipeline(&mut self, end: Option<char>) -> Result<Pipeline, SyntaxError> {
        let mut commands = Vec::new();
        loop {
            commands.push(self.command(end)?);
            self.blanks();
            if self.rest().starts_with("||") || !self.eat("|") {
                return Ok(commands);
            }
            while matches!(self.peek(), Some(' ' | '\t' | '\r' | '\n')) {
                self.bump();
            }
        }
    }

    fn command(&mut self, end: Option<char>) -> Result<Command, SyntaxError> {
        let mut command = Command::default();
        loop {
            self.blanks();
            if let Some(redirect) = self.redirect()? {
                command.redirects.push(redirect);
                continue;
            }
            match self.peek() {
                None | Some('\n' | ';' | '|' | '&' | ')') => break,
                Some('(') => return Err(unexpected("(")),
                _ => {}
            }
            if command.words.is_empty()
                && let Some(name) = self.assignment()
            {
                let value = if self.at_word_end() { Word::new() } else { self.word()? };
                command.assignments.push((name, value));
                continue;
            }
            command.words.push(self.word()?);
        }
        if command.words.is_empty() && command.assignments.is_empty() && command.redirects.is_empty() {
            let token = match self.peek() {
                Some('\n') => "newline".to_owned(),
                Some(_) if self.rest().starts_with("&&") => "&&".to_owned(),
                Some(_) if self.rest().starts_with("||") => "||".to_owned(),
                Some(next) if Some(next) != end => next.to_string(),
                Some(next) => next.to_string(),
                None => String::new(),
            };
            return Err(unexpected(&token));
        }
        Ok(command)
    }

    fn at_word_end(&self) -> bool {
        matches!(self.peek(), None | Some(' ' | '\t' | '\r' | '\n' | ';' | '|' | '&' | ')' | '<' | '>'))
    }

    fn assignment(&mut self) -> Option<String> {
        let rest = self.rest();
        let (name, _) = rest.split_once('=')?;
        let valid = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let name = valid.then(|| name.to_owned())?;
        self.at += name.len() + 1;
        Some(name)
    }

    fn redirect(&mut self) -> Result<Option<Redirect>, SyntaxError> {
        if self.eat("2>&1") {
            return Ok(Some(Redirect::ErrorToOutput));
        }
        if self.eat(">&2") || self.eat("1>&2") {
            return Ok(Some(Redirect::OutputToError));
        }
        if self.eat("<<") {
            let strip_tabs = self.eat("-");
            self.blanks();
            let start = self.at;
            let word = self.word()?;
            let literal = self.text.get(start..self.at).is_some_and(|raw| raw.contains(['\'', '"', '\\']));
            let delimiter = word
                .into_iter()
                .map(|part| match part {
                    Part::Text(text) => text,
                    Part::Variable { name, .. } => format!("${name}"),
                    Part::Output { .. } => String::new(),
                })
                .collect();
            self.here.push(HereDoc { delimiter, strip_tabs, literal, text: None });
            return Ok(Some(Redirect::Here(Word::new())));
        }
        let (error, append) = if self.eat("2>>") {
            (true, true)
        } else if self.eat("2>") {
            (true, false)
        } else if self.eat("1>>") || self.eat(">>") {
            (false, true)
        } else if self.eat("1>") || self.eat(">") {
            (false, false)
        } else if self.eat("<") {
            self.blanks();
            return Ok(Some(Redirect::Read(self.file_word()?)));
        } else {
            return Ok(None);
        };
        self.blanks();
        Ok(Some(Redirect::Write { error, append, file: self.file_word()? }))
    }

    fn file_word(&mut self) -> Result<Word, SyntaxError> {
        if self.at_word_end() {
            return Err(unexpected(&self.peek().map_or("newline".to_owned(), |next| next.to_string())));
        }
        self.word()
    }

    fn word(&mut self) -> Result<Word, SyntaxError> {
        let mut word = Word::new();
        while !self.at_word_end() {
            let Some(next) = self.bump() else { break };
            match next {
                '\\' => match self.bump() {
                    Some('\n') => {}
                    Some(escaped) => push_char(&mut word, escaped),
                    None => return Err(unexpected("")),
                },
                '\'' => {
                    let Some(end) = self.rest().find('\'') else { return Err(unclosed('\'')) };
                    let text = self.rest().get(..end).unwrap_or("").to_owned();
                    self.at += end + 1;
                    push_text(&mut word, &text);
                }
                '"' => self.double_quoted(&mut word)?,
                '$' => self.dollar(&mut word, false)?,
                other => push_char(&mut word, other),
            }
        }
        Ok(word)
    }

    fn double_quoted(&mut self, word: &mut Word) -> Result<(), SyntaxError> {
        push_text(word, "");
        loop {
            match self.bump() {
                None => return Err(unclosed('"')),
                Some('"') => return Ok(()),
                Some('\\') => match self.bump() {
                    None => return Err(unclosed('"')),
                    Some('\n') => {}
                    Some(escaped @ ('"' | '\\' | '$' | '`')) => push_char(word, escaped),
                    Some(other) => {
                        push_char(word, '\\');
                        push_char(word, other);
                    }
                },
                Some('$') => self.dollar(word, true)?,
                Some(other) => push_char(word, other),
            }
        }
    }

    fn dollar(&mut self, word: &mut Word, quoted: bool) -> Result<(), SyntaxError> {
        if self.eat("(") {
            if self.depth >= MAX_DEPTH {
                return Err(SyntaxError {
                    message: "bash: $(...) is nested too deep".to_owned(),
                    incomplete: false,
                });
            }
            self.depth += 1;
            let script = self.script(Some(')'))?;
            self.depth -= 1;
            word.push(Part::Output { script, quoted });
            return Ok(());
        }
        if !quoted && self.rest().starts_with('\'') {
            self.bump();
            return self.ansi_quoted(word);
        }
        let braces = self.eat("{");
        let end =
            self.rest().find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(self.rest().len());
        let mut name = self.rest().get(..end).unwrap_or("").to_owned();
        if name.is_empty() && self.rest().starts_with('?') {
            name.push('?');
        } else if !braces && name.starts_with(|c: char| c.is_ascii_digit()) {
            name.truncate(1);
        }
        self.at += name.len();
        if name.is_empty() {
            push_text(word, if braces { "${" } else { "$" });
            return Ok(());
        }
        if braces && !self.eat("}") {
            return Err(unclosed('}'));
        }
        word.push(Part::Variable { name, quoted });
        Ok(())
    }

    /// `$'...'`, with the escapes of C.
    fn ansi_quoted(&mut self, word: &mut Word) -> Result<(), SyntaxError> {
        push_text(word, "");
        loop {
            match self.bump() {
                None => return Err(unclosed('\'')),
                Some('\'') => return Ok(()),
                Some('\\') => match self.bump() {
                    Some('n') => push_char(word, '\n'),
                    Some('t') => push_char(word, '\t'),
                    Some(other) => push_char(word, other),
                    None => return Err(unclosed('\'')),
                },
                Some(other) => push_char(word, other),
            }
        }
    }

    /// The texts of the here-documents of the line just ended.
    fn here_documents(&mut self) -> Result<(), SyntaxError> {
        for at in 0..self.here.len() {
            let Some(here) = self.here.get(at).filter(|here| here.text.is_none()) else { continue };
            let (delimiter, strip, literal) = (here.delimiter.clone(), here.strip_tabs, here.literal);
            let mut text = String::new();
            loop {
                if self.rest().is_empty() {
                    let message = format!(
                        "bash: warning: here-document delimited by end-of-file (wanted `{delimiter}')"
                    );
                    return Err(SyntaxError { message, incomplete: true });
                }
                let line = self.rest().split_inclusive('\n').next().unwrap_or("").to_owned();
                self.at += line.len();
                let line = if strip { line.trim_start_matches('\t') } else { &line };
                if line.trim_end_matches(['\n', '\r']) == delimiter {
                    break;
                }
                text.push_str(line);
            }
            let word = if literal { vec![Part::Text(text)] } else { expandable(&text, self.depth)? };
            if let Some(here) = self.here.get_mut(at) {
                here.text = Some(word);
            }
        }
        Ok(())
    }
}

/// The text of a here-document, in which `$NAME` and `$(...)` are replaced.
fn expandable(text: &str, depth: usize) -> Result<Word, SyntaxError> {
    let mut reader = Reader { text, at: 0, here: Vec::new(), depth };
    let mut word = vec![Part::Text(String::new())];
    while let Some(next) = reader.bump() {
        match next {
            '$' => reader.dollar(&mut word, true)?,
            '\\' if matches!(reader.peek(), Some('$' | '\\' | '`')) => {
                if let Some(escaped) = reader.bump() {
                    push_char(&mut word, escaped);
                }
            }
            '\\' if reader.peek() == Some('\n') => {
                reader.bump();
            }
            other => push_char(&mut word, other),
        }
    }
    Ok(word)
}

fn fill_here(script: &mut Script, texts: &mut dyn Iterator<Item = Word>) {
    for redirect in
        script.items.iter_mut().flat_map(|(_, pipeline)| pipeline).flat_map(|command| &mut command.redirects)
    {
        if let Redirect::Here(word) = redirect {
            *word = texts.next().unwrap_or_default();
        }
    }
}

fn push_text(word: &mut Word, text: &str) {
    if let Some(Part::Text(last)) = word.last_mut() {
        last.push_str(text);
    } else {
        word.push(Part::Text(text.to_owned()));
    }
}

fn push_char(word: &mut Word, next: char) {
    push_text(word, next.encode_utf8(&mut [0; 4]));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let script = parse(text).unwrap();
        let plain = |word: &Word| {
            word.iter()
                .map(|part| match part {
                    Part::Text(text) => text.clone(),
                    Part::Variable { name, quoted } => format!("<{name}{}>", if *quoted { "!" } else { "" }),
                    Part::Output { script, .. } => format!("<{} commands>", script.items.len()),
                })
                .collect()
        };
        script.items[0].1[0].words.iter().map(plain).collect()
    }

    #[test]
    fn quotes_join_into_words() {
        assert_eq!(words(r#"a "b c"'d e'f\ g "" # no"#), ["a", "b cd ef g", ""]);
        assert_eq!(words(r#"get -o jsonpath='{.a}{"\n"}'"#), ["get", "-o", r#"jsonpath={.a}{"\n"}"#]);
        assert_eq!(words("a \\\n  b"), ["a", "b"]);
        assert_eq!(words("annotate deploy/web a=\"x y\" --overwrite")[2], "a=x y");
    }

    #[test]
    fn variables_and_substitutions() {
        assert_eq!(words(r#"a $B "${C}x" $"#), ["a", "<B>", "<C!>x", "$"]);
        assert_eq!(words("label $(kubectl get po -o name | head -1) a=b"), ["label", "<1 commands>", "a=b"]);
        assert_eq!(words("x $(a; b && c)"), ["x", "<3 commands>"]);
    }

    #[test]
    fn joints_pipes_and_redirects() {
        let script = parse("a ; b 2>&1 | head -5 && c > f.yaml || d >> g 2>/dev/null\n e < x").unwrap();
        let joints: Vec<_> = script.items.iter().map(|(joint, _)| *joint).collect();
        assert_eq!(joints, [Joint::Then, Joint::Then, Joint::And, Joint::Or, Joint::Then]);
        assert_eq!(script.items[1].1.len(), 2);
        assert_eq!(script.items[1].1[0].redirects, [Redirect::ErrorToOutput]);
        assert_eq!(script.items[3].1[0].redirects.len(), 2);
        assert!(matches!(script.items[4].1[0].redirects[0], Redirect::Read(_)));
    }

    #[test]
    fn here_documents_follow_their_line() {
        let script = parse("cat <<EOF | kubectl apply -f -\nkind: Pod # no\na: $A\nEOF\necho done").unwrap();
        let Redirect::Here(text) = &script.items[0].1[0].redirects[0] else { panic!() };
        assert_eq!(text[0], Part::Text("kind: Pod # no\na: ".to_owned()));
        assert_eq!(text[1], Part::Variable { name: "A".to_owned(), quoted: true });
        assert_eq!(script.items.len(), 2);
        let script = parse("cat <<'E'\n$A\nE").unwrap();
        let Redirect::Here(text) = &script.items[0].1[0].redirects[0] else { panic!() };
        assert_eq!(text, &[Part::Text("$A\n".to_owned())]);
    }

    #[test]
    fn what_can_be_completed_is_told_from_what_is_wrong() {
        for open in ["a 'b", "a \"b", "a |", "a &&", "cat <<EOF\nx", "a $(b", "a \\"] {
            assert!(parse(open).unwrap_err().incomplete, "{open}");
        }
        for (wrong, message) in [
            ("a | | b", "bash: syntax error near unexpected token `|'"),
            ("&& a", "bash: syntax error near unexpected token `&&'"),
            ("a >", "bash: syntax error near unexpected token `newline'"),
            ("(a)", "bash: syntax error near unexpected token `('"),
        ] {
            let error = parse(wrong).unwrap_err();
            assert_eq!((error.message.as_str(), error.incomplete), (message, false));
        }
        assert_eq!(parse(&"$(".repeat(100)).unwrap_err().message, "bash: $(...) is nested too deep");
        assert!(parse("").unwrap().items.is_empty());
        assert!(parse("# only words").unwrap().items.is_empty());
    }
}
