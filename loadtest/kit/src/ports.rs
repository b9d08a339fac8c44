//! Ports for a fleet: the same ones as last time where they are free; a busy one is named with who holds it.

use std::{
    collections::BTreeMap,
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    ops::Range,
};

use anyhow::bail;

/// Below where the kernel takes the local ports of outgoing connections from: while a process of ours is down, nobody's connection
/// may sit on its port.
const RANGE: Range<u16> = 21_000..32_000;

/// Which port each listener of a fleet has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ports {
    taken: BTreeMap<String, u16>,
    /// What to tell about ports that were busy.
    remarks: Vec<String>,
}

impl Ports {
    /// Starts from the ports of an earlier run, or from those that are wished for.
    pub fn remembered(wished: BTreeMap<String, u16>) -> Self {
        Self { taken: wished, remarks: Vec::new() }
    }

    /// The address of a listener: the remembered port if it is free, another one otherwise.
    ///
    /// Errors: no free port anywhere.
    pub fn claim(&mut self, listener: &str) -> anyhow::Result<SocketAddr> {
        let wished = self.taken.get(listener).copied();
        if let Some(port) = wished
            && is_free(port)
        {
            return Ok(local(port));
        }
        let port = self.another()?;
        if let Some(busy) = wished {
            let who = holder(busy).unwrap_or_else(|| "somebody whom we may not see".to_owned());
            self.remarks.push(format!(
                "port {busy} for {listener} is held by {who}; {port} is used instead"
            ));
        }
        self.taken.insert(listener.to_owned(), port);
        Ok(local(port))
    }

    /// What there is to tell, once.
    pub fn take_remarks(&mut self) -> Vec<String> {
        std::mem::take(&mut self.remarks)
    }

    /// By listener, to remember.
    pub fn by_listener(&self) -> &BTreeMap<String, u16> {
        &self.taken
    }

    fn another(&self) -> anyhow::Result<u16> {
        // Two fleets that start together begin to look at different places.
        let span = RANGE.end - RANGE.start;
        let begin = rand::random_range(0..span);
        for offset in 0..span {
            let port = RANGE.start + (begin + offset) % span;
            if !self.taken.values().any(|taken| *taken == port) && is_free(port) {
                return Ok(port);
            }
        }
        bail!("no port from {} to {} is free", RANGE.start, RANGE.end)
    }
}

fn local(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

fn is_free(port: u16) -> bool {
    // Also not where another program listens on all addresses.
    TcpListener::bind(local(port)).is_ok() && listening_inode(port).is_none()
}

/// Who listens on a port of this machine: `redis-server (pid 4711)`.
pub fn holder(port: u16) -> Option<String> {
    let inode = listening_inode(port)?;
    let socket = format!("socket:[{inode}]");
    for process in fs::read_dir("/proc").ok()?.flatten() {
        let Ok(pid) = process.file_name().to_string_lossy().parse::<u32>() else { continue };
        let Ok(files) = fs::read_dir(process.path().join("fd")) else { continue };
        let holds = |file: fs::DirEntry| {
            fs::read_link(file.path()).is_ok_and(|link| link.to_string_lossy() == socket)
        };
        if files.flatten().any(holds) {
            let name = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            return Some(format!("{} (pid {pid})", name.trim()));
        }
    }
    None
}

/// The inode of the socket that listens on a port, over IPv4 or IPv6.
fn listening_inode(port: u16) -> Option<u64> {
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        let Ok(text) = fs::read_to_string(table) else { continue };
        if let Some(inode) = text.lines().skip(1).find_map(|line| listener_in(line, port)) {
            return Some(inode);
        }
    }
    None
}

/// The inode in a line of `/proc/net/tcp`, if it is about a listener on `port`.
fn listener_in(line: &str, port: u16) -> Option<u64> {
    const LISTENS: &str = "0A";
    let fields: Vec<&str> = line.split_whitespace().collect();
    let (_, hex) = fields.get(1)?.rsplit_once(':')?;
    let found = u16::from_str_radix(hex, 16).ok()?;
    if found == port && *fields.get(3)? == LISTENS { fields.get(9)?.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, net::TcpListener};

    use super::{Ports, holder, listener_in};

    #[test]
    fn a_busy_port_is_named_with_its_holder_and_another_one_is_taken() {
        let busy = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = busy.local_addr().unwrap().port();
        let mut ports = Ports::remembered(BTreeMap::from([("router".into(), port)]));
        let found = ports.claim("router").unwrap().port();
        assert_ne!(found, port);
        let remark = ports.take_remarks().remove(0);
        assert!(remark.contains(&format!("(pid {})", std::process::id())), "{remark}");
        assert!(holder(port).unwrap().contains(&std::process::id().to_string()));
        assert_eq!(ports.claim("router").unwrap().port(), found, "remembered from now on");
    }

    #[test]
    fn no_two_listeners_get_one_port() {
        let mut ports = Ports::default();
        let claimed: std::collections::BTreeSet<u16> =
            (0..20).map(|n| ports.claim(&format!("l{n}")).unwrap().port()).collect();
        assert_eq!(claimed.len(), 20);
    }

    #[test]
    fn the_kernel_table_is_read() {
        let line = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4242 1 0 100 0 0 10 0";
        assert_eq!(listener_in(line, 8080), Some(4242));
        assert_eq!(listener_in(line, 8081), None);
        assert_eq!(
            listener_in(&line.replace(" 0A ", " 01 "), 8080),
            None,
            "a connection is no listener"
        );
    }
}
