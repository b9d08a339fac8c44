//! What a service is made of: plain types and small traits, no I/O, no async runtime.
