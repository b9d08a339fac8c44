//! The laws of money, over chosen amounts and over any amount.

mod laws;
mod rules;
