//! The control plane's state: ownership rows changed by compare-and-set, kept in one directory.
