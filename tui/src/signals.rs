//! Signals of the process, collected on their own thread.
//!
//! The main thread draws and prints, so a terminal or a pipe that accepts no output may block it
//! forever. The thread of [`Signals::guard`] therefore cancels the work itself, and ends the
//! process if the main thread does not do so in time.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::{flag, low_level};

use crate::trainer::{Stage, Work};
use crate::{output, ranks, terminal};

/// Time between two polls of the signals.
const LOOK: Duration = Duration::from_millis(100);
/// Time between two polls from which on the process must have been stopped in between.
const STOPPED: Duration = Duration::from_millis(800);
/// Number of polls to wait for work that is over or has not begun.
const SHORT: u32 = 20;
/// Number of polls that a run without a terminal has for its last step and its checkpoint.
const LONG: u32 = 300;
/// Number of polls after which a second signal takes effect without the main thread.
const UNHEARD: u32 = 10;
/// Time limit for restoring the terminal.
const GIVE_BACK: Duration = Duration::from_millis(300);

/// The signals that end the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Ctrl-C outside the dashboard.
    Interrupt,
    /// SIGTERM, the default of `kill`.
    Terminate,
    /// The terminal was closed or disconnected.
    HangUp,
}

impl Signal {
    /// Returns the exit status that shells expect after this signal: 128 + its number.
    pub fn exit_status(self) -> u8 {
        match self {
            Self::Interrupt => 130,
            Self::Terminate => 143,
            Self::HangUp => 129,
        }
    }
}

