//! The dashboard as a whole: a made-up run, keys pressed one after the other, pictures drawn.

mod curves;
pub(super) mod fixture;
mod inspected;
mod pictures;
mod runs;
mod scripted;
mod timeline;
