//! Sets up the terminal for the dashboard and restores it.
//!
//! Restoring is idempotent and happens in five cases: [`Screen`]'s drop (quit, errors), the panic
//! hook of [`install_panic_hook`], a failed allocation ([`give_back_in_need`]), signals that the
//! main thread receives (it then drops the screen), and Ctrl-C and Ctrl-Z, which arrive as keys,
//! since raw mode disables their signals.
//!
//! [`Keyboard`] reads keys and the mouse on its own thread.

use std::ffi::OsStr;
use std::io::{self, IsTerminal, Stdout};
use std::mem::ManuallyDrop;
#[cfg(unix)]
use std::os::fd::AsFd;
use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::event::{self, Event, KeyEvent, MouseEvent};
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::crossterm::{Command, execute};
use ratatui::layout::Rect;
use ratatui::{Frame, Terminal};

use crate::mouse_capture::{LEAVE_MOUSE, LeaveMouse, TakeMouse};
use crate::recording::{FrameWriter, Recorder};

/// True while this process uses the alternate screen.
static TAKEN: AtomicBool = AtomicBool::new(false);
/// True if the mouse is taken, too, while the alternate screen is used.
static MOUSE: AtomicBool = AtomicBool::new(true);
/// True while the terminal is that of another process, which has lent it.
static LENT: AtomicBool = AtomicBool::new(false);
/// True while a frame is being written.
static DRAWING: AtomicBool = AtomicBool::new(false);

/// Time between two polls of the terminal's state and size.
const LOOK: Duration = Duration::from_millis(100);
/// The wait after input that is not yet a complete key.
const PART: Duration = Duration::from_millis(10);

/// Notes whether the terminal is that of another process.
#[cfg(all(feature = "mpi", unix))]
pub(crate) fn set_lent(is_lent: bool) {
    LENT.store(is_lent, Ordering::SeqCst);
}

/// Returns true if the terminal is that of another process: no shell would continue this one after a
/// stop.
pub(crate) fn is_lent() -> bool {
    LENT.load(Ordering::SeqCst)
}

/// Returns true if both stdin and stdout are a terminal that can position text, as the dashboard
/// requires.
pub fn is_interactive() -> bool {
    is_positioning() && io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// Returns true if `TERM` names a terminal that can position text, if there is a terminal at all.
pub fn is_positioning() -> bool {
    places_text(std::env::var_os("TERM").as_deref())
}

/// Returns true if `TERM` names a terminal that can position text. On Unix a terminal always has a
/// name; on other systems it has none.
fn places_text(term: Option<&OsStr>) -> bool {
    term.map_or(!cfg!(unix), |term| !["", "dumb", "unknown"].iter().any(|name| term == *name))
}

/// Returns true if stdin or stdout is a terminal that was closed or disconnected.
pub fn has_hung_up() -> bool {
    has_gone(io::stdin()) || has_gone(io::stdout())
}

/// Returns true if stdout is a terminal that was closed or disconnected.
pub fn has_stdout_hung_up() -> bool {
    has_gone(io::stdout())
}

/// Returns false: other systems do not provide this information.
#[cfg(not(unix))]
fn has_gone<T>(_: T) -> bool {
    false
}

/// Returns true for a terminal that was closed or disconnected. `isatty` no longer reports it as a
/// terminal, so it cannot distinguish it from a file.
#[cfg(unix)]
fn has_gone(file: impl AsFd) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::io::Errno;
    if matches!(rustix::termios::tcgetattr(&file), Err(Errno::NOTTY | Errno::BADF)) {
        return false;
    }
    let mut files = [PollFd::new(&file, PollFlags::empty())];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut files, Some(&now)).is_ok()
        && files[0].revents().intersects(PollFlags::HUP | PollFlags::ERR)
}

/// The state of stdin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ready {
    Input,
    Nothing,
    Gone,
}

/// Waits for input on stdin, or for the terminal to be closed.
#[cfg(unix)]
fn wait_for_input(patience: Duration) -> Ready {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let stdin = io::stdin();
    let mut files = [PollFd::new(&stdin, PollFlags::IN)];
    let patience = Timespec::try_from(patience).ok();
    // A wait that a signal interrupted is treated as finished.
    if poll(&mut files, patience.as_ref()).is_err() {
        return Ready::Nothing;
    }
    match files[0].revents() {
        found if found.intersects(PollFlags::HUP | PollFlags::ERR) => Ready::Gone,
        found if found.contains(PollFlags::IN) => Ready::Input,
        _ => Ready::Nothing,
    }
}

#[cfg(not(unix))]
fn wait_for_input(patience: Duration) -> Ready {
    match event::poll(patience) {
        Ok(true) => Ready::Input,
        _ => Ready::Nothing,
    }
}

/// An event of the terminal.
#[derive(Debug)]
pub enum Input {
    /// A key.
    Key(KeyEvent),
    /// A movement of the mouse.
    Mouse(MouseEvent),
    /// The size of the terminal has changed.
    Resize,
    /// The window of the terminal was closed, or its connection was lost.
    Gone,
}

