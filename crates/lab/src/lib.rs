//! One world on one clock from one text, and what to draw of it.
//!
//! A front end holds one `Session` and works with it like this (times are virtual, [`opscape_sim::Time`]):
//!
//! ```text
//! Session::open(text, &SessionOptions { seed, lang }) -> Result<Session, Vec<Diagnostic>>   // the world at time 0, text applied
//! session.diagnostics() -> &[Diagnostic]                    // of the text that runs: warnings, valid but not simulated
//! Session::check_text(text) -> Vec<Diagnostic>              // while typing; changes nothing
//! session.now() / known_until() / set_lang(Lang)
//! session.advance(to, budget: &mut dyn FnMut() -> bool) -> Reached      // play: a frame's worth
//! session.step() -> Option<EntryId> / step_back() / seek(time)
//! session.next_visible() -> Option<Next { at, text: Rich }>             // "next 12.6 pod t8rgh becomes ready"
//! session.act(Act) -> Result<Outcome, Status>               // at the present; Act::Apply { text } is the Apply button
//! session.branches() -> &[BranchInfo] / switch(index) / drop_branch(index)   // act() in the past leaves a branch
//! session.scene(Option<Level>) -> Scene                     // None: the level that fits the number of pods
//! session.tracks(from, until, width_in_pixels) -> Tracks
//! session.inspect(&ObjectKey) -> Option<Inspection>
//! session.events(&EventFilter) -> Vec<EventRow>             // newest first
//! session.lab() -> &LabInfo / steps, checks                 // title, narration of the step reached, results of checks
//! session.cluster() -> &Cluster                             // for the shell
//! ```

mod act;
pub mod census;
pub mod images;
pub mod inspect;
pub mod scene;
pub mod session;
pub mod tracks;
pub mod why;
pub mod words;
pub mod world;

pub use act::Act;
pub use session::{Reached, Refused, Session, SessionOptions};
pub use words::{Lang, Rich, Span, Style};
pub use world::{LabModel, LabRecord, Outcome, Runner, World, WorldOptions};
