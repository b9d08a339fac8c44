//! Products: shared master records and each vendor's offers on them.
