//! Ruby's `File.fnmatch?` with `FNM_PATHNAME | FNM_DOTMATCH | FNM_EXTGLOB`, which `changes` and `exists` use.

/// Whether a path fits a pattern.
pub fn fits(pattern: &str, path: &str) -> bool {
    expanded(pattern, 0).iter().any(|pattern| {
        let pattern: Vec<char> = pattern.chars().collect();
        let path: Vec<char> = path.chars().collect();
        let mut steps = 0;
        at(&pattern, &path, true, &mut steps)
    })
}

/// The most ways to read one pattern's braces, and the most steps to compare it: both bound the time.
const MAX_WAYS: usize = 256;
const MAX_STEPS: usize = 100_000;

/// The patterns that `{a,b}` stands for.
fn expanded(pattern: &str, depth: usize) -> Vec<String> {
    let mut open = None;
    let mut level = 0;
    let mut commas = Vec::new();
    let mut escaped = false;
    for (at, c) in pattern.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '{' => {
                level += 1;
                if level == 1 {
                    open = Some(at);
                    commas.clear();
                }
            }
            ',' if level == 1 => commas.push(at),
            '}' if level > 0 => {
                level -= 1;
                if let (0, Some(open)) = (level, open) {
                    let before = pattern.get(..open).unwrap_or("");
                    let after = pattern.get(at + 1..).unwrap_or("");
                    let mut result = Vec::new();
                    let mut from = open + 1;
                    for to in commas.iter().copied().chain([at]) {
                        let inner = pattern.get(from..to).unwrap_or("");
                        if depth < 8 && result.len() < MAX_WAYS {
                            result.extend(expanded(&format!("{before}{inner}{after}"), depth + 1));
                        }
                        from = to + 1;
                    }
                    return result;
                }
            }
            _ => {}
        }
    }
    vec![pattern.to_owned()]
}

/// Whether the rest of a path fits the rest of a pattern; `start`: a part of the path begins here.
fn at(pattern: &[char], path: &[char], start: bool, steps: &mut usize) -> bool {
    *steps += 1;
    if *steps > MAX_STEPS {
        return false;
    }
    match pattern {
        [] => path.is_empty(),
        ['*', '*', '/', rest @ ..] if start => {
            let mut rest = rest;
            while let ['*', '*', '/', more @ ..] = rest {
                rest = more;
            }
            if at(rest, path, true, steps) {
                return true;
            }
            let mut path = path;
            while let Some(slash) = path.iter().position(|c| *c == '/') {
                path = path.get(slash + 1..).unwrap_or(&[]);
                if at(rest, path, true, steps) {
                    return true;
                }
            }
            false
        }
        ['*', rest @ ..] => {
            let end = path.iter().position(|c| *c == '/').unwrap_or(path.len());
            (0..=end).any(|taken| at(rest, path.get(taken..).unwrap_or(&[]), start && taken == 0, steps))
        }
        ['?', rest @ ..] => match path {
            [c, path @ ..] if *c != '/' => at(rest, path, false, steps),
            _ => false,
        },
        ['[', rest @ ..] => match (bracket(rest, path.first()), path) {
            (Some((true, rest)), [_, path @ ..]) => at(rest, path, false, steps),
            _ => false,
        },
        ['\\', c, rest @ ..] | [c, rest @ ..] => match path {
            [first, path @ ..] if first == c => at(rest, path, *c == '/', steps),
            _ => false,
        },
    }
}

/// Whether a character is in a set, and the pattern behind the set.
fn bracket<'a>(pattern: &'a [char], c: Option<&char>) -> Option<(bool, &'a [char])> {
    let (negated, mut rest) = match pattern {
        ['!' | '^', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let c = *c?;
    let mut found = false;
    loop {
        match rest {
            [']', after @ ..] => return Some(((found != negated) && c != '/', after)),
            [from, '-', to, after @ ..] if *to != ']' => {
                found |= (*from..=*to).contains(&c);
                rest = after;
            }
            ['\\', one, after @ ..] | [one, after @ ..] => {
                found |= *one == c;
                rest = after;
            }
            [] => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn patterns_fit_as_in_ruby() {
        for (pattern, path, want) in [
            ("src/**/*", "src/engine.c", true),
            ("src/**/*", "src/deep/wheel.h", true),
            ("**/*.c", "src/engine.c", true),
            ("**/*.c", "engine.c", true),
            ("*.c", "src/engine.c", false),
            ("docs/*.md", "docs/readme.md", true),
            ("docs/*.md", "docs/a/readme.md", false),
            ("src/**", "src/a/b", false),
            ("src/**", "src/a", true),
            ("*.{rb,py}", "x.py", true),
            ("a[0-9]?", "a1b", true),
            ("[!a]", "b", true),
            ("*", ".hidden", true),
            ("{a,b/{c,d}}/x", "b/d/x", true),
            ("Dockerfile", "Dockerfile", true),
            ("**/.git*", "a/.gitignore", true),
        ] {
            assert_eq!(fits(pattern, path), want, "{pattern} {path}");
        }
    }
}
