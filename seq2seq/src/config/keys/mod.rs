//! The table of all configuration keys, with their names, types, defaults and documentation.

mod documentation;

use attention::AttentionKind;
use rnn::{Cell, Merge};
use serde::{Deserialize, Serialize};
use tokenizer::Recipe;

use crate::config::enums::{
    BatchBy, DecoderInit, EarlyStoppingMetric, ForcingSchedule, ForcingUnit, InitScheme, LossNorm,
    OptimizerKind, RateSchedule, Readout, ReadoutState, TaskKind, TextUnit, Tied, UnknownWords,
    Wiring,
};
use crate::config::nearest::nearest;
use crate::config::on_resume::{OnResume, on_resume};
use crate::config::shorthand;
use crate::config::value::Value;
use crate::range::Range;
use crate::{Error, Result};

/// One key of a [`Config`]: the information that `tui presets`, `--set` and the documentation use.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// The name, in the form that `--set` takes.
    pub name: &'static str,
    /// The section: `data`, `model`, `training`, `watching` or `decoding`.
    pub section: &'static str,
    /// Whether `--resume` may change it.
    pub on_resume: OnResume,
    raw_doc: &'static str,
    kind: fn() -> String,
    explained: fn() -> String,
    range: Option<Range>,
    number: fn(&Config) -> Option<f64>,
}

