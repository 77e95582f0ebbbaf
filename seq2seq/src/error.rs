//! What can go wrong.

use std::io;
use std::path::{Path, PathBuf};

use tokenizer::shell_quoted;

use crate::range::Range;

/// Result type of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Returns the words of an error that suggest a name, after a separator; nothing without a name.
pub(crate) fn suggestion(separator: &str, name: Option<&str>) -> String {
    name.map_or_else(String::new, |name| format!("{separator} did you mean '{name}'?"))
}

/// Error type of this crate.
///
/// Each message names the file, line, flag or key that it concerns, and what would be right.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The system refused to read or write a file.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// The operation (`read`, `write`).
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },

    /// A file of a run is missing.
    #[error("{} does not exist: a complete run folder holds it", path.display())]
    NotFound {
        /// The file.
        path: PathBuf,
    },
    /// A file that this program did not write.
    #[error("{} is not a file of this program: it should begin with its eight-byte mark; \
             was it edited, converted, or put there by something else?", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A file in a format that this build does not support.
    #[error("{} has format version {found}, this build reads versions up to {known}: \
             use the newer program that wrote it", path.display())]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// The version in the file.
        found: u32,
        /// The newest version this build reads.
        known: u32,
    },
    /// A file that ends too early.
    #[error("{} is cut off: it has {found} bytes and should have {expected}; \
             use another checkpoint or a whole copy", path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Its length.
        found: u64,
        /// The length it should have.
        expected: u64,
    },
    /// A file that is longer than it should be.
    #[error("{} is damaged: it has {found} bytes and should have {expected}; \
             use another checkpoint or a whole copy", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// Its length.
        found: u64,
        /// The length it should have.
        expected: u64,
    },
    /// A file whose content does not match its checksum.
    #[error("{} is damaged: its checksum is {found:08x} and should be {expected:08x}; \
             use another checkpoint or a whole copy", path.display())]
    Checksum {
        /// The file.
        path: PathBuf,
        /// The content's checksum.
        found: u32,
        /// The checksum in the file's header.
        expected: u32,
    },
    /// A file of this program with another kind of content.
    #[error("{} holds {found}, where {expected} is needed", path.display())]
    OtherKind {
        /// The file.
        path: PathBuf,
        /// The content found.
        found: String,
        /// The required content.
        expected: &'static str,
    },
    /// A complete file whose content this build cannot decode.
    #[error("{} cannot be decoded ({what}): it was written by a build with other contents \
             under the same format version; use that build", path.display())]
    Undecodable {
        /// The file.
        path: PathBuf,
        /// The error of the decoder.
        what: String,
    },
    /// A value that could not be encoded.
    #[error("cannot encode {}: {what}", path.display())]
    Unencodable {
        /// The file that was to be written.
        path: PathBuf,
        /// The error of the encoder.
        what: String,
    },

    /// The path of a new run already exists.
    #[error("{} exists already", path.display())]
    RunExists {
        /// The folder.
        path: PathBuf,
    },
    /// Another process is training in this folder.
    #[error("the run in {} is in use by {owner}: wait for it or stop it, \
             or take another folder", path.display())]
    RunInUse {
        /// The folder.
        path: PathBuf,
        /// The other process, in words.
        owner: String,
    },
    /// There is no run at the path.
    #[error("there is no run at {}: a run is a folder that training made", path.display())]
    NoRun {
        /// The path.
        path: PathBuf,
    },
    /// A name that is not the start of exactly one run's name.
    #[error("run '{}': {what}", name.display())]
    RunName {
        /// The name as given.
        name: PathBuf,
        /// The runs that it may mean, or that there are none.
        what: String,
    },
    /// The path is not a run.
    #[error("{} is not a run: {what}; a run is a folder that training made", path.display())]
    NotARun {
        /// The path.
        path: PathBuf,
        /// What the path is instead.
        what: String,
    },
    /// A change to a run that was opened only for reading.
    #[error("the run in {} was opened only for reading: resume it to write", path.display())]
    ReadOnly {
        /// The folder.
        path: PathBuf,
    },
    /// The stored configuration of a run is damaged.
    #[error("{}: {source}; the file should be as the program that began the run wrote it",
            path.display())]
    StoredRun {
        /// The file.
        path: PathBuf,
        /// Where and what.
        source: serde_json::Error,
    },
    /// Numbers of a run's stored configuration that are out of range.
    #[error("{}: {}; give others to go on with the run, or correct them in that file",
            path.display(), problems.join("; "))]
    StoredValues {
        /// The file.
        path: PathBuf,
        /// One sentence each, which names the key and what would be right.
        problems: Vec<String>,
    },
    /// An option that contradicts the run to be resumed.
    #[error("{option} = {given} contradicts the run in {}, which was begun with {stored}{why}; \
             leave it out, or begin a new run in another folder", run.display())]
    Contradiction {
        /// The run's folder.
        run: PathBuf,
        /// The option of [`TrainOptions`](crate::TrainOptions), or the key.
        option: String,
        /// Its value.
        given: String,
        /// The value stored with the run.
        stored: String,
        /// Why the value cannot change, after a colon; or empty.
        why: String,
    },
    /// The event log is shorter than the length stored in a checkpoint.
    #[error("{} has {found} bytes and the checkpoint speaks of {expected}: \
             the log was cut or replaced; put back the log that belongs to the checkpoint",
            path.display())]
    LogTooShort {
        /// The log.
        path: PathBuf,
        /// Its length.
        found: u64,
        /// The minimum length according to the checkpoint.
        expected: u64,
    },
    /// The event log does not belong to a checkpoint.
    #[error("{} has no end of line before byte {at}, where the checkpoint was written: \
             put back the log that belongs to the checkpoint", path.display())]
    OtherLog {
        /// The log.
        path: PathBuf,
        /// The length stored in the checkpoint.
        at: u64,
    },

    /// A preset that does not exist.
    #[error(
        "no preset is named '{name}'{} (a path ending in .toml is read as a file)",
        suggestion(":", nearest.as_deref())
    )]
    UnknownPreset {
        /// The name as given.
        name: String,
        /// A name that is near.
        nearest: Option<String>,
    },
    /// A preset that has no corpus of its own, without data.
    #[error("preset {preset} needs data of your own ({what})")]
    NeedsData {
        /// The preset.
        preset: String,
        /// The data, in words.
        what: String,
        /// A corpus SPEC as an example.
        example: String,
    },
    /// A key that does not exist.
    #[error("there is no key '{key}'{}", suggestion(":", *nearest))]
    UnknownKey {
        /// The key as given.
        key: String,
        /// A key whose name is near.
        nearest: Option<&'static str>,
    },
    /// A value that a key does not accept.
    #[error("{key} cannot be '{value}': it takes {allowed}")]
    BadValue {
        /// The key.
        key: String,
        /// The value as given.
        value: String,
        /// The accepted values.
        allowed: String,
    },
    /// Values that are invalid, alone or together.
    #[error("{}", problems.join("; "))]
    Configuration {
        /// One sentence each, which names the key and what would be right.
        problems: Vec<String>,
    },
    /// A preset file that is invalid.
    #[error("preset {origin}{}: {what}", line.map_or_else(String::new, |l| format!(", line {l}")))]
    PresetFile {
        /// The file.
        origin: String,
        /// The line, from 1, if it is known.
        line: Option<usize>,
        /// What is wrong and what would be right.
        what: String,
    },

    /// A bench workload, or a layer to measure, that does not exist.
    #[error("{name:?}: no workload or layer has that name{}", suggestion(";", nearest.as_deref()))]
    UnknownWorkload {
        /// The name as given.
        name: String,
        /// An existing name that is near.
        nearest: Option<String>,
    },
    /// An invalid size of a bench workload.
    #[error(
        "size {given}: expected B, E, H, S, T or V, `=`, and a whole number {} (V: from 5), as in \
         H=512",
        Range::SIZE
    )]
    Size {
        /// The size as given.
        given: String,
    },
    /// An invalid corpus SPEC.
    #[error("corpus '{spec}': expected {expected}")]
    Spec {
        /// The SPEC as given.
        spec: String,
        /// The accepted forms.
        expected: &'static str,
    },
    /// A checkpoint of another run.
    #[error(
        "{} is of another run than {}: put back its own, or begin a new run",
        path.display(), run.display()
    )]
    OtherRun {
        /// The checkpoint.
        path: PathBuf,
        /// The run whose folder contains it.
        run: PathBuf,
    },
    /// A last checkpoint that cannot be read, while the best one can.
    #[error(
        "{source}. The best checkpoint, of step {step}, is good; to go on from there: cp {} {}, and \
         then the same command again",
        shell_quoted(best),
        shell_quoted(last)
    )]
    LastDamaged {
        /// The last checkpoint.
        last: PathBuf,
        /// The best one.
        best: PathBuf,
        /// Its step.
        step: u64,
        /// The error of reading the last checkpoint.
        source: Box<Error>,
    },
    /// A symbolic link in a run's folder.
    #[error(
        "{} is a link, and a run writes only to files of its own folder: put the file itself there",
        path.display()
    )]
    Link {
        /// The link.
        path: PathBuf,
    },
    /// A run's folder that was deleted or replaced during training.
    #[error(
        "{}: the run's folder was deleted or replaced while it was trained: what came after the last \
         checkpoint cannot be saved",
        path.display()
    )]
    RunGone {
        /// The folder.
        path: PathBuf,
    },
    /// A file of a run that is larger than this machine's memory.
    #[error(
        "{}: its head says that it holds {}, more than this machine could read: it is damaged, or \
         of a larger machine",
        path.display(), crate::bytes::bytes(*bytes as f64)
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its length.
        bytes: u64,
    },
    /// A file of a corpus that cannot be opened.
    #[error("{}: {what}", path.display())]
    NoData {
        /// The file.
        path: PathBuf,
        /// The reason, and what may have been meant.
        what: String,
    },
    /// There is nothing to train on or to translate.
    #[error("{what}")]
    NothingTrained {
        /// What is missing and what would be right.
        what: String,
    },
    /// The corpus of a run has changed since the run began.
    #[error(
        "{}: its corpus {data} has changed since the run was begun: give the same files, or begin a new run",
        run.display()
    )]
    CorpusChanged {
        /// The run.
        run: PathBuf,
        /// The corpus, as given.
        data: String,
    },
    /// A run whose task is not the required one.
    #[error(
        "{} was trained with task = {task}, and this needs {needed}",
        path.display()
    )]
    OtherTask {
        /// The run.
        path: PathBuf,
        /// The task of the run.
        task: String,
        /// The required kind of model, with its article.
        needed: &'static str,
    },
    /// A checkpoint of another model.
    #[error("{}: not a checkpoint of this run's model: {what}", path.display())]
    OtherModel {
        /// The file.
        path: PathBuf,
        /// The difference.
        what: String,
    },

    /// A file of an exported model that cannot be used.
    #[error("{}: {what}", path.display())]
    Exchange {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong, and what would be right.
        what: String,
    },
    /// The path of a new folder already exists.
    #[error("{} exists already: give a new folder", path.display())]
    FolderExists {
        /// The path.
        path: PathBuf,
    },
    /// A run has fewer kept checkpoints than are to be averaged.
    #[error(
        "{}: it has {found} kept checkpoints, {needed} are to be averaged; a run keeps one per \
         validation, at most as many as its key keep_checkpoints says", path.display()
    )]
    TooFewCheckpoints {
        /// The run.
        path: PathBuf,
        /// The number of its kept checkpoints.
        found: usize,
        /// The number that was requested.
        needed: usize,
    },

    /// A device ran out of memory during a run, which was saved.
    #[error(
        "{source}; a new run needs less with a smaller batch. Nothing is lost: {} was saved at step \
         {step}, and can be gone on with, on another device as well",
        run.display()
    )]
    OutOfMemory {
        /// The run.
        run: PathBuf,
        /// Steps done.
        step: u64,
        /// The error of the device.
        source: Box<Error>,
    },
    /// Another rank failed.
    #[error("rank {rank}: {what}")]
    OtherRank {
        /// The rank.
        rank: usize,
        /// Its error.
        what: String,
    },
    /// A rank reads another corpus than rank 0.
    #[error("{data}: the pairs here are not those of rank 0: give all ranks the same files")]
    OtherCorpus {
        /// The corpus, as given.
        data: String,
    },
    /// The parameters of two ranks differ.
    #[error(
        "the parameters of rank {rank} are not those of rank 0 after step {step}: its memory or its \
         processor is faulty, or it runs another build; resume from the last checkpoint without it"
    )]
    RanksDiffer {
        /// The rank.
        rank: usize,
        /// The step.
        step: u64,
    },
    /// The work was cancelled before it was complete.
    #[error("cancelled before it was done")]
    Cancelled,
    /// An error of the `rnn` crate.
    #[error(transparent)]
    Rnn(#[from] rnn::Error),
    /// An error of the `attention` crate.
    #[error(transparent)]
    Attention(#[from] attention::Error),
    /// An error of the `tensor` crate.
    #[error(transparent)]
    Tensor(#[from] tensor::Error),
    /// An error of the `tokenizer` crate: text files, vocabularies.
    #[error(transparent)]
    Tokenizer(#[from] tokenizer::Error),
    /// Any other error.
    #[error("{0}")]
    Other(String),
}

impl Error {
    /// Returns `true` if a device ran out of memory.
    pub(crate) fn is_out_of_memory(&self) -> bool {
        match self {
            Self::Tensor(e)
            | Self::Rnn(rnn::Error::Tensor(e))
            | Self::Attention(attention::Error::Tensor(e)) => {
                use tensor::Error::{OutOfMemory, TooLarge};
                matches!(e, OutOfMemory { .. } | TooLarge { .. })
            }
            _ => false,
        }
    }

    /// Replaces the key that the error names by `key`, the one that was given.
    pub(crate) fn of_key(self, key: &str) -> Self {
        match self {
            Self::BadValue { value, allowed, .. } => {
                Self::BadValue { key: key.to_owned(), value, allowed }
            }
            other => other,
        }
    }

    /// Returns an adapter for `map_err`: the system failed to do `doing` with `path`.
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { doing, path: path.to_owned(), source }
    }
}
