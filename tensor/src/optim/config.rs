//! The choice of an optimizer and its values.

use serde::{Deserialize, Serialize};

use super::{Adadelta, Adagrad, Adam, AdamW, RmsProp, Sgd};
use crate::error::{Error, Result};

/// An optimizer and its values; the learning rate is given at each step.
///
/// As data, in JSON: `{"adam": {"beta2": 0.98}}`. An omitted key has PyTorch's default; an unknown
/// key is an error.
///
/// ```
/// use tensor::optim::OptimizerConfig;
///
/// assert_eq!(OptimizerConfig::by_name("rmsprop")?.name(), "rmsprop");
/// assert!(OptimizerConfig::by_name("adm").is_err());
/// # Ok::<(), tensor::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OptimizerConfig {
    /// Stochastic gradient descent.
    Sgd(Sgd),
    /// Adam.
    Adam(Adam),
    /// Adam with decoupled weight decay.
    AdamW(AdamW),
    /// Adadelta.
    Adadelta(Adadelta),
    /// Adagrad.
    Adagrad(Adagrad),
    /// RMSprop.
    RmsProp(RmsProp),
}

impl Default for OptimizerConfig {
    fn default() -> Self {
        Self::Adam(Adam::default())
    }
}

impl OptimizerConfig {
    /// The names that [`OptimizerConfig::by_name`] accepts.
    pub const NAMES: [&str; 6] = ["sgd", "adam", "adamw", "adadelta", "adagrad", "rmsprop"];

    /// Returns the optimizer of a name, with PyTorch's defaults.
    ///
    /// # Errors
    /// The name is unknown.
    pub fn by_name(name: &str) -> Result<Self> {
        Ok(match name {
            "sgd" => Self::Sgd(Sgd::default()),
            "adam" => Self::Adam(Adam::default()),
            "adamw" => Self::AdamW(AdamW::default()),
            "adadelta" => Self::Adadelta(Adadelta::default()),
            "adagrad" => Self::Adagrad(Adagrad::default()),
            "rmsprop" => Self::RmsProp(RmsProp::default()),
            _ => {
                let what = format!("{name:?}: expected one of {}", Self::NAMES.join(", "));
                return Err(Error::argument("optimizer", what));
            }
        })
    }

    /// Returns its name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Sgd(_) => "sgd",
            Self::Adam(_) => "adam",
            Self::AdamW(_) => "adamw",
            Self::Adadelta(_) => "adadelta",
            Self::Adagrad(_) => "adagrad",
            Self::RmsProp(_) => "rmsprop",
        }
    }

    /// Returns the number of state tensors per parameter, each of the parameter's shape.
    pub fn slot_count(&self) -> usize {
        self.slots().len()
    }

    /// Returns the names of its slots and their initial values.
    pub(super) fn slots(&self) -> Vec<(&'static str, f32)> {
        match self {
            Self::Sgd(c) if c.momentum == 0.0 => vec![],
            Self::Sgd(_) => vec![("momentum_buffer", 0.0)],
            Self::Adam(_) | Self::AdamW(_) => vec![("exp_avg", 0.0), ("exp_avg_sq", 0.0)],
            Self::Adadelta(_) => vec![("square_avg", 0.0), ("acc_delta", 0.0)],
            Self::Adagrad(c) => vec![("sum", c.initial_accumulator_value as f32)],
            Self::RmsProp(c) => {
                let mut slots = vec![("square_avg", 0.0)];
                slots.extend((c.momentum > 0.0).then_some(("momentum_buffer", 0.0)));
                slots.extend(c.centered.then_some(("grad_avg", 0.0)));
                slots
            }
        }
    }

    /// Checks the values.
    ///
    /// # Errors
    /// A value is out of its range; each optimizer's page gives the ranges.
    pub fn check(&self) -> Result<()> {
        // Values that must not be negative, shares from 0 to 1, shares below 1.
        let (values, shares, below): (Vec<_>, Vec<_>, Vec<_>) = match *self {
            Self::Sgd(c) => {
                (vec![("momentum", c.momentum), ("weight_decay", c.weight_decay)], vec![], vec![])
            }
            Self::Adam(Adam { beta1, beta2, eps, weight_decay })
            | Self::AdamW(AdamW { beta1, beta2, eps, weight_decay }) => (
                vec![("eps", eps), ("weight_decay", weight_decay)],
                vec![],
                vec![("beta1", beta1), ("beta2", beta2)],
            ),
            Self::Adadelta(c) => (
                vec![("eps", c.eps), ("weight_decay", c.weight_decay)],
                vec![("rho", c.rho)],
                vec![],
            ),
            Self::Adagrad(c) => (
                vec![
                    ("eps", c.eps),
                    ("weight_decay", c.weight_decay),
                    ("lr_decay", c.lr_decay),
                    ("initial_accumulator_value", c.initial_accumulator_value),
                ],
                vec![],
                vec![],
            ),
            Self::RmsProp(c) => (
                vec![("eps", c.eps), ("weight_decay", c.weight_decay), ("momentum", c.momentum)],
                vec![("alpha", c.alpha)],
                vec![],
            ),
        };
        let refuse = |name: &str, value: f64, range: &str| {
            let what = format!("{} {name} is {value}, expected {range}", self.name());
            Err(Error::argument("optimizer", what))
        };
        for (name, value) in values {
            if !(value >= 0.0 && value.is_finite()) {
                return refuse(name, value, "0 or more");
            }
        }
        for (name, value) in shares {
            if !(0.0..=1.0).contains(&value) {
                return refuse(name, value, "0 to 1");
            }
        }
        for (name, value) in below {
            if !(0.0..1.0).contains(&value) {
                return refuse(name, value, "0 or more, below 1");
            }
        }
        Ok(())
    }
}
