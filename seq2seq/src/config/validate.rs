//! What a configuration must keep to beyond the types of its values.

use super::choice::{
    Attention, BatchBy, DecoderInit, ForcingSchedule, Merge, Optimizer, RateSchedule, Readout,
    ReadoutState, Task, Tied, Wiring,
};
use super::keys::Config;
use crate::{Error, Result};

impl Config {
    /// Checks ranges, and keys that must fit each other.
    ///
    /// # Errors
    /// [`Error::Configuration`] with everything that is wrong, each with the key and what would be
    /// right.
    pub fn validate(&self) -> Result<()> {
        let mut problems = self.ranges();
        problems.extend(self.combinations());
        if problems.is_empty() { Ok(()) } else { Err(Error::Configuration { problems }) }
    }

    fn ranges(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut check = |key: &str, right: bool, range: &str| {
            if !right {
                let value = self.show(key).unwrap_or_default();
                problems.push(format!("{key} = {value}: it should be {range}"));
            }
        };
        for (key, value) in [
            ("min_count", self.min_count),
            ("layers", self.layers),
            ("embedding", self.embedding),
            ("hidden", self.hidden),
            ("batch", self.batch),
            ("max_length", self.max_length),
            ("window", self.window),
            ("attention_positions", self.attention_positions),
            ("attention_window", self.attention_window),
            ("attention_heads", self.attention_heads),
        ] {
            check(key, value >= 1, "1 or more");
        }
        for (key, value) in [
            ("epochs", self.epochs),
            ("accumulate", self.accumulate),
            ("learning_rate_patience", self.learning_rate_patience),
            ("learning_rate_warmup", self.learning_rate_warmup),
            ("teacher_forcing_steps", self.teacher_forcing_steps),
        ] {
            check(key, value >= 1, "1 or more");
        }
        for (key, value) in [
            ("dropout", self.dropout),
            ("label_smoothing", self.label_smoothing),
            ("average_decay", self.average_decay),
        ] {
            check(key, (0.0..1.0).contains(&value), "0 or more and below 1");
        }
        for (key, value) in [
            ("teacher_forcing", self.teacher_forcing),
            ("teacher_forcing_end", self.teacher_forcing_end),
        ] {
            check(key, (0.0..=1.0).contains(&value), "from 0 to 1");
        }
        let decay = self.optimizer_decay;
        check("optimizer_decay", (0.0..1.0).contains(&decay), "from 0 to below 1");
        let averages = matches!(self.optimizer, Optimizer::Adadelta | Optimizer::Rmsprop);
        check("optimizer_decay", decay == 0.0 || averages, "0 but for adadelta and rmsprop");
        let factor = self.learning_rate_factor;
        check("learning_rate_factor", factor > 0.0 && factor < 1.0, "above 0 and below 1");
        for (key, value) in [
            ("learning_rate", f64::from(self.learning_rate)),
            ("init_scale", f64::from(self.init_scale)),
            ("checkpoint_seconds", self.checkpoint_seconds),
        ] {
            check(key, value.is_finite() && value > 0.0, "above 0");
        }
        for (key, value) in [
            ("clip_norm", f64::from(self.clip_norm)),
            ("validate_every_epochs", f64::from(self.validate_every_epochs)),
            ("sample_every_seconds", self.sample_every_seconds),
            ("temperature", f64::from(self.temperature)),
        ] {
            check(key, value.is_finite() && value >= 0.0, "0 or more");
        }
        problems
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
        problems.extend(self.attentions());
        problems.extend(self.wirings());
        let attends = self.attention != Attention::None;
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
        if self.task != Task::Translation {
            problems.extend(self.beside_translation());
        }
        problems
    }

