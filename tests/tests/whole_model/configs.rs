//! The networks that are compared.

use seq2seq::Config;
use seq2seq::config::{
    AttentionKind, Cell, DecoderInit, InitScheme, LossNorm, Readout, Wiring, attention_name,
};

/// Sizes of a test: embedding, hidden, attention (0 as hidden), both vocabularies.
#[derive(Clone, Copy)]
pub(crate) struct Sizes {
    pub(crate) embedding: usize,
    pub(crate) hidden: usize,
    pub(crate) width: usize,
    pub(crate) vocabularies: [usize; 2],
}

/// As small as finite differences over every parameter want it.
pub(crate) const TINY: Sizes = Sizes { embedding: 2, hidden: 3, width: 2, vocabularies: [6, 7] };
/// Larger than a register tile, and no multiple of anything.
pub(crate) const ODD: Sizes =
    Sizes { embedding: 19, hidden: 37, width: 23, vocabularies: [29, 41] };

/// How the loss is counted: divisor, padding counted, label smoothing.
pub(crate) const LOSSES: [(LossNorm, bool, f32); 6] = [
    (LossNorm::Token, false, 0.0),
    (LossNorm::Sentence, false, 0.1),
    (LossNorm::Position, false, 0.0),
    (LossNorm::Token, true, 0.1),
    (LossNorm::Position, true, 0.0),
    (LossNorm::Sentence, false, 0.0),
];

/// The cells whose whole networks are compared with a backward pass of its own; the others are in
/// `tests/wirings.rs`.
pub(crate) const CELLS: [Cell; 4] = [Cell::RnnTanh, Cell::RnnRelu, Cell::Lstm, Cell::Gru];
/// The same for attentions.
pub(crate) const ATTENTIONS: [Option<AttentionKind>; 3] = [
    Some(AttentionKind::Additive),
    Some(AttentionKind::AdditiveBias),
    Some(AttentionKind::General),
];

/// The first states that are compared here; `tests/wirings.rs` has the others.
pub(crate) const INITS: [DecoderInit; 3] =
    [DecoderInit::Zeros, DecoderInit::Copy, DecoderInit::LinearTanh];

/// Every combination of wiring, readout, directions, layers, cell, first state and attention, the
/// ways of counting the loss in turn.
pub(crate) fn all_configs(sizes: Sizes) -> Vec<Config> {
    let mut all = Vec::new();
    let wirings = [
        (Wiring::AttendThenRecur, Readout::Linear, false),
        (Wiring::AttendThenRecur, Readout::TanhContext, false),
        (Wiring::RecurThenAttend, Readout::TanhContext, false),
        (Wiring::RecurThenAttend, Readout::TanhContext, true),
    ];
    for (wiring, readout, input_feeding) in wirings {
        for (bidirectional, layers) in [(false, 1), (false, 2), (true, 1), (true, 2)] {
            for cell in CELLS {
                for decoder_init in INITS {
                    for attention in ATTENTIONS {
                        // A counter that no inner loop's length divides.
                        let (loss_norm, count_padding, label_smoothing) =
                            LOSSES[(all.len() + all.len() / LOSSES.len()) % LOSSES.len()];
                        let config = Config {
                            cell,
                            layers,
                            bidirectional,
                            embedding: sizes.embedding,
                            hidden: sizes.hidden,
                            attention,
                            attention_width: match attention {
                                Some(AttentionKind::General) => 0,
                                _ => sizes.width,
                            },
                            wiring,
                            input_feeding,
                            decoder_init,
                            readout,
                            dropout: 0.0,
                            loss_norm,
                            count_padding,
                            label_smoothing,
                            init: InitScheme::Uniform,
                            init_scale: 0.4,
                            ..Config::default()
                        };
                        config.validate().unwrap();
                        all.push(config);
                    }
                }
            }
        }
    }
    all
}

/// A configuration in words.
pub(crate) fn words(c: &Config) -> String {
    format!(
        "{} x{}{}, {}{}, {}, {}, {}, {}{}, smoothing {}",
        c.cell,
        c.layers,
        if c.bidirectional { " both ways" } else { "" },
        c.wiring,
        if c.input_feeding { " fed" } else { "" },
        c.readout,
        attention_name(c.attention),
        c.decoder_init,
        c.loss_norm,
        if c.count_padding { " with padding" } else { "" },
        c.label_smoothing,
    )
}
