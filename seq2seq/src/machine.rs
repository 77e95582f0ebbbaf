//! What this machine has.

use std::sync::OnceLock;

use sysinfo::System;

/// Bytes of memory that this process may have in all: the machine's, or less where a control group
/// or the limit of its address space (`ulimit -v`) leaves it less. `None` where that is not known.
pub(crate) fn memory() -> Option<u64> {
    static MEMORY: OnceLock<Option<u64>> = OnceLock::new();
    *MEMORY.get_or_init(|| {
        let mut system = System::new();
        system.refresh_memory();
        let group = system.cgroup_limits().map(|limits| limits.total_memory);
        let all = [Some(system.total_memory()), group, address_space()];
        all.into_iter().flatten().filter(|&bytes| bytes > 0).min()
    })
}

#[cfg(unix)]
fn address_space() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::As).current
}

#[cfg(not(unix))]
fn address_space() -> Option<u64> {
    None
}

/// A number of bytes for people.
pub(crate) fn bytes(count: f64) -> String {
    match count {
        x if x < 1e9 => format!("{:.0} MB", (x / 1e6).max(1.0)),
        x if x < 1e11 => format!("{:.1} GB", x / 1e9),
        x if x < 1e15 => format!("{:.0} GB", x / 1e9),
        x => format!("{:.1e} GB", x / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_for_people() {
        for (count, text) in [
            (1.0, "1 MB"),
            (25e6, "25 MB"),
            (2.34e9, "2.3 GB"),
            (1.4e11, "140 GB"),
            (1e20, "1.0e11 GB"),
        ] {
            assert_eq!(bytes(count), text);
        }
        assert!(memory().is_none_or(|bytes| bytes > 1 << 20));
    }
}
