//! Names and numbers that the whole platform shares: tenants, slots, streams, generations.
