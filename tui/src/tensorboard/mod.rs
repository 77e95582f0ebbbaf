//! Event files for TensorBoard.
//!
//! An event file is a sequence of records (`record.rs`), each a protocol-buffer message of type
//! `Event` (`message.rs`, `event.rs`). `summaries.rs` makes them of the events of a run.
//! [`export`](export()) writes those of a whole log, and [`TensorBoardLog`] those of a run in
//! training, on a thread of its own.

mod crc32c;
mod event;
mod event_file;
mod export;
mod follow;
mod histogram;
mod message;
mod record;
mod summaries;
#[cfg(test)]
mod tests;

pub use export::{Exported, export};
pub use follow::TensorBoardLog;

/// Name of the folder of the event files in a run's folder.
pub const FOLDER: &str = "tensorboard";
