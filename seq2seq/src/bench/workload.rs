//! The fixed benchmark workloads.

use tensor::init::Rng;
use tensor::rand::Rng as _;
use tokenizer::SPECIALS;

use crate::config::{
    AttentionKind, Cell, Config, DecoderInit, InitScheme, LossNorm, Readout, Wiring,
};
use crate::data::Example;
use crate::range::Range;
use crate::{Error, Result};

/// A fixed workload: a model's configuration and the shape of its batches.
#[derive(Debug, Clone)]
pub struct Workload {
    /// The name.
    pub name: &'static str,
    /// The configuration of the model.
    pub config: Config,
    /// Number of source positions, S.
    pub source_time: usize,
    /// Number of target positions, T.
    pub target_time: usize,
    /// Size of the source vocabulary.
    pub source_vocabulary: usize,
    /// Size of the target vocabulary.
    pub target_vocabulary: usize,
}

/// Returns the workloads; see [`Workload::only_by_name`] for those that run only on request.
pub fn workloads() -> Vec<Workload> {
    let base = Config {
        layers: 1,
        bidirectional: false,
        decoder_init: DecoderInit::Copy,
        readout: Readout::Linear,
        clip_norm: 5.0,
        loss_norm: LossNorm::Token,
        // The ids are random, so none of them is padding.
        count_padding: true,
        dropout_output: true,
        init: InitScheme::Torch,
        ..Config::default()
    };
    let feeding = Config {
        cell: Cell::Lstm,
        attention: Some(AttentionKind::General),
        wiring: Wiring::RecurThenAttend,
        readout: Readout::TanhContext,
        input_feeding: true,
        dropout: 0.2,
        ..base.clone()
    };
    let width = |c: &Config, embedding: usize, hidden: usize, batch: usize| Config {
        embedding,
        hidden,
        batch,
        ..c.clone()
    };
    let row = |name, config, (s, t), (vs, vt)| Workload {
        name,
        config,
        source_time: s,
        target_time: t,
        source_vocabulary: vs,
        target_vocabulary: vt,
    };
    vec![
        row(
            "pytorch-tutorial",
            Config { dropout: 0.1, ..width(&base, 128, 128, 32) },
            (11, 11),
            (4_601, 2_991),
        ),
        row("tf-nmt", width(&base, 256, 1_024, 64), (16, 11), (9_414, 4_935)),
        row(
            "luong-small",
            Config { layers: 2, ..width(&feeding, 256, 256, 64) },
            (20, 20),
            (8_000, 8_000),
        ),
        row(
            "rnnsearch-small",
            Config { bidirectional: true, ..width(&base, 256, 512, 64) },
            (24, 24),
            (8_000, 8_000),
        ),
        row(
            "luong-2015",
            Config {
                layers: 4,
                optimizer: crate::config::OptimizerKind::Sgd,
                learning_rate: 1.0,
                ..width(&feeding, 1_000, 1_000, 128)
            },
            (30, 30),
            (50_000, 50_000),
        ),
    ]
}

impl Workload {
    /// Returns true if the workload is meant for an accelerator and therefore runs only when named.
    pub fn only_by_name(&self) -> bool {
        self.name == "luong-2015"
    }

    /// Changes a size: `B` (batch), `H` (state; `E`, the embedding, is not changed), `S`, `T`
    /// (source and target positions) or `V` (both vocabularies).
    ///
    /// # Errors
    /// [`Error::Size`] for another letter, or an invalid size.
    pub fn resize(&mut self, size: &str) -> Result<()> {
        let wrong = || Error::Size { given: size.to_owned() };
        let (letter, value) = size.split_once('=').ok_or_else(wrong)?;
        let letter = letter.trim();
        // A vocabulary contains the special entries and at least one word.
        let least = if letter == "V" { SPECIALS.len() + 1 } else { 1 };
        let value = Range::SIZE.whole(value).filter(|&n| n >= least).ok_or_else(wrong)?;
        match letter {
            "B" => self.config.batch = value,
            "E" => self.config.embedding = value,
            "H" => self.config.hidden = value,
            "S" => self.source_time = value,
            "T" => self.target_time = value,
            "V" => (self.source_vocabulary, self.target_vocabulary) = (value, value),
            _ => return Err(wrong()),
        }
        Ok(())
    }

    /// Returns a batch of new random ids from the whole vocabularies; every sentence has full
    /// length.
    pub(super) fn batch(&self, rng: &mut Rng) -> Vec<Example> {
        let mut ids = |n: usize, v: usize| (0..n).map(|_| rng.random_range(0..v as u32)).collect();
        (0..self.config.batch)
            .map(|_| Example {
                source: ids(self.source_time, self.source_vocabulary),
                target: ids(self.target_time, self.target_vocabulary),
            })
            .collect()
    }
}
