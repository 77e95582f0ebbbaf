//! Names of new runs.

use std::path::{Path, PathBuf};

use time::OffsetDateTime;

/// Returns the path of a folder in `runs` that does not exist yet, named after the time (UTC) and
/// the preset: `runs/20260131-235959-phrasebook`, with `-2`, `-3`... appended if it is taken.
pub fn new_run_path(runs: &Path, preset: &str) -> PathBuf {
    path_at(runs, preset, OffsetDateTime::now_utc())
}

fn path_at(runs: &Path, preset: &str, now: OffsetDateTime) -> PathBuf {
    let (year, month, day) = now.to_calendar_date();
    let (hour, minute, second) = now.to_hms();
    let month = u8::from(month);
    // A preset may be a file path, followed by a colon and a size.
    let (preset, size) = preset.rsplit_once(':').unwrap_or((preset, ""));
    let stem = Path::new(preset).file_stem().unwrap_or_default().to_string_lossy();
    let preset = if size.is_empty() { stem.into_owned() } else { format!("{stem}-{size}") };
    let name = format!("{year:04}{month:02}{day:02}-{hour:02}{minute:02}{second:02}-{preset}");
    let mut path = runs.join(&name);
    let mut count = 1_u32;
    while path.symlink_metadata().is_ok() {
        count += 1;
        path = runs.join(format!("{name}-{count}"));
    }
    path
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn names_sort_by_time_and_are_free() {
        let runs = tempfile::tempdir().unwrap();
        let now = OffsetDateTime::from_unix_timestamp(1_772_323_199).unwrap();
        let named = |preset| path_at(runs.path(), preset, now);
        let expected = runs.path().join("20260228-235959-tf-nmt");
        assert_eq!(named("tf-nmt"), expected);
        fs::create_dir(&expected).unwrap();
        assert_eq!(named("tf-nmt"), runs.path().join("20260228-235959-tf-nmt-2"));
        fs::write(runs.path().join("20260228-235959-tf-nmt-2"), "").unwrap();
        assert_eq!(named("tf-nmt"), runs.path().join("20260228-235959-tf-nmt-3"));
        assert_eq!(named("rnnsearch:full"), runs.path().join("20260228-235959-rnnsearch-full"));
        assert_eq!(named("my/own.toml"), runs.path().join("20260228-235959-own"));
        assert!(!new_run_path(Path::new("runs"), "a").exists());
    }
}
