//! Sentences with **strong** parts and `code`.

/// A sentence in parts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rich(pub Vec<Span>);

/// A part of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Its text.
    pub text: String,
    /// How it is set.
    pub style: Style,
}

/// How a part is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Style {
    /// As the rest.
    #[default]
    Plain,
    /// Bold: written `**so**`.
    Strong,
    /// Mono: written `` `so` ``.
    Code,
}

impl Rich {
    /// Reads the marks. A mark that is not closed is text.
    pub fn parse(marked: &str) -> Rich {
        let mut spans: Vec<Span> = Vec::new();
        let mut push = |text: &str, style: Style| {
            if text.is_empty() {
                return;
            }
            match spans.last_mut() {
                Some(last) if last.style == style => last.text.push_str(text),
                _ => spans.push(Span { text: text.to_owned(), style }),
            }
        };
        let mut rest = marked;
        while let Some(at) = rest.find(['*', '`']) {
            let (before, marked) = rest.split_at(at);
            push(before, Style::Plain);
            let (mark, style) =
                if marked.starts_with('`') { ("`", Style::Code) } else { ("**", Style::Strong) };
            let inside = marked.strip_prefix(mark).and_then(|open| open.split_once(mark));
            if let Some((inside, after)) = inside {
                push(inside, style);
                rest = after;
            } else {
                let (one, after) = marked.split_at(1);
                push(one, Style::Plain);
                rest = after;
            }
        }
        push(rest, Style::Plain);
        Rich(spans)
    }

    /// A text as it is, without marks in it: the system's own words.
    pub fn verbatim(text: &str) -> Rich {
        if text.is_empty() {
            Rich::default()
        } else {
            Rich(vec![Span { text: text.to_owned(), style: Style::Plain }])
        }
    }

    /// The text without marks.
    pub fn plain(&self) -> String {
        self.0.iter().map(|span| span.text.as_str()).collect()
    }

    /// Whether there is nothing to read.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_make_parts() {
        let rich = Rich::parse("Container `web` was **killed**, 2 * 3 ** 4 `");
        let parts: Vec<_> = rich.0.iter().map(|span| (span.text.as_str(), span.style)).collect();
        assert_eq!(
            parts,
            [
                ("Container ", Style::Plain),
                ("web", Style::Code),
                (" was ", Style::Plain),
                ("killed", Style::Strong),
                (", 2 * 3 ** 4 `", Style::Plain)
            ]
        );
        assert_eq!(Rich::parse("한글 **굵게**").plain(), "한글 굵게");
    }
}
