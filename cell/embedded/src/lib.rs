//! The embedded engine: journal, views, timers and log in one directory, group-committed.
