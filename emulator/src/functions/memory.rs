//! How much memory a process uses.

/// Its resident memory in MiB; `None` where the system has no `/proc`, and
/// for a process that is gone.
pub(super) fn resident_mib(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    parse(&status)
}

fn parse(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes / 1024)
}

#[cfg(test)]
mod tests {
    use super::{parse, resident_mib};

    #[test]
    fn a_process_status_tells_it() {
        assert_eq!(parse("Name:\tnode\nVmRSS:\t   81920 kB\n"), Some(80));
        assert_eq!(parse("Name:\tnode\nState:\tZ (zombie)\n"), None);
        assert_eq!(resident_mib(u32::MAX), None);
    }
}
