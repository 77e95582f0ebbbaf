//! A real terminal that goes away, takes nothing, answers nothing, or was used by others meanwhile:
//! the program notices, and saves and ends, or goes on.
#![cfg(target_os = "linux")]
// Helpers of a test are tests too.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use common::small;
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// A terminal of 80 by 24, and the program in it, in a session of its own.
struct Screen {
    master: File,
    /// Drawn, and waited for by nobody yet.
    unread: Vec<u8>,
    child: Child,
}

impl Screen {
    fn open(folder: &Path, arguments: &[&str]) -> Option<Self> {
        Self::named("xterm-256color", folder, arguments)
    }

    /// With that in `TERM`.
    fn named(term: &str, folder: &Path, arguments: &[&str]) -> Option<Self> {
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
            .env("TERM", term)
            .stdin(side())
            .stdout(side())
            .stderr(side())
            .spawn();
        let child = spawned.ok()?;
        Some(Self { master: File::from(master), unread: Vec::new(), child })
    }

    /// [`Self::wait_for`] of words that may change in pieces: Ctrl-L, again and again, draws them
    /// whole.
    #[track_caller]
    fn wait_for_drawn(&mut self, words: &str) -> String {
        self.read_until(words, Some(Duration::from_millis(500)))
    }

    /// Reads what is drawn until `words` come, without which nothing goes on.
    #[track_caller]
    fn wait_for(&mut self, words: &str) -> String {
        self.read_until(words, None)
    }

    /// With Ctrl-L so often.
    #[track_caller]
    fn read_until(&mut self, words: &str, redraw: Option<Duration>) -> String {
        let mut block = [0; 4096];
        let begun = Instant::now();
        let mut redrawn = begun;
        loop {
            let text = String::from_utf8_lossy(&self.unread).into_owned();
            if let Some(at) = text.find(words) {
                // What came with them is for the next who waits.
                self.unread = text[at + words.len()..].into();
                return text;
            }
            let read = match begun.elapsed() < Duration::from_secs(60) {
                true => self.master.read(&mut block).unwrap_or(0),
                false => 0,
            };
            // Its end is enough to see what happened.
            let end =
                || String::from_utf8_lossy(&self.unread[self.unread.len().saturating_sub(2000)..]);
            assert!(read > 0, "no {words:?} in {}", end());
            self.unread.extend_from_slice(&block[..read]);
            if redraw.is_some_and(|every| redrawn.elapsed() > every) {
                self.master.write_all(b"\x0c").unwrap();
                redrawn = Instant::now();
            }
        }
    }

    /// Presses keys, then Ctrl-L until `words` are on the screen, which may not change by itself.
    #[track_caller]
    fn press_until(&mut self, keys: &str, words: &str) {
        let mut block = [0; 65_536];
        self.press(keys);
        for _ in 0..100 {
            self.press("\u{c}");
            let read = self.master.read(&mut block).unwrap_or(0);
            self.unread.extend_from_slice(&block[..read]);
            if String::from_utf8_lossy(&self.unread).contains(words) {
                self.unread.clear();
                return;
            }
        }
        panic!("no {words:?} after {keys:?} in {}", String::from_utf8_lossy(&block));
    }

    fn press(&mut self, keys: &str) {
        self.master.write_all(keys.as_bytes()).unwrap();
        thread::sleep(Duration::from_millis(300));
    }