/// The keyboard, read on its own thread. If the terminal was closed, or has sent part of a key,
/// reads (and [`event::poll`]) do not return, and they must not block the main thread.
#[derive(Debug)]
pub struct Keyboard {
    inputs: Receiver<io::Result<Input>>,
    closed: Arc<AtomicBool>,
}

impl Keyboard {
    /// Starts the reading thread.
    ///
    /// # Errors
    /// Returns an error if the thread cannot be spawned.
    pub fn open() -> io::Result<Self> {
        let (sender, inputs) = channel();
        let closed = Arc::new(AtomicBool::new(false));
        let is_closed = Arc::clone(&closed);
        thread::Builder::new().name("keyboard".to_owned()).spawn(move || {
            if let Err(error) = read_keys(&sender, &is_closed) {
                let _ = sender.send(Err(error));
            }
        })?;
        Ok(Self { inputs, closed })
    }

    /// Waits up to `patience` for the next input.
    ///
    /// # Errors
    /// Returns an error if the terminal cannot be read.
    pub fn wait(&self, patience: Duration) -> io::Result<Option<Input>> {
        match self.inputs.recv_timeout(patience) {
            Ok(input) => input.map(Some),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Ok(Some(Input::Gone)),
        }
    }
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::Relaxed);
    }
}

/// Sends the input until the receiver is dropped or the terminal is closed.
fn read_keys(inputs: &Sender<io::Result<Input>>, closed: &AtomicBool) -> io::Result<()> {
    while !closed.load(Ordering::Relaxed) {
        let ready = wait_for_input(LOOK);
        if ready == Ready::Gone {
            let _ = inputs.send(Ok(Input::Gone));
            break;
        }
        // Polled without input as well, because a new size is reported by a signal.
        let mut found = false;
        while !closed.load(Ordering::Relaxed) && event::poll(Duration::ZERO)? {
            let input = match event::read()? {
                Event::Key(key) => Input::Key(key),
                Event::Mouse(mouse) => Input::Mouse(mouse),
                Event::Resize(..) => Input::Resize,
                _ => continue,
            };
            found = true;
            if inputs.send(Ok(input)).is_err() {
                return Ok(());
            }
        }
        if ready == Ready::Input && !found {
            thread::sleep(PART);
        }
    }
    Ok(())
}

/// The terminal while the dashboard uses it; dropping it restores the terminal.
#[derive(Debug)]
pub struct Screen {
    // Never dropped: its drop would show the cursor, which `give_back` does already, and print an
    // error to stderr if that fails, which panics if stderr is a closed terminal.
    terminal: ManuallyDrop<Terminal<CrosstermBackend<FrameWriter<Stdout>>>>,
    recorder: Option<Recorder>,
}

impl Screen {
    /// Sets up the terminal: raw mode, the alternate screen and the mouse.
    ///
    /// # Errors
    /// Returns an error if the setup fails; the terminal is then restored.
    pub fn take(recorder: Option<Recorder>) -> io::Result<Self> {
        MOUSE.store(true, Ordering::SeqCst);
        take().inspect_err(|_| give_back())?;
        let writer = FrameWriter::new(io::stdout(), recorder.clone());
        match Terminal::new(CrosstermBackend::new(writer)) {
            Ok(terminal) => {
                let screen = Self { terminal: ManuallyDrop::new(terminal), recorder };
                screen.record_size();
                screen.record(EnterAlternateScreen);
                Ok(screen)
            }
            Err(error) => {
                give_back();
                Err(error)
            }
        }
    }

    /// Draws one frame; does nothing if a panic on another thread has restored the terminal.
    ///
    /// # Errors
    /// Returns an error if the terminal cannot be written.
    pub fn draw(&mut self, view: impl FnOnce(&mut Frame)) -> io::Result<()> {
        self.record_size();
        DRAWING.store(true, Ordering::SeqCst);
        let result = if TAKEN.load(Ordering::SeqCst) {
            self.terminal.draw(view).map(|_| ())
        } else {
            Ok(())
        };
        DRAWING.store(false, Ordering::SeqCst);
        result
    }

    fn record_size(&self) {
        if let (Some(recorder), Ok(size)) = (&self.recorder, self.terminal.size()) {
            recorder.set_size((size.width, size.height));
        }
    }

    /// Records a command that was written past the frames.
    fn record(&self, command: impl Command) {
        let mut text = String::new();
        if let Some(recorder) = &self.recorder
            && command.write_ansi(&mut text).is_ok()
        {
            recorder.output(text.as_bytes());
        }
    }

    /// Returns the size of the terminal.
    ///
    /// # Errors
    /// Returns an error if the terminal does not report it.
    pub fn area(&self) -> io::Result<Rect> {
        let size = self.terminal.size()?;
        Ok(Rect::new(0, 0, size.width, size.height))
    }

