//! Encoder-decoders with attention, language models and sequence models: corpora, training, run
//! directories, decoding, scoring.
#![forbid(unsafe_code)]

pub mod bench;
mod bytes;
mod command;
pub mod compare;
pub mod config;
pub mod data;
pub mod decode;
mod devices;
mod error;
pub mod event;
pub mod exchange;
pub mod health;
mod inference;
mod inspect;
pub mod inspection;
mod json_number;
mod link;
mod machine;
pub mod model;
mod options;
mod range;
pub mod ranks;
mod run;
mod sample;
pub mod score;
mod session;
pub mod task;
pub mod train;

pub use command::Command;
pub use config::{Config, Key, KeyInfo, NeededData, Preset, preset_groups, preset_keys, presets};
pub use data::{Pair, phrasebook, tasks};
pub use devices::{
    DeviceDescription, PlatformDescription, device_at, opencl_platforms, processor_kernels,
};
pub use error::{Error, Result};
pub use event::Event;
pub use inference::{
    Alternative, Candidate, EnsembleOptions, EvaluateOptions, Evaluated, EvaluatedTranslations,
    GeneratedText, HeldOut, PairScore, Precision, SampleOptions, Sampler, SequenceInspector,
    StoredRunAnswers, Translation, TranslationRequest, Translator, evaluate, evaluate_held_out,
    evaluate_outputs,
};
pub use inspect::Inspector;
pub use inspection::{InspectRequest, Inspection, Intervention};
pub use link::{Link, Viewer, link};
pub use options::TrainOptions;
pub use range::Range;
#[cfg(feature = "mpi")]
pub use ranks::Mpi;
pub use rnn::{Cell, Gate};
pub use run::{
    Checkpoint, EventLog, EventReader, LATEST, LiveChange, LiveChanges, LogPosition, Patience,
    Progress, RUNS, RngState, RunDir, RunListing, RunMetrics, RunStatus, RunSummary, RunsFolder,
    StoredOptimizer, StoredRun, StoredTensor, Vocabularies, find_run, is_folder_of_runs,
    latest_run, new_run_path,
};
pub use score::{Evaluation, Metrics};
pub use session::{Outcome, begin_model, resume_model, train, train_pairs};
pub use tensor::{CancellationToken, Exchange, Place, Ranks, Reporting, on_refused_memory};
pub use tokenizer::read::{ReadOptions, TextFile};
pub use tokenizer::shell_quoted;

/// Runs the README's examples as doctests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
