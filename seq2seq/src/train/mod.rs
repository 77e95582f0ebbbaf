//! The training loop.

mod average;
mod progress;
mod schedule;
mod settings;
mod step;
mod store;
mod trainer;

pub use average::Average;
pub use progress::Progress;
pub use schedule::{LearningRate, Patience};
pub use settings::Settings;
pub use step::{Outcome as StepOutcome, PendingStep, StepOptions, start_step, train_step};
pub use trainer::Trainer;

pub(crate) use store::{from_checkpoint, load_for_use, put_carried, take_carried, to_checkpoint};
