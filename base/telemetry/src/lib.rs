//! Logs, traces, metrics and the admin port that every process has.
