//! Texts made from good ones by damage: bytes, lines, numbers, words, indentation, parts of other texts.

use opscape_sim::Rng;

/// Values that have broken programs before.
const VALUES: [&str; 40] = [
    "0",
    "-1",
    "1",
    "2000000000",
    "2147483647",
    "2147483648",
    "-2147483649",
    "9223372036854775807",
    "9223372036854775808",
    "1e309",
    "0.1",
    "1e-400",
    ".nan",
    ".inf",
    "null",
    "~",
    "true",
    "y",
    "\"\"",
    "''",
    "[]",
    "{}",
    "[[[[]]]]",
    "{a: {b: {c: {}}}}",
    "0%",
    "100%",
    "101%",
    "-5%",
    "1Ei",
    "99999999999999999999Ei",
    "1n",
    "100m",
    "0x10",
    "0o17",
    "!!binary aGk=",
    "&a [*a]",
    "*a",
    "안녕",
    "\u{1F680}",
    "2026-11-21T01:09:57Z",
];
/// Words of manifests.
const WORDS: [&str; 44] = [
    "apiVersion",
    "kind",
    "metadata",
    "spec",
    "replicas",
    "selector",
    "matchLabels",
    "matchExpressions",
    "template",
    "containers",
    "image",
    "name",
    "namespace",
    "labels",
    "annotations",
    "strategy",
    "rollingUpdate",
    "maxSurge",
    "maxUnavailable",
    "minReadySeconds",
    "progressDeadlineSeconds",
    "revisionHistoryLimit",
    "paused",
    "resources",
    "requests",
    "limits",
    "cpu",
    "memory",
    "nodeSelector",
    "tolerations",
    "affinity",
    "topologySpreadConstraints",
    "restartPolicy",
    "terminationGracePeriodSeconds",
    "readinessProbe",
    "Deployment",
    "ReplicaSet",
    "Pod",
    "Service",
    "Node",
    "Namespace",
    "ConfigMap",
    "Lab",
    "opscape.dev/v1alpha1",
];

/// A text made from one of the corpus.
pub fn mutated(corpus: &[String], rng: &mut Rng) -> String {
    let mut text = pick(corpus, rng).clone();
    let changes = rng.below(5);
    for _ in 0..changes {
        text = match rng.below(11) {
            0 => damage_byte(&text, rng),
            1 | 2 => change_lines(&text, rng),
            3 | 4 => change_scalar(&text, rng),
            5 => change_word(&text, rng),
            6 => indent(&text, rng),
            7 => splice(&text, pick(corpus, rng), rng),
            8 => cut(&text, rng),
            9 => format!("{text}\n---\n{}", pick(corpus, rng)),
            _ => repeat_piece(&text, rng),
        };
        if text.len() > 200_000 {
            text = cut(&text, rng);
        }
    }
    text
}

fn pick<'a>(corpus: &'a [String], rng: &mut Rng) -> &'a String {
    static EMPTY: String = String::new();
    let index = rng.below(corpus.len() as u64) as usize;
    corpus.get(index).unwrap_or(&EMPTY)
}

/// A place between two characters.
fn boundary(text: &str, rng: &mut Rng) -> usize {
    let mut at = rng.below(text.len() as u64 + 1) as usize;
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn damage_byte(text: &str, rng: &mut Rng) -> String {
    const CHARACTERS: [char; 24] = [
        ':', '-', '#', '"', '\'', '{', '}', '[', ']', '&', '*', '!', '|', '>', '%', '@', '\t', '\n', '\r',
        '\0', '\u{FEFF}', '\u{85}', '한', ' ',
    ];
    let at = boundary(text, rng);
    let (before, after) = text.split_at(at);
    let with = CHARACTERS.get(rng.below(CHARACTERS.len() as u64) as usize).copied().unwrap_or(':');
    let skip = if rng.chance(0.5) { after.chars().next().map_or(0, char::len_utf8) } else { 0 };
    format!("{before}{with}{}", after.get(skip..).unwrap_or_default())
}

fn change_lines(text: &str, rng: &mut Rng) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    if lines.is_empty() {
        return text.to_owned();
    }
    let at = |rng: &mut Rng, lines: &[&str]| rng.below(lines.len() as u64) as usize;
    let (a, b) = (at(rng, &lines), at(rng, &lines));
    match rng.below(4) {
        0 => drop(lines.remove(a)),
        1 => lines.swap(a, b),
        2 => {
            let line = lines.get(a).copied().unwrap_or_default();
            lines.insert(b, line);
        }
        _ => {
            let (low, high) = (a.min(b), a.max(b).min(a.min(b) + 12));
            lines.drain(low..high);
        }
    }
    lines.join("\n")
}

