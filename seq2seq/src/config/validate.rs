//! Checks of a configuration beyond the types of its values.

use attention::AttentionKind;
use rnn::Merge;

use super::enums::{
    BatchBy, DecoderInit, ForcingSchedule, OptimizerKind, RateSchedule, Readout, ReadoutState,
    TaskKind, Tied, Wiring,
};
use super::keys::{Config, Key};
use super::value::attention_name;
use crate::{Error, Result};

impl Config {
    /// Checks ranges, and combinations of keys.
    ///
    /// # Errors
    /// [`Error::Configuration`] with all problems, each with its key and the expected value.
    pub fn validate(&self) -> Result<()> {
        // Sizes are multiplied below, which needs them in their ranges.
        self.check_ranges()?;
        let problems = self.combinations();
        if problems.is_empty() { Ok(()) } else { Err(Error::Configuration { problems }) }
    }

    /// Checks that every number is in its key's range.
    ///
    /// # Errors
    /// [`Error::Configuration`] with every key whose value is out of range, and that range.
    pub fn check_ranges(&self) -> Result<()> {
        let problem = |key: &Key| {
            let range = key.out_of_range(self)?;
            let value = self.show(key.name).unwrap_or_default();
            Some(format!("{} = {value}: it should be {range}", key.name))
        };
        let problems: Vec<String> = Self::KEYS.iter().filter_map(problem).collect();
        if problems.is_empty() { Ok(()) } else { Err(Error::Configuration { problems }) }
    }

    fn combinations(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let attends_last = self.wiring == Wiring::RecurThenAttend;
        if self.input_feeding && !attends_last {
            problems.push(format!(
                "input_feeding = true: wiring = {} has nothing to feed; \
                 set wiring = recur_then_attend or input_feeding = false",
                self.wiring
            ));
        }
        let averages = matches!(self.optimizer, OptimizerKind::Adadelta | OptimizerKind::Rmsprop);
        if self.optimizer_decay != 0.0 && !averages {
            let decay = self.optimizer_decay;
            problems.push(format!(
                "optimizer_decay = {decay}: it should be 0 but for adadelta and rmsprop"
            ));
        }
        problems.extend(self.subwords());
        problems.extend(self.attentions());
        problems.extend(self.wirings());
        let attends = self.attention.is_some();
        if attends_last && attends && self.readout == Readout::Linear {
            problems.push(format!(
                "readout = {}: with wiring = recur_then_attend the context would reach nothing; \
                 set readout = tanh_context or wiring = attend_then_recur",
                self.readout
            ));
        }
        let unforced = self.teacher_forcing <= self.teacher_forcing_end;
        if self.teacher_forcing_schedule != ForcingSchedule::Constant && unforced {
            problems.push(format!(
                "teacher_forcing_schedule = {}: it leads down, from teacher_forcing = {} to \
                 teacher_forcing_end = {}; set a lower teacher_forcing_end, or \
                 teacher_forcing_schedule = constant",
                self.teacher_forcing_schedule, self.teacher_forcing, self.teacher_forcing_end
            ));
        }
        if self.validate_every_epochs == 0.0
            && let Some(waits) = self.waits_for_validations()
        {
            problems.push(format!(
                "{waits}: without validations on the way it would wait for ever; set \
                 validate_every_epochs above 0, or leave it out"
            ));
        }
        if self.target_prefixes.iter().any(String::is_empty) {
            let none = "target_prefixes: an empty text is the start of every target; \
                        leave it out, or give no text at all to keep every pair";
            problems.push(none.to_owned());
        }
        if self.task != TaskKind::Translation {
            problems.extend(self.beside_translation());
        }
        problems
    }

