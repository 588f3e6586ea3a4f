//! From a text to commands.

use super::words::{Part, Word};

/// Chains one after the other.
pub(super) type List = Vec<Vec<AndOr>>;

/// A pipeline in a chain of `&&` and `||`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct AndOr {
    /// What is before it: `&&`, `||` or nothing.
    pub after: Option<bool>,
    pub pipeline: Pipeline,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pipeline {
    pub negated: bool,
    pub commands: Vec<Command>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Command {
    Simple(Simple),
    Group(List),
    Subshell(List),
    If(Vec<(List, List)>, Option<List>),
    For(String, Vec<Word>, List),
    /// Condition, whether it has to hold, body.
    While(List, bool, List),
    Case(Word, Vec<(Vec<Word>, List)>),
    /// What it prints is sent somewhere.
    Redirected(Box<Command>, Vec<Redirect>),
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Simple {
    pub assignments: Vec<(String, Word)>,
    pub words: Vec<Word>,
    pub redirects: Vec<Redirect>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Redirect {
    pub target: Target,
    /// `2>`.
    pub errors_only: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Target {
    To(Word),
    Append(Word),
    From(Word),
    /// A here-document, or `<<<`.
    Here(Word),
    /// `2>&1`.
    Same,
}

/// A quote or a bracket that does not end.
struct Unfinished;

const MAX_DEPTH: usize = 40;

/// Reads a script; nothing for what a shell would not read.
pub(super) fn parse(text: &str) -> Option<List> {
    let mut reader = Reader { text: text.chars().collect(), at: 0, depth: 0, documents: Vec::new() };
    let list = reader.list(&[])?;
    reader.blanks();
    (reader.at == reader.text.len()).then_some(list)
}

pub(super) struct Reader {
    text: Vec<char>,
    at: usize,
    depth: usize,
    /// Ends of here-documents that begin on the next line.
    documents: Vec<String>,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn ahead(&self, by: usize) -> Option<char> {
        self.text.get(self.at + by).copied()
    }

    fn starts(&self, with: &str) -> bool {
        with.chars().enumerate().all(|(by, c)| self.ahead(by) == Some(c))
    }

    fn eat(&mut self, with: &str) -> bool {
        let found = self.starts(with);
        if found {
            self.at += with.chars().count();
        }
        found
    }

    /// Skips blanks within a line.
    fn spaces(&mut self) {
        loop {
            match self.peek() {
                Some(' ' | '\t' | '\r') => self.at += 1,
                Some('\\') if self.ahead(1) == Some('\n') => self.at += 2,
                Some('#')
                    if self.at == 0
                        || self.text.get(self.at - 1).is_some_and(|c| c.is_whitespace() || *c == ';') =>
                {
                    while self.peek().is_some_and(|c| c != '\n') {
                        self.at += 1;
                    }
                }
                _ => return,
            }
        }
    }

    fn line_end(&mut self) {
        self.at += 1;
        for end in std::mem::take(&mut self.documents) {
            while self.at < self.text.len() {
                let line: String =
                    self.text.get(self.at..).unwrap_or(&[]).iter().take_while(|c| **c != '\n').collect();
                self.at += line.chars().count() + 1;
                if line.trim_start_matches('\t') == end {
                    break;
                }
            }
            self.at = self.at.min(self.text.len());
        }
    }

    /// Skips blanks, line ends included.
    fn blanks(&mut self) {
        loop {
            self.spaces();
            match self.peek() {
                Some('\n') => self.line_end(),
                _ => return,
            }
        }
    }

    /// The word at the place if it is one of some reserved words.
    fn reserved(&self, words: &[&str]) -> bool {
        words.iter().any(|word| {
            self.starts(word)
                && (word.ends_with(')')
                    || word.ends_with(';')
                    || self
                        .ahead(word.chars().count())
                        .is_none_or(|c| c.is_whitespace() || ";&|()".contains(c)))
        })
    }

    fn list(&mut self, ends: &[&str]) -> Option<List> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let mut list = Vec::new();
        loop {
            self.blanks();
            if self.peek().is_none() || self.reserved(ends) {
                self.depth -= 1;
                return Some(list);
            }
            list.push(self.chain()?);
            self.spaces();
            match self.peek() {
                Some('\n') => self.line_end(),
                Some(';') if self.ahead(1) != Some(';') => self.at += 1,
                Some('&') if self.ahead(1) != Some('&') => self.at += 1,
                None => {}
                _ if self.reserved(ends) => {}
                _ => return None,
            }
        }
    }

    fn chain(&mut self) -> Option<Vec<AndOr>> {
        let mut chain = vec![AndOr { after: None, pipeline: self.pipeline()? }];
        loop {
            self.spaces();
            let after = if self.eat("&&") {
                Some(true)
            } else if self.eat("||") {
                Some(false)
            } else {
                return Some(chain);
            };
            self.blanks();
            chain.push(AndOr { after, pipeline: self.pipeline()? });
        }
    }

    fn pipeline(&mut self) -> Option<Pipeline> {
        self.spaces();
        let mut negated = false;
        while self.reserved(&["!"]) {
            self.at += 1;
            negated = !negated;
            self.spaces();
        }
        let mut commands = vec![self.command()?];
        loop {
            self.spaces();
            if self.starts("||") || self.peek() != Some('|') {
                return Some(Pipeline { negated, commands });
            }
            self.at += 1;
            self.eat("&");
            self.blanks();
            commands.push(self.command()?);
        }
    }

    fn word_if(&mut self, word: &str) -> bool {
        self.reserved(&[word]) && self.eat(word)
    }

    fn body(&mut self, open: &str, close: &str) -> Option<List> {
        self.blanks();
        if !self.word_if(open) {
            return None;
        }
        let list = self.list(&[close])?;
        self.word_if(close).then_some(list)
    }

    fn command(&mut self) -> Option<Command> {
        let command = if self.peek() == Some('(') {
            self.at += 1;
            let list = self.list(&[")"])?;
            self.eat(")").then_some(Command::Subshell(list))?
        } else if self.word_if("{") {
            let list = self.list(&["}"])?;
            self.eat("}").then_some(Command::Group(list))?
        } else if self.word_if("if") {
            self.conditional()?
        } else if self.reserved(&["while", "until"]) {
            let wanted = self.word_if("while") || !self.word_if("until");
            let condition = self.list(&["do"])?;
            Command::While(condition, wanted, self.body("do", "done")?)
        } else if self.word_if("for") {
            self.spaces();
            let name = self.name()?;
            self.blanks();
            let mut words = Vec::new();
            if self.word_if("in") {
                loop {
                    self.spaces();
                    match self.word().ok()? {
                        Some(word) => words.push(word),
                        None => break,
                    }
                }
            }
            self.spaces();
            self.eat(";");
            Command::For(name, words, self.body("do", "done")?)
        } else if self.word_if("case") {
            self.case()?
        } else {
            return self.simple().map(Command::Simple);
        };
        let mut sent = Simple::default();
        loop {
            self.spaces();
            if !self.redirect(&mut sent)? {
                let redirects = sent.redirects;
                return Some(if redirects.is_empty() {
                    command
                } else {
                    Command::Redirected(Box::new(command), redirects)
                });
            }
        }
    }

    fn conditional(&mut self) -> Option<Command> {
        let mut branches = Vec::new();
        loop {
            let condition = self.list(&["then"])?;
            if !self.word_if("then") {
                return None;
            }
            let body = self.list(&["elif", "else", "fi"])?;
            branches.push((condition, body));
            if self.word_if("elif") {
                continue;
            }
            let otherwise = if self.word_if("else") { Some(self.list(&["fi"])?) } else { None };
            return self.word_if("fi").then_some(Command::If(branches, otherwise));
        }
    }

    fn case(&mut self) -> Option<Command> {
        self.spaces();
        let word = self.word().ok()??;
        self.blanks();
        if !self.word_if("in") {
            return None;
        }
        let mut arms = Vec::new();
        loop {
            self.blanks();
            if self.word_if("esac") {
                return Some(Command::Case(word, arms));
            }
            self.eat("(");
            let mut patterns = Vec::new();
            loop {
                self.spaces();
                patterns.push(self.word().ok()??);
                self.spaces();
                if !self.eat("|") {
                    break;
                }
            }
            if !self.eat(")") {
                return None;
            }
            let body = self.list(&[";;", "esac"])?;
            self.eat(";;");
            arms.push((patterns, body));
        }
    }

    fn name(&mut self) -> Option<String> {
        let mut name = String::new();
        while let Some(c) = self.peek().filter(|c| c.is_ascii_alphanumeric() || *c == '_') {
            name.push(c);
            self.at += 1;
        }
        (!name.is_empty()).then_some(name)
    }

    fn simple(&mut self) -> Option<Simple> {
        let mut simple = Simple::default();
        loop {
            self.spaces();
            if self.redirect(&mut simple)? {
                continue;
            }
            let Some(word) = self.word().ok()? else { break };
            let assignment = if simple.words.is_empty() { word.assignment() } else { None };
            match assignment {
                Some(assignment) => simple.assignments.push(assignment),
                None => simple.words.push(word),
            }
        }
        let empty = simple.words.is_empty() && simple.assignments.is_empty() && simple.redirects.is_empty();
        (!empty).then_some(simple)
    }

    /// Reads a redirection if there is one.
    fn redirect(&mut self, simple: &mut Simple) -> Option<bool> {
        let start = self.at;
        let mut descriptor = None;
        if self.peek().is_some_and(|c| c.is_ascii_digit()) && matches!(self.ahead(1), Some('>' | '<')) {
            descriptor = self.peek();
            self.at += 1;
        }
        let both = self.starts("&>");
        if both {
            self.at += 1;
        }
        let errors_only = descriptor == Some('2');
        if self.eat("<<<") {
            self.spaces();
            let mut word = self.word().ok()??;
            word.0.push(Part::Quoted("\n".to_owned()));
            simple.redirects.push(Redirect { target: Target::Here(word), errors_only: false });
            return Some(true);
        }
        if self.eat("<<") {
            let strips = self.eat("-");
            self.spaces();
            let end = self.word().ok()??;
            self.documents.push(end.literal());
            let word = self.document(&end, strips)?;
            simple.redirects.push(Redirect { target: Target::Here(word), errors_only: false });
            return Some(true);
        }
        let kind = if self.eat(">>") {
            1
        } else if self.eat(">") {
            0
        } else if self.peek() == Some('<') && self.ahead(1) != Some('(') {
            self.at += 1;
            2
        } else {
            self.at = start;
            return Some(false);
        };
        if self.eat("&") {
            self.word().ok()??;
            simple.redirects.push(Redirect { target: Target::Same, errors_only: true });
            return Some(true);
        }
        self.eat("|");
        self.spaces();
        let word = self.word().ok()??;
        let target = match kind {
            0 => Target::To(word),
            1 => Target::Append(word),
            _ => Target::From(word),
        };
        simple.redirects.push(Redirect { target, errors_only });
        Some(true)
    }

    /// The text of the here-document that was named last, which stands behind the line.
    fn document(&self, end: &Word, strips: bool) -> Option<Word> {
        let rest: String = self.text.get(self.at..)?.iter().collect();
        let mut lines = rest.lines().skip(1);
        for earlier in self.documents.iter().rev().skip(1).rev() {
            lines.by_ref().find(|line| line.trim_start_matches('\t') == earlier);
        }
        let last = end.literal();
        let lines = lines.take_while(|line| line.trim_start_matches('\t') != last);
        let strip =
            |line: &'_ str| if strips { line.trim_start_matches('\t').to_owned() } else { line.to_owned() };
        let text: String = lines.map(|line| strip(line) + "\n").collect();
        // What a quoted end encloses is taken as it is.
        if end.0.iter().any(|part| matches!(part, Part::Quoted(_))) {
            return Some(Word(vec![Part::Quoted(text)]));
        }
        let text = [text.replace('"', "\\\"").as_str(), "\""].concat();
        let mut reader =
            Reader { text: text.chars().collect(), at: 0, depth: self.depth, documents: Vec::new() };
        let mut parts = Vec::new();
        reader.double(&mut parts)?;
        Some(Word(parts))
    }

    /// A word, if one begins here.
    ///
    /// # Errors
    /// A quote that does not end.
    fn word(&mut self) -> Result<Option<Word>, Unfinished> {
        let mut parts: Vec<Part> = Vec::new();
        let mut plain = String::new();
        let mut any = false;
        while let Some(c) = self.peek() {
            match c {
                c if c.is_whitespace() || ";&|()<>".contains(c) => break,
                '\'' => {
                    any = true;
                    self.at += 1;
                    parts.push(Part::Plain(std::mem::take(&mut plain)));
                    let mut quoted = String::new();
                    loop {
                        let c = self.peek().ok_or(Unfinished)?;
                        self.at += 1;
                        if c == '\'' {
                            break;
                        }
                        quoted.push(c);
                    }
                    parts.push(Part::Quoted(quoted));
                }
                '"' => {
                    any = true;
                    self.at += 1;
                    parts.push(Part::Plain(std::mem::take(&mut plain)));
                    self.double(&mut parts).ok_or(Unfinished)?;
                }
                '\\' => {
                    any = true;
                    self.at += 1;
                    if let Some(c) = self.peek() {
                        self.at += 1;
                        if c != '\n' {
                            parts.push(Part::Plain(std::mem::take(&mut plain)));
                            parts.push(Part::Quoted(c.to_string()));
                        }
                    }
                }
                '$' | '`' => {
                    any = true;
                    parts.push(Part::Plain(std::mem::take(&mut plain)));
                    parts.push(self.dollar(false).ok_or(Unfinished)?);
                }
                c => {
                    any = true;
                    plain.push(c);
                    self.at += 1;
                }
            }
        }
        parts.push(Part::Plain(plain));
        parts.retain(|part| !matches!(part, Part::Plain(text) if text.is_empty()));
        Ok(any.then_some(Word(parts)))
    }

    fn double(&mut self, parts: &mut Vec<Part>) -> Option<()> {
        let mut quoted = String::new();
        loop {
            match self.peek()? {
                '"' => {
                    self.at += 1;
                    parts.push(Part::Quoted(quoted));
                    return Some(());
                }
                '\\' => {
                    self.at += 1;
                    let c = self.peek()?;
                    self.at += 1;
                    if !"\"\\$`\n".contains(c) {
                        quoted.push('\\');
                    }
                    if c != '\n' {
                        quoted.push(c);
                    }
                }
                '$' | '`' => {
                    parts.push(Part::Quoted(std::mem::take(&mut quoted)));
                    parts.push(self.dollar(true)?);
                }
                c => {
                    quoted.push(c);
                    self.at += 1;
                }
            }
        }
    }

    /// The text up to a closing mark, marks within it counted.
    fn enclosed(&mut self, open: char, close: char) -> Option<String> {
        let mut text = String::new();
        let mut level = 0;
        loop {
            let c = self.peek()?;
            self.at += 1;
            if c == close && level == 0 {
                return Some(text);
            }
            if c == open && open != close {
                level += 1;
            }
            if c == close {
                level -= 1;
            }
            text.push(c);
            if c == '\\' {
                text.push(self.peek()?);
                self.at += 1;
            }
        }
    }

    fn dollar(&mut self, quoted: bool) -> Option<Part> {
        if self.eat("`") {
            return Some(Part::Substitution(self.enclosed('`', '`')?, quoted));
        }
        if self.eat("$((") {
            let text = self.enclosed('(', ')')?;
            return self.eat(")").then_some(Part::Arithmetic(text));
        }
        if self.eat("$(") {
            return Some(Part::Substitution(self.enclosed('(', ')')?, quoted));
        }
        if self.eat("${") {
            return Some(Part::Variable(self.enclosed('{', '}')?, quoted));
        }
        self.at += 1;
        match self.peek() {
            Some(c) if c.is_ascii_alphabetic() || c == '_' => Some(Part::Variable(self.name()?, quoted)),
            Some(c) if "?#@*!$0123456789-".contains(c) => {
                self.at += 1;
                Some(Part::Variable(c.to_string(), quoted))
            }
            _ => Some(Part::Quoted("$".to_owned())),
        }
    }
}
