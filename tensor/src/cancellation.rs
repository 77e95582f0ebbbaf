//! A token by which long work is asked to end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Asks long work on other threads to end early. Clones share one state, and it never goes back.
///
/// Work that takes long looks at it now and then, through [`Threads::is_cancelled`] where it has
/// threads, and returns an error; what it has computed until then is dropped.
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
    /// Asks for the end.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// True once the end was requested.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
