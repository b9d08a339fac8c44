//! The routing table: slots, overrides, cells; pure look-up and its serialised form.
