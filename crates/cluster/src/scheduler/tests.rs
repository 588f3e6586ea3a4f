//! Decisions against those of the real scheduler, and against a plain implementation on random clusters.

mod recorded;
mod vectors;
