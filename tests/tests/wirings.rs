//! Every cell, attention, wiring, readout and first state of a translator: its loss against the
//! equations in plain loops, its gradient against finite differences of those.
//!
//! `whole_model.rs` has a backward pass in plain loops, and so whole training, for the commonest of them.
// Helpers of a test are tests too.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;

use attention::reference::attend;
use attention::{AttentionConfig, QueryPosition};
use rnn::reference::{State, Weights, affine, layer, step};
use seq2seq::Config;
use seq2seq::config::{
    AttentionKind, Cell, DecoderInit, InitScheme, Merge, Readout, ReadoutState, Tied, Wiring,
};
use seq2seq::data::Example;
use seq2seq::model::{EncoderDecoder, Model};
use tensor::check::{assert_close, finite_differences, to_f64};
use tensor::ops::{
    cross_entropy::reference as cross_entropy, layer_norm::reference as layer_norm,
    maxout::reference as maxout,
};
use tensor::{Params, Tape, Tensor, Threads};
use tokenizer::{EOS, PAD, SOS};

const VOCABULARY: usize = 6;

type Values = BTreeMap<String, Vec<f64>>;

/// A network in plain loops, one sentence at a time.
struct Plain<'a> {
    config: &'a Config,
    values: &'a Values,
}

impl Plain<'_> {
    fn get(&self, name: &str) -> &Vec<f64> {
        &self.values[name]
    }

    fn maybe(&self, name: &str) -> Vec<f64> {
        self.values.get(name).cloned().unwrap_or_default()
    }

    fn weights(&self, side: &str, l: usize, reverse: bool) -> Weights<f64> {
        let suffix = if reverse { "_reverse" } else { "" };
        let of = |kind: &str| self.maybe(&format!("{side}.rnn.{kind}_l{l}{suffix}"));
        Weights {
            w_ih: of("weight_ih"),
            w_hh: of("weight_hh"),
            b_ih: of("bias_ih"),
            b_hh: of("bias_hh"),
            peephole: of("peephole"),
            gain_ih: of("gain_ih"),
            gain_hh: of("gain_hh"),
        }
    }

    fn zeros(&self) -> State<f64> {
        State { h: vec![0.0; self.config.hidden], c: vec![0.0; self.config.hidden] }
    }

    fn embed(&self, side: &str, ids: &[u32]) -> Vec<Vec<f64>> {
        let side = if self.config.tied.is_shared() { "encoder" } else { side };
        let (table, e) = (self.get(&format!("{side}.embedding.weight")), self.config.embedding);
        ids.iter().map(|&id| table[id as usize * e..][..e].to_vec()).collect()
    }

    /// States of every word, and the last states of each layer: forward, backward.
    fn encode(&self, ids: &[u32]) -> (Vec<Vec<f64>>, Vec<Vec<State<f64>>>) {
        let config = self.config;
        let mut xs = self.embed("encoder", ids);
        let mut last = Vec::new();
        for l in 0..config.layers {
            let mut both = Vec::new();
            let mut ends = Vec::new();
            for reverse in [false, true].into_iter().take(1 + usize::from(config.bidirectional)) {
                let w = self.weights("encoder", l, reverse);
                let (ys, end, _) = layer(config.cell, &w, &xs, &self.zeros(), reverse);
                both.push(ys);
                ends.push(end);
            }
            let merge = |t: usize| -> Vec<f64> {
                let parts: Vec<&Vec<f64>> = both.iter().map(|ys| &ys[t]).collect();
                let sum = |j: usize| parts.iter().map(|p| p[j]).sum::<f64>();
                match config.merge {
                    Merge::Concat => parts.into_iter().flatten().copied().collect(),
                    Merge::Sum => (0..config.hidden).map(sum).collect(),
                    Merge::Average => {
                        (0..config.hidden).map(|j| sum(j) / parts.len() as f64).collect()
                    }
                }
            };
            let mut ys: Vec<Vec<f64>> = (0..xs.len()).map(merge).collect();
            if config.residual && l > 0 {
                ys.iter_mut().zip(&xs).for_each(|(y, x)| add(y, x));
            }
            xs = ys;
            last.push(ends);
        }
        (xs, last)
    }

    fn bridge(&self, which: &str, l: usize, from: &[f64], tanh: bool) -> Vec<f64> {
        let name = format!("decoder.bridge.{which}_l{l}");
        let (w, b) = (self.get(&format!("{name}.weight")), self.get(&format!("{name}.bias")));
        let y = affine(w, from, b);
        if tanh { y.into_iter().map(f64::tanh).collect() } else { y }
    }

    fn first(&self, l: usize, ends: &[State<f64>]) -> State<f64> {
        let (seen, tanh) = match self.config.decoder_init {
            DecoderInit::Zeros => return self.zeros(),
            DecoderInit::Copy => return ends[0].clone(),
            DecoderInit::Linear => (ends, false),
            DecoderInit::LinearTanh => (ends, true),
            DecoderInit::BackwardTanh => (&ends[1..], true),
        };
        let h: Vec<f64> = seen.iter().flat_map(|s| s.h.clone()).collect();
        let c: Vec<f64> = seen.iter().flat_map(|s| s.c.clone()).collect();
        let has_c = self.values.contains_key(&format!("decoder.bridge.c_l{l}.weight"));
        let c = if has_c { self.bridge("c", l, &c, tanh) } else { self.zeros().c };
        State { h: self.bridge("h", l, &h, tanh), c }
    }

    fn attend(
        &self,
        query: &[f64],
        memory: &[Vec<f64>],
        last: &[State<f64>],
        t: usize,
    ) -> Vec<f64> {
        let c = self.config;
        let Some(kind) = c.attention else {
            return last.iter().flat_map(|s| s.h.clone()).collect();
        };
        let base = AttentionConfig::new(kind, c.hidden, memory[0].len());
        let config = AttentionConfig {
            width: if c.attention_width == 0 { c.hidden } else { c.attention_width },
            positions: c.attention_positions,
            window: c.attention_window,
            score: c.attention_score,
            renormalize: c.attention_renormalize,
            heads: c.attention_heads,
            ..base
        };
        let own = |(name, w): (&String, &Vec<f64>)| {
            Some((name.strip_prefix("decoder.attention.")?.to_owned(), w.clone()))
        };
        let weights = self.values.iter().filter_map(own).collect();
        // From the end of a reversed source the end token comes first, then its first word.
        let time = if c.reverse_source { t + 1 } else { t };
        let place = QueryPosition { time, reversed: c.reverse_source };
        attend(&config, &weights, query, memory, place).context
    }

    /// What the output layer sees of the state, the state before, the context and the embedding.
    fn read(&self, state: &[f64], before: &[f64], context: &[f64], e: &[f64]) -> Vec<f64> {
        match self.config.readout {
            Readout::Linear => state.to_vec(),
            Readout::TanhContext => {
                let w = self.get("decoder.combine.weight");
                let none = vec![0.0; self.config.hidden];
                let y = affine(w, &[context, state].concat(), &none);
                y.into_iter().map(f64::tanh).collect()
            }
            Readout::Maxout => {
                let s = match self.config.readout_state {
                    ReadoutState::New => state,
                    ReadoutState::Previous => before,
                };
                let (w, b) = (self.get("decoder.readout.weight"), self.get("decoder.readout.bias"));
                maxout::forward(&affine(w, &[context, s, e].concat(), b), 2)
            }
            Readout::ResidualNorm => {
                let mut sum = state.to_vec();
                add(&mut sum, context);
                let (w, b) = (self.get("decoder.norm.weight"), self.get("decoder.norm.bias"));
                layer_norm::forward(&sum, w, b, 1e-3)
            }
        }
    }

    /// The sum of -log p over a sentence.
    fn sentence(&self, example: &Example, source_time: usize) -> f64 {
        let c = self.config;
        let mut source = example.source.clone();
        if c.attend_padding {
            source.resize(source_time, PAD);
        }
        let (memory, last) = self.encode(&source);
        let firsts = last.iter().enumerate().map(|(l, ends)| self.first(l, ends));
        let mut states: Vec<State<f64>> = firsts.collect();
        let mut top = states[c.layers - 1].h.clone();
        let width = if c.readout_width == 0 { c.hidden } else { c.readout_width };
        let mut feed = vec![0.0; if c.input_feeding { width } else { 0 }];
        let fed: Vec<u32> = std::iter::once(SOS).chain(example.target.iter().copied()).collect();
        let mut loss = 0.0;
        for (t, (e, &target)) in self.embed("decoder", &fed).iter().zip(&example.target).enumerate()
        {
            let mut context = Vec::new();
            let mut x = match c.wiring {
                Wiring::AttendThenRecur => {
                    context = self.attend(&top, &memory, &last[c.layers - 1], t);
                    let order = if c.context_first { [&context[..], e] } else { [e, &context[..]] };
                    order.concat()
                }
                Wiring::RecurThenAttend => [&e[..], &feed].concat(),
            };
            for (l, state) in states.iter_mut().enumerate() {
                let w = self.weights("decoder", l, false);
                let from = if c.reset_decoder_state { self.zeros() } else { state.clone() };
                *state = step(c.cell, &w, &x, &from).0;
                let mut y = state.h.clone();
                if c.residual && l > 0 {
                    add(&mut y, &x);
                }
                x = y;
            }
            if c.wiring == Wiring::RecurThenAttend {
                context = self.attend(&x, &memory, &last[c.layers - 1], t);
            }
            let read = self.read(&x, &top, &context, e);
            top = x;
            if c.input_feeding {
                feed.clone_from(&read);
            }
            let w = match c.tied {
                Tied::None | Tied::SourceTarget => "decoder.output.weight",
                Tied::TargetOutput => "decoder.embedding.weight",
                Tied::All => "encoder.embedding.weight",
            };
            let logits = affine(self.get(w), &read, self.get("decoder.output.bias"));
            loss += cross_entropy::forward(&logits, &[target], None, 0.0);
        }
        loss
    }

    /// The mean loss of a token.
    fn loss(&self, examples: &[Example]) -> f64 {
        let time = examples.iter().map(|e| e.source.len()).max().unwrap();
        let tokens: usize = examples.iter().map(|e| e.target.len()).sum();
        examples.iter().map(|e| self.sentence(e, time)).sum::<f64>() / tokens as f64
    }
}