    /// Returns the problems of attention keys that do not fit the attention.
    fn attentions(&self) -> Vec<String> {
        let attention = self.attention;
        let mut problems = Vec::new();
        let mut unfit = |key: &str, why: String| {
            problems.push(format!("{key} = {}: {why}", self.show(key).unwrap_or_default()));
        };
        let local = attention.is_some_and(AttentionKind::is_local);
        let scored_by = self.scored_by();
        let inner = scored_by.is_some_and(AttentionKind::has_inner_layer);
        if self.attention_width != 0 && !inner && attention != Some(AttentionKind::LocalP) {
            let way = "set attention_width = 0 or attention = additive";
            let name = attention_name(attention);
            unfit("attention_width", format!("attention = {name} has no inner layer; {way}"));
        }
        if local && !scored_by.is_some_and(AttentionKind::is_content) {
            let way = "set one that looks at the source, such as general";
            unfit("attention_score", format!("it cannot fill a window; {way}"));
        }
        let plain = scored_by.is_some_and(AttentionKind::needs_equal_widths);
        if plain && self.bidirectional && self.merge == Merge::Concat {
            unfit(
                if local { "attention_score" } else { "attention" },
                "it needs source states as wide as the decoder's, and bidirectional = true puts two \
                 side by side; set merge = sum, bidirectional = false or general"
                    .to_owned(),
            );
        }
        let multi_head = attention == Some(AttentionKind::MultiHead);
        if multi_head && !self.hidden.is_multiple_of(self.attention_heads) {
            unfit(
                "attention_heads",
                format!("they share out hidden = {}; set a divisor", self.hidden),
            );
        }
        if attention.is_none() && self.input_feeding {
            unfit("input_feeding", "without attention there is no attentional vector".to_owned());
        }
        if self.residual && self.layers == 1 {
            unfit(
                "residual",
                "it is for the second layer and those after; set layers = 2".to_owned(),
            );
        }
        problems
    }

    /// Returns the problems of decoder and readout keys that do not fit each other.
    fn wirings(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut unfit = |key: &str, unfit: bool, why: String| {
            if unfit {
                problems.push(format!("{key} = {}: {why}", self.show(key).unwrap_or_default()));
            }
        };
        let (h, width) = (self.hidden, self.readout_width());
        let maxout = "only readout = maxout has one; set readout = maxout or leave it out";
        let is_maxout = self.readout == Readout::Maxout;
        unfit("readout_width", self.readout_width != 0 && !is_maxout, maxout.to_owned());
        let previous = self.readout_state == ReadoutState::Previous;
        unfit("readout_state", previous && !is_maxout, maxout.to_owned());
        let context = self.context_width();
        unfit(
            "readout",
            self.readout == Readout::ResidualNorm && context != h,
            format!(
                "it adds the context, {context} wide, to the state, {h} wide; set merge = sum, \
                 bidirectional = false or attention = multi_head"
            ),
        );
        unfit(
            "decoder_init",
            self.decoder_init == DecoderInit::BackwardTanh && !self.bidirectional,
            "the encoder has no backward direction; set bidirectional = true or linear_tanh".into(),
        );
        let (source, target) = (self.max_source_vocabulary, self.max_target_vocabulary);
        unfit(
            "tied",
            self.tied.source() && source != target,
            format!(
                "both sides share a vocabulary; set max_source_vocabulary = {source} and \
                 max_target_vocabulary = {target} to one number"
            ),
        );
        let (source, target) = (self.source_unit, self.target_unit);
        unfit(
            "tied",
            self.tied.source() && source != target,
            format!(
                "both sides share a vocabulary, and source_unit = {source} cuts their text \
                 otherwise than target_unit = {target}; set unit = {source} or {target} for both, \
                 or tied = none"
            ),
        );
        unfit(
            "tied",
            self.tied.output() && self.embedding != width,
            format!(
                "the output layer has {width} inputs and an embedding has {}; set embedding = \
                 {width}",
                self.embedding
            ),
        );
        for (key, asks) in [
            ("reset_decoder_state", self.reset_decoder_state),
            ("context_first", self.context_first),
        ] {
            let why = "it is about a context that goes into the recurrence";
            unfit(
                key,
                asks && self.wiring != Wiring::AttendThenRecur,
                format!("{why}; set wiring = attend_then_recur or {key} = false"),
            );
        }
        problems
    }