/// Puts an unusual value behind some key.
fn change_scalar(text: &str, rng: &mut Rng) -> String {
    let colons: Vec<usize> = text.match_indices(": ").map(|(at, _)| at + 2).collect();
    let Some(&at) = colons.get(rng.below(colons.len() as u64) as usize) else { return text.to_owned() };
    let (before, after) = text.split_at(at);
    let end = after.find([',', '}', '\n', ']']).unwrap_or(after.len());
    let value = VALUES.get(rng.below(VALUES.len() as u64) as usize).copied().unwrap_or("0");
    format!("{before}{value}{}", after.get(end..).unwrap_or_default())
}

fn change_word(text: &str, rng: &mut Rng) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric();
    let at = boundary(text, rng);
    let (before, after) = text.split_at(at);
    let start = before.rfind(|c| !is_word(c)).map_or(0, |at| at + 1);
    let start = (start..=before.len()).find(|at| before.is_char_boundary(*at)).unwrap_or(before.len());
    let end = after.find(|c| !is_word(c)).unwrap_or(after.len());
    let word = WORDS.get(rng.below(WORDS.len() as u64) as usize).copied().unwrap_or("spec");
    format!("{}{word}{}", before.get(..start).unwrap_or_default(), after.get(end..).unwrap_or_default())
}

fn indent(text: &str, rng: &mut Rng) -> String {
    let count = text.lines().count() as u64;
    let from = rng.below(count.max(1));
    let until = from + 1 + rng.below(8);
    let more = rng.chance(0.5);
    let lines = text.lines().zip(0..).map(|(line, number)| {
        if number < from || number >= until {
            line.to_owned()
        } else if more {
            format!("  {line}")
        } else {
            line.strip_prefix("  ").unwrap_or(line).to_owned()
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The beginning of one text and the end of another.
fn splice(text: &str, other: &str, rng: &mut Rng) -> String {
    let (start, end) = (boundary(text, rng), boundary(other, rng));
    format!("{}{}", text.get(..start).unwrap_or_default(), other.get(end..).unwrap_or_default())
}

fn cut(text: &str, rng: &mut Rng) -> String {
    let end = boundary(text, rng);
    text.get(..end).unwrap_or_default().to_owned()
}

fn repeat_piece(text: &str, rng: &mut Rng) -> String {
    let (a, b) = (boundary(text, rng), boundary(text, rng));
    let piece = text.get(a.min(b)..a.max(b)).unwrap_or_default();
    let times = 1 + rng.below(20) as usize;
    let piece = if piece.len() * times > 100_000 { piece.to_owned() } else { piece.repeat(times) };
    format!("{}{piece}{}", text.get(..a.min(b)).unwrap_or_default(), text.get(a.min(b)..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_texts() {
        let corpus = ["kind: Pod\nmetadata: {name: 이름}\nspec:\n  containers:\n  - name: c\n".to_owned()];
        let make = || {
            let mut rng = Rng::stream(7, "fuzz");
            (0..500).map(|_| mutated(&corpus, &mut rng)).collect::<Vec<_>>()
        };
        let texts = make();
        assert_eq!(texts, make());
        assert!(texts.iter().any(|text| text.contains("9223372036854775808")));
        assert!(texts.iter().filter(|text| **text != corpus[0]).count() > 350);
    }
}
