//! Orders: what was sold, one child order per vendor under one group.
