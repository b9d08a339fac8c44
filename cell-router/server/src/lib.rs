//! The edge router on Pingora.
