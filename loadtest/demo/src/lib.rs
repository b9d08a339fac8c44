//! The demo catalogue: Moroccan books, vendors and users from one seed.
