//! The run directory: the truth about a run.

mod reader;

pub use reader::EventReader;
