//! An output with its reference.

/// An output with its reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Output<'a> {
    /// The source, if it is known.
    pub source: Option<&'a str>,
    /// The output.
    pub hypothesis: &'a str,
    /// The reference.
    pub reference: &'a str,
    /// The symbols of the output, separated by spaces: the tokens of a model.
    pub hypothesis_symbols: &'a str,
    /// The symbols of the reference.
    pub reference_symbols: &'a str,
}

impl<'a> Output<'a> {
    /// Returns an output whose symbols are its words.
    pub const fn of_text(source: Option<&'a str>, hypothesis: &'a str, reference: &'a str) -> Self {
        let (hypothesis_symbols, reference_symbols) = (hypothesis, reference);
        Self { source, hypothesis, reference, hypothesis_symbols, reference_symbols }
    }
}
