//! A configuration in a few words.

use super::enums::TaskKind;
use super::keys::Config;

impl Config {
    /// Returns the model and the learning rate in a few words: `gru 96, additive, lr 0.002`.
    ///
    /// ```
    /// let config = seq2seq::Config::preset("phrasebook")?;
    /// assert_eq!(config.summary(), "gru 96, additive, lr 0.002");
    /// # Ok::<(), seq2seq::Error>(())
    /// ```
    pub fn summary(&self) -> String {
        let layers = if self.layers > 1 { format!("{} x ", self.layers) } else { String::new() };
        let attention = match self.show("attention").filter(|_| self.task == TaskKind::Translation)
        {
            None => String::new(),
            Some(name) if name == "none" => ", no attention".to_owned(),
            Some(name) => format!(", {name}"),
        };
        let rate = self.show("learning_rate").unwrap_or_default();
        format!("{layers}{} {}{attention}, lr {rate}", self.cell, self.hidden)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_names_layers_and_attention_where_there_are_any() {
        let of = |preset| Config::preset(preset).unwrap().summary();
        assert!(
            of("luong-small").starts_with("2 x lstm 256, general, lr "),
            "{}",
            of("luong-small")
        );
        assert!(of("encoder-decoder").contains(", no attention, lr "), "{}", of("encoder-decoder"));
        assert!(!of("char-rnn").contains("attention"), "{}", of("char-rnn"));
    }
}
