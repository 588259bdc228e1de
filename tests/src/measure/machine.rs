//! Where something was measured: figures mean nothing without it.

use std::fmt;
use std::path::Path;

/// A machine, at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// As the processor calls itself.
    pub processor: String,
    /// How many of its cores this process may use.
    pub cores: usize,
    /// The kernel's release.
    pub kernel: String,
    /// Processes that wanted to run, on average of the last minute: above 0
    /// before anything starts, somebody else is busy.
    pub load: String,
}

impl Machine {
    /// This one. What it doesn't tell is called unknown.
    #[must_use]
    pub fn this() -> Self {
        let read = |path: &str| std::fs::read_to_string(Path::new("/proc").join(path)).ok();
        let unknown = || "unknown".to_owned();
        let first_word = |text: String| text.split_whitespace().next().map(str::to_owned);
        Self {
            processor: read("cpuinfo")
                .and_then(|text| model(&text))
                .unwrap_or_else(unknown),
            cores: std::thread::available_parallelism().map_or(1, Into::into),
            kernel: read("sys/kernel/osrelease")
                .and_then(first_word)
                .unwrap_or_else(unknown),
            load: read("loadavg").and_then(first_word).unwrap_or_else(unknown),
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            processor,
            cores,
            kernel,
            load,
        } = self;
        write!(
            formatter,
            "{processor}, {cores} cores, Linux {kernel}, load {load}"
        )
    }
}

/// The first processor's name in `/proc/cpuinfo`; not every architecture has it.
fn model(cpuinfo: &str) -> Option<String> {
    let fields = cpuinfo.lines().filter_map(|line| line.split_once(':'));
    let mut names = fields.filter(|(name, _)| name.trim() == "model name");
    names.next().map(|(_, value)| value.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processors_name_is_found() {
        let text = "processor\t: 0\nmodel\t\t: 106\nmodel name\t: Xeon: the 3rd @ 2 GHz\n\n";
        assert_eq!(model(text).as_deref(), Some("Xeon: the 3rd @ 2 GHz"));
        assert_eq!(model("processor\t: 0\nBogoMIPS\t: 50.00\n"), None);
    }

    #[test]
    fn this_machine_has_a_core_and_a_kernel() {
        let machine = Machine::this();
        assert!(machine.cores > 0);
        assert_ne!(machine.kernel, "unknown");
        assert!(machine.to_string().contains(" cores, Linux "), "{machine}");
    }
}
