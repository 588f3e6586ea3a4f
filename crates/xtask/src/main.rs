//! The project's own chores, run as `cargo xtask COMMAND`.
//!
//! Each command installs what it needs (into `target/tools` and `node_modules`, nothing of the person's own is
//! touched), says what it does and how long it took, and does no work twice.

#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "chores run on the wall clock; the rule is for the simulation"
)]

mod commands;
mod parts;
mod process;
mod project;
mod stamp;
mod step;
mod tools;

use std::process::ExitCode;

use crate::step::Result;

const USAGE: &str = "\
cargo xtask COMMAND

  serve [--release] [TRUNK ARGUMENTS]   the app at http://127.0.0.1:8080, rebuilt as files change
  build                                 the static site, into dist/
  test [PART]...                        everything that must hold; parts: format clippy types native doc site size e2e
  size                                  what a visitor downloads, against budgets.json
  bench                                 one JSON line for each benchmark, native and in Chromium
  startup                               records what runs first, by which the Wasm is divided into parts
  fields                                the tables of Kubernetes API fields, from the official schemas
  tools                                 only installs what the other commands need
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = match arguments.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("help", [].as_slice()),
    };
    match run(command, rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\ncargo xtask {command}: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: &str, arguments: &[String]) -> Result<()> {
    match command {
        "serve" => commands::serve::run(arguments),
        "build" => commands::build::run(),
        "test" => commands::test::run(arguments),
        "size" => commands::size::run(),
        "bench" => commands::bench::run(),
        "fields" => commands::fields::run(),
        "tools" => tools::everything(),
        "divide" => commands::divide::run(arguments),
        "startup" => commands::startup::run(),
        "help" | "--help" | "-h" => {
            print!("{USAGE}");
            Ok(())
        }
        other => Err(format!("no such command: {other}\n\n{USAGE}").into()),
    }
}