    fn send(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Takes the terminal away; the status with which the program ends.
    #[track_caller]
    fn vanish(self) -> Option<i32> {
        let Self { master, child, .. } = self;
        drop(master);
        end(child)
    }
}

/// The status of a program that has a reason to end.
#[track_caller]
fn end(mut child: Child) -> Option<i32> {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        if begun.elapsed() > Duration::from_secs(20) {
            child.kill().unwrap();
            panic!("the program goes on");
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// Says that there is no terminal to try it with.
fn skip() {
    let _ = writeln!(std::io::stderr(), "SKIPPED: no pseudo-terminal, or no setsid, here");
}

#[test]
fn a_terminal_that_vanishes_leaves_a_saved_run_and_no_process() {
    // The key pressed before, and what is on screen then.
    for (mode, key) in [("training", ""), ("paused", " "), ("question", "q"), ("translating", "t")]
    {
        let folder = tempfile::tempdir().unwrap();
        let more = ["--run-dir", mode, "--epochs", "1000000"];
        let Some(mut screen) = Screen::open(folder.path(), &small(&more)) else {
            return skip();
        };
        screen.wait_for("training");
        screen.wait_for_drawn("tok/s");
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
    let arguments = small(&["--run-dir", "run", "--epochs", "4"]);
    let Some(mut screen) = Screen::open(folder, &arguments) else { return skip() };
    screen.wait_for_drawn("tok/s");
    let events = folder.join("run/events.jsonl");
    while !std::fs::read_to_string(&events).unwrap().contains(r#""event":"end""#) {
        thread::sleep(Duration::from_millis(20));
    }
    // Drawn as a whole: of a change only the letters that differ are.
    screen.press("\u{c}");
    screen.wait_for("finished");
    assert_eq!(screen.vanish(), Some(129));
    let mut screen = Screen::open(folder, &["watch", "run"]).unwrap();
    screen.wait_for("finished");
    assert_eq!(screen.vanish(), Some(129));
}

#[test]
fn a_finished_run_is_inspected_and_translates_while_it_is_watched() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let arguments = small(&["--run-dir", "run", "--epochs", "4"]);
    let Some(mut screen) = Screen::open(folder, &arguments) else { return skip() };
    screen.press_until("", "finished");
    // In the process that trained it, and then in another one.
    for _ in 0..2 {
        screen.press_until("5", "most probable words");
        screen.press_until("u", "attention uniform");
        screen.press_until("6", "mean of units");
        screen.press_until("c", "= 1 in encoder.rnn.l0");
        screen.press("7");
        screen.press("t");
        screen.press_until("a b\r", "you");
        assert_eq!(screen.vanish(), Some(129));
        screen = Screen::open(folder, &["watch", "run"]).unwrap();
        screen.press_until("", "finished");
    }
    assert_eq!(screen.vanish(), Some(129));
}

#[test]
fn plain_lines_end_with_their_terminal_too() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = small(&["--run-dir", "run", "--headless", "--epochs", "1000000"]);
    let Some(mut screen) = Screen::open(folder.path(), &arguments) else { return skip() };
    screen.wait_for("tokens/s");
    assert_eq!(screen.vanish(), Some(129));
    assert!(folder.path().join("run/last.ckpt").exists());
}

#[test]
fn a_terminal_without_a_name_gets_plain_lines() {
    for term in ["", "dumb", "unknown"] {
        let folder = tempfile::tempdir().unwrap();
        let arguments = small(&["--run-dir", "run", "--max-steps", "5"]);
        let Some(mut screen) = Screen::named(term, folder.path(), &arguments) else {
            return skip();
        };
        let said = screen.wait_for("5 steps");
        assert!(!said.contains('\u{1b}'), "TERM={term}: {said:?}");
        assert_eq!(end(screen.child), Some(0), "TERM={term}");
    }
}

#[test]
fn a_terminal_that_takes_nothing_holds_up_no_signal() {
    for more in [&[][..], &["--headless"]] {
        let folder = tempfile::tempdir().unwrap();
        let arguments = [&small(&["--run-dir", "run", "--epochs", "1000000"])[..], more].concat();
        let Some(screen) = Screen::open(folder.path(), &arguments) else { return skip() };
        // Nobody reads: what is drawn fills the terminal's buffer before long.
        thread::sleep(Duration::from_secs(3));
        screen.send(Signal::TERM);
        let Screen { master, child, .. } = screen;
        assert_eq!(end(child), Some(143), "{more:?}");
        drop(master);
        assert!(folder.path().join("run/last.ckpt").exists(), "{more:?}");
    }
}

#[test]
fn the_dashboard_is_drawn_anew_without_asking_the_terminal_and_after_a_stop() {
    // What does not change is drawn with the whole picture only.
    const NEVER_DRAWN_TWICE: &str = "phrasebook";
    const CLEARED: &str = "\u{1b}[2J";
    const ALTERNATE_SCREEN: &str = "\u{1b}[?1049h";
    let folder = tempfile::tempdir().unwrap();
    let arguments = small(&["--run-dir", "run", "--epochs", "1000000"]);
    let Some(mut screen) = Screen::open(folder.path(), &arguments) else { return skip() };
    screen.wait_for("training");
    // Ctrl-L and Ctrl-Z; as the leader of its session the program cannot be stopped by the latter.
    for key in ["\u{c}", "\u{1a}"] {
        screen.press(key);
        screen.wait_for(CLEARED);
        screen.wait_for(NEVER_DRAWN_TWICE);
    }
    // Stopped by somebody else, who had the terminal meanwhile.
    screen.send(Signal::STOP);
    screen.send(Signal::CONT);
    screen.wait_for(ALTERNATE_SCREEN);
    screen.wait_for(NEVER_DRAWN_TWICE);
    assert!(screen.child.try_wait().unwrap().is_none());
    assert_eq!(screen.vanish(), Some(129));
}

/// The sequences with which the dashboard takes the mouse and leaves it.
const TAKES_MOUSE: &str = "\u{1b}[?1000h\u{1b}[?1002h\u{1b}[?1006h";
const LEAVES_MOUSE: &str = "\u{1b}[?1006l\u{1b}[?1002l\u{1b}[?1000l";

/// The bytes of a button pressed and let go at a cell, counted from 1.
fn click(column: u16, row: u16) -> String {
    format!("\u{1b}[<0;{column};{row}M\u{1b}[<0;{column};{row}m")
}

#[test]
fn the_mouse_works_at_every_size_and_is_left_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let arguments = small(&["--run-dir", "run", "--epochs", "1000000", "--record", "a.cast"]);
    let Some(mut screen) = Screen::open(folder, &arguments) else { return skip() };
    screen.wait_for(TAKES_MOUSE);
    screen.wait_for_drawn("tok/s");
    // `8 Log` in the title row of 80 columns, then `2 Curves`, and the wheel in the plot.
    screen.press_until(&click(57, 1), "log: all entries");
    screen.press_until(&click(16, 1), "over steps");
    screen.press_until(&"\u{1b}[<64;40;12M".repeat(3), "zoom 8x");
    screen.press_until("v", "the terminal selects text with the mouse");
    for (columns, rows) in [(40, 12), (1, 1), (200, 60), (3, 2), (80, 24)] {
        let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&screen.master, size).unwrap();
        // Drawn at this size once it is in the recording.
        let resized = format!(r#""r","{columns}x{rows}""#);
        let recorded = || std::fs::read_to_string(folder.join("a.cast")).unwrap();
        for _ in 0..100 {
            screen.press(&click(columns.min(4), rows.min(3)));
            let read = screen.master.read(&mut [0; 65_536]).unwrap_or(0);
            if read == 0 || recorded().contains(&resized) {
                break;
            }
        }
    }
    screen.press_until("v", "the mouse chooses pages");
    screen.press("q");
    screen.wait_for_drawn("quit?");
    screen.press("s");
    screen.wait_for(LEAVES_MOUSE);
    screen.wait_for("\u{1b}[?1049l");
    screen.wait_for("look again  tui watch");
    assert_eq!(end(screen.child), Some(0));
    // The recording has every size, and what was drawn.
    let cast = std::fs::read_to_string(folder.join("a.cast")).unwrap();
    assert!(cast.starts_with(r#"{"version":2,"width":80,"height":24,"#), "{cast}");
    let lines: Vec<serde_json::Value> =
        cast.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for size in ["40x12", "1x1", "200x60", "80x24"] {
        let found = lines.iter().any(|line| line[1] == "r" && line[2] == size);
        assert!(found, "no {size} in the recording");
    }
    assert!(cast.contains("zoom 8x"));
    // No file is replaced, and nothing is trained before that is known.
    let refused = Command::new(env!("CARGO_BIN_EXE_tui"))
        .args(small(&["--run-dir", "run-2", "--record", "a.cast"]))
        .current_dir(folder)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("--record") && refused.status.code() == Some(1), "{said}");
    assert!(!folder.join("run-2").exists());
}

#[test]
fn the_mouse_is_left_however_the_dashboard_ends() {
    // What is pressed or sent, and the status that follows.
    let ways: [(&str, Option<Signal>, i32); 4] = [
        ("\u{3}", None, 130),
        ("qk", None, 130),
        ("", Some(Signal::TERM), 143),
        ("", Some(Signal::HUP), 129),
    ];
    for (keys, signal, status) in ways {
        let folder = tempfile::tempdir().unwrap();
        let arguments = small(&["--run-dir", "run", "--epochs", "1000000"]);
        let Some(mut screen) = Screen::open(folder.path(), &arguments) else { return skip() };
        screen.wait_for_drawn("tok/s");
        screen.press(keys);
        if let Some(signal) = signal {
            screen.send(signal);
        }
        screen.wait_for(LEAVES_MOUSE);
        assert_eq!(end(screen.child), Some(status), "{keys:?} {signal:?}");
    }
}

#[test]
fn a_run_of_the_list_is_opened_stopped_and_trained_on() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let more = ["--headless", "--epochs", "1000000", "--run-dir", "runs/a-run"];
    let mut program = Command::new(env!("CARGO_BIN_EXE_tui"));
    program.args(small(&more)).current_dir(folder).stdout(std::process::Stdio::null());
    let live = program.spawn().unwrap();
    let Some(mut screen) = Screen::open(folder, &["watch"]) else {
        let mut live = live;
        live.kill().unwrap();
        live.wait().unwrap();
        return skip();
    };
    screen.wait_for_drawn("live");
    screen.press("\r");
    screen.wait_for_drawn("(watching)");
    screen.press("0");
    screen.wait_for_drawn("runs in runs");
    screen.press("x");
    screen.wait_for_drawn("a-run: stop and save? y: yes");
    screen.press("y");
    assert_eq!(end(live), Some(143));
    screen.wait_for_drawn("stopped");
    // The program takes its own place, and trains.
    screen.press("r");
    screen.wait_for_drawn("a-run: train on in this terminal? y: yes");
    screen.press("y");
    screen.wait_for_drawn("tok/s");
    screen.press("q");
    screen.wait_for_drawn("quit?");
    screen.press("s");
    screen.wait_for("look again  tui watch");
    assert_eq!(end(screen.child), Some(0));
    let log = std::fs::read_to_string(folder.join("runs/a-run/events.jsonl")).unwrap();
    assert_eq!(log.matches(r#"{"event":"start""#).count(), 2);
}

#[test]
fn settings_change_in_training_and_after_its_end_the_run_is_trained_on() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let arguments = small(&["--run-dir", "runs/a-run", "--epochs", "100000"]);
    let Some(mut screen) = Screen::open(folder, &arguments) else { return skip() };
    screen.press_until("", "tok/s");
    // Dropout is the fourth setting; the run acknowledges.
    screen.press_until("ajjj\r", "dropout = _");
    screen.press_until("0.25\r", "dropout = 0.25 from the next step on? y: yes");
    screen.press("y");
    screen.press("\u{1b}");
    screen.press_until("8fff", "(was");
    // One epoch more than are done: the run ends by itself.
    screen.press_until("a\r", "epochs = _");
    screen.press_until("1\r", "epochs = 1 from the next step on? y: yes");
    screen.press_until("y", "is in progress; give at least");
    screen.press("\u{1b}");
    screen.press("q");
    screen.wait_for_drawn("quit?");
    screen.press("s");
    screen.wait_for("look again  tui watch");
    assert_eq!(end(screen.child), Some(0));
    // The form of a run that is over, in another process, trains it on.
    let mut screen = Screen::open(folder, &["watch", "runs/a-run"]).unwrap();
    screen.press_until("", "stopped");
    screen.press_until("ajjj\r", "dropout = _");
    screen.press_until("0.5\r", "dropout = 0.5 and train on in this terminal? y: yes");
    screen.press("y");
    screen.wait_for_drawn("tok/s");
    screen.press("q");
    screen.wait_for_drawn("quit?");
    screen.press("s");
    screen.wait_for("look again  tui watch");
    assert_eq!(end(screen.child), Some(0));
    let log = std::fs::read_to_string(folder.join("runs/a-run/events.jsonl")).unwrap();
    assert_eq!(log.matches(r#"{"event":"start""#).count(), 2);
    assert_eq!(log.matches(r#"{"event":"changed""#).count(), 1);
    assert!(log.contains(r#""changes":[{"key":"dropout","from":"0.25","to":"0.5"}]"#));
}
