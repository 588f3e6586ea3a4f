//! Opscape without a browser: run, compare, check, route, ci, kubectl, shell, bench.

#[macro_use]
mod out;

mod arguments;
mod bench;
mod check;
mod ci;
mod compare;
mod findings;
mod route;
mod run;
mod say;
mod terminal;
mod world;

use std::process::ExitCode;

use arguments::{Arguments, Command, lang_of_environment, parse};
use world::Stopped;

fn main() -> ExitCode {
    let code = match parse(std::env::args_os().skip(1), lang_of_environment()) {
        Ok(arguments) => act(arguments).unwrap_or_else(|Stopped(code)| code),
        Err(error) => {
            eprintln!("{error}");
            2
        }
    };
    ExitCode::from(code)
}

/// Does it; gives the exit code.
fn act(arguments: Arguments) -> Result<u8, Stopped> {
    let Arguments { command, lang, seed } = arguments;
    let exit_code = |code: i32| u8::try_from(code).unwrap_or(1);
    match command {
        Command::Run { file, until, output } => run::run(&file, until, output, lang, seed).map(|()| 0),
        Command::Compare { files, until, json } => {
            compare::compare(&files, until, json, lang, seed).map(|()| 0)
        }
        Command::Check { files } => Ok(u8::from(!check::check(&files, lang, seed))),
        Command::Route { file, asked } => route::route(&file, &asked, lang, seed).map(|()| 0),
        Command::Ci { file, asked } => ci::ci(&file, &asked, lang).map(|valid| u8::from(!valid)),
        Command::Kubectl { file, at, arguments } => {
            terminal::kubectl(&file, at, &arguments, lang, seed).map(exit_code)
        }
        Command::Shell { file, at } => terminal::shell(&file, at, lang, seed).map(exit_code),
        Command::Bench { large, names } => bench::bench(large, &names, lang).map(|()| 0),
        Command::Help => {
            print!("{}", say::help(lang));
            Ok(0)
        }
        Command::Version => {
            println!("opscape {}", env!("CARGO_PKG_VERSION"));
            Ok(0)
        }
    }
}
