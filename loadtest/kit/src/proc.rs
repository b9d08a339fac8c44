//! What the kernel says of a process: time on the processor, memory.

use std::fs;

use anyhow::Context as _;

/// A tick is 10 ms for user space, whatever the kernel's own timer does.
const TICK_MS: u32 = 10;

/// Milliseconds on the processor so far, user and system, all threads.
///
/// Errors: there is no such process, or the kernel says it in another form.
pub fn cpu_ms(pid: u32) -> anyhow::Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The second field is the command's name in parentheses and may hold spaces; user and system time are the 14th and 15th.
    let (_, behind_name) = stat.rsplit_once(") ").context("/proc/…/stat has another form")?;
    let fields: Vec<&str> = behind_name.split(' ').collect();
    let ticks = |place: usize| fields.get(place).and_then(|field| field.parse::<u32>().ok());
    let both = ticks(11).zip(ticks(12)).context("/proc/…/stat is short")?;
    Ok(f64::from(both.0 + both.1) * f64::from(TICK_MS))
}

/// Resident memory in MB (millions of bytes).
///
/// Errors: there is no such process, or the kernel says it in another form.
pub fn resident_mb(pid: u32) -> anyhow::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .context("/proc/…/status has no VmRSS")?;
    let kib: u32 = line.trim().trim_end_matches(" kB").parse().context("VmRSS is no number")?;
    Ok(f64::from(kib) * 1024.0 / 1e6)
}

#[cfg(test)]
mod tests {
    #[test]
    fn this_process_has_used_time_and_memory() {
        let me = std::process::id();
        assert!(super::cpu_ms(me).unwrap() >= 0.0);
        assert!(super::resident_mb(me).unwrap() > 1.0);
    }
}
