//! Enums for keys that take one of a few named values.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use tokenizer::{SubwordKind, Unit};

use crate::{Error, Result};

/// Defines enums whose variants have the names that presets, `--set` and serde use.
macro_rules! choices {
    ($(
        $(#[doc = $doc:literal])+
        $name:ident ($what:literal) {
            $( $(#[doc = $variant_doc:literal])+ $variant:ident = $text:literal, )+
        }
    )+) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name {
            $( $(#[doc = $variant_doc])+ #[serde(rename = $text)] $variant, )+
        }

        impl $name {
            /// Every variant.
            pub const ALL: &'static [Self] = &[$( Self::$variant ),+];

            /// The name that presets, `--set` and serde use.
            pub const fn name(self) -> &'static str {
                match self { $( Self::$variant => $text ),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name())
            }
        }

        impl FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self> {
                Self::ALL.iter().copied().find(|choice| choice.name() == text).ok_or_else(|| {
                    let allowed: Vec<_> = Self::ALL.iter().map(|choice| choice.name()).collect();
                    Error::BadValue {
                        key: $what.to_owned(),
                        value: text.to_owned(),
                        allowed: allowed.join(", "),
                    }
                })
            }
        }
    )+};
}

choices! {
    /// The learning task.
    TaskKind ("task") {
        /// Predicts a target sentence from a source sentence.
        Translation = "translation",
        /// Predicts the next token of a line.
        LanguageLines = "language_lines",
        /// Predicts the next token of a running text.
        LanguageStream = "language_stream",
        /// Predicts the answer to a generated sequence.
        Sequence = "sequence",
    }

    /// The units into which text is split.
    TextUnit ("unit") {
        /// Words.
        Words = "words",
        /// Characters.
        Characters = "characters",
        /// Pieces of words, from merges of frequent pairs (Sennrich 2016).
        Bpe = "bpe",
        /// Pieces of words, by a unigram language model (Kudo 2018).
        Unigram = "unigram",
    }

    /// The order of attention and the decoder's recurrence.
    Wiring ("wiring") {
        /// The query is the previous state; the context is an input of the recurrence (Bahdanau
        /// 2014).
        AttendThenRecur = "attend_then_recur",
        /// The query is the new state; the context is an input of the readout (Luong 2015).
        RecurThenAttend = "recur_then_attend",
    }

    /// The source of the decoder's initial state.
    DecoderInit ("decoder_init") {
        /// Zeros.
        Zeros = "zeros",
        /// The encoder's final forward state, layer by layer.
        Copy = "copy",
        /// W h + b, where h are the encoder's final states in both directions, layer by layer.
        Linear = "linear",
        /// tanh(W h + b), with the same h.
        LinearTanh = "linear_tanh",
        /// tanh(W h + b), where h is the backward direction's final state (Bahdanau 2014, appendix
        /// A.2.2).
        BackwardTanh = "backward_tanh",
    }

    /// The input of the output layer.
    Readout ("readout") {
        /// The decoder's state.
        Linear = "linear",
        /// tanh(W [context; state]) (Luong 2015, equation 5).
        TanhContext = "tanh_context",
        /// Maxout of the state, the embedding and the context (Bahdanau 2014, appendix A.2.2).
        Maxout = "maxout",
        /// Layer normalisation of the state plus the context (Keras).
        ResidualNorm = "residual_norm",
    }

    /// What becomes of unknown words in outputs.
    UnknownWords ("unknown_words") {
        /// Outputs contain `<unk>`.
        Keep = "keep",
        /// The decoder never outputs `<unk>`, but the most probable other word.
        Forbid = "forbid",
        /// Each `<unk>` is replaced by the source word with the largest attention weight (Luong 2015,
        /// section 4.1); without attention the same as `forbid`.
        Replace = "replace",
    }

    /// The decoder state that a maxout readout takes.
    ReadoutState ("readout_state") {
        /// The state after this step (Bahdanau 2014, section 3.1).
        New = "new",
        /// The state before this step (Bahdanau 2014, appendix A.2.2).
        Previous = "previous",
    }

    /// Embeddings that share their weights.
    Tied ("tied") {
        /// None.
        None = "none",
        /// The encoder's and the decoder's.
        SourceTarget = "source_target",
        /// The decoder's and the output layer's.
        TargetOutput = "target_output",
        /// All three.
        All = "all",
    }

    /// The optimizer.
    OptimizerKind ("optimizer") {
        /// Stochastic gradient descent.
        Sgd = "sgd",
        /// Adam.
        Adam = "adam",
        /// Adam with decoupled weight decay.
        Adamw = "adamw",
        /// Adadelta.
        Adadelta = "adadelta",
        /// Adagrad.
        Adagrad = "adagrad",
        /// RMSprop.
        Rmsprop = "rmsprop",
    }

    /// The divisor of a batch's summed loss, applied before the gradient is computed.
    LossNorm ("loss_norm") {
        /// The number of target tokens.
        Token = "token",
        /// The number of sentences.
        Sentence = "sentence",
        /// The number of positions, padding included.
        Position = "position",
    }

    /// The unit of the batch size.
    BatchBy ("batch_by") {
        /// Examples.
        Sentences = "sentences",
        /// Positions, padding included: the number of examples times the longest side among them.
        Tokens = "tokens",
    }

    /// How the learning rate changes during a run.
    RateSchedule ("learning_rate_schedule") {
        /// The learning rate is constant.
        Constant = "constant",
        /// Halved before every epoch after the fifth (Luong 2015, section 4.1).
        Luong = "luong",
        /// Halved before every epoch after the eighth, as for Luong's models with dropout.
        LuongDropout = "luong_dropout",
        /// Lowered when validations stop improving.
        Plateau = "plateau",
        /// Linear warm-up, then the inverse square root of the step (Vaswani 2017, section 5.3).
        InverseSqrt = "inverse_sqrt",
        /// Lowered by the same factor after every epoch.
        Exponential = "exponential",
    }

    /// The unit for which teacher forcing is drawn.
    ForcingUnit ("teacher_forcing_unit") {
        /// Each position of each sentence, independently (Bengio 2015).
        Token = "token",
        /// A whole batch (PyTorch tutorial).
        Batch = "batch",
    }

    /// How the share of teacher forcing changes during a run.
    ForcingSchedule ("teacher_forcing_schedule") {
        /// The share is constant.
        Constant = "constant",
        /// The share changes linearly.
        Linear = "linear",
        /// k / (k + exp(i / k)) at step i (Bengio 2015, section 2.4).
        InverseSigmoid = "inverse_sigmoid",
    }

    /// The metric of the held-out pairs that decides whether one validation is better than another.
    EarlyStoppingMetric ("early_stopping_metric") {
        /// BLEU; the loss decides between equal values.
        Bleu = "bleu",
        /// The loss.
        Loss = "loss",
    }

    /// How weights are initialised.
    InitScheme ("init") {
        /// Uniform between minus and plus `init_scale`.
        Uniform = "uniform",
        /// The default initialisation of PyTorch's layers.
        Torch = "torch",
        /// Xavier (Glorot) uniform matrices, biases zero.
        Xavier = "xavier",
        /// Orthogonal and narrow normal, as in Bahdanau et al. 2014 (appendix B.1).
        Bahdanau = "bahdanau",
    }
}

impl TextUnit {
    /// Returns the unit, if it needs no model.
    pub(crate) fn plain(self) -> Option<Unit> {
        match self {
            Self::Words => Some(Unit::Words),
            Self::Characters => Some(Unit::Characters),
            Self::Bpe | Self::Unigram => None,
        }
    }

    /// Returns the kind of the subword model, if the units are its pieces.
    pub(crate) fn subwords(self) -> Option<SubwordKind> {
        match self {
            Self::Words | Self::Characters => None,
            Self::Bpe => Some(SubwordKind::Bpe),
            Self::Unigram => Some(SubwordKind::Unigram),
        }
    }
}

impl Tied {
    /// True if both sides share one vocabulary and one embedding table.
    pub(crate) fn source(self) -> bool {
        matches!(self, Self::SourceTarget | Self::All)
    }

    /// True if the output layer's weights are the decoder's embeddings.
    pub(crate) fn output(self) -> bool {
        matches!(self, Self::TargetOutput | Self::All)
    }
}

impl LossNorm {
    /// Returns the weight of each counted position's loss in a batch.
    pub(crate) fn weight(self, counted: usize, sentences: usize, positions: usize) -> f32 {
        let divisor = match self {
            Self::Token => counted,
            Self::Sentence => sentences,
            Self::Position => positions,
        };
        1.0 / divisor.max(1) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_written_alike() {
        for &choice in OptimizerKind::ALL {
            assert_eq!(choice.name().parse::<OptimizerKind>().unwrap(), choice);
            assert_eq!(serde_json::to_string(&choice).unwrap(), format!("\"{choice}\""));
        }
        let error = "sigmoid".parse::<Readout>().unwrap_err().to_string();
        let expected = "readout cannot be 'sigmoid': it takes linear, tanh_context, ";
        assert!(error.starts_with(expected), "{error}");
    }
}