/// Whether both sides share a table.
trait IsShared {
    fn is_shared(&self) -> bool;
}

impl IsShared for Tied {
    fn is_shared(&self) -> bool {
        matches!(self, Self::SourceTarget | Self::All)
    }
}

fn add(to: &mut [f64], from: &[f64]) {
    to.iter_mut().zip(from).for_each(|(a, b)| *a += b);
}

/// Sentences of different lengths.
fn examples() -> Vec<Example> {
    let pair = |source: &[u32], target: &[u32]| Example {
        source: [source, &[EOS]].concat(),
        target: [target, &[EOS]].concat(),
    };
    vec![pair(&[4, 5, 1, 4, 5], &[5, 4]), pair(&[5, 4], &[1, 5, 4, 4]), pair(&[1, 4, 4], &[5])]
}

/// What each test changes of a small network.
fn configs() -> Vec<Config> {
    let base = Config {
        embedding: 2,
        hidden: 4,
        attention_width: 0,
        attention_positions: 4,
        attention_window: 1,
        attention_heads: 1,
        init: InitScheme::Uniform,
        init_scale: 0.5,
        ..Config::default()
    };
    let after = Config {
        wiring: Wiring::RecurThenAttend,
        readout: Readout::TanhContext,
        input_feeding: true,
        ..base.clone()
    };
    let mut all = Vec::new();
    for attention in [None].into_iter().chain(AttentionKind::ALL.map(Some)) {
        let first = Config { attention, merge: Merge::Sum, ..base.clone() };
        let plain = attention.is_none();
        let second = Config {
            attention,
            bidirectional: false,
            reverse_source: true,
            input_feeding: !plain,
            readout: if plain { Readout::Linear } else { Readout::TanhContext },
            ..after.clone()
        };
        all.extend([first, second]);
    }
    for attention in [Some(AttentionKind::LocalM), Some(AttentionKind::LocalP)] {
        for attention_score in
            [AttentionKind::Additive, AttentionKind::Concat, AttentionKind::Cosine]
        {
            let merge = Merge::Average;
            all.push(Config { attention, attention_score, merge, ..base.clone() });
        }
    }
    all.push(Config {
        attention: Some(AttentionKind::LocalP),
        attention_renormalize: true,
        ..base.clone()
    });
    all.push(Config {
        attention: Some(AttentionKind::MultiHead),
        attention_heads: 2,
        ..after.clone()
    });
    // A corner of max(0, x) has no gradient to differ by.
    for &cell in Cell::ALL.iter().filter(|cell| **cell != Cell::RnnRelu) {
        all.push(Config { cell, layers: 2, ..base.clone() });
        all.push(Config { cell, layer_norm: true, ..after.clone() });
    }
    for merge in [Merge::Concat, Merge::Sum, Merge::Average] {
        let layers = 3;
        let residual = merge != Merge::Concat;
        all.push(Config { merge, residual, layers, bidirectional: true, ..base.clone() });
    }
    for &decoder_init in DecoderInit::ALL {
        for cell in [Cell::Gru, Cell::LstmPeephole] {
            all.push(Config { decoder_init, cell, layers: 2, ..base.clone() });
        }
    }
    for readout_state in [ReadoutState::New, ReadoutState::Previous] {
        let readout = Readout::Maxout;
        all.push(Config { readout, readout_state, readout_width: 3, ..base.clone() });
        all.push(Config { readout, readout_state, readout_width: 3, ..after.clone() });
    }
    for before in [&base, &after] {
        let (readout, merge) = (Readout::ResidualNorm, Merge::Sum);
        all.push(Config { readout, merge, ..before.clone() });
        let attention = Some(AttentionKind::MultiHead);
        all.push(Config { readout, attention, ..before.clone() });
        for &tied in Tied::ALL {
            all.push(Config { tied, embedding: 4, ..before.clone() });
            let (readout, readout_width) = (Readout::Maxout, 2);
            all.push(Config { tied, readout, readout_width, ..before.clone() });
        }
    }
    all.push(Config { attend_padding: true, ..base.clone() });
    all.push(Config { attend_padding: true, ..after.clone() });
    all.push(Config { reset_decoder_state: true, ..base.clone() });
    for (attend_padding, reset_decoder_state) in [(false, false), (true, true)] {
        for cell in [Cell::Gru, Cell::Lstm] {
            for bidirectional in [false, true] {
                let decoder_init = DecoderInit::Copy;
                let context_first = true;
                let c = Config { cell, bidirectional, context_first, ..base.clone() };
                let c = Config { attend_padding, reset_decoder_state, ..c };
                all.push(Config { decoder_init, ..c });
            }
        }
    }
    all
}

