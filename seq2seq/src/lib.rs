//! Encoder-decoders with attention: corpora, training, run directories, decoding, scoring.
#![forbid(unsafe_code)]

mod control;
mod error;
mod event;
pub mod phrasebook;
mod preset;
mod run;
mod session;
mod translator;

pub use control::{Command, Link, Viewer, link};
pub use error::{Error, Result};
pub use event::{
    CheckpointKind, End, EndReason, Event, Flow, FlowSeries, ParameterFigures, Sample, Samples,
    Start, Step, Validation,
};
pub use preset::{KeyInfo, PresetInfo, preset_keys, presets};
pub use run::EventReader;
pub use session::{Outcome, TrainOptions, train};
pub use translator::{Evaluation, Translation, Translator};
