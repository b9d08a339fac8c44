//! Auth: proves who it is, keeps sessions, grants rights.
