//! Texts without what is different each time: suffixes, hashes, uids, addresses, times, ages, which node.

use std::cell::RefCell;
use std::collections::BTreeMap;

use fancy_regex::Regex;

/// Names that are random, and what they stand for.
pub struct Names {
    /// `web-7866ccff64` -> `web~rs1`
    pub alias: BTreeMap<String, String>,
    /// Objects that make pods with random suffixes -> what they stand for.
    pub makers: BTreeMap<String, String>,
    namespaces: Vec<String>,
    nodes: Vec<String>,
    unstable: Vec<(Regex, &'static str)>,
    cache: RefCell<BTreeMap<(bool, String), String>>,
}

/// What differs between two runs of the same thing, and what is written in its place.
const UNSTABLE: [(&str, &str); 11] = [
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z", "TIME"),
    (r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}", "TIME"),
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UID"),
    (r"\b10\.\d+\.\d+\.\d+\b", "IP"),
    (r#"(resourceVersion"?: ?)"?\d+"?"#, "${1}RV"),
    (r"/\S*/(?:LIVE|MERGED)-\d+/", "DIFF/"),
    (r"(?:LIVE|MERGED)-\d+", "DIFF"),
    (r"kube-api-access-[bcdfghjklmnpqrstvwxz2456789]{5}", "kube-api-access-X"),
    (r"\(x\d+ over \w+\)", ""),
    (r":3[0-2]\d{3}/", ":PORT/"),
    // An age as kubectl prints it: 119s is right, 3m19s too, 199s is not.
    (
        r"(?<![\w.=:-])(?:1[01]\d|\d{1,2}|[2-9]m|[2-9]m\d{1,2}|\d{1,2}m)s?(?<=[sm])(?![\w.])|(?<![\w.=:-])\d{2}m\b",
        "AGE",
    ),
];

/// The last of the patterns above, for longer ages.
const LONG_AGE: (&str, &str) = (r"(?<![\w.=:-])\d+h(?:\d+m)?(?!\w)|(?<![\w.=:-])\d+d(?:\d+h)?(?!\w)", "AGE");

/// The patterns for texts of validation cases: times, uids, addresses and versions only.
pub fn stable_patterns() -> Result<Vec<(Regex, &'static str)>, String> {
    compile(UNSTABLE.iter().take(5))
}

fn compile<'a>(
    patterns: impl Iterator<Item = &'a (&'static str, &'static str)>,
) -> Result<Vec<(Regex, &'static str)>, String> {
    patterns.map(|(pattern, to)| Ok((regex(pattern)?, *to))).collect()
}

/// Compiles a pattern.
pub fn regex(pattern: &str) -> Result<Regex, String> {
    Regex::new(pattern).map_err(|error| format!("pattern {pattern}: {error}"))
}

/// Replaces every match; a text the pattern cannot be decided on stays as it is.
pub fn replace(pattern: &Regex, text: &str, to: &str) -> String {
    pattern.try_replacen(text, 0, to).map_or_else(|_| text.to_owned(), std::borrow::Cow::into_owned)
}

/// Whether a pattern occurs.
pub fn occurs(pattern: &Regex, text: &str) -> bool {
    pattern.is_match(text).unwrap_or(false)
}

/// One space between words.
pub fn single_spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Names {
    /// Names of a run in one of `namespaces` on `nodes`.
    pub fn new<'a>(
        namespaces: impl IntoIterator<Item = String>,
        nodes: impl IntoIterator<Item = &'a String>,
    ) -> Result<Self, String> {
        let longest_first = |mut names: Vec<String>| {
            names.sort_by_key(|name| std::cmp::Reverse(name.chars().count()));
            names
        };
        Ok(Names {
            alias: BTreeMap::new(),
            makers: BTreeMap::new(),
            namespaces: longest_first(namespaces.into_iter().collect()),
            nodes: longest_first(nodes.into_iter().cloned().collect()),
            unstable: compile(UNSTABLE.iter().chain([&LONG_AGE]))?,
            cache: RefCell::default(),
        })
    }

