//! Signals of the process, noted by a flag and looked at by the main thread.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// Signals that ask the program to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Ctrl-C outside the dashboard.
    Interrupt,
    /// A polite `kill`.
    Terminate,
    /// The terminal has gone.
    HangUp,
}

impl Signal {
    /// The exit status that shells expect of a program ended by this signal: 128 + its number.
    pub fn exit_status(self) -> u8 {
        match self {
            Self::Interrupt => 130,
            Self::Terminate => 143,
            Self::HangUp => 129,
        }
    }
}

/// Flags that the signal handlers raise; nothing else happens in a handler.
#[derive(Debug)]
pub struct Signals {
    flags: Vec<(Signal, Arc<AtomicBool>)>,
}

impl Signals {
    /// Takes over SIGINT, SIGTERM and, on Unix, SIGHUP.
    ///
    /// # Errors
    /// The system refuses a handler.
    pub fn install() -> io::Result<Self> {
        let mut numbers = vec![(Signal::Interrupt, SIGINT), (Signal::Terminate, SIGTERM)];
        #[cfg(unix)]
        numbers.push((Signal::HangUp, signal_hook::consts::SIGHUP));
        let mut flags = Vec::new();
        for (signal, number) in numbers.drain(..) {
            let raised = Arc::new(AtomicBool::new(false));
            flag::register(number, Arc::clone(&raised))?;
            flags.push((signal, raised));
        }
        Ok(Self { flags })
    }

    /// No signals at all: for tests and examples.
    pub fn none() -> Self {
        Self { flags: Vec::new() }
    }

    /// A signal that came since the last call.
    pub fn take(&self) -> Option<Signal> {
        self.flags
            .iter()
            .find(|(_, raised)| raised.swap(false, Ordering::Relaxed))
            .map(|(signal, _)| *signal)
    }
}
