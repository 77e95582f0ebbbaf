//! The presets in an order suited to learning, in groups.

use super::{Preset, presets};

/// Titles of groups, and the presets of each; `docs/models.md` has the same order.
const LADDER: [(&str, &[&str]); 8] = [
    (
        "One vector for a whole sentence",
        &["lstm-1997", "encoder-decoder", "encoder-decoder-every-step", "encoder-decoder-reversed"],
    ),
    ("Attention at every step", &["phrasebook", "rnnsearch"]),
    ("The models of tutorials", &["pytorch-tutorial", "tf-nmt", "tf-cross-attention"]),
    (
        "Luong et al. 2015, one change after the other",
        &[
            "luong-base",
            "luong-reverse",
            "luong-dropout",
            "luong-location",
            "luong-dot",
            "luong-general",
            "luong-concat",
            "luong-local-m",
            "luong-local-p",
            "luong-2015",
        ],
    ),
    ("The Transformer's scores over LSTM states", &["scaled-dot", "multi-head"]),
    ("For a corpus of your own", &["luong-small", "rnnsearch-small", "multi30k"]),
    (
        "Language models: the next letter",
        &["makemore-rnn", "makemore-gru", "makemore-lstm", "char-rnn"],
    ),
    (
        "Generated tasks: what a cell can remember",
        &["copy", "reverse", "dates", "adding", "temporal-order", "reber"],
    ),
];

/// Returns all presets, at their small size, in groups with a title, from simple to complex.
///
/// ```
/// let groups = seq2seq::preset_groups();
/// assert_eq!(groups[0].0, "One vector for a whole sentence");
/// assert_eq!(groups[0].1[1].name, "encoder-decoder");
/// ```
pub fn preset_groups() -> Vec<(&'static str, Vec<Preset>)> {
    let all = presets();
    let find = |name: &&str| all.iter().find(|preset| preset.name == *name).cloned();
    LADDER.iter().map(|(title, names)| (*title, names.iter().filter_map(find).collect())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_is_in_one_group() {
        let mut grouped: Vec<String> = preset_groups()
            .into_iter()
            .flat_map(|(_, presets)| presets.into_iter().map(|preset| preset.name))
            .collect();
        let mut all: Vec<String> = presets().into_iter().map(|preset| preset.name).collect();
        grouped.sort();
        all.sort();
        assert_eq!(grouped, all);
    }
}
