//! Points in time (UTC, milliseconds) and the clock port.
