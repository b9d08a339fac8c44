//! When the world fails: one error type with a code, a source and what a retry would do.
