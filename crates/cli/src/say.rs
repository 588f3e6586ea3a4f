//! What the program says, in Korean and English: `static/texts/cli.*.txt`, in the form of the other texts.

use opscape_lab::Lang;
use opscape_lab::words::fill_text;

const HELP_EN: &str = include_str!("../../../static/texts/cli-help.en.txt");
const HELP_KO: &str = include_str!("../../../static/texts/cli-help.ko.txt");
const EN: &str = include_str!("../../../static/texts/cli.en.txt");
const KO: &str = include_str!("../../../static/texts/cli.ko.txt");

/// How to use the program.
pub fn help(lang: Lang) -> &'static str {
    match lang {
        Lang::En => HELP_EN,
        Lang::Ko => HELP_KO,
    }
}

fn entries(lang: Lang) -> impl Iterator<Item = (&'static str, &'static str)> {
    let text = match lang {
        Lang::En => EN,
        Lang::Ko => KO,
    };
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once(" = ")).map(|(key, text)| (key.trim(), text))
}

/// The text of a key with its places filled. A key that does not exist is its own text.
pub fn say(lang: Lang, key: &str, values: &[(&str, &str)]) -> String {
    let text = entries(lang).find(|(known, _)| *known == key).map_or(key, |(_, text)| text);
    fill_text(text, values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_have_the_same_keys() {
        let keys = |lang| entries(lang).map(|(key, _)| key).collect::<Vec<_>>();
        assert_eq!(keys(Lang::En), keys(Lang::Ko));
        assert!(keys(Lang::En).len() > 10);
    }

    #[test]
    fn the_help_tells_the_same_commands_in_both_languages() {
        let commands = |lang| {
            let lines =
                help(lang).lines().filter(|line| line.starts_with("  opscape ") || line.starts_with("  --"));
            lines.map(|line| line.split("  ").find(|part| !part.is_empty()).unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(commands(Lang::En), commands(Lang::Ko));
        assert_eq!(commands(Lang::En).len(), 11);
    }

    #[test]
    fn places_are_filled() {
        assert_eq!(say(Lang::En, "found.errors", &[("count", "1")]), "1 error");
        assert_eq!(say(Lang::Ko, "found.errors", &[("count", "2")]), "오류 2개를 찾았습니다");
        assert_eq!(say(Lang::En, "no.such.key", &[]), "no.such.key");
    }
}
