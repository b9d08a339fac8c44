//! soukctl: the platform engineer's command line.
