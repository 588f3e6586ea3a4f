//! Everything a person reads, in Korean and English: `static/texts/en.txt` and `ko.txt`, compiled in.
//!
//! A line is `key = text`. In a text,
//! - `{name}` is replaced by the value of that name;
//! - `{name|이}` is replaced by the value and the Korean particle that fits it (`이/가`, `을/를`, `은/는`, `과/와`,
//!   `으로/로`, ...); `{|이}` is the particle alone, for what stands before it;
//! - `{count|pod|pods}` is the first word if the value is 1 and the second one otherwise;
//! - `**strong**` and `` `code` `` are for [`Rich`].

use std::sync::OnceLock;

mod files;
mod korean;
mod numbers;
mod rich;

pub use numbers::{count, dollars, memory, millicores, rate, seconds, span};
pub use rich::{Rich, Span, Style};

/// A language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Korean.
    Ko,
}

impl Lang {
    /// From a tag as `ko-KR`; English if it is neither.
    pub fn from_tag(tag: &str) -> Lang {
        if tag.split(['-', '_']).next().is_some_and(|first| first.eq_ignore_ascii_case("ko")) {
            Lang::Ko
        } else {
            Lang::En
        }
    }

    /// `en` or `ko`.
    pub fn tag(self) -> &'static str {
        match self {
            Lang::En => "en",
            Lang::Ko => "ko",
        }
    }
}

/// In order of the keys.
type Texts = Vec<(&'static str, &'static str)>;

/// The half of the texts that a key is in.
fn texts(lang: Lang, key: &str) -> &'static Texts {
    if files::is_asked(key.as_bytes(), 0) { asked(lang) } else { shown(lang) }
}

fn shown(lang: Lang) -> &'static Texts {
    static READ: [OnceLock<Texts>; 2] = [const { OnceLock::new() }; 2];
    let [en, ko] = &READ;
    match lang {
        Lang::En => en.get_or_init(|| read(files::shown(Lang::En))),
        Lang::Ko => ko.get_or_init(|| read(files::shown(Lang::Ko))),
    }
}

/// A function of its own: a page does without it, and so without its texts, until somebody asks.
#[cold]
#[inline(never)]
fn asked(lang: Lang) -> &'static Texts {
    static READ: [OnceLock<Texts>; 2] = [const { OnceLock::new() }; 2];
    let [en, ko] = &READ;
    match lang {
        Lang::En => en.get_or_init(|| read(files::asked(Lang::En))),
        Lang::Ko => ko.get_or_init(|| read(files::asked(Lang::Ko))),
    }
}

fn read(file: &'static str) -> Texts {
    let lines = file.lines().filter_map(|line| line.split_once('='));
    let mut texts: Texts = lines.map(|(key, text)| (key.trim(), text.trim())).collect();
    opscape_manifest::order::sort_by(&mut texts, |a, b| a.0.cmp(b.0));
    texts
}

/// The text of a key, as written. A key that does not exist is its own text.
pub fn text(lang: Lang, key: &'static str) -> &'static str {
    lookup(lang, key).unwrap_or(key)
}

/// The text of a key that was put together at run time.
pub fn lookup(lang: Lang, key: &str) -> Option<&'static str> {
    let texts = texts(lang, key);
    let at = texts.binary_search_by(|(known, _)| (*known).cmp(key)).ok()?;
    texts.get(at).map(|(_, text)| *text)
}

/// The text of a key with its places filled. A place without a value stays empty.
pub fn fill(lang: Lang, key: &str, values: &[(&str, &str)]) -> String {
    fill_text(lookup(lang, key).unwrap_or(key), values)
}

/// The same in parts.
pub fn rich(lang: Lang, key: &str, values: &[(&str, &str)]) -> Rich {
    Rich::parse(&fill(lang, key, values))
}

