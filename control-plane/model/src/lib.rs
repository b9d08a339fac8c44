//! The control plane's words: cells, slots, overrides, generations, and what may change.
