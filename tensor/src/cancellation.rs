//! A token that cancels long-running work.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Cancels long-running work on other threads. Clones share one state; cancellation cannot be
/// undone.
///
/// Long-running work checks the token from time to time, through [`Threads::is_cancelled`] if it
/// has threads, and returns an error; its results so far are dropped.
///
/// ```
/// use tensor::{CancellationToken, Threads};
///
/// let token = CancellationToken::default();
/// let threads = Threads::single().with_cancellation(&token);
/// assert!(!threads.is_cancelled());
/// token.cancel();
/// assert!(threads.clone().is_cancelled());
/// ```
///
/// [`Threads::is_cancelled`]: crate::Threads::is_cancelled
#[derive(Debug, Clone, Default)]
pub struct CancellationToken(Arc<AtomicBool>);

impl CancellationToken {
    /// Requests cancellation.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Returns true if cancellation was requested.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
