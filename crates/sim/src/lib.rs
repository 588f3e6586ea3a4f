//! Virtual time, one event queue, seeded random streams, a journal of causes, and a timeline that can seek and fork. Knows no domain.
