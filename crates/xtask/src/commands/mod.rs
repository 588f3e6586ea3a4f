//! One file for each command.

pub mod bench;
pub mod build;
pub mod divide;
pub mod fields;
pub mod serve;
pub mod size;
pub mod startup;
pub mod test;