    /// Returns the problems of keys that are set but apply to translation only.
    fn beside_translation(&self) -> Vec<String> {
        let task = self.task;
        let mut problems = Vec::new();
        if self.bidirectional {
            problems.push(format!(
                "bidirectional = true: task = {task} reads forwards only, or it would see what it \
                 is to predict; set bidirectional = false"
            ));
        }
        for (key, asks, off) in [
            ("reverse_source", self.reverse_source, "false"),
            ("count_padding", self.count_padding, "false"),
            ("teacher_forcing", self.teacher_forcing < 1.0, "1"),
            (
                "teacher_forcing_schedule",
                self.teacher_forcing_schedule != ForcingSchedule::Constant,
                "constant",
            ),
            ("target_prefixes", !self.target_prefixes.is_empty(), "none"),
            ("tied", self.tied != Tied::None, "none"),
            ("attend_padding", self.attend_padding, "false"),
            ("reset_decoder_state", self.reset_decoder_state, "false"),
            ("context_first", self.context_first, "false"),
            ("readout_width", self.readout_width != 0, "0"),
        ] {
            if asks {
                problems.push(format!(
                    "{key} = {}: task = {task} does not know it; leave it {off}",
                    self.show(key).unwrap_or_default()
                ));
            }
        }
        if task == TaskKind::LanguageStream && self.batch_by == BatchBy::Tokens {
            problems.push(format!(
                "batch_by = tokens: task = {task} reads batch parts of the text side by side, \
                 window tokens of each; set batch_by = sentences"
            ));
        }
        problems
    }
}

impl Config {
    /// Returns the width of the output layer's input.
    pub(crate) fn readout_width(&self) -> usize {
        if self.readout_width == 0 { self.hidden } else { self.readout_width }
    }

    /// Returns the attention whose score function is used: within the window for local attention,
    /// otherwise the attention itself.
    pub(super) fn scored_by(&self) -> Option<AttentionKind> {
        self.attention.map(|kind| if kind.is_local() { self.attention_score } else { kind })
    }

    /// Returns the width of a memory state.
    pub(crate) fn memory_width(&self) -> usize {
        let concat = self.bidirectional && self.merge == Merge::Concat;
        self.hidden * if concat { 2 } else { 1 }
    }

    /// Returns the width of the context vector.
    pub(crate) fn context_width(&self) -> usize {
        let both = self.hidden * if self.bidirectional { 2 } else { 1 };
        match self.attention {
            Some(AttentionKind::MultiHead) => self.hidden,
            None => both,
            _ if self.merge == Merge::Concat => both,
            _ => self.hidden,
        }
    }

