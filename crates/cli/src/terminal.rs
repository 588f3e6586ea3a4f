//! `opscape kubectl` and `opscape shell`: commands in the world of a file.

use std::io::{BufRead, IsTerminal, Write};

use opscape_lab::Lang;
use opscape_shell::Shell;
use opscape_sim::Time;

use crate::world::{Stopped, go_to, open, run_line};

/// One kubectl command. Gives its exit code.
pub fn kubectl(
    file: &str,
    at: Time,
    arguments: &[String],
    lang: Lang,
    seed: Option<u64>,
) -> Result<i32, Stopped> {
    let mut session = open(file, lang, seed)?;
    go_to(&mut session, at);
    let quoted: Vec<String> = arguments.iter().map(|argument| quote(argument)).collect();
    let line = format!("kubectl {}", quoted.join(" "));
    Ok(run_line(&mut session, &mut Shell::new("default", lang), &line, None))
}

/// Commands from standard input until its end. Gives the exit code of the last one.
pub fn shell(file: &str, at: Time, lang: Lang, seed: Option<u64>) -> Result<i32, Stopped> {
    let mut session = open(file, lang, seed)?;
    go_to(&mut session, at);
    let mut shell = Shell::new("default", lang);
    let prompt = std::io::stdin().is_terminal();
    let mut code = 0;
    let mut unfinished = String::new();
    loop {
        if prompt {
            let sign = if unfinished.is_empty() { "$" } else { ">" };
            print!("{:.1}s {sign} ", session.now().as_secs_f64());
            let _ = std::io::stdout().flush();
        }
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line).unwrap_or(0);
        unfinished.push_str(&line);
        // More lines may complete a quotation or a here-document.
        let complete = !unfinished.ends_with("\\\n")
            && shell.start(&unfinished, None).map_or_else(|error| !error.incomplete, |_| true);
        if read > 0 && !complete {
            continue;
        }
        let command = std::mem::take(&mut unfinished);
        match command.trim() {
            "exit" => return Ok(code),
            "" => {}
            command => code = run_line(&mut session, &mut shell, command, None),
        }
        if read == 0 {
            return Ok(code);
        }
    }
}

/// A word as the shell has to read it.
fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_the_shell() {
        assert_eq!(quote("-o=wide"), "-o=wide");
        assert_eq!(quote("jsonpath={.a}"), "'jsonpath={.a}'");
        assert_eq!(quote("it's"), "'it'\\''s'");
        assert_eq!(quote(""), "''");
    }
}
