//! The keys that inspect a translation and change it.

/// What a key does with the translation that is inspected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InspectKey {
    /// Moves to the step before.
    EarlierStep,
    /// Moves to the next step.
    LaterStep,
    /// Takes the next more probable word at this step.
    MoreProbable,
    /// Takes the next less probable word at this step.
    LessProbable,
    /// Moves to the output step above, on the attention map.
    RowUp,
    /// Moves to the output step below, on the attention map.
    RowDown,
    /// Moves to the source word before.
    SourceLeft,
    /// Moves to the next source word.
    SourceRight,
    /// Moves to the token before.
    EarlierToken,
    /// Moves to the next token.
    LaterToken,
    /// Moves to the unit above.
    UnitUp,
    /// Moves to the unit below.
    UnitDown,
    /// Shows the next gate.
    Gate,
    /// Shows the next layer or direction.
    Layer,
    /// Orders the units in another way.
    Order,
    /// Inspects the next sentence.
    NextSentence,
    /// Inspects the sentence before.
    PreviousSentence,
    /// Moves the attention of the step to the source word.
    MoveAttention,
    /// Makes the attention uniform.
    Uniform,
    /// Replaces the source word.
    Replace,
    /// Clamps the gate.
    Clamp,
    /// Undoes every change.
    Reset,
    /// Inspects again, with the current parameters.
    Refresh,
}

impl InspectKey {
    /// Returns a word for the footer, or nothing.
    pub const fn hint(self) -> &'static str {
        match self {
            Self::LaterStep => "step",
            Self::LessProbable => "other word",
            Self::LaterToken => "token",
            Self::UnitDown => "unit",
            Self::SourceRight => "source word",
            Self::Gate => "gate",
            Self::Layer => "layer",
            Self::Order => "order",
            Self::NextSentence => "sentence",
            Self::MoveAttention => "attend here",
            Self::Uniform => "uniform",
            Self::Replace => "replace",
            Self::Clamp => "clamp",
            Self::Reset => "undo",
            _ => "",
        }
    }

    /// Returns the description in the help.
    pub const fn help(self) -> &'static str {
        match self {
            Self::EarlierStep => "the step before",
            Self::LaterStep => "next step of the translation",
            Self::MoreProbable => "take a more probable word here; the rest follows",
            Self::LessProbable => "take a less probable word here; the rest follows",
            Self::RowUp => "move the change to the output word above",
            Self::RowDown => "move the change to the output word below",
            Self::SourceLeft => "the source word before, for m and w",
            Self::SourceRight => "next source word, for m and w",
            Self::EarlierToken => "the token before",
            Self::LaterToken => "next token, for w and the correlation",
            Self::UnitUp => "the unit above",
            Self::UnitDown => "the unit below, for c",
            Self::Gate => "next gate or state",
            Self::Layer => "next layer or direction, encoder and decoder",
            Self::Order => "all gates averaged; units by variance; by correlation with the token",
            Self::NextSentence => "inspect the next sentence",
            Self::PreviousSentence => "inspect the sentence before",
            Self::MoveAttention => "move the attention of this step to the source word",
            Self::Uniform => "attention uniform at every step, or as it is",
            Self::Replace => "replace the source word by typing; nothing removes it",
            Self::Clamp => "clamp the gate (of the unit) to 1, to 0, or not",
            Self::Reset => "undo all changes and chosen words",
            Self::Refresh => "inspect again with the current parameters",
        }
    }
}