    /// Keys of the attention that do not fit it.
    fn attentions(&self) -> Vec<String> {
        let attention = self.attention;
        let mut problems = Vec::new();
        let mut unfit = |key: &str, why: String| {
            problems.push(format!("{key} = {}: {why}", self.show(key).unwrap_or_default()));
        };
        let local = matches!(attention, Attention::LocalM | Attention::LocalP);
        let scored_by = if local { self.attention_score } else { attention };
        let inner =
            matches!(scored_by, Attention::Additive | Attention::AdditiveBias | Attention::Concat);
        if self.attention_width != 0 && !inner && attention != Attention::LocalP {
            let way = "set attention_width = 0 or attention = additive";
            unfit("attention_width", format!("attention = {attention} has no inner layer; {way}"));
        }
        let content = scored_by.kind().is_some_and(attention::Kind::is_content);
        if local && !content {
            let way = "set one that looks at the source, such as general";
            unfit("attention_score", format!("it cannot fill a window; {way}"));
        }
        let plain = matches!(scored_by, Attention::Dot | Attention::ScaledDot | Attention::Cosine);
        if plain && self.bidirectional && self.merge == Merge::Concat {
            unfit(
                if local { "attention_score" } else { "attention" },
                "it needs source states as wide as the decoder's, and bidirectional = true puts two \
                 side by side; set merge = sum, bidirectional = false or general"
                    .to_owned(),
            );
        }
        if attention == Attention::MultiHead && !self.hidden.is_multiple_of(self.attention_heads) {
            unfit(
                "attention_heads",
                format!("they share out hidden = {}; set a divisor", self.hidden),
            );
        }
        if attention == Attention::None && self.input_feeding {
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

    /// Keys of the decoder and its readout that do not fit each other.
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
                "the output layer sees {width} figures and an embedding has {}; set embedding = \
                 {width}",
                self.embedding
            ),
        );
        for (key, asks) in [("faithful", self.faithful), ("context_first", self.context_first)] {
            let why = "it is about a context that goes into the recurrence";
            unfit(
                key,
                asks && self.wiring != Wiring::AttendThenRecur,
                format!("{why}; set wiring = attend_then_recur or {key} = false"),
            );
        }
        problems
    }

    /// Keys that only translation obeys, where they ask for something.
    fn beside_translation(&self) -> Vec<String> {
        let task = self.task;
        let mut problems = Vec::new();
        if self.bidirectional {
            problems.push(format!(
                "bidirectional = true: task = {task} reads forwards only, or it would see what it \
                 is to foretell; set bidirectional = false"
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
            ("faithful", self.faithful, "false"),
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
        if task == Task::LanguageStream && self.batch_by == BatchBy::Tokens {
            problems.push(format!(
                "batch_by = tokens: task = {task} reads batch parts of the text side by side, \
                 window tokens of each; set batch_by = sentences"
            ));
        }
        problems
    }
}

impl Config {
    /// Width of what the output layer sees.
    pub(crate) fn readout_width(&self) -> usize {
        if self.readout_width == 0 { self.hidden } else { self.readout_width }
    }

    /// Width of a state of the memory.
    pub(crate) fn memory_width(&self) -> usize {
        let concat = self.bidirectional && self.merge == Merge::Concat;
        self.hidden * if concat { 2 } else { 1 }
    }

    /// Width of what the decoder finds in the source.
    pub(crate) fn context_width(&self) -> usize {
        let both = self.hidden * if self.bidirectional { 2 } else { 1 };
        match self.attention {
            Attention::MultiHead => self.hidden,
            Attention::None => both,
            _ if self.merge == Merge::Concat => both,
            _ => self.hidden,
        }
    }

    /// The key that only validations on the way can fulfil, with its value, if there is one.
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
            ("min_count", "0", "1 or more"),
            ("layers", "0", "1 or more"),
            ("embedding", "0", "1 or more"),
            ("hidden", "0", "1 or more"),
            ("batch", "0", "1 or more"),
            ("epochs", "0", "1 or more"),
            ("max_length", "0", "1 or more"),
            ("window", "0", "1 or more"),
            ("temperature", "-1", "0 or more"),
            ("dropout", "1", "0 or more and below 1"),
            ("dropout", "-0.1", "0 or more and below 1"),
            ("label_smoothing", "1.5", "0 or more and below 1"),
            ("teacher_forcing", "1.1", "from 0 to 1"),
            ("teacher_forcing_end", "-0.1", "from 0 to 1"),
            ("teacher_forcing_steps", "0", "1 or more"),
            ("accumulate", "0", "1 or more"),
            ("average_decay", "1", "0 or more and below 1"),
            ("learning_rate_factor", "1", "above 0 and below 1"),
            ("learning_rate_patience", "0", "1 or more"),
            ("learning_rate_warmup", "0", "1 or more"),
            ("learning_rate", "0", "above 0"),
            ("init_scale", "-1", "above 0"),
            ("checkpoint_seconds", "0", "above 0"),
            ("clip_norm", "-1", "0 or more"),
            ("validate_every_epochs", "-1", "0 or more"),
            ("sample_every_seconds", "-1", "0 or more"),
        ] {
            assert_eq!(problem(&[(key, value)]), format!("{key} = {value}: it should be {range}"));
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
            (&[("attention_heads", "0")], "attention_heads = 0: it should be 1 or more"),
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
                    ("faithful", "true"),
                    ("wiring", "recur_then_attend"),
                    ("readout", "tanh_context"),
                ],
                "set wiring = attend_then_recur or faithful = false",
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
        let both = problem(&[("hidden", "0"), ("layers", "0")]);
        assert_eq!(both.matches("should be").count(), 2, "{both}");
    }
}
