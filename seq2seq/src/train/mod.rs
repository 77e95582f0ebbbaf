//! The training loop.

mod step;
mod store;
mod trainer;

pub use step::{Outcome as StepOutcome, StepOptions, train_step};
pub use trainer::{Progress, Settings, Trainer};

pub(crate) use store::{from_checkpoint, load_params, put_carried, take_carried, to_checkpoint};
