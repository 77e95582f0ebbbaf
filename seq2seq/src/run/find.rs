//! Names of existing runs: a path, the start of a folder's name, or [`LATEST`].

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::RunDir;
use super::stored_run::CONFIG;
use crate::{Error, Result};

/// The folder of new runs, in the current folder.
pub const RUNS: &str = "runs";
/// The name of the run that was begun or resumed last.
pub const LATEST: &str = "latest";
/// Maximum number of folders that an error lists.
const LISTED: usize = 8;

/// Returns the run with a name, the first of:
///
/// 1. the run at this path, or at this path in the folder `runs`;
/// 2. for [`LATEST`], the run in `runs` that was begun or resumed last;
/// 3. the only run whose folder's name starts with the name, in the same two places.
///
/// # Errors
/// [`Error::RunName`] if no run, or more than one, has a name that starts so: it lists them;
/// [`Error::NotARun`] if there is something else at the path.
pub fn find_run(name: &Path, runs: &Path) -> Result<PathBuf> {
    let inside = name.is_relative().then(|| runs.join(name));
    let exact = [Some(name.to_owned()), inside.clone()].into_iter().flatten();
    if let Some(run) = exact.clone().find(|path| is_run(path)) {
        return Ok(run);
    }
    if name == Path::new(LATEST) {
        return latest_run(runs);
    }
    let mut matches: Vec<PathBuf> = exact.clone().flat_map(|path| starting_with(&path)).collect();
    matches.sort();
    matches
        .dedup_by(|a, b| a.canonicalize().ok().is_some_and(|a| b.canonicalize().ok() == Some(a)));
    if matches.len() == 1 {
        return Ok(matches.remove(0));
    }
    if matches.is_empty() {
        // What is there says best why it is no run.
        for path in exact.filter(|path| path.exists()) {
            RunDir::open(&path)?;
        }
    }
    Err(unclear(name, runs, &matches))
}

/// Returns the run in a folder that was begun or resumed last.
///
/// # Errors
/// [`Error::RunName`] if there is none; a folder that cannot be read.
pub fn latest_run(runs: &Path) -> Result<PathBuf> {
    let newest = runs_in(runs)?.into_iter().max_by_key(|run| (begun(run), run.clone()));
    newest.ok_or_else(|| Error::RunName {
        name: LATEST.into(),
        what: format!("there is no run in {} yet", runs.display()),
    })
}

/// Returns true if a folder holds runs and is not one itself.
pub fn is_folder_of_runs(path: &Path) -> bool {
    !is_run(path) && runs_in(path).is_ok_and(|runs| !runs.is_empty())
}

/// Returns the runs directly in a folder; none if the folder does not exist.
///
/// # Errors
/// A folder that cannot be read.
pub(super) fn runs_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut runs = folders_in(folder)?;
    runs.retain(|path| is_run(path));
    Ok(runs)
}

/// Returns the folders directly in a folder that are not hidden (a run that is being created is);
/// none if the folder does not exist.
///
/// # Errors
/// A folder that cannot be read.
pub(super) fn folders_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let io = || Error::io("read", folder);
    let shown = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let entries = match fs::read_dir(shown) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(io())?,
    };
    let mut folders = Vec::new();
    for entry in entries {
        let name = entry.map_err(io())?.file_name();
        let path = folder.join(&name);
        if !name.as_encoded_bytes().starts_with(b".") && path.is_dir() {
            folders.push(path);
        }
    }
    Ok(folders)
}

/// Returns the time at which a run was begun or last resumed: that of its settings.
pub(super) fn begun(run: &Path) -> Option<SystemTime> {
    fs::metadata(run.join(CONFIG)).and_then(|config| config.modified()).ok()
}

fn is_run(path: &Path) -> bool {
    path.join(CONFIG).is_file()
}

/// Returns the runs whose path starts with the given one, beside it.
fn starting_with(path: &Path) -> Vec<PathBuf> {
    let Some(start) = path.file_name() else { return Vec::new() };
    let parent = path.parent().unwrap_or(Path::new(""));
    // A folder that cannot be read holds no run that could be opened.
    let mut runs = runs_in(parent).unwrap_or_default();
    runs.retain(|run| {
        run.file_name()
            .is_some_and(|name| name.as_encoded_bytes().starts_with(start.as_encoded_bytes()))
    });
    runs
}

