//! How clients speak to a server: HTTP/1.1 or HTTP/2, with or without TLS.

use std::fmt;

/// How clients speak to a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wire {
    /// HTTP/2 rather than HTTP/1.1.
    pub h2: bool,
    /// TLS rather than plain TCP.
    pub tls: bool,
}

impl Wire {
    /// HTTP/1.1 without TLS.
    pub const PLAIN: Self = Self { h2: false, tls: false };
    /// All four.
    pub const ALL: [Self; 4] = [
        Self::PLAIN,
        Self { h2: true, tls: false },
        Self { h2: false, tls: true },
        Self { h2: true, tls: true },
    ];
}

impl fmt::Display for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.h2 { "HTTP/2" } else { "HTTP/1.1" })?;
        f.write_str(if self.tls { " TLS" } else { "" })
    }
}