// Each section gives the reason why a resume may not change its keys. After a key's default,
// `=> Changes` allows the change, and `=> "..."` gives the key its own reason.
macro_rules! keys {
    (@range) => { None };
    (@range $range:ident($($end:expr),+)) => { Some(Range::$range($($end),+)) };
    ($(
        $section:literal, fixed: $why:literal {
            $(
                $(#[doc = $doc:literal])+
                $(#[serde(with = $with:literal)])?
                $name:ident: $type:ty = $default:expr
                    $(, $range:ident($($end:expr),+))? $(=> $on_resume:tt)?;
            )+
        }
    )+) => {
        /// A configuration: all settings that determine what a model learns from a corpus, and how.
        ///
        /// Each field is a key that presets and `--set` can set; a preset that does not set a key
        /// gets its default. Unknown keys are refused.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct Config {
            $($( $(#[doc = $doc])+ $(#[serde(with = $with)])? pub $name: $type, )+)+
        }

        impl Default for Config {
            fn default() -> Self {
                Self { $($( $name: $default, )+)+ }
            }
        }

        impl Config {
            /// Every key, in order.
            pub const KEYS: &'static [Key] = &[$($(
                Key {
                    name: stringify!($name),
                    section: $section,
                    on_resume: on_resume!($why $($on_resume)?),
                    raw_doc: concat!($($doc, "\n"),+),
                    kind: <$type as Value>::allowed,
                    explained: <$type as Value>::explained,
                    range: keys!(@range $($range($($end),+))?),
                    number: |config| config.$name.number(),
                },
            )+)+];

            /// Sets a key to a value given as text. Ranges are checked by [`Config::validate`].
            ///
            /// ```
            /// let mut config = seq2seq::Config::default();
            /// config.set("learning_rate", "2e-3")?;
            /// assert_eq!(config.learning_rate, 0.002);
            /// let error = config.set("learning-rat", "2e-3").unwrap_err().to_string();
            /// assert!(error.contains("did you mean 'learning_rate'?"));
            /// # Ok::<(), seq2seq::Error>(())
            /// ```
            ///
            /// # Errors
            /// [`Error::UnknownKey`] with the nearest key; [`Error::BadValue`] with the allowed
            /// values.
            pub fn set(&mut self, key: &str, value: &str) -> Result<()> {
                if let Some(keys) = shorthand::expand(key) {
                    let mut set = |&each: &&str| self.set(each, value);
                    return keys.iter().try_for_each(|each| set(each)).map_err(|e| e.of_key(key));
                }
                match key {
                    $($( stringify!($name) => {
                        self.$name = Value::parse(value)
                            .ok_or_else(|| bad(key, value))?;
                    } )+)+
                    _ => return Err(unknown(key)),
                }
                Ok(())
            }

            /// Sets a key to a value of a TOML file; `text` is the value as written there.
            pub(in crate::config) fn set_toml(
                &mut self,
                key: &str,
                value: toml::Value,
                text: &str,
            ) -> Result<()> {
                if let Some(keys) = shorthand::expand(key) {
                    let mut set = |&each: &&str| self.set_toml(each, value.clone(), text);
                    return keys.iter().try_for_each(|each| set(each)).map_err(|e| e.of_key(key));
                }
                match key {
                    $($( stringify!($name) => {
                        self.$name = Value::from_toml(value).ok_or_else(|| bad(key, text))?;
                    } )+)+
                    _ => return Err(unknown(key)),
                }
                Ok(())
            }

            /// Returns the value of a key in the form that [`Config::set`] takes; `None` for an
            /// unknown key. For a key that sets several keys with different values, returns all of
            /// them.
            pub fn show(&self, key: &str) -> Option<String> {
                if let Some(keys) = shorthand::expand(key) {
                    let all: Option<Vec<_>> = keys.iter().map(|each| self.show(each)).collect();
                    let all = all?;
                    if all.windows(2).all(|two| two[0] == two[1]) {
                        return all.into_iter().next();
                    }
                    let each = keys.iter().zip(all).map(|(key, value)| format!("{key} = {value}"));
                    return Some(each.collect::<Vec<_>>().join(" and "));
                }
                match key {
                    $($( stringify!($name) => Some(self.$name.show()), )+)+
                    _ => None,
                }
            }
        }
    };
}

/// Returns the error for a value that a key does not accept.
fn bad(key: &str, value: &str) -> Error {
    let known = Config::KEYS.iter().find(|known| known.name == key);
    let allowed = known.map(Key::allowed).unwrap_or_default();
    Error::BadValue { key: key.to_owned(), value: value.to_owned(), allowed }
}

/// Returns the error for a key that does not exist.
pub(in crate::config) fn unknown(key: &str) -> Error {
    let names = Config::KEYS.iter().map(|key| key.name).chain(shorthand::names());
    Error::UnknownKey { key: key.to_owned(), nearest: nearest(key, names) }
}

keys! {
    "data", fixed: "the training pairs, their order and the vocabularies follow from it" {
        /// The learning task. translation: from sentence to sentence; language_lines: the next
        /// token of a line, each line a sequence; language_stream: the next token of a running
        /// text, whose state is carried from window to window; sequence: the answer to a generated
        /// sequence (data = adding, temporal-order, reber). The keys of attention, decoder, source
        /// and teacher forcing apply to translation only.
        task: TaskKind = TaskKind::Translation;
        /// The corpus SPEC that is used when `--data` is not given.
        data: String = "phrasebook".to_owned();
        /// The named recipe that normalises source text.
        source_recipe: Recipe = Recipe::WordsLower;
        /// The named recipe that normalises target text.
        target_recipe: Recipe = Recipe::WordsLower;
        /// The units into which source sentences are split. bpe (byte-pair encoding, Sennrich 2016)
        /// and unigram (Kudo 2018) are pieces of words, so that no word is unknown: learnt from the
        /// training pairs, together with the target's if `tied` shares the embeddings, or taken from
        /// source_tokenizer. `unit` sets both sides at once.
        source_unit: TextUnit = TextUnit::Words;
        /// The units into which target sentences, and the text of a language model, are split.
        target_unit: TextUnit = TextUnit::Words;
        /// The tokenizer.json whose pieces are the source's units, for source_unit = bpe or unigram;
        /// the run keeps a copy. None to learn them. `tokenizer` sets both sides at once.
        source_tokenizer: String = String::new();
        /// The same for the target, and for the text of a language model.
        target_tokenizer: String = String::new();
        /// Words (or characters) seen less often than this in training become unknown, and pairs of
        /// pieces are not merged by bpe; from 1.
        min_count: usize = 1, within(1.0, 1e9);
        /// Maximum number of entries in the source vocabulary, not counting the four special ones;
        /// the most frequent words are kept; 0 for no limit. The number of pieces that bpe and
        /// unigram learn, from 256; 0 for 8000. `vocabulary` sets both sides at once.
        max_source_vocabulary: usize = 0, within(0.0, 1e9);
        /// The same for the target vocabulary.
        max_target_vocabulary: usize = 0, within(0.0, 1e9);
        /// Pairs with a longer source, in units (words for bpe and unigram) without the end token,
        /// are not trained on; 0 for no limit.
        max_source_words: usize = 0, within(0.0, 1e9);
        /// Pairs with a longer target are not trained on; 0 for no limit.
        max_target_words: usize = 0, within(0.0, 1e9);
        /// Only pairs whose normalised target starts with one of these texts are trained on, as in
        /// the PyTorch tutorial; none for all pairs.
        target_prefixes: Vec<String> = Vec::new();
        /// Reverse the order of the source tokens (Sutskever 2014, Luong 2015).
        reverse_source: bool = false;
    }
    "model", fixed: "the parameters of the run were made for it and trained with it" {
        /// The recurrent cell of encoder and decoder.
        cell: Cell = Cell::Gru;
        /// Number of recurrent layers in the encoder, and in the decoder; from 1.
        layers: usize = 1, within(1.0, 256.0);
        /// Run the encoder in both directions.
        bidirectional: bool = true;
        /// How the outputs of the two directions are combined in every layer: concatenated, summed,
        /// or averaged.
        merge: Merge = Merge::Concat;
        /// Every recurrent layer from the second on adds its input to its output (Wu 2016).
        residual: bool = false;
        /// Layer normalisation of both matrix products of the cell (Ba 2016).
        layer_norm: bool = false;
        /// Dropout between layers uses one mask per sentence, and also drops elements of the
        /// recurrent state (Gal and Ghahramani 2016).
        variational_dropout: bool = false => Changes;
        /// Added to the forget gate's first bias (Jozefowicz 2015); 0 for cells without that gate.
        forget_bias: f32 = 0.0, within(-1e3, 1e3);
        /// Width of the word embeddings; from 1.
        embedding: usize = 256, within(1.0, 1e6);
        /// Width of each recurrent layer, per direction in the encoder; from 1.
        hidden: usize = 256, within(1.0, 1e6);
        /// The attention of the decoder. none: the plain encoder-decoder, whose decoder gets the
        /// source's last state at every step (wiring = attend_then_recur, Cho 2014) or only as its
        /// initial state (recur_then_attend, Sutskever 2014). For a query q and a key k:
        #[serde(with = "crate::config::attention_by_name")]
        attention: Option<AttentionKind> = Some(AttentionKind::Additive);
        /// Width of the inner layer of additive, additive_bias, concat and of local_p's prediction;
        /// 0 for `hidden`.
        attention_width: usize = 0, within(0.0, 1e6);
        /// Rows of location's table: positions from that one on are never attended to; from 1.
        attention_positions: usize = 50, within(1.0, 1e6);
        /// Positions on each side of the centre of local_m and local_p (D in Luong 2015); from 1.
        attention_window: usize = 10, within(1.0, 1e6);
        /// The score function within the window of local_m and local_p.
        attention_score: AttentionKind = AttentionKind::General;
        /// Renormalise the weights of local_p to sum to one after its Gaussian; the paper does not.
        attention_renormalize: bool = false;
        /// Number of heads of multi_head, among which `hidden` is divided; from 1.
        attention_heads: usize = 1, within(1.0, 1e6);
        /// attend_then_recur: the query is the previous state, and the context is an input of the
        /// recurrence (Bahdanau 2014, PyTorch tutorial); recur_then_attend: the query is the new
        /// state, and the context is an input of the readout (Luong 2015).
        wiring: Wiring = Wiring::AttendThenRecur;
        /// The last readout is an input of the next step of the recurrence (Luong 2015, section
        /// 3.3); for wiring = recur_then_attend only.
        input_feeding: bool = false;
        /// The decoder's initial state. zeros; copy: the encoder's final forward state; linear:
        /// W h + b, where h are the encoder's final states in both directions; linear_tanh:
        /// tanh(W h + b); backward_tanh: tanh(W h + b), where h is the final state of the backward
        /// direction alone, which has just read the first word (Bahdanau 2014).
        decoder_init: DecoderInit = DecoderInit::LinearTanh;
        /// The input of the output layer. linear: the decoder's state; tanh_context:
        /// tanh(W [context; state]) (Luong 2015); maxout: the larger of each two elements of
        /// U state + V embedding + C context (Bahdanau 2014); residual_norm: layer normalisation of
        /// state + context (Keras).
        readout: Readout = Readout::Linear;
        /// Width of the output of maxout, half that of its input; 0 for `hidden`.
        readout_width: usize = 0, within(0.0, 1e6);
        /// The state that maxout takes: the one before the step (Bahdanau 2014, appendix) or the
        /// new one (section 3.1).
        readout_state: ReadoutState = ReadoutState::New;
        /// Embeddings that share their weights. source_target: both sides share a vocabulary;
        /// target_output: the decoder's embeddings are the output layer's weights, and are
        /// initialised like those; all: both.
        tied: Tied = Tied::None;
        /// Put the context before the embedding in the recurrence's input, as in the TensorFlow
        /// tutorial; this determines the order of imported weights.
        context_first: bool = false;
        /// The encoder reads padding and attention includes it, as in the TensorFlow tutorial. The
        /// old key faithful sets this and reset_decoder_state.
        attend_padding: bool = false;
        /// The decoder's recurrence starts from zeros at every step, as in the TensorFlow tutorial.
        reset_decoder_state: bool = false;
        /// Share of embeddings, and of outputs between recurrent layers, that is dropped in
        /// training; from 0 to below 1.
        dropout: f32 = 0.0, below(0.0, 1.0) => Changes;
        /// Also drop this share of the decoder's output.
        dropout_output: bool = false => Changes;
    }
    "training", fixed: "the place within the epoch is counted in batches that follow from it" {
        /// The size of a batch, in the unit of batch_by; from 1.
        batch: usize = 64, within(1.0, 1e9);
        /// Tokens of a running text between two truncations of the gradient (truncated
        /// back-propagation through time), for task = language_stream; from 1. A batch has that
        /// many tokens from each of `batch` parts of the text.
        window: usize = 50, within(1.0, 1e6);
        /// sentences: pairs, lines, sequences, or parts of a running text (which takes no other
        /// value); tokens: at most this many positions, padding included: the number of pairs times
        /// the longest side among them (a pair longer than that is a batch of its own).
        batch_by: BatchBy = BatchBy::Sentences;
        /// Number of batches whose gradients are summed for one step; their loss is divided by
        /// their total count, as for a single batch. The last step of an epoch uses the remaining
        /// batches. From 1. Its old name, accumulate, is still read.
        gradient_accumulation: u64 = 1, within(1.0, 1e6);
        /// Passes over the training pairs; from 1. `--epochs` sets the same value.
        epochs: u64 = 10, within(1.0, 1e9) => Changes;
        /// The optimizer, equal to PyTorch's optimizer of that name.
        optimizer: OptimizerKind = OptimizerKind::Adam
            => "the stored state of the optimizer is that of one kind";
        /// The decay of the running averages of adadelta (rho) and rmsprop (alpha), below 1; 0 for
        /// PyTorch's defaults, 0.9 and 0.99.
        optimizer_decay: f32 = 0.0, below(0.0, 1.0) => Changes;
        /// The learning rate with which the schedule begins or to which it rises; above 0. A rate
        /// that is set in the dashboard replaces the schedule.
        learning_rate: f32 = 1e-3, above(0.0, 1e38) => Changes;
        /// luong, luong_dropout: halved before every epoch after the 5th, the 8th; plateau:
        /// multiplied by learning_rate_factor after learning_rate_patience validations without a
        /// new best; inverse_sqrt: linear increase for learning_rate_warmup steps, then
        /// proportional to 1 / sqrt(step); exponential: multiplied by learning_rate_factor after
        /// every epoch.
        learning_rate_schedule: RateSchedule = RateSchedule::Constant => Changes;
        /// The factor by which plateau and exponential multiply the rate; above 0 and below 1.
        learning_rate_factor: f32 = 0.5, between(0.0, 1.0) => Changes;
        /// Consecutive validations without a new best after which plateau lowers the rate; from 1.
        learning_rate_patience: u64 = 2, within(1.0, 1e9) => Changes;
        /// Steps over which inverse_sqrt rises to learning_rate; from 1.
        learning_rate_warmup: u64 = 1000, within(1.0, 1e9) => Changes;
        /// Gradients are scaled down to this L2 norm over all parameters if theirs is larger; 0 for
        /// never.
        clip_norm: f32 = 1.0, within(0.0, 1e9) => Changes;
        /// The divisor of the loss of a batch. token: the number of target tokens; sentence: the
        /// number of sentences (as Luong's learning rate and clip_norm assume); position: the
        /// number of positions, padding included.
        loss_norm: LossNorm = LossNorm::Token
            => "the losses and gradients before and after would not compare";
        /// Probability with which bpe leaves out each merge in training, so that a word is read in
        /// other pieces in each epoch (Provilkov 2020; 0.1 there); from 0 to below 1.
        bpe_dropout: f32 = 0.0, below(0.0, 1.0);
        /// Count padding as tokens to be predicted, as the PyTorch tutorial does.
        count_padding: bool = false
            => "the losses before and after would not compare";
        /// Share of the target probability that is distributed over all words; from 0 to below 1.
        label_smoothing: f32 = 0.0, below(0.0, 1.0) => Changes;
        /// Share of teacher forcing: how often the decoder's input is the reference instead of its
        /// own most probable token; 0 to 1.
        teacher_forcing: f32 = 1.0, within(0.0, 1.0) => Changes;
        /// The unit for which teacher forcing is drawn. token: each position (Bengio 2015); batch:
        /// the whole batch, as in the PyTorch tutorial.
        teacher_forcing_unit: ForcingUnit = ForcingUnit::Token => Changes;
        /// How the share moves from teacher_forcing to teacher_forcing_end. linear: over
        /// teacher_forcing_steps; inverse_sigmoid: k / (k + exp(step / k)) with
        /// k = teacher_forcing_steps.
        teacher_forcing_schedule: ForcingSchedule = ForcingSchedule::Constant => Changes;
        /// The final share of a schedule; 0 to 1.
        teacher_forcing_end: f32 = 0.0, within(0.0, 1.0) => Changes;
        /// Number of steps of linear; k of inverse_sigmoid, which is half way down at step k ln k.
        teacher_forcing_steps: u64 = 1000, within(1.0, 1e9) => Changes;
        /// Decay of a moving average of the parameters, which replaces them in validation,
        /// translation and later use; 0 for none, else below 1. At an early step n it is at most
        /// (1 + n) / (10 + n).
        average_decay: f32 = 0.0, below(0.0, 1.0)
            => "the stored average of the parameters was made with it";
        /// The metric by which validations are compared, for the best checkpoint, plateau and
        /// stop_patience. bleu: BLEU, then loss, and the loss alone if a task has no BLEU; loss:
        /// the loss alone. Its old name, judge, is still read.
        early_stopping_metric: EarlyStoppingMetric = EarlyStoppingMetric::Bleu => Changes;
        /// Consecutive validations without a new best after which the run ends; 0 for never.
        stop_patience: u64 = 0, within(0.0, 1e9) => Changes;
        /// How weights are initialised. uniform: between minus and plus init_scale; torch: the
        /// default of PyTorch's layers; xavier: Xavier (Glorot) uniform, biases zero; bahdanau:
        /// recurrent matrices orthogonal, the attention's normal with deviation 0.001, others with
        /// 0.01, biases and the attention's v zero (Bahdanau 2014, appendix B.1).
        init: InitScheme = InitScheme::Torch
            => "weights are drawn once, when a run begins";
        /// Half the width of init = uniform; above 0.
        init_scale: f32 = 0.1, above(0.0, 1e3)
            => "weights are drawn once, when a run begins";
    }
    "watching", fixed: "the run was begun with it" {
        /// Epochs between two validations, which may be a fraction; 0 for only at the end.
        validate_every_epochs: f32 = 1.0, within(0.0, 1e9) => Changes;
        /// Seconds between two sets of sample translations; 0 for none. A validation is followed by
        /// samples, too. In a long run both become rarer: there is at least a two-hundredth of the
        /// training time between two sets.
        sample_every_seconds: f64 = 5.0, within(0.0, 1e9) => Changes;
        /// Seconds of training between two checkpoints; above 0.
        checkpoint_seconds: f64 = 10.0, above(0.0, 1e9) => Changes;
        /// Number of checkpoints that are kept besides the best and the last: those of the most
        /// recent validations, whose parameters `--average-last` averages.
        keep_checkpoints: usize = 0, within(0.0, 1e4) => Changes;
        /// Steps between two sets of per-parameter metrics; 0 for none. After a thousand sets the
        /// interval doubles whenever the number of steps does. Its old name, figures_every, is still
        /// read.
        metrics_every: u64 = 10, within(0.0, 1e9) => Changes;
        /// Steps between two measurements of the gradient's flow through time; 0 for none. After a
        /// thousand of them the interval doubles, as that of metrics_every does.
        flow_every: u64 = 100, within(0.0, 1e9) => Changes;
    }
    "decoding", fixed: "the run was begun with it" {
        /// Maximum length of a translation, or of a text of a language model, in units of the
        /// target (words or letters, depending on `target_unit`), end token included. 0: twice the
        /// longest training target, or twice the source if that is longer; four windows for a
        /// running text.
        max_length: usize = 0, within(0.0, 1e5) => Changes;
        /// What becomes of unknown words in translations, and in their scores. keep: outputs contain
        /// `<unk>`; forbid: the most probable other word is taken; replace: the source word with the
        /// largest attention weight takes the place of `<unk>` (Luong 2015, section 4.1), which is
        /// forbid for a model without attention.
        unknown_words: UnknownWords = UnknownWords::Forbid => Changes;
        /// The divisor of a language model's logits before a token is drawn: below 1 for more
        /// probable texts, 0 for always the most probable token.
        temperature: f32 = 1.0, within(0.0, 1e3) => Changes;
    }
}

#[cfg(test)]
mod tests;
