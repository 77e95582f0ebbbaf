//! Values that are one of a few names.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Enums whose variants have the names that presets, `--set` and serde use.
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
            /// Every choice.
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
    /// What is learnt.
    TaskKind ("task") {
        /// From a sentence to a sentence.
        Translation = "translation",
        /// The next token of a line.
        LanguageLines = "language_lines",
        /// The next token of a running text.
        LanguageStream = "language_stream",
        /// The answer to a generated sequence.
        Sequence = "sequence",
    }

    /// How attention and the decoder's recurrence follow each other.
    Wiring ("wiring") {
        /// The old state asks, and the context goes into the recurrence (Bahdanau 2014).
        AttendThenRecur = "attend_then_recur",
        /// The new state asks, and the context goes into the readout (Luong 2015).
        RecurThenAttend = "recur_then_attend",
    }

    /// Where the decoder's first state comes from.
    DecoderInit ("decoder_init") {
        /// Zeros.
        Zeros = "zeros",
        /// The encoder's final forward state, layer by layer.
        Copy = "copy",
        /// W h + b of the encoder's final states in both directions, layer by layer.
        Linear = "linear",
        /// tanh of the same.
        LinearTanh = "linear_tanh",
        /// tanh(W h + b) of the backward direction's final state (Bahdanau 2014, appendix A.2.2).
        BackwardTanh = "backward_tanh",
    }

    /// What the output layer sees.
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

    /// Which state a maxout readout sees.
    ReadoutState ("readout_state") {
        /// That of this step (Bahdanau 2014, section 3.1).
        New = "new",
        /// That of the step before (Bahdanau 2014, appendix A.2.2).
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

    /// What the summed loss of a batch is divided by before its gradient is taken.
    LossNorm ("loss_norm") {
        /// The number of target tokens.
        Token = "token",
        /// The number of sentences.
        Sentence = "sentence",
        /// The number of positions, padding included.
        Position = "position",
    }

    /// What the size of a batch counts.
    BatchBy ("batch_by") {
        /// Examples.
        Sentences = "sentences",
        /// Positions, padding included: examples times the longest side among them.
        Tokens = "tokens",
    }

    /// How the learning rate changes while a run goes on.
    RateSchedule ("learning_rate_schedule") {
        /// It does not.
        Constant = "constant",
        /// Halved before every epoch after the fifth (Luong 2015, section 4.1).
        Luong = "luong",
        /// Halved before every epoch after the eighth, as for their models with dropout.
        LuongDropout = "luong_dropout",
        /// Lowered where validations stop getting better.
        Plateau = "plateau",
        /// Linear warm-up, then the inverse square root of the step (Vaswani 2017, section 5.3).
        InverseSqrt = "inverse_sqrt",
        /// Lowered by the same factor after every epoch.
        Exponential = "exponential",
    }

    /// What one draw of teacher forcing decides.
    ForcingUnit ("teacher_forcing_unit") {
        /// Each position of each sentence by itself (Bengio 2015).
        Token = "token",
        /// A whole batch (PyTorch tutorial).
        Batch = "batch",
    }

    /// How the share of teacher forcing changes while a run goes on.
    ForcingSchedule ("teacher_forcing_schedule") {
        /// It does not.
        Constant = "constant",
        /// In a straight line.
        Linear = "linear",
        /// k / (k + exp(i / k)) at step i (Bengio 2015, section 2.4).
        InverseSigmoid = "inverse_sigmoid",
    }

    /// Which number of the held-out pairs says whether a validation is better than another.
    EarlyStoppingMetric ("early_stopping_metric") {
        /// BLEU, and the loss where that is equal.
        Bleu = "bleu",
        /// The loss.
        Loss = "loss",
    }

    /// How weights are drawn.
    InitScheme ("init") {
        /// Uniform in plus or minus `init_scale`.
        Uniform = "uniform",
        /// As PyTorch's layers draw theirs by default.
        Torch = "torch",
        /// Xavier (Glorot) uniform matrices, biases zero.
        Xavier = "xavier",
        /// As Bahdanau et al. 2014 (appendix B.1): orthogonal and narrow normal.
        Bahdanau = "bahdanau",
    }
}

impl Tied {
    /// True where both sides have one vocabulary and one table.
    pub(crate) fn source(self) -> bool {
        matches!(self, Self::SourceTarget | Self::All)
    }

    /// True where the output layer's weights are the decoder's embeddings.
    pub(crate) fn output(self) -> bool {
        matches!(self, Self::TargetOutput | Self::All)
    }
}

impl LossNorm {
    /// The factor of each counted position's loss in a batch.
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
