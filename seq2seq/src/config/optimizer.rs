//! The optimizer of a configuration.

use tensor::optim::{Adadelta, Adagrad, Adam, AdamW, OptimizerConfig, RmsProp, Sgd};

use super::enums::OptimizerKind;
use super::keys::Config;

impl Config {
    /// Returns the optimizer with its values: PyTorch's defaults, except `optimizer_decay` if that
    /// is set.
    pub fn optimizer_config(&self) -> OptimizerConfig {
        let decay = |default: f64| match self.optimizer_decay {
            // Converts through the shortest decimal text, so that 0.95 becomes the f64 0.95 and not
            // the value of the nearest f32.
            given if given > 0.0 => given.to_string().parse().unwrap_or(default),
            _ => default,
        };
        let (adadelta, rmsprop) = (Adadelta::default(), RmsProp::default());
        match self.optimizer {
            OptimizerKind::Sgd => OptimizerConfig::Sgd(Sgd::default()),
            OptimizerKind::Adam => OptimizerConfig::Adam(Adam::default()),
            OptimizerKind::Adamw => OptimizerConfig::AdamW(AdamW::default()),
            OptimizerKind::Adadelta => {
                OptimizerConfig::Adadelta(Adadelta { rho: decay(adadelta.rho), ..adadelta })
            }
            OptimizerKind::Adagrad => OptimizerConfig::Adagrad(Adagrad::default()),
            OptimizerKind::Rmsprop => {
                OptimizerConfig::RmsProp(RmsProp { alpha: decay(rmsprop.alpha), ..rmsprop })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_decay_is_the_optimizers_own_unless_given() {
        let of = |optimizer, optimizer_decay| {
            Config { optimizer, optimizer_decay, ..Config::default() }.optimizer_config()
        };
        assert_eq!(of(OptimizerKind::Adam, 0.0), OptimizerConfig::default());
        let adadelta = |rho| OptimizerConfig::Adadelta(Adadelta { rho, ..Adadelta::default() });
        assert_eq!(of(OptimizerKind::Adadelta, 0.0), adadelta(0.9));
        assert_eq!(of(OptimizerKind::Adadelta, 0.95), adadelta(0.95));
        let rmsprop = |alpha| OptimizerConfig::RmsProp(RmsProp { alpha, ..RmsProp::default() });
        assert_eq!(of(OptimizerKind::Rmsprop, 0.0), rmsprop(0.99));
        assert_eq!(of(OptimizerKind::Rmsprop, 0.95), rmsprop(0.95));
        let wrong = Config { optimizer_decay: 0.5, ..Config::default() };
        let error = wrong.validate().unwrap_err().to_string();
        assert!(error.contains("optimizer_decay") && error.contains("adadelta"), "{error}");
    }
}
