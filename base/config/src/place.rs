//! Where a server is, as people write it into settings.

/// The host and the port of `host:port`, such as `10.0.0.7:9042` or `[::1]:9042`; `None` for what is not of that form. A host has no
/// scheme and no path; the port is not 0.
pub fn host_and_port(place: &str) -> Option<(&str, u16)> {
    let (host, port) = place.rsplit_once(':')?;
    let plain = !host.is_empty() && !host.contains(|c: char| c == '/' || c.is_whitespace());
    let port = port.parse().ok().filter(|port| *port > 0)?;
    plain.then_some((host, port))
}

#[cfg(test)]
mod tests {
    use super::host_and_port;

    #[test]
    fn a_place_has_a_host_and_a_port_and_nothing_else() {
        assert_eq!(host_and_port("db-1.internal:9042"), Some(("db-1.internal", 9042)));
        assert_eq!(host_and_port("[::1]:1"), Some(("[::1]", 1)));
        for wrong in
            ["", "db-1", ":9042", "db-1:", "db-1:0", "db-1:65536", "http://db-1:9042", "a b:1"]
        {
            assert_eq!(host_and_port(wrong), None, "{wrong}");
        }
    }
}
