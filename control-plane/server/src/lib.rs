//! The control plane as a process: registration, heartbeats, routing-table push.
