//! Decisions against those of the real scheduler, and against a plain implementation on random clusters.

mod kinds;
mod naive;
mod recorded;
mod vectors;
