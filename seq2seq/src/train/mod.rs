//! The training loop.

mod answer;
mod average;
mod clock;
mod control;
mod estimate;
mod length;
mod live;
mod live_run;
#[cfg(test)]
mod log_size;
mod observe;
mod rank_times;
mod ranks;
mod recorder;
mod schedule;
mod settings;
mod state;
mod step;
mod store;
mod trainer;

pub use average::Average;
pub use live_run::LiveRun;
pub use recorder::Recorder;
pub use schedule::LearningRate;
pub use settings::Settings;
pub use state::TrainingState;
pub use step::{
    Outcome as StepOutcome, PendingStep, RankWork, StepOptions, start_step, train_step,
};
pub use trainer::Trainer;

pub(crate) use estimate::seconds_per_step;
pub(crate) use length::RunLength;
pub(crate) use store::{from_checkpoint, load_average, load_for_use, tensors};
