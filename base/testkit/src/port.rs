//! Ports that nobody uses.

use std::{
    io,
    net::{Ipv4Addr, TcpListener},
};

/// A port of this machine that was free a moment ago. Only for a program that cannot bind port 0 itself: between this call and its
/// own bind somebody else may take the port.
pub fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
