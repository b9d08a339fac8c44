//! The stories that prove products, and the laws they keep.
