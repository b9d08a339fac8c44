//! Pure planning: where a tenant's first home is.
