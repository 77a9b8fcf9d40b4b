//! How much room is left where a SQLite database lives (RF4). It frees nothing and stops nothing.

use std::io;
use std::path::Path;

use super::DatabaseUrl;

/// Below this many bytes a database may fail with its next write, whatever the settings say.
const OUT_BYTES: u64 = 100 << 20;

/// Room on the file system of the database, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiskRoom {
    /// What this user may still write.
    pub free: u64,
    /// The size of the file system.
    pub total: u64,
}

/// Free space below which the disk is low; either mark counts, and 0 turns a mark off (RF4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LowMarks {
    /// In bytes; default 512 MiB.
    pub bytes: u64,
    /// In per cent of the file system; default 5.
    pub percent: u64,
}

/// How a disk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskState {
    /// Room enough.
    Well,
    /// Below a mark: somebody should make room.
    Low,
    /// Below 100 MiB while a mark is set: the next write may fail.
    Out,
}

impl LowMarks {
    /// Marks of so many MB and so many per cent.
    #[must_use]
    pub fn new(mb: u32, percent: u32) -> Self {
        Self { bytes: u64::from(mb) << 20, percent: u64::from(percent) }
    }
}

impl DiskRoom {
    /// How a disk with this room is.
    #[must_use]
    pub fn state(self, marks: LowMarks) -> DiskState {
        let is_watched = marks.bytes > 0 || marks.percent > 0;
        let is_low = self.free < marks.bytes || self.free < self.total / 100 * marks.percent;
        match (is_low, is_watched && self.free < OUT_BYTES) {
            (_, true) => DiskState::Out,
            (true, false) => DiskState::Low,
            (false, false) => DiskState::Well,
        }
    }
}

/// The room of a database; `None` when it is on another machine (PostgreSQL).
///
/// # Errors
/// What the machine said when asked about the folder of the file.
pub fn room(url: &DatabaseUrl) -> io::Result<Option<DiskRoom>> {
    let DatabaseUrl::Sqlite(path) = url else {
        return Ok(None);
    };
    let folder = match Path::new(path).parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    };
    let space = rustix::fs::statvfs(folder)?;
    let bytes = |blocks: u64| blocks.saturating_mul(space.f_frsize);
    Ok(Some(DiskRoom { free: bytes(space.f_bavail), total: bytes(space.f_blocks) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(free_mib: u64, total_mib: u64, marks: LowMarks) -> DiskState {
        DiskRoom { free: free_mib << 20, total: total_mib << 20 }.state(marks)
    }

    #[test]
    fn rf4_low_is_below_5_percent_or_512_mb() {
        assert_eq!(state(600, 10_000, LowMarks::new(512, 5)), DiskState::Well);
        assert_eq!(state(511, 10_000, LowMarks::new(512, 5)), DiskState::Low);
        assert_eq!(state(900, 20_000, LowMarks::new(512, 5)), DiskState::Low);
        assert_eq!(state(99, 1_000, LowMarks::new(512, 5)), DiskState::Out);
    }

    #[test]
    fn a_mark_of_0_looks_at_nothing() {
        assert_eq!(state(1, 20_000, LowMarks::new(0, 0)), DiskState::Well);
        assert_eq!(state(200, 20_000, LowMarks::new(0, 5)), DiskState::Low);
        assert_eq!(state(200, 20_000, LowMarks::new(100, 0)), DiskState::Well);
    }
}
