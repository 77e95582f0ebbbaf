//! A real terminal that goes away: whatever is open then, the program notices, saves and ends.
#![cfg(target_os = "linux")]
// Helpers of a test are tests too.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// A terminal of 80 by 24, and the program in it, in a session of its own.
struct Screen {
    master: File,
    child: Child,
}

impl Screen {
    fn open(folder: &Path, arguments: &[&str]) -> Option<Self> {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).ok()?;
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let size = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&master, size).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        let slave = OpenOptions::new().read(true).write(true).open(name).unwrap();
        let side = || slave.try_clone().unwrap();
        let spawned = Command::new("setsid")
            .args(["-c", env!("CARGO_BIN_EXE_tui")])
            .args(arguments)
            .current_dir(folder)
            .env("TERM", "xterm-256color")
            .stdin(side())
            .stdout(side())
            .stderr(side())
            .spawn();
        let child = spawned.ok()?;
        Some(Self { master: File::from(master), child })
    }

    /// Reads what is drawn until `words` come, without which nothing goes on.
    fn wait_for(&mut self, words: &str) {
        let (mut all, mut block) = (Vec::new(), [0; 4096]);
        let begun = Instant::now();
        while !String::from_utf8_lossy(&all).contains(words) {
            let text = || String::from_utf8_lossy(&all).into_owned();
            assert!(begun.elapsed() < Duration::from_secs(60), "no {words:?} in {}", text());
            let read = self.master.read(&mut block).unwrap_or(0);
            assert!(read > 0, "no {words:?} in {}", text());
            all.extend_from_slice(&block[..read]);
        }
    }

    fn press(&mut self, keys: &str) {
        self.master.write_all(keys.as_bytes()).unwrap();
        thread::sleep(Duration::from_millis(300));
    }

    /// Takes the terminal away; the status with which the program ends.
    #[track_caller]
    fn vanish(self) -> Option<i32> {
        let Self { master, mut child } = self;
        drop(master);
        let begun = Instant::now();
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                return status.code();
            }
            if begun.elapsed() > Duration::from_secs(20) {
                child.kill().unwrap();
                panic!("the program goes on without its terminal");
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}

const TRAIN: [&str; 9] = [
    "--threads",
    "1",
    "--data",
    "copy:3",
    "--set",
    "hidden=8",
    "--set",
    "embedding=8",
    "--run-dir",
];

#[test]
fn a_terminal_that_vanishes_leaves_a_saved_run_and_no_process() {
    // The key pressed before, and what is on screen then.
    for (mode, key) in [("training", ""), ("paused", " "), ("question", "q"), ("translating", "t")]
    {
        let folder = tempfile::tempdir().unwrap();
        let more = [mode, "--epochs", "1000000"];
        let Some(mut screen) = Screen::open(folder.path(), &[&TRAIN[..], &more].concat()) else {
            let _ = writeln!(std::io::stderr(), "SKIPPED: no pseudo-terminal, or no setsid, here");
            return;
        };
        screen.wait_for("training");
        screen.wait_for("tok/s");
        screen.press(key);
        assert_eq!(screen.vanish(), Some(129), "{mode}");
        let events =
            std::fs::read_to_string(folder.path().join(mode).join("events.jsonl")).unwrap();
        let last = events.lines().last().unwrap();
        assert!(last.contains(r#""event":"end""#), "{mode}: {last}");
    }
}

#[test]
fn a_terminal_that_vanishes_ends_what_only_looks() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let Some(mut screen) =
        Screen::open(folder, &[&TRAIN[..], &["run", "--max-steps", "5"]].concat())
    else {
        let _ = writeln!(std::io::stderr(), "SKIPPED: no pseudo-terminal, or no setsid, here");
        return;
    };
    screen.wait_for("finished");
    screen.vanish();
    let mut screen = Screen::open(folder, &["watch", "run"]).unwrap();
    screen.wait_for("finished");
    screen.vanish();
}
