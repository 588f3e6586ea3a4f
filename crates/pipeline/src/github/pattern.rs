//! Patterns of branches, tags and paths.
//!
//! Source: GitHub's documentation, "Filter pattern cheat sheet": `*` stands for anything but `/`, `**` for anything, `?` for
//! the character before it or nothing, `+` for the character before it once or more, `[]` for one of several; `!` in front
//! takes out what patterns before it let in.

/// A part of a pattern.
#[derive(Debug)]
enum Part {
    Char(char),
    Class(Vec<(char, char)>),
    /// Anything but `/`.
    Star,
    /// Anything.
    Stars,
    /// `**/`: any folders, or none.
    Folders,
}

/// How often a part may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Times {
    Once,
    Maybe,
    OnceOrMore,
}

/// Whether a pattern stands for the whole name. `!` in front is not looked at.
pub fn matches(pattern: &str, name: &str) -> bool {
    let parts = parts(pattern);
    let name: Vec<char> = name.chars().collect();
    // The positions of the name that can be reached so far; a pattern is walked once.
    let mut reached = vec![false; name.len() + 1];
    if let Some(first) = reached.first_mut() {
        *first = true;
    }
    for (part, times) in &parts {
        reached = step(part, *times, &reached, &name);
    }
    reached.last().copied().unwrap_or(false)
}

fn step(part: &Part, times: Times, reached: &[bool], name: &[char]) -> Vec<bool> {
    let mut next = vec![false; reached.len()];
    let fits = |c: char| match part {
        Part::Char(wanted) => *wanted == c,
        Part::Class(ranges) => ranges.iter().any(|(from, to)| (*from..=*to).contains(&c)),
        Part::Star => c != '/',
        Part::Stars | Part::Folders => true,
    };
    let mut open = false;
    for at in 0..reached.len() {
        let here = reached.get(at).copied().unwrap_or(false);
        let before = at.checked_sub(1).and_then(|at| name.get(at)).copied();
        let came = |open: bool| before.is_some_and(|c| open && fits(c));
        let was = at.checked_sub(1).and_then(|at| reached.get(at)).copied().unwrap_or(false);
        let yes = match (part, times) {
            (Part::Star | Part::Stars, _) => {
                open = here || came(open);
                open
            }
            (Part::Folders, _) => {
                let folder = open && before == Some('/');
                open = open || here;
                here || folder
            }
            (_, Times::Once) => came(was),
            (_, Times::Maybe) => here || came(was),
            (_, Times::OnceOrMore) => {
                open = came(was || open);
                open
            }
        };
        if let Some(cell) = next.get_mut(at) {
            *cell = yes;
        }
    }
    next
}

fn parts(pattern: &str) -> Vec<(Part, Times)> {
    let mut parts = Vec::new();
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        let part = match c {
            '*' if chars.next_if_eq(&'*').is_some() => {
                let starts = matches!(parts.last(), None | Some((Part::Char('/'), _)));
                if starts && chars.next_if_eq(&'/').is_some() { Part::Folders } else { Part::Stars }
            }
            '*' => Part::Star,
            '[' => class(&mut chars),
            '\\' => Part::Char(chars.next().unwrap_or('\\')),
            other => Part::Char(other),
        };
        let times = match &part {
            Part::Char(_) | Part::Class(_) if chars.next_if_eq(&'?').is_some() => Times::Maybe,
            Part::Char(_) | Part::Class(_) if chars.next_if_eq(&'+').is_some() => Times::OnceOrMore,
            _ => Times::Once,
        };
        parts.push((part, times));
    }
    parts
}

fn class(chars: &mut impl Iterator<Item = char>) -> Part {
    let inside: Vec<char> = chars.take_while(|c| *c != ']').collect();
    let mut ranges = Vec::new();
    let mut rest = inside.as_slice();
    while let [first, behind @ ..] = rest {
        if let ['-', last, behind @ ..] = behind {
            ranges.push((*first, *last));
            rest = behind;
        } else {
            ranges.push((*first, *first));
            rest = behind;
        }
    }
    Part::Class(ranges)
}

/// Whether patterns let a name in: the last one that stands for it decides.
pub fn lets_in(patterns: &[String], name: &str) -> bool {
    let last =
        patterns.iter().rev().find(|pattern| matches(pattern.strip_prefix('!').unwrap_or(pattern), name));
    last.is_some_and(|pattern| !pattern.starts_with('!'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cheat_sheet_of_branches_and_tags() {
        for (pattern, yes, no) in [
            ("feature/*", &["feature/my-branch", "feature/your-branch"][..], &["feature/a/b", "feature"][..]),
            (
                "feature/**",
                &["feature/beta-a/my-branch", "feature/your-branch", "feature/mona/the/octocat"],
                &["feature"],
            ),
            ("main", &["main"], &["main2"]),
            ("*", &["main", "releases"], &["all/the/branches"]),
            ("**", &["all/the/branches", "every/tag"], &[]),
            ("*feature", &["mona-feature", "feature", "ver-10-feature"], &["feature-x", "a/feature"]),
            ("v2*", &["v2", "v2.0", "v2.9"], &["v1"]),
            ("v[12].[0-9]+.[0-9]+", &["v1.10.1", "v2.0.0"], &["v3.0.0", "v1..1", "v1.0"]),
        ] {
            assert!(yes.iter().all(|name| matches(pattern, name)), "{pattern}");
            assert!(!no.iter().any(|name| matches(pattern, name)), "{pattern}");
        }
    }

    #[test]
    fn the_cheat_sheet_of_paths() {
        for (pattern, yes, no) in [
            ("*.jsx?", &["page.js", "page.jsx"][..], &["src/page.js"][..]),
            ("**.js", &["index.js", "js/index.js", "src/js/app.js"], &["index.ts"]),
            ("docs/*", &["docs/README.md", "docs/file.txt"], &["docs/a/b"]),
            (
                "docs/**/*.md",
                &["docs/README.md", "docs/mona/hello-world.md", "docs/a/markdown/file.md"],
                &["docs/a.txt"],
            ),
            (
                "**/docs/**",
                &["docs/hello.md", "dir/docs/my-file.txt", "space/docs/plan/space.doc"],
                &["adocs/x"],
            ),
            ("**/README.md", &["README.md", "js/README.md"], &["xREADME.md"]),
            ("**/*src/**", &["a/src/app.js", "my-src/code/js/app.js"], &["src2/x"]),
            ("**/*-post.md", &["my-post.md", "path/their-post.md"], &["post.md"]),
            (
                "**/migrate-*.sql",
                &["migrate-10909.sql", "db/migrate-v1.0.sql", "db/sept/migrate-v1.sql"],
                &["migrate.sql"],
            ),
            ("\\*x", &["*x"], &["ax"]),
        ] {
            for name in yes {
                assert!(matches(pattern, name), "{pattern} {name}");
            }
            assert!(!no.iter().any(|name| matches(pattern, name)), "{pattern}");
        }
    }

    #[test]
    fn the_last_pattern_that_fits_decides() {
        let patterns = ["releases/**", "!releases/**-alpha", "releases/keep-alpha"].map(str::to_owned);
        assert!(lets_in(&patterns, "releases/10"));
        assert!(!lets_in(&patterns, "releases/beta/3-alpha"));
        assert!(lets_in(&patterns, "releases/keep-alpha"));
        assert!(!lets_in(&patterns, "main"));
    }
}