fn words(c: &Config) -> String {
    let changed = Config::KEYS.iter().filter_map(|key| {
        let (value, usual) = (c.show(key.name)?, Config::default().show(key.name)?);
        (value != usual).then(|| format!("{} = {value}", key.name))
    });
    changed.collect::<Vec<_>>().join(", ")
}

#[test]
fn every_network_computes_its_equations() {
    let examples = examples();
    let batch: Vec<&Example> = examples.iter().collect();
    for (i, config) in configs().iter().enumerate() {
        let what = words(config);
        config.validate().unwrap();
        let mut params = Params::new();
        let seed = i as u64;
        let network =
            EncoderDecoder::new(&mut params, config, VOCABULARY, VOCABULARY, seed).unwrap();
        let mut tape = Tape::new(&params);
        let loss = network.loss(&mut tape, &batch, &network.loss_normalization(&batch)).unwrap();
        let got = f64::from(tape.value(loss.loss).data()[0]);
        let values: Values =
            params.iter().map(|(name, t)| (name.to_owned(), to_f64(t.data()))).collect();
        let want = Plain { config, values: &values }.loss(&examples);
        assert!((got - want).abs() <= 1e-5 * want, "{what}: the loss is {got}, not {want}");

        let back = tape.backward(&[(loss.loss, Tensor::scalar(1.0))]).unwrap();
        let reduced = back.gradients.reduce(&params, &Threads::single()).unwrap();
        for (id, (name, value)) in params.ids().zip(params.iter()) {
            let mut moved = values.clone();
            let loss = |x: &[f64]| {
                moved.get_mut(name).unwrap().copy_from_slice(x);
                Plain { config, values: &moved }.loss(&examples)
            };
            let want = finite_differences(loss, &to_f64(value.data()));
            let got = reduced.get(id).to_dense(params.shape(id));
            assert_close(&to_f64(got.data()), &want, 1e-4, &format!("{name} of {what}"));
        }
    }
}

#[test]
fn a_batch_with_attended_padding_may_be_shared_out() {
    let config = Config {
        attend_padding: true,
        reset_decoder_state: true,
        decoder_init: DecoderInit::Copy,
        ..Config::default()
    };
    let config = Config { embedding: 3, hidden: 4, ..config };
    let examples = examples();
    let batch: Vec<&Example> = examples.iter().collect();
    let mut params = Params::new();
    let network = EncoderDecoder::new(&mut params, &config, VOCABULARY, VOCABULARY, 1).unwrap();
    let shape = network.loss_normalization(&batch);
    let loss = |part: &[&Example]| {
        let mut tape = Tape::new(&params);
        let loss = network.loss(&mut tape, part, &shape).unwrap();
        f64::from(tape.value(loss.loss).data()[0])
    };
    let parts: f64 = batch.iter().map(|&example| loss(&[example])).sum();
    assert!((parts - loss(&batch)).abs() < 1e-6);
}