/// Fills the places of a text, as [`fill`] does.
pub fn fill_text(text: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(text.len() + 32);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((place, after)) = after.split_once('}') else {
            out.push('{');
            rest = after;
            continue;
        };
        rest = after;
        let mut parts = place.split('|');
        let name = parts.next().unwrap_or_default();
        let value = values.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| *value);
        match (parts.next(), parts.next()) {
            (Some(one), Some(many)) => out.push_str(if value == "1" { one } else { many }),
            (Some(particle), None) => {
                out.push_str(value);
                let particle = korean::particle(&out, particle);
                out.push_str(particle);
            }
            _ => out.push_str(value),
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(text: &str) -> Vec<&str> {
        let mut names: Vec<&str> = text
            .split('{')
            .skip(1)
            .filter_map(|part| part.split_once('}'))
            .map(|(place, _)| place.split('|').next().unwrap_or_default())
            .filter(|name| !name.is_empty())
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    #[test]
    fn both_languages_say_the_same() {
        let all = |lang| [texts(lang, "ui.").as_slice(), texts(lang, "why.")].concat();
        let (en, ko) = (all(Lang::En), all(Lang::Ko));
        let keys =
            |texts: &[(&'static str, &'static str)]| texts.iter().map(|(key, _)| *key).collect::<Vec<_>>();
        assert_eq!(keys(&en), keys(&ko));
        assert!(en.len() > 400, "{} texts", en.len());
        for ((key, text), (_, korean)) in en.iter().zip(&ko) {
            assert_eq!(places(text), places(korean), "{key}");
            assert!(!text.is_empty() && !korean.is_empty(), "{key} is empty");
            assert_eq!(text.matches("**").count() % 2, 0, "{key}: {text}");
            assert_eq!(text.matches('`').count() % 2, 0, "{key}: {text}");
            for bad in ["이(가)", "을(를)", "은(는)", "과(와)", "(으)로"] {
                assert!(!korean.contains(bad), "{key}: {korean}");
            }
        }
    }

    #[test]
    fn no_key_is_written_twice() {
        for file in
            [include_str!("../../../../static/texts/en.txt"), include_str!("../../../../static/texts/ko.txt")]
        {
            let mut keys: Vec<&str> = file
                .lines()
                .filter(|line| !line.starts_with('#'))
                .filter_map(|line| line.split(" =").next())
                .filter(|key| !key.is_empty())
                .collect();
            keys.sort_unstable();
            let twice: Vec<_> = keys.windows(2).filter(|pair| pair[0] == pair[1]).collect();
            assert!(twice.is_empty(), "{twice:?}");
        }
    }

    #[test]
    fn every_key_in_the_code_exists() {
        fn visit(folder: &std::path::Path, found: &mut Vec<(String, String)>) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    visit(&path, found);
                } else if path.extension().is_some_and(|end| end == "rs") {
                    for part in std::fs::read_to_string(&path).unwrap().split('"').skip(1).step_by(2) {
                        let family = part.split('.').next().unwrap_or_default();
                        let families =
                            ["why", "change", "flag", "fact", "state", "next", "check", "lab", "pipeline"];
                        let plain =
                            |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-".contains(c);
                        if part.contains('.')
                            && families.contains(&family)
                            && part.chars().all(plain)
                            && !part.ends_with('.')
                        {
                            found.push((part.to_owned(), path.display().to_string()));
                        }
                    }
                }
            }
        }
        let mut found = Vec::new();
        visit(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
        assert!(found.len() > 5);
        for (key, path) in found {
            assert!(lookup(Lang::En, &key).is_some(), "{key} of {path} is not in static/texts/en.txt");
        }
    }

    #[test]
    fn places_are_filled() {
        assert_eq!(fill_text("{n} {n|pod|pods} of {of}", &[("n", "1"), ("of", "web")]), "1 pod of web");
        assert_eq!(fill_text("{n} {n|pod|pods}", &[("n", "3")]), "3 pods");
        assert_eq!(
            fill_text("`{name}`{|이} {name|을} 죽였습니다", &[("name", "web")]),
            "`web`이 web을 죽였습니다"
        );
        assert_eq!(fill_text("a { b", &[]), "a { b");
    }
}
