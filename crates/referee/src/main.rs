//! The binary of this crate.

fn main() {}
