//! The list of programs, for `help`, for completion and for the terminal's own help.

/// A program of the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Program {
    /// As typed.
    pub name: &'static str,
    /// The key of its one line of help in the texts.
    pub help: &'static str,
}

/// The programs, the most used first.
pub fn programs() -> &'static [Program] {
    macro_rules! list {
        ($($name:literal)*) => {
            &[$(Program { name: $name, help: concat!("shell.program.", $name) }),*]
        };
    }
    list! {
        "kubectl" "git" "gh" "hey" "curl" "wget" "nslookup" "dig" "help" "ls" "cat" "grep" "head" "tail" "wc" "sort" "uniq" "cut" "tr" "sed" "awk" "tee" "base64"
        "xargs" "watch" "timeout" "sleep" "echo" "printf" "date" "rm" "export" "alias" "clear"
    }
}
