//! The terminal, taken for the dashboard and given back whole.
//!
//! Giving back is idempotent and has five doors: [`Screen`]'s drop (quit, errors), the panic hook
//! of [`install_panic_hook`], memory that the system refuses ([`give_back_in_need`]), the signals
//! that the main thread looks at (it then drops the screen), and Ctrl-C and Ctrl-Z, which arrive as
//! keys, since raw mode turns their signals off.
//!
//! [`Keyboard`] reads what a person types, on a thread of its own.

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
use ratatui::crossterm::event::{self, Event, KeyEvent};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::{Frame, Terminal};

/// True while the alternate screen is ours.
static TAKEN: AtomicBool = AtomicBool::new(false);
/// True while a frame is being written.
static DRAWING: AtomicBool = AtomicBool::new(false);

/// Time between two looks at the terminal's state and size.
const LOOK: Duration = Duration::from_millis(100);
/// The wait after input that is no whole key yet.
const PART: Duration = Duration::from_millis(10);

/// True where both stdin and stdout are a terminal that can place text, so that a dashboard makes
/// sense.
pub fn is_interactive() -> bool {
    let term = std::env::var_os("TERM");
    places_text(term.as_deref()) && io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// True where `TERM` names a terminal that can place text. On Unix a terminal always has a name;
/// elsewhere it has none.
fn places_text(term: Option<&OsStr>) -> bool {
    term.map_or(!cfg!(unix), |term| !["", "dumb", "unknown"].iter().any(|name| term == *name))
}

/// True where stdin or stdout is a terminal that has gone.
pub fn has_hung_up() -> bool {
    has_gone(io::stdin()) || has_gone(io::stdout())
}

/// True where stdout is a terminal that has gone.
pub fn has_stdout_hung_up() -> bool {
    has_gone(io::stdout())
}

/// False: other systems do not tell.
#[cfg(not(unix))]
fn has_gone<T>(_: T) -> bool {
    false
}

/// True for a terminal that has gone. It is no terminal to `isatty` any more, which cannot tell it
/// from a file.
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

/// What stdin has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ready {
    Input,
    Nothing,
    Gone,
}

/// Waits for input on stdin, or for its end as a terminal.
#[cfg(unix)]
fn wait_for_input(patience: Duration) -> Ready {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let stdin = io::stdin();
    let mut files = [PollFd::new(&stdin, PollFlags::IN)];
    let patience = Timespec::try_from(patience).ok();
    // A signal that cuts the wait short is as good as its end.
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

/// What happens at the terminal.
#[derive(Debug)]
pub enum Input {
    /// A key.
    Key(KeyEvent),
    /// The terminal has another size.
    Resize,
    /// The terminal has gone: its window was closed, its connection broke off.
    Gone,
}

/// The keyboard, read on a thread of its own: where a terminal has gone, or has sent the half of a
/// key, reading ([`event::poll`] too) does not return, and the main thread must go on.
#[derive(Debug)]
pub struct Keyboard {
    inputs: Receiver<io::Result<Input>>,
    closed: Arc<AtomicBool>,
}

impl Keyboard {
    /// Begins to read.
    ///
    /// # Errors
    /// The system gives no thread.
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

    /// The next input, waited for no longer than `patience`.
    ///
    /// # Errors
    /// The terminal cannot be read.
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

/// Passes on what is typed until nobody wants it, or the terminal has gone.
fn read_keys(inputs: &Sender<io::Result<Input>>, closed: &AtomicBool) -> io::Result<()> {
    while !closed.load(Ordering::Relaxed) {
        let ready = wait_for_input(LOOK);
        if ready == Ready::Gone {
            let _ = inputs.send(Ok(Input::Gone));
            break;
        }
        // Requested without input as well: a new size comes by a signal.
        let mut found = false;
        while !closed.load(Ordering::Relaxed) && event::poll(Duration::ZERO)? {
            let input = match event::read()? {
                Event::Key(key) => Input::Key(key),
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

/// The terminal while the dashboard has it; dropping it gives the terminal back.
#[derive(Debug)]
pub struct Screen {
    // Never dropped itself: it would show the cursor, as giving back does, and say on stderr where
    // that fails, which is a panic where stderr is the terminal that has gone.
    terminal: ManuallyDrop<Terminal<CrosstermBackend<Stdout>>>,
}

impl Screen {
    /// Takes the terminal: raw mode and the alternate screen.
    ///
    /// # Errors
    /// The terminal refuses; it is then as it was.
    pub fn take() -> io::Result<Self> {
        take().inspect_err(|_| give_back())?;
        match Terminal::new(CrosstermBackend::new(io::stdout())) {
            Ok(terminal) => Ok(Self { terminal: ManuallyDrop::new(terminal) }),
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
        // `Terminal::clear` asks the terminal where its cursor is, and fails where no answer comes.
        let size = self.terminal.size()?;
        self.terminal.resize(size.into())
    }

    /// Gives the terminal to the shell, as Ctrl-Z does, until the shell says to go on.
    ///
    /// # Errors
    /// The terminal cannot be taken again.
    pub fn suspend(&mut self) -> io::Result<()> {
        give_back();
        stop_process_group();
        take()?;
        self.clear()
    }

    /// Takes the terminal anew after the process was stopped by a signal from outside: the shell has
    /// used it since then.
    ///
    /// # Errors
    /// The terminal cannot be taken again.
    pub fn retake(&mut self) -> io::Result<()> {
        if self.is_lost() {
            return Ok(());
        }
        // Raw mode is taken anew only where it was given back.
        disable_raw_mode()?;
        take()?;
        self.clear()
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
        // Nothing better can be done about a terminal that has gone. Raw mode first: writing may
        // never end where the terminal was stopped.
        let _ = disable_raw_mode();
        let _ = execute!(io::stdout(), LeaveAlternateScreen, Show);
    }
}

/// Gives the terminal back without asking for memory or for a lock of the standard streams, which
/// another thread may hold that waits for memory, too.
pub fn give_back_in_need() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        wait_for_frame();
        #[cfg(unix)]
        let _ = rustix::io::write(io::stdout(), b"\x1b[?1049l\x1b[?25h");
        let _ = disable_raw_mode();
    }
}

/// A frame that another thread writes may end after the terminal was given back; lets it, for a
/// moment. Where the drawing itself failed the wait is in vain, and short.
fn wait_for_frame() {
    for _ in 0..5 {
        if !DRAWING.load(Ordering::SeqCst) {
            break;
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// Puts a hook before the present one that gives the terminal back, so that the report of a panic
/// on any thread is readable. Call it after the hook that reports.
pub fn install_panic_hook() {
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        give_back();
        wait_for_frame();
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