/// Asks another process to stop, as `kill` does.
///
/// # Errors
/// Returns an error if there is no such process, or it belongs to another user.
pub fn terminate(process: u32) -> io::Result<()> {
    #[cfg(unix)]
    {
        use rustix::process::{Pid, Signal as UnixSignal, kill_process};
        let id = i32::try_from(process).ok().and_then(Pid::from_raw);
        let id = id.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        kill_process(id, UnixSignal::TERM)?;
        Ok(())
    }
    #[cfg(not(unix))]
    {
        let _ = process;
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// The signals received so far; clones share them.
#[derive(Debug, Clone)]
pub struct Signals {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    /// Set by the handlers, which do nothing else.
    flags: Vec<(Signal, Arc<AtomicBool>)>,
    ignores_hang_up: bool,
    continued: Arc<AtomicBool>,
    /// Set by SIGCONT in a process of `mpirun`.
    woken: Arc<AtomicBool>,
    came: Mutex<Came>,
    work: OnceLock<Work>,
}

/// The signals received so far.
#[derive(Debug, Default)]
struct Came {
    waiting: VecDeque<Signal>,
    first: Option<Signal>,
    /// Number of SIGINT and SIGTERM signals: the second one ends the process without waiting. A
    /// lost terminal does not count, since service managers send SIGHUP together with SIGTERM.
    requests: u32,
    hung_up: bool,
    /// True if `mpirun` asked for the end with SIGCONT: its SIGTERM is the same request.
    by_mpirun: bool,
    /// When signals were last collected.
    collected: Option<Instant>,
}

impl Signals {
    /// Installs handlers for SIGINT, SIGTERM and, on Unix, SIGHUP. Signals that the process
    /// inherited as ignored stay ignored: `nohup` and `trap '' HUP` rely on it, and a shell's
    /// background jobs ignore SIGINT.
    ///
    /// # Errors
    /// Returns an error if the system rejects a handler.
    pub fn install() -> io::Result<Self> {
        let ignored = ignored_signals();
        let is_ignored = |number: i32| ignored & (1 << (number - 1)) != 0;
        let mut numbers = vec![(Signal::Interrupt, SIGINT), (Signal::Terminate, SIGTERM)];
        #[cfg(unix)]
        numbers.push((Signal::HangUp, signal_hook::consts::SIGHUP));
        let mut shared = Shared::default();
        #[cfg(unix)]
        flag::register(signal_hook::consts::SIGCONT, Arc::clone(&shared.continued))?;
        #[cfg(unix)]
        if !ranks::all().is_alone() {
            flag::register(signal_hook::consts::SIGCONT, Arc::clone(&shared.woken))?;
        }
        for (signal, number) in numbers {
            if is_ignored(number) {
                shared.ignores_hang_up |= signal == Signal::HangUp;
                continue;
            }
            let raised = Arc::new(AtomicBool::new(false));
            flag::register(number, Arc::clone(&raised))?;
            shared.flags.push((signal, raised));
        }
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Creates an instance without handlers, for tests and examples.
    pub fn none() -> Self {
        Self { shared: Arc::default() }
    }

    /// Starts the thread that cancels `work` on the first signal, and that ends the process if the
    /// work, or the main thread after it, takes too long to end after the cancellation.
    ///
    /// # Errors
    /// Returns an error if the thread cannot be spawned.
    pub fn guard(&self, work: Work) -> io::Result<()> {
        let shared = Arc::clone(&self.shared);
        if shared.work.set(work.clone()).is_err() {
            return Ok(());
        }
        thread::Builder::new().name("signals".to_owned()).spawn(move || {
            let mut patience = Patience::default();
            loop {
                thread::sleep(LOOK);
                shared.collect();
                let (came, stage) = (shared.came(), work.stage());
                if came.first.is_some() {
                    ranks::ask_to_end();
                }
                let look = Look {
                    stopping: came.first.is_some() || work.is_cancelled(),
                    stage,
                    hung_up: came.hung_up,
                    unheard: came.requests > 1 && !came.waiting.is_empty(),
                };
                let status = came.first.map_or(0, Signal::exit_status);
                drop(came);
                if patience.is_over(look) {
                    leave(&work, stage, status);
                }
            }
        })?;
        Ok(())
    }

    /// Returns the next signal that the main thread has not yet received.
    pub fn take(&self) -> Option<Signal> {
        self.shared.collect();
        self.shared.came().waiting.pop_front()
    }

    /// Records a signal that was detected by other means, such as a terminal found to be closed.
    pub fn raise(&self, signal: Signal) {
        self.shared.note(signal);
    }

    /// Records the signal that a key press stands for; it determines the exit status.
    pub fn set_cause(&self, signal: Signal) {
        self.shared.came().first.get_or_insert(signal);
    }

    /// Returns the first signal received.
    pub fn first(&self) -> Option<Signal> {
        self.shared.came().first
    }

    /// Returns true once Ctrl-C or SIGTERM was received a second time; nothing is waited for then.
    pub fn is_repeated(&self) -> bool {
        self.shared.came().requests > 1
    }

    /// Returns true if the process was continued after a stop (Ctrl-Z, `kill -STOP`) since the last
    /// call.
    pub fn was_continued(&self) -> bool {
        self.shared.continued.swap(false, Ordering::Relaxed)
    }

    /// Returns true if the program was started to outlive its terminal (with SIGHUP ignored).
    pub fn ignores_hang_up(&self) -> bool {
        self.shared.ignores_hang_up
    }
}

impl Shared {
    fn came(&self) -> MutexGuard<'_, Came> {
        self.came.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads and clears the flags that the handlers set.
    ///
    /// Open MPI's `mpirun` ends its processes with SIGCONT, a second later SIGTERM, and a second later
    /// SIGKILL (the seconds are its `odls_base_sigkill_timeout`). The first of them is taken as the
    /// request to end, so that there is time to save, unless the process had been stopped.
    fn collect(&self) {
        let now = Instant::now();
        let before = self.came().collected.replace(now);
        if self.woken.swap(false, Ordering::Relaxed) {
            let was_stopped = before.is_some_and(|before| now - before > STOPPED);
            if !was_stopped && !std::mem::replace(&mut self.came().by_mpirun, true) {
                self.note(Signal::Terminate);
            }
        }
        for (signal, raised) in &self.flags {
            if raised.swap(false, Ordering::Relaxed) {
                self.note(*signal);
            }
        }
        if self.came().first.is_some()
            && let Some(work) = self.work.get()
        {
            work.cancel();
        }
    }

    fn note(&self, signal: Signal) {
        let mut came = self.came();
        if signal == Signal::Terminate && came.by_mpirun && came.requests == 1 {
            return;
        }
        if signal != Signal::HangUp {
            came.requests += 1;
        } else if std::mem::replace(&mut came.hung_up, true) {
            // Detected twice: by the signal and by the state of the terminal.
            return;
        }
        came.first.get_or_insert(signal);
        came.waiting.push_back(signal);
    }
}

/// The state of the process at one poll.
#[derive(Debug, Clone, Copy)]
struct Look {
    stopping: bool,
    stage: Stage,
    hung_up: bool,
    /// A second request is waiting for the main thread.
    unheard: bool,
}

/// Counts how long the end has taken. The unit is polls rather than seconds, so that a process
/// that was stopped, or starved on a busy machine, does not time out afterwards.
#[derive(Debug, Default)]
struct Patience {
    preparing: u32,
    training: u32,
    over: u32,
    unheard: u32,
}

impl Patience {
    fn is_over(&mut self, look: Look) -> bool {
        if !look.stopping {
            return false;
        }
        self.unheard += u32::from(look.unheard);
        let ended = match look.stage {
            Stage::Preparing => (&mut self.preparing, SHORT),
            // The last step and the checkpoint have no time limit as long as a user is present
            // to send a second request.
            Stage::Training if look.hung_up => (&mut self.training, LONG),
            Stage::Training => (&mut self.training, u32::MAX),
            Stage::Over => (&mut self.over, SHORT),
        };
        let (looks, most) = ended;
        *looks = looks.saturating_add(1);
        *looks > most || self.unheard > UNHEARD
    }
}

/// Ends the process without its main thread, after restoring the terminal if it responds in time.
fn leave(work: &Work, stage: Stage, status: u8) -> ! {
    let words = match stage {
        Stage::Over => Vec::new(),
        _ => work.aborted(),
    };
    let (sender, done) = channel();
    // On a separate thread: a terminal that accepts no output would block this one, too.
    let _ = thread::Builder::new().spawn(move || {
        terminal::give_back();
        for line in words {
            output::note(&line);
        }
        let _ = sender.send(());
    });
    let _ = done.recv_timeout(GIVE_BACK);
    low_level::exit(status.into())
}

/// Returns the signals that this process inherited as ignored as a bit mask; the lowest bit is
/// signal 1.
#[cfg(target_os = "linux")]
fn ignored_signals() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

/// Returns no signals: on other systems the query needs unsafe calls, so every signal is handled.
#[cfg(not(target_os = "linux"))]
fn ignored_signals() -> u64 {
    0
}

/// Turns exceeding the user's file size limit (`ulimit -f`) into a write error: by default its
/// signal kills the program without a message.
///
/// # Errors
/// Returns an error if the system rejects the handler.
#[cfg(unix)]
pub fn report_file_limit() -> io::Result<()> {
    flag::register(signal_hook::consts::SIGXFSZ, Arc::default()).map(|_| ())
}

/// Does nothing: other systems have no such signal.
///
/// # Errors
/// None.
#[cfg(not(unix))]
pub fn report_file_limit() -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_terminal_counts_once_and_is_no_second_request() {
        let signals = Signals::none();
        signals.raise(Signal::HangUp);
        signals.raise(Signal::HangUp);
        signals.raise(Signal::Terminate);
        assert_eq!(signals.take(), Some(Signal::HangUp));
        assert!(!signals.is_repeated());
        assert_eq!((signals.take(), signals.take()), (Some(Signal::Terminate), None));
        signals.raise(Signal::Interrupt);
        assert!(signals.is_repeated());
        assert_eq!(signals.first(), Some(Signal::HangUp));
    }

    #[test]
    fn the_guard_is_patient_with_work_and_not_with_a_blocked_thread() {
        let looks = |look: Look| {
            let mut patience = Patience::default();
            (1..10_000).find(|_| patience.is_over(look))
        };
        let look = Look { stopping: true, stage: Stage::Over, hung_up: false, unheard: false };
        assert_eq!(looks(look), Some(SHORT + 1));
        assert_eq!(looks(Look { stopping: false, ..look }), None);
        assert_eq!(looks(Look { stage: Stage::Preparing, ..look }), Some(SHORT + 1));
        let training = Look { stage: Stage::Training, ..look };
        assert_eq!(looks(training), None);
        assert_eq!(looks(Look { hung_up: true, ..training }), Some(LONG + 1));
        assert_eq!(looks(Look { unheard: true, ..training }), Some(UNHEARD + 1));
    }

    #[test]
    fn a_signal_cancels_the_work() {
        let (signals, work) = (Signals::none(), Work::over());
        assert!(signals.shared.work.set(work.clone()).is_ok());
        signals.shared.collect();
        assert!(!work.is_cancelled());
        signals.raise(Signal::Terminate);
        signals.take();
        assert!(work.is_cancelled());
    }
}
