//! Plays recordings of the real systems on our world, writes what it did in their format, and scores it.

pub mod fuzz;
pub mod play;
pub mod recording;
pub mod score;