    /// Returns the setting that needs validations during the run, as `KEY = VALUE`; `None` if there
    /// is none.
    pub(crate) fn waits_for_validations(&self) -> Option<String> {
        if self.stop_patience > 0 {
            return Some(format!("stop_patience = {}", self.stop_patience));
        }
        let plateau = RateSchedule::Plateau;
        let waits = self.learning_rate_schedule == plateau;
        waits.then(|| format!("learning_rate_schedule = {plateau}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(changes: &[(&str, &str)]) -> String {
        let mut config = Config::default();
        for (key, value) in changes {
            config.set(key, value).unwrap();
        }
        config.validate().unwrap_err().to_string()
    }

    #[test]
    fn defaults_are_right() {
        Config::default().validate().unwrap();
    }

    #[test]
    fn ranges_are_named() {
        for (key, value, range) in [
            ("layers", "0", "from 1 to 256"),
            ("layers", "4294967296", "from 1 to 256"),
            ("hidden", "0", "from 1 to 1000000"),
            ("hidden", "9223372036854775807", "from 1 to 1000000"),
            ("attention_width", "18446744073709551615", "from 0 to 1000000"),
            ("attention_heads", "0", "from 1 to 1000000"),
            ("max_length", "1000000000000", "from 0 to 100000"),
            ("temperature", "-1", "from 0 to 1000"),
            ("dropout", "1", "from 0 to below 1"),
            ("dropout", "-0.1", "from 0 to below 1"),
            ("teacher_forcing", "1.1", "from 0 to 1"),
            ("learning_rate_factor", "1", "above 0 and below 1"),
            ("learning_rate", "0", "above 0, to 1e38"),
            ("checkpoint_seconds", "0", "above 0, to 1000000000"),
            ("checkpoint_seconds", "100000000000000000000", "above 0, to 1000000000"),
            ("sample_every_seconds", "-1", "from 0 to 1000000000"),
        ] {
            assert_eq!(problem(&[(key, value)]), format!("{key} = {value}: it should be {range}"));
        }
        let both = problem(&[("hidden", "0"), ("layers", "0")]);
        assert_eq!(both.matches("should be").count(), 2, "{both}");
    }

    #[test]
    fn every_number_has_a_range_that_its_default_is_in_and_its_help_tells() {
        for key in Config::KEYS {
            let numbers = key.allowed();
            let is_number = ["a whole number", "a number"].iter().any(|n| numbers.starts_with(n));
            assert_eq!(key.range().is_some(), is_number, "{}", key.name);
            if let Some(range) = key.range() {
                assert!(key.out_of_range(&Config::default()).is_none(), "{}", key.name);
                let doc = key.doc().replace('\n', " ");
                assert!(doc.contains(&format!("number {range}.")), "{doc}");
            }
        }
    }

    #[test]
    fn keys_that_do_not_fit_are_named_with_the_way_out() {
        for (changes, expected) in [
            (&[("input_feeding", "true")][..], "set wiring = recur_then_attend"),
            (&[("wiring", "recur_then_attend")], "set readout = tanh_context"),
            (&[("attention", "general"), ("attention_width", "8")], "set attention_width = 0"),
            (&[("attention", "dot")], "set merge = sum"),
            (&[("attention", "local_p"), ("attention_score", "location")], "such as general"),
            (&[("attention", "multi_head"), ("attention_heads", "7")], "set a divisor"),
            (&[("residual", "true")], "set layers = 2"),
            (&[("target_prefixes", "a,,b")], "target_prefixes: an empty text"),
            (&[("readout_width", "8")], "readout_width = 8: only readout = maxout"),
            (&[("readout_state", "previous")], "readout_state = previous: only readout = maxout"),
            (&[("readout", "residual_norm")], "512 wide, to the state, 256 wide; set merge = sum"),
            (
                &[("decoder_init", "backward_tanh"), ("bidirectional", "false")],
                "decoder_init = backward_tanh: the encoder has no backward direction",
            ),
            (&[("tied", "all"), ("max_source_vocabulary", "5")], "tied = all: both sides share"),
            (
                &[("tied", "source_target"), ("source_unit", "characters")],
                "source_unit = characters cuts their text otherwise than target_unit = words; set \
                 unit = characters or words for both, or tied = none",
            ),
            (&[("tied", "target_output"), ("embedding", "7")], "set embedding = 256"),
            (
                &[
                    ("reset_decoder_state", "true"),
                    ("wiring", "recur_then_attend"),
                    ("readout", "tanh_context"),
                ],
                "set wiring = attend_then_recur or reset_decoder_state = false",
            ),
            (&[("tied", "target_output"), ("task", "language_lines")], "leave it none"),
            (&[("task", "language_lines")], "set bidirectional = false"),
            (
                &[("task", "sequence"), ("bidirectional", "false"), ("reverse_source", "true")],
                "reverse_source = true: task = sequence does not know it; leave it false",
            ),
            (
                &[
                    ("task", "language_lines"),
                    ("teacher_forcing_schedule", "linear"),
                    ("bidirectional", "false"),
                ],
                "task = language_lines does not know it; leave it constant",
            ),
            (
                &[("task", "language_stream"), ("bidirectional", "false"), ("batch_by", "tokens")],
                "set batch_by = sentences",
            ),
            (
                &[("teacher_forcing_schedule", "linear"), ("teacher_forcing_end", "1")],
                "set a lower teacher_forcing_end",
            ),
            (
                &[("stop_patience", "3"), ("validate_every_epochs", "0")],
                "stop_patience = 3: without validations",
            ),
            (
                &[("learning_rate_schedule", "plateau"), ("validate_every_epochs", "0")],
                "learning_rate_schedule = plateau: without validations",
            ),
        ] {
            let error = problem(changes);
            assert!(error.contains(expected), "{error}");
        }
    }
}
