//! Whose configuration a text is.

/// A system that runs pipelines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum System {
    /// GitHub Actions.
    GitHub,
    /// GitLab CI.
    GitLab,
}

impl System {
    /// Whose a configuration is: by the place of its file, else by what is in it.
    pub fn of(file: &str, text: &str) -> System {
        let path = file.replace('\\', "/");
        let jobs = has_key(text, "jobs") && !path.contains(".gitlab-ci");
        if path.contains(".github/workflows/") || jobs || has_key(text, "on") {
            System::GitHub
        } else if path.contains(".gitlab-ci")
            || has_key(text, "stages")
            || has_word(text, &["script:", "trigger:"])
        {
            System::GitLab
        } else {
            System::GitHub
        }
    }

    /// Whose a text is that may be something else, or cannot be read; none: it does not look like a configuration.
    pub fn of_shape(text: &str) -> Option<System> {
        if has_key(text, "apiVersion") || has_key(text, "kind") {
            None
        } else if has_key(text, "jobs") && has_key(text, "on") {
            Some(System::GitHub)
        } else if has_key(text, "stages") || has_word(text, &["script:"]) {
            Some(System::GitLab)
        } else {
            None
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            System::GitHub => "GitHub Actions",
            System::GitLab => "GitLab CI",
        }
    }

    /// Where it looks for a configuration.
    pub fn path(self) -> &'static str {
        match self {
            System::GitHub => ".github/workflows/workflow.yaml",
            System::GitLab => ".gitlab-ci.yml",
        }
    }
}

/// Whether a line begins with a key.
fn has_key(text: &str, key: &str) -> bool {
    text.lines().any(|line| {
        let line = line.trim_start_matches('\u{feff}').trim_start_matches(['"', '\'', '{']);
        line.strip_prefix(key)
            .is_some_and(|rest| rest.trim_start_matches(['"', '\'']).trim_start().starts_with(':'))
    })
}

fn has_word(text: &str, words: &[&str]) -> bool {
    text.lines().any(|line| line.split([' ', '{', ',']).any(|word| words.contains(&word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipeline_is_known_by_its_place_or_its_content() {
        for (file, text) in [
            (".github/workflows/a.yml", ""),
            ("x.yml", "name: a\n'on': push\n"),
            ("x.yml", "jobs:\n"),
            ("x.yml", "stages: 1\njobs:\n"),
            ("x.yml", "{on: push, jobs: {}}"),
        ] {
            assert_eq!(System::of(file, text), System::GitHub, "{file} {text}");
        }
        for (file, text) in [
            ("repo/.gitlab-ci.yml", "include: x.yml\n"),
            ("x.yml", "stages: [a]\na:\n  script: x\n"),
            ("x.yml", "a: { script: x }\n"),
        ] {
            assert_eq!(System::of(file, text), System::GitLab, "{file} {text}");
        }
        assert_eq!(System::of_shape("apiVersion: v1\nkind: Pod\n"), None);
        assert_eq!(System::of_shape("on: push\njobs:\n  a: [\n"), Some(System::GitHub));
        assert_eq!(System::of_shape("a:\n  script: [\n"), Some(System::GitLab));
    }
}
