//! Flags of these two programs: `-n 200`, `-n200` (curl), `--max-time 5`, `--max-time=5`.

/// What is on a command line, in order.
pub(super) enum Argument {
    Flag(String, Option<String>),
    Plain(String),
}

/// Reads arguments. `takes`: whether a flag (without dashes) has a value; `None`: there is no such flag.
/// `joined`: short flags may stand together (`-sv`) and have their value behind them (`-XPOST`).
///
/// # Errors
/// The flag that is not known (with its dashes), and whether it is known but has no value.
pub(super) fn read(
    arguments: &[String],
    takes: fn(&str) -> Option<bool>,
    joined: bool,
) -> Result<Vec<Argument>, (String, bool)> {
    let mut found = Vec::new();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let long = argument.strip_prefix("--");
        let Some(name) = long.or_else(|| argument.strip_prefix('-')).filter(|name| !name.is_empty()) else {
            found.push(Argument::Plain(argument.clone()));
            continue;
        };
        if long.is_some() || !joined {
            let (name, given) = match name.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (name, None),
            };
            let value = match takes(name) {
                None => return Err((argument.clone(), false)),
                Some(true) if given.is_some() => given,
                Some(true) => Some(rest.next().cloned().ok_or_else(|| (argument.clone(), true))?),
                Some(false) => None,
            };
            found.push(Argument::Flag(name.to_owned(), value));
            continue;
        }
        for (at, letter) in name.char_indices() {
            let flag = letter.to_string();
            match takes(&flag) {
                None => return Err((["-", &flag].concat(), false)),
                Some(false) => found.push(Argument::Flag(flag, None)),
                Some(true) => {
                    let behind = name.get(at + letter.len_utf8()..).filter(|value| !value.is_empty());
                    let value = match behind {
                        Some(value) => value.to_owned(),
                        None => rest.next().cloned().ok_or_else(|| (["-", &flag].concat(), true))?,
                    };
                    found.push(Argument::Flag(flag, Some(value)));
                    break;
                }
            }
        }
    }
    Ok(found)
}
