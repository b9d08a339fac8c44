//! Configuration of a process: file, then environment, then flags, checked whole.
