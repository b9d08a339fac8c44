//! The contract between Souk's own processes: control plane, routers, cells.
