//! The terminal, taken for the dashboard and given back whole.
//!
//! Giving back is idempotent and has four doors: [`Screen`]'s drop (quit, errors), the panic hook
//! of [`install_panic_hook`], the signals that the main thread looks at (it then drops the
//! screen), and Ctrl-C and Ctrl-Z, which arrive as keys, since raw mode turns their signals off.

use std::io::{self, IsTerminal, Stdout};
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::{Frame, Terminal};

/// True while the alternate screen is ours.
static TAKEN: AtomicBool = AtomicBool::new(false);
/// True while a frame is being written.
static DRAWING: AtomicBool = AtomicBool::new(false);

/// True where both stdin and stdout are a terminal, so that a dashboard makes sense.
pub fn is_interactive() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// The terminal while the dashboard has it; dropping it gives the terminal back.
#[derive(Debug)]
pub struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
}

impl Screen {
    /// Takes the terminal: raw mode and the alternate screen.
    ///
    /// # Errors
    /// The terminal refuses; it is then as it was.
    pub fn take() -> io::Result<Self> {
        take().inspect_err(|_| give_back())?;
        match Terminal::new(CrosstermBackend::new(io::stdout())) {
            Ok(terminal) => Ok(Self { terminal }),
            Err(error) => {
                give_back();
                Err(error)
            }
        }
    }

    /// Draws one frame; nothing where a panic elsewhere already gave the terminal back.
    ///
    /// # Errors
    /// The terminal cannot be written.
    pub fn draw(&mut self, view: impl FnOnce(&mut Frame)) -> io::Result<()> {
        DRAWING.store(true, Ordering::SeqCst);
        let result = if TAKEN.load(Ordering::SeqCst) {
            self.terminal.draw(view).map(|_| ())
        } else {
            Ok(())
        };
        DRAWING.store(false, Ordering::SeqCst);
        result
    }

    /// True once a panic on another thread has given the terminal back.
    pub fn is_lost(&self) -> bool {
        !TAKEN.load(Ordering::SeqCst)
    }

    /// Forgets what is on the screen, so that the next frame is drawn whole.
    ///
    /// # Errors
    /// The terminal cannot be written.
    pub fn clear(&mut self) -> io::Result<()> {
        self.terminal.clear()
    }

    /// Gives the terminal to the shell, as Ctrl-Z does, until the shell says to go on.
    ///
    /// # Errors
    /// The terminal cannot be taken again.
    pub fn suspend(&mut self) -> io::Result<()> {
        give_back();
        stop_process_group();
        take()?;
        self.terminal.clear()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// Enters raw mode and the alternate screen.
fn take() -> io::Result<()> {
    TAKEN.store(true, Ordering::SeqCst);
    enable_raw_mode()?;
    execute!(io::stdout(), EnterAlternateScreen)
}

/// Gives the terminal back, once; further calls do nothing.
pub fn give_back() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        // Nothing better can be done about a terminal that has gone.
        let _ = execute!(io::stdout(), LeaveAlternateScreen, Show);
        let _ = disable_raw_mode();
    }
}

/// Puts a hook before the present one that gives the terminal back, so that the report of a panic
/// on any thread is readable. Call it after the hook that reports.
pub fn install_panic_hook() {
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        give_back();
        // A frame that another thread was writing may end after this; let it, for a moment. Where
        // the drawing itself panicked the wait is in vain, and short.
        for _ in 0..5 {
            if !DRAWING.load(Ordering::SeqCst) {
                break;
            }
            thread::sleep(Duration::from_millis(10));
        }
        report(info);
    }));
}

/// Stops every process of the foreground group (`cargo run` too), as the terminal's own Ctrl-Z.
#[cfg(unix)]
fn stop_process_group() {
    use rustix::process::{Signal, kill_current_process_group};
    // An orphaned group is never stopped by the system: then the dashboard just comes back.
    let _ = kill_current_process_group(Signal::TSTP);
    // The signal is delivered before the call returns to this thread or shortly after it.
    thread::sleep(Duration::from_millis(50));
}

#[cfg(not(unix))]
fn stop_process_group() {}
