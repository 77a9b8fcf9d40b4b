//! The machine, as the system tells of it: what it is, how busy it is, and what a process takes of it.

use std::collections::BTreeMap;
use std::fs::read_to_string;
use std::process::Command;

use super::Failure;

/// What the figures depend on, as lines of a list.
pub fn description() -> Result<Vec<String>, Failure> {
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_once(':'))
            .map(|(_, value)| value.trim().to_owned())
            .unwrap_or_default()
    };
    let memory = field(&read_to_string("/proc/meminfo")?, "MemTotal");
    let cores = std::thread::available_parallelism()?;
    let temporary = std::env::temp_dir().display().to_string();
    Ok(vec![
        format!("processor: {}, {cores} cores", field(&read_to_string("/proc/cpuinfo")?, "model name")),
        format!("memory: {memory}"),
        format!("system: Linux {}", read_to_string("/proc/sys/kernel/osrelease")?.trim()),
        format!("file system of the databases: {}", said("stat", &["-f", "-c", "%T", &temporary])),
        format!("load before the run (1, 5, 15 minutes): {}", load()?),
        format!("revision: {}", said("git", &["describe", "--always", "--dirty"])),
    ])
}

/// The load averages.
pub fn load() -> Result<String, Failure> {
    let text = read_to_string("/proc/loadavg")?;
    Ok(text.split_whitespace().take(3).collect::<Vec<_>>().join(", "))
}

fn said(program: &str, arguments: &[&str]) -> String {
    let done = Command::new(program).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output();
    done.map(|done| String::from_utf8_lossy(&done.stdout).trim().to_owned()).unwrap_or_default()
}

/// Processor time of the threads of a process by their names, in seconds.
pub fn cpu_by_thread(process: u32) -> Result<BTreeMap<String, f64>, Failure> {
    let mut times = BTreeMap::new();
    for thread in std::fs::read_dir(format!("/proc/{process}/task"))? {
        let folder = thread?.path();
        // A thread may end while we look.
        let (Ok(name), Ok(times_of)) =
            (read_to_string(folder.join("comm")), read_to_string(folder.join("schedstat")))
        else {
            continue;
        };
        let nanos: f64 = times_of.split_whitespace().next().unwrap_or("0").parse()?;
        *times.entry(name.trim().to_owned()).or_default() += nanos / 1e9;
    }
    Ok(times)
}

/// The most memory a process has had in use, in MB.
pub fn memory_peak_mb(process: u32) -> Result<f64, Failure> {
    let status = read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find(|line| line.starts_with("VmHWM")).ok_or("no VmHWM")?;
    let kib: f64 = line.split_whitespace().nth(1).ok_or("no VmHWM")?.parse()?;
    Ok(kib * 1024.0 / 1e6)
}
