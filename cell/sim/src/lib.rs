//! Whole cells in one process under a seeded schedule of faults, and the invariants they must keep.
