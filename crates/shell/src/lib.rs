//! The commands a person types (kubectl and friends), run against a world in virtual time.
//!
//! ```text
//! let mut shell = Shell::new("default", Lang::En);          // one per terminal
//! let mut process = shell.start("kubectl rollout status deploy/web", None)?;
//! loop {
//!     match process.poll(&mut shell, &mut world) {          // world: impl World
//!         Poll::Done(code) => break,
//!         Poll::Waiting(until) => { /* let the world go on to its next event or to `until`, then poll again */ }
//!     }
//!     for piece in process.take_output() { /* write it */ }
//! }
//! ```

// Without the feature, what only it uses stays in the sources and leaves no code behind.
#![cfg_attr(not(feature = "unsimulated"), allow(dead_code, unused_imports))]

mod complete;
mod elsewhere;
mod kubectl;
mod output;
mod process;
mod programs;
mod runner;
mod seat;
mod sorted;
mod syntax;

pub use complete::Completions;
pub use opscape_lab::World;
pub use process::{Piece, Poll, Process, Shell, Stream};
pub use programs::{Program, programs};
pub use runner::{RUNNER, run_line};
pub use syntax::SyntaxError;
