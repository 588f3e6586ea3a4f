//! What is printed. The reader may go away before the end (`opscape run lab.yaml | head`): that is no fault of anybody, and what
//! was to come is printed for nobody. The macros of the standard library panic then; these have their names.

use std::fmt::Arguments;
use std::io::{ErrorKind, Write};

/// As `print!` of the standard library.
macro_rules! print {
    ($($what:tt)*) => { $crate::out::write(format_args!($($what)*)) };
}

/// As `println!` of the standard library.
macro_rules! println {
    ($($what:tt)*) => { $crate::out::write(format_args!("{}\n", format_args!($($what)*))) };
}

/// The exit code of what a pipe ended, as shells give it (128 + SIGPIPE).
const PIPE: i32 = 141;

/// Prints, and ends the program if nobody can be reached.
pub fn write(what: Arguments<'_>) {
    if let Err(error) = std::io::stdout().write_fmt(what) {
        if error.kind() == ErrorKind::BrokenPipe {
            std::process::exit(PIPE);
        }
        eprintln!("stdout: {error}");
        std::process::exit(1);
    }
}
