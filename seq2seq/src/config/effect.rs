//! Detection of configuration keys that have no effect.

use attention::AttentionKind;

use super::enums::{ForcingSchedule, InitScheme, OptimizerKind, RateSchedule, Readout, TaskKind};
use super::keys::Config;
use super::shorthand;
use crate::{Error, Result};

/// Keys, the condition under which they have an effect, and the setting that they need.
type EffectRule = (&'static [&'static str], fn(&Config) -> bool, &'static str);

const RULES: &[EffectRule] = &[
    (&["init_scale"], |c| c.init == InitScheme::Uniform, "init = uniform"),
    (
        &["attention_heads"],
        |c| c.attention == Some(AttentionKind::MultiHead),
        "attention = multi_head",
    ),
    (
        &["attention_positions"],
        |c| c.scored_by() == Some(AttentionKind::Location),
        "attention = location",
    ),
    (&["attention_window", "attention_score"], is_local, "attention = local_m or local_p"),
    (
        &["attention_renormalize"],
        |c| c.attention == Some(AttentionKind::LocalP),
        "attention = local_p",
    ),
    (
        &["learning_rate_factor"],
        |c| matches!(c.learning_rate_schedule, RateSchedule::Plateau | RateSchedule::Exponential),
        "learning_rate_schedule = plateau or exponential",
    ),
    (
        &["learning_rate_patience"],
        |c| c.learning_rate_schedule == RateSchedule::Plateau,
        "learning_rate_schedule = plateau",
    ),
    (
        &["learning_rate_warmup"],
        |c| c.learning_rate_schedule == RateSchedule::InverseSqrt,
        "learning_rate_schedule = inverse_sqrt",
    ),
    (
        &["teacher_forcing_end", "teacher_forcing_steps"],
        |c| c.teacher_forcing_schedule != ForcingSchedule::Constant,
        "teacher_forcing_schedule = linear or inverse_sigmoid",
    ),
    (
        &["teacher_forcing_unit"],
        |c| c.teacher_forcing < 1.0 || c.teacher_forcing_schedule != ForcingSchedule::Constant,
        "teacher_forcing below 1",
    ),
    (
        &["optimizer_decay"],
        |c| matches!(c.optimizer, OptimizerKind::Adadelta | OptimizerKind::Rmsprop),
        "optimizer = adadelta or rmsprop",
    ),
    (&["variational_dropout", "dropout_output"], |c| c.dropout > 0.0, "dropout above 0"),
    (&["merge"], |c| c.bidirectional, "bidirectional = true"),
    (&["readout_width", "readout_state"], |c| c.readout == Readout::Maxout, "readout = maxout"),
    (&["max_source_vocabulary"], |c| c.source_tokenizer.is_empty(), "source_tokenizer left out"),
    (&["max_target_vocabulary"], |c| c.target_tokenizer.is_empty(), "target_tokenizer left out"),
    (&["window"], |c| c.task == TaskKind::LanguageStream, "task = language_stream"),
    (
        &["temperature"],
        |c| matches!(c.task, TaskKind::LanguageLines | TaskKind::LanguageStream),
        "task = language_lines or language_stream",
    ),
    (
        &[
            "source_recipe",
            "source_unit",
            "source_tokenizer",
            "max_source_vocabulary",
            "max_source_words",
            "reverse_source",
            "target_prefixes",
            "attention",
            "attention_width",
            "wiring",
            "input_feeding",
            "decoder_init",
            "readout",
            "tied",
            "context_first",
            "attend_padding",
            "reset_decoder_state",
            "count_padding",
            "teacher_forcing",
            "teacher_forcing_schedule",
            "unknown_words",
        ],
        |c| c.task == TaskKind::Translation,
        "task = translation",
    ),
    (
        &[
            "target_recipe",
            "target_unit",
            "target_tokenizer",
            "min_count",
            "max_target_vocabulary",
            "max_length",
            "bpe_dropout",
        ],
        |c| c.task != TaskKind::Sequence,
        "another task than sequence",
    ),
    (
        &["max_target_words"],
        |c| matches!(c.task, TaskKind::Translation | TaskKind::LanguageLines),
        "task = translation or language_lines",
    ),
];

fn is_local(config: &Config) -> bool {
    config.attention.is_some_and(AttentionKind::is_local)
}

/// Keys that have no effect when nothing is held out.
const OF_VALIDATIONS: [&str; 3] =
    ["early_stopping_metric", "validate_every_epochs", "keep_checkpoints"];

impl Config {
    /// Returns the setting that a key needs to have an effect; `None` if it has one.
    pub fn missing_for(&self, key: &str) -> Option<&'static str> {
        let rule = |(keys, has_effect, _): &&EffectRule| keys.contains(&key) && !has_effect(self);
        RULES.iter().find(rule).map(|rule| rule.2)
    }

    /// Refuses keys that were set to a value other than their default but have no effect in this
    /// configuration; `holds_out` is true if the run holds out examples.
    ///
    /// # Errors
    /// [`Error::Configuration`] with each such key, its value, and the setting that would give it
    /// an effect.
    pub fn check_effects<'a>(
        &self,
        set: impl IntoIterator<Item = &'a str>,
        holds_out: bool,
    ) -> Result<()> {
        let keys = set.into_iter().flat_map(shorthand::present);
        let problem = |key: &str| {
            // Without held-out examples there is no validation anyway, so 0 ("never") is
            // consistent.
            let is_never = key == "validate_every_epochs" && self.validate_every_epochs == 0.0;
            let needed = if !holds_out && OF_VALIDATIONS.contains(&key) && !is_never {
                "something held out, and not valid = none"
            } else {
                self.missing_for(key)?
            };
            let value =
                self.show(key).filter(|value| Self::default().show(key) != Some(value.clone()))?;
            Some(format!(
                "{key} = {value} has no effect: it needs {needed}; set that, or leave it out"
            ))
        };
        let problems: Vec<String> = keys.filter_map(problem).collect();
        if problems.is_empty() { Ok(()) } else { Err(Error::Configuration { problems }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_nothing_is_refused_with_what_it_needs() {
        for (set, expected) in [
            (
                &[("init_scale", "0.2")][..],
                "init_scale = 0.2 has no effect: it needs init = uniform",
            ),
            (&[("attention_heads", "4")], "it needs attention = multi_head"),
            (&[("learning_rate_warmup", "5")], "it needs learning_rate_schedule = inverse_sqrt"),
            (&[("window", "5")], "it needs task = language_stream"),
            (&[("merge", "sum"), ("bidirectional", "false")], "it needs bidirectional = true"),
        ] {
            let mut config = Config::default();
            set.iter().for_each(|(key, value)| config.set(key, value).unwrap());
            let error = config.check_effects(set.iter().map(|(key, _)| *key), true).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        }
        let mut config = Config::default();
        config.set("init", "uniform").unwrap();
        config
            .check_effects(["init_scale", "hidden", "unit", "early_stopping_metric"], true)
            .unwrap();
        config.set("early_stopping_metric", "loss").unwrap();
        assert!(config.check_effects(["judge"], false).is_err());
        let error = config.check_effects(["early_stopping_metric"], false).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("early_stopping_metric = loss has no effect: it needs something"),
            "{error}"
        );
        // Every key of the table exists.
        for keys in RULES.iter().map(|rule| rule.0).chain([&OF_VALIDATIONS[..]]) {
            assert!(keys.iter().all(|key| Config::KEYS.iter().any(|known| known.name == *key)));
        }
    }
}
