//! Decisions against those of the real scheduler, and against a plain implementation on random clusters.

mod naive;
mod recorded;
mod vectors;