    /// Takes the mouse, or leaves it to the terminal, which then selects text with it.
    ///
    /// # Errors
    /// Returns an error if the terminal cannot be written.
    pub fn set_mouse(&mut self, taken: bool) -> io::Result<()> {
        MOUSE.store(taken, Ordering::SeqCst);
        if taken { execute!(io::stdout(), TakeMouse) } else { execute!(io::stdout(), LeaveMouse) }
    }

    /// Returns true once a panic on another thread has restored the terminal.
    pub fn is_lost(&self) -> bool {
        !TAKEN.load(Ordering::SeqCst)
    }

    /// Returns the number of columns and rows.
    ///
    /// # Errors
    /// Returns an error if the terminal does not tell its size.
    pub fn size(&self) -> io::Result<(u16, u16)> {
        let size = self.terminal.size()?;
        Ok((size.width, size.height))
    }

    /// Discards the known screen content, so that the next frame is drawn completely.
    ///
    /// # Errors
    /// Returns an error if the terminal cannot be written.
    pub fn clear(&mut self) -> io::Result<()> {
        // `Terminal::clear` queries the cursor position, and fails if the terminal does not reply.
        let size = self.terminal.size()?;
        self.terminal.resize(size.into())
    }

    /// Suspends the process and returns the terminal to the shell, as Ctrl-Z does, until the shell
    /// continues it.
    ///
    /// # Errors
    /// Returns an error if the terminal cannot be set up again.
    pub fn suspend(&mut self) -> io::Result<()> {
        give_back();
        stop_process_group();
        take()?;
        self.clear()
    }

    /// Sets up the terminal again after an external signal stopped the process, since the shell has
    /// used the terminal in the meantime.
    ///
    /// # Errors
    /// Returns an error if the terminal cannot be set up again.
    pub fn retake(&mut self) -> io::Result<()> {
        if self.is_lost() {
            return Ok(());
        }
        // Raw mode is entered again only after it was left.
        disable_raw_mode()?;
        take()?;
        self.clear()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.record(LeaveAlternateScreen);
        self.record(Show);
        give_back();
    }
}

/// Enters raw mode and the alternate screen, and takes the mouse unless it was left to the terminal.
fn take() -> io::Result<()> {
    TAKEN.store(true, Ordering::SeqCst);
    enable_raw_mode()?;
    execute!(io::stdout(), EnterAlternateScreen)?;
    if MOUSE.load(Ordering::SeqCst) { execute!(io::stdout(), TakeMouse) } else { Ok(()) }
}

/// Restores the terminal; further calls do nothing.
pub fn give_back() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        // Errors are ignored, since a closed terminal cannot be restored. Raw mode is left first,
        // because the write may block forever if the terminal was stopped.
        let _ = disable_raw_mode();
        let _ = execute!(io::stdout(), LeaveMouse, LeaveAlternateScreen, Show);
    }
}

/// Restores the terminal without allocating memory or locking the standard streams, whose lock may
/// be held by another thread that is also waiting for memory.
pub fn give_back_in_need() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        wait_for_frame();
        #[cfg(unix)]
        for text in [LEAVE_MOUSE, "\x1b[?1049l\x1b[?25h"] {
            let _ = rustix::io::write(io::stdout(), text.as_bytes());
        }
        let _ = disable_raw_mode();
    }
}

/// Waits briefly for a frame that another thread is writing, which may end after the terminal was
/// restored. If the drawing itself failed, the wait has no effect, but is short.
fn wait_for_frame() {
    for _ in 0..5 {
        if !DRAWING.load(Ordering::SeqCst) {
            break;
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// Installs a panic hook that restores the terminal and then calls the current hook, so that the
/// report of a panic on any thread is readable. Call it after installing the reporting hook.
pub fn install_panic_hook() {
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        give_back();
        wait_for_frame();
        report(info);
    }));
}

/// Stops every process of the foreground group (`cargo run` too), as the terminal's Ctrl-Z does.
#[cfg(unix)]
fn stop_process_group() {
    use rustix::process::{Signal, kill_current_process_group};
    // The system never stops an orphaned group; the dashboard then simply reappears.
    let _ = kill_current_process_group(Signal::TSTP);
    // The signal is delivered before the call returns to this thread, or shortly afterwards.
    thread::sleep(Duration::from_millis(50));
}

#[cfg(not(unix))]
fn stop_process_group() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_terminal_with_a_name_places_text() {
        let places = |term: &str| places_text(Some(OsStr::new(term)));
        assert!(places("xterm-256color") && places("screen") && places("vt100"));
        assert!(!places("dumb") && !places("") && !places("unknown"));
        assert_eq!(places_text(None), !cfg!(unix));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_and_a_pipe_are_no_terminals_that_have_gone() {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        assert!(!has_gone(&writer));
        let (reader, writer) = io::pipe().unwrap();
        drop(writer);
        assert!(!has_gone(&reader));
        assert!(!has_gone(std::fs::File::open("/dev/null").unwrap()));
        assert!(!has_gone(tempfile::tempfile().unwrap()));
    }
}