/// Returns the error for a name that is not the start of exactly one run's.
fn unclear(name: &Path, runs: &Path, matches: &[PathBuf]) -> Error {
    let list = |paths: &[PathBuf]| {
        let mut names: Vec<String> =
            paths.iter().take(LISTED).map(|path| path.display().to_string()).collect();
        if paths.len() > LISTED {
            names.push(format!("and {} more", paths.len() - LISTED));
        }
        names.join(", ")
    };
    if !matches.is_empty() {
        let what = format!("{} runs have a name that starts so: {}", matches.len(), list(matches));
        return Error::RunName { name: name.into(), what };
    }
    let text = name.to_string_lossy();
    let mut similar = runs_in(runs).unwrap_or_default();
    similar.retain(|run| run.file_name().is_some_and(|n| n.to_string_lossy().contains(&*text)));
    similar.sort();
    if similar.is_empty() {
        return Error::NoRun { path: name.into() };
    }
    let what =
        format!("no run has a name that starts so, but these contain it: {}", list(&similar));
    Error::RunName { name: name.into(), what }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Creates folders with the settings of a run, each begun a second after the one before.
    fn runs(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (i, name) in (1..).zip(names) {
            let run = folder.path().join(name);
            fs::create_dir_all(&run).unwrap();
            fs::write(run.join(CONFIG), "{}").unwrap();
            let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000 + i);
            fs::File::options()
                .write(true)
                .open(run.join(CONFIG))
                .unwrap()
                .set_modified(time)
                .unwrap();
        }
        folder
    }

    #[test]
    fn a_run_is_found_by_path_start_and_time() {
        let folder = runs(&["20260102-a", "20260101-b", "20260101-b-2", ".hidden"]);
        let root = folder.path();
        fs::create_dir(root.join("20260103-no-run")).unwrap();
        let find = |name: &str| find_run(Path::new(name), root);
        let whole = root.join("20260101-b");
        for name in ["20260101-b", whole.to_str().unwrap()] {
            assert_eq!(find(name).unwrap(), whole, "{name}");
        }
        assert_eq!(find("20260102").unwrap(), root.join("20260102-a"));
        let start = root.join("20260102");
        assert_eq!(find(start.to_str().unwrap()).unwrap(), root.join("20260102-a"));
        assert_eq!(find("latest").unwrap(), root.join("20260101-b-2"));
        assert!(is_folder_of_runs(root) && !is_folder_of_runs(&whole));
    }

    #[test]
    fn a_name_that_is_not_clear_lists_what_there_is() {
        let folder = runs(&["20260101-a", "20260101-b", "20260102-b"]);
        let root = folder.path();
        let said = |name: &str| find_run(Path::new(name), root).unwrap_err().to_string();
        let error = said("20260101");
        assert!(error.contains("'20260101': 2 runs have a name that starts so: "), "{error}");
        assert!(error.contains("20260101-a, ") && error.ends_with("20260101-b"), "{error}");
        let error = said("02-b");
        assert!(error.contains("these contain it: ") && error.ends_with("20260102-b"), "{error}");
        let error = said("absent");
        assert!(error.starts_with("there is no run at absent"), "{error}");
        fs::create_dir(root.join("empty")).unwrap();
        let error = said("empty");
        assert!(error.contains("is not a run: it holds no config.json"), "{error}");
        let none = root.join("none");
        let error = find_run(Path::new(LATEST), &none).unwrap_err().to_string();
        assert!(error.contains("'latest': there is no run in "), "{error}");
    }

    #[test]
    fn a_run_with_the_name_latest_is_itself() {
        let folder = runs(&["latest", "later"]);
        assert_eq!(latest_run(folder.path()).unwrap(), folder.path().join("later"));
        let found = find_run(Path::new(LATEST), folder.path()).unwrap();
        assert_eq!(found, folder.path().join("latest"));
    }

    #[test]
    fn many_matches_are_counted() {
        let names: Vec<String> = (0..12).map(|i| format!("a{i}")).collect();
        let folder = runs(&names.iter().map(String::as_str).collect::<Vec<_>>());
        let error = find_run(Path::new("a"), folder.path()).unwrap_err().to_string();
        assert!(error.contains("12 runs") && error.ends_with("and 4 more"), "{error}");
    }
}
