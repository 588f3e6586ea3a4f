//! Divides the linked Wasm into parts that a page loads when they are first needed.
//!
//! What runs before a page moves is known from a recording (`web/startup.txt`, made by `cargo xtask startup`): those
//! functions stay in the main part. The rest goes to parts of its own, function by function, as Binaryen's `wasm-split`
//! and Emscripten's module splitting do it. No source knows of it and any call may cross from one part to another:
//!
//! - a call to another part goes through a slot of the function table, after a guard has seen to it that the part is there;
//! - where the address of a function is taken, its slot holds a function of `web/js/parts`, which loads the part and calls
//!   again;
//! - a part fills its slots when it is instantiated; it imports memory, tables, globals and functions of the main part.
//!
//! So a wrong guess in the recording costs a moment, never a result.

mod columns;
mod data;
mod emit;
mod module;
mod outline;
mod plan;
mod prepared;
mod probe;
mod startup;

use std::fmt::Write as _;

use crate::step::Result;
pub use columns::in_columns;
use module::Whole;
pub use plan::Part;
pub use prepared::prepared;
pub use startup::Startup;

/// A divided program.
pub struct Divided {
    /// The parts, the main one first.
    pub parts: Vec<(Part, Vec<u8>)>,
    /// What is where, for whoever wonders: a line for each function with its number, its part, its slot (by which a part
    /// that nobody expected was called), its size in bytes, its name, and the numbers of what it calls.
    pub account: String,
}

/// Divides a Wasm file. `linked` is the same program as the linker wrote it.
///
/// # Errors
/// Where a file is not Wasm as we know it.
pub fn divide(whole: &[u8], linked: &[u8], startup: &Startup) -> Result<Divided> {
    let read = Whole::read(whole)?;
    let mut when = Vec::new();
    let mut needs = outline::Needs::new();
    for (function, index) in read.functions.iter().zip(read.first()..) {
        let mut of = startup.needs(&function.name, outline::shape(&function.body)?);
        let doomed = outline::doomed(&function.body)?;
        if is_by_chance(&function.name) || of == [startup::When::First] {
            of = vec![startup::When::First; doomed.len()];
        }
        when.push(of.first().copied().unwrap_or(startup::When::First));
        if of.len() > 1 {
            // Nobody has to see that it does not run.
            for (when, _) in of.iter_mut().zip(doomed).skip(1).filter(|(_, doomed)| *doomed) {
                *when = startup::When::Panic;
            }
            needs.insert(index, of);
        }
    }
    let outlined = outline::outline(whole, &needs)?;
    when.extend(outlined.needs);
    let whole = Whole::read(&outlined.bytes)?;
    let plan = plan::plan(&whole, &when);
    let cold = data::cold_ranges(&whole, &plan, linked)?;
    let parts = Part::ALL
        .into_iter()
        .map(|part| Ok((part, emit::part(&whole, &plan, &cold, part)?)))
        .collect::<Result<_>>()?;
    Ok(Divided { parts, account: account(&whole, &plan) })
}

fn account(whole: &Whole<'_>, plan: &plan::Plan) -> String {
    let mut out = String::new();
    for (index, function) in (whole.first()..).zip(&whole.functions) {
        let part = match plan.of(index) {
            Part::Main => "main",
            part => part.name(),
        };
        let slot = plan.slots.get(&index).map_or_else(|| "-".to_owned(), u32::to_string);
        let range = function.body.range();
        let _ = write!(out, "{index}\t{part}\t{slot}\t{}\t{}\t", range.end - range.start, function.name);
        for callee in &function.calls {
            let _ = write!(out, "{callee} ");
        }
        out.push('\n');
    }
    out
}

/// Whether a function may run in one page and not in the next that does the same: where memory is free hangs on chance.
fn is_by_chance(name: &str) -> bool {
    name.contains("dlmalloc")
}

/// The whole with a probe at the start of each function.
///
/// # Errors
/// Where it is not Wasm as we know it.
pub fn with_probes(whole: &[u8]) -> Result<Vec<u8>> {
    probe::with_probes(&Whole::read(whole)?)
}

/// What runs first, from the probes: bytes that say, stretch by stretch, which were reached until a widget moved, in the
/// seconds after, and in the full page. What `before` saw run in a
/// function that is still the same runs as well: no two pages do all things at the same instants.
///
/// # Errors
/// Where the file is not Wasm as we know it.
pub fn recorded(whole: &[u8], seen: [&[u8]; 3], before: &Startup) -> Result<Startup> {
    let whole = Whole::read(whole)?;
    let [widget, soon, page] = seen;
    let called = |bytes: &[u8], at: usize| bytes.get(at).is_some_and(|byte| *byte != 0);
    let mut first = 0;
    let mut ran = Vec::new();
    for function in &whole.functions {
        let next = first + outline::stretches(&function.body)?;
        let shape = outline::shape(&function.body)?;
        let mut needs: Vec<_> = (first..next)
            .map(|at| startup::When::of(called(widget, at), called(soon, at), called(page, at)))
            .collect();
        for (when, before) in needs.iter_mut().zip(before.seen(&function.name, shape)) {
            *when = before.min(*when);
        }
        ran.push((function.name.as_str(), shape, needs));
        first = next;
    }
    Ok(Startup::of(ran))
}

/// A number for a program, by its bytes (FNV-1a).
pub fn fingerprint(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests;