    /// What a name stands for.
    pub fn canon(&self, word: &str) -> String {
        if let Some(alias) = self.alias.get(word) {
            return alias.clone();
        }
        // Pods that never came to exist: the ReplicaSet's name and five letters.
        if let Some((owner, suffix)) = word.rsplit_once('-')
            && is_suffix(suffix)
            && let Some(maker) = self.makers.get(owner)
        {
            return format!("{maker}~pod");
        }
        word.to_owned()
    }

    /// A text without what is unstable.
    pub fn text(&self, text: &str, keep_nodes: bool) -> String {
        let key = (keep_nodes, text.to_owned());
        if let Some(known) = self.cache.borrow().get(&key) {
            return known.clone();
        }
        let mut out = replace_names(text, &self.namespaces, "NS");
        for (pattern, to) in &self.unstable {
            out = replace(pattern, &out, to);
        }
        out = self.canon_words(&out);
        if !keep_nodes {
            out = replace_names(&out, &self.nodes, "NODE");
        }
        out = single_spaced(&out);
        self.cache.borrow_mut().insert(key, out.clone());
        out
    }

    /// Replaces each word (as names of objects are spelled) by what it stands for.
    fn canon_words(&self, text: &str) -> String {
        let alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find(alphanumeric) {
            let (before, from) = rest.split_at(start);
            out.push_str(before);
            let run = from.find(|c| !(alphanumeric(c) || c == '-' || c == '.')).unwrap_or(from.len());
            let end = from.get(..run).and_then(|run| run.rfind(alphanumeric)).map_or(1, |last| last + 1);
            let (word, after) = from.split_at(end);
            out.push_str(&self.canon(word));
            rest = after;
        }
        out.push_str(rest);
        out
    }
}

/// Five letters as the API server draws them for `generateName`.
fn is_suffix(text: &str) -> bool {
    text.len() == 5 && text.chars().all(|c| "bcdfghjklmnpqrstvwxz2456789".contains(c))
}

/// Replaces names where they stand alone, the longest first.
fn replace_names(text: &str, names: &[String], to: &str) -> String {
    let joins = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut alone = true;
    while let Some(next) = rest.chars().next() {
        let name = names.iter().filter(|_| alone).find_map(|name| {
            let after = rest.strip_prefix(name.as_str())?;
            (!name.is_empty() && !after.starts_with(joins)).then_some((name, after))
        });
        if let Some((name, after)) = name {
            out.push_str(to);
            alone = !name.ends_with(joins);
            rest = after;
        } else {
            out.push(next);
            alone = !joins(next);
            rest = rest.get(next.len_utf8()..).unwrap_or_default();
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        let nodes = ["node-1".to_owned(), "node-12".to_owned()];
        let mut names = Names::new(["web".to_owned(), "web-run2".to_owned()], &nodes).unwrap();
        names.alias.insert("app-7866ccff64".to_owned(), "app~rs1".to_owned());
        names.makers.insert("app-7866ccff64".to_owned(), "app~rs1".to_owned());
        names
    }

    #[test]
    fn ages_and_times_are_the_same() {
        let names = names();
        assert_eq!(
            names.text("a 119s b 3m19s c 199s d 12m e 3h4m f 2d", false),
            "a AGE b AGE c 199s d AGE e AGE f AGE"
        );
        assert_eq!(
            names.text("at 2026-11-21T01:09:57Z uid 290f0c4c-b17d-40ae-930a-6625da32dd42", false),
            "at TIME uid UID"
        );
        assert_eq!(names.text("resourceVersion: \"38083\"  10.96.3.4", false), "resourceVersion: RV IP");
    }

    #[test]
    fn names_stand_for_what_made_them() {
        let names = names();
        assert_eq!(names.text("Created pod: app-7866ccff64-c2c5c.", false), "Created pod: app~rs1~pod.");
        assert_eq!(
            names.text("web/x on node-1, node-12 and my-node-1", false),
            "NS/x on NODE, NODE and my-node-1"
        );
        assert_eq!(names.text("web-run2 webs node-1", true), "NS webs node-1");
    }
}
