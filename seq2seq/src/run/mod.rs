//! The run directory, which stores the complete state of a run.
//!
//! | file | |
//! |---|---|
//! | `config.json` | the settings with which the run was begun: [`StoredRun`] |
//! | `vocabularies.bin` | [`Vocabularies`] |
//! | `tokenizer.json`, or `source_tokenizer.json` and `target_tokenizer.json` | the subword models, if tokens are pieces of words |
//! | `events.jsonl` | every [`Event`](crate::Event), one JSON object per line |
//! | `events.index` | what `tui watch` knows of a long log; it may be deleted |
//! | `last.ckpt`, `best.ckpt` | the newest [`Checkpoint`], and the one of the best validation |
//! | `lock` | locked while a process trains here |

mod atomic;
mod checkpoint;
mod checkpoint_v1;
mod codec;
mod dir;
mod find;
mod listing;
mod live_changes;
mod lock;
mod log;
mod name;
mod progress;
mod reader;
mod stored_run;
mod stored_tensor;
mod tokenizers;

pub(crate) use atomic::{new_folder, read_json, write_json};
pub use checkpoint::{Checkpoint, RngState, StoredOptimizer, Vocabularies};
pub use dir::RunDir;
pub use find::{LATEST, RUNS, find_run, is_folder_of_runs, latest_run};
pub use listing::{RunListing, RunMetrics, RunStatus, RunSummary, RunsFolder};
pub use live_changes::{LiveChange, LiveChanges};
pub use log::EventLog;
pub use name::new_run_path;
pub use progress::{Patience, Progress};
pub use reader::{EventReader, LogPosition};
pub use stored_run::StoredRun;
pub use stored_tensor::StoredTensor;
pub(crate) use tokenizers::{read_tokenizers, write_tokenizers};
