//! Configurations: their keys, their checks, and the presets.

mod effect;
mod enums;
mod keys;
mod nearest;
mod on_resume;
mod optimizer;
mod preset;
mod resume;
mod shorthand;
mod stored;
mod summary;
mod validate;
mod value;

pub use attention::AttentionKind;
pub use enums::{
    BatchBy, DecoderInit, EarlyStoppingMetric, ForcingSchedule, ForcingUnit, InitScheme, LossNorm,
    OptimizerKind, RateSchedule, Readout, ReadoutState, TaskKind, Tied, UnknownWords, Wiring,
};
pub use keys::{Config, Key};
pub use nearest::nearest;
pub use on_resume::OnResume;
pub use preset::{KeyInfo, NeededData, Preset, preset_groups, preset_keys, presets};
pub use resume::Change;
pub use rnn::{Cell, Merge};
pub(crate) use stored::stored;
pub(crate) use value::attention_by_name;
pub use value::attention_name;
