//! An encoder-decoder in plain loops, for any float: one example at a time, forwards and
//! backward written out, made of the plain-loop references of the libraries.
//!
//! It knows no batch, no padding (but where padding counts), no threads, no tape, and none of the
//! networks' own code: only names and shapes of parameters are shared with them.

mod decoder;

use std::collections::BTreeMap;

use attention::reference::{Found, Weights as Attend, attend, attend_back};
use attention::{AttentionConfig, QueryPosition};
use num_traits::Float;
use rnn::reference::{
    SavedActivations, State, Weights, affine, affine_back, layer, layer_back, step, step_back,
};
use seq2seq::Config;
use seq2seq::config::{DecoderInit, LossNorm, Readout, Wiring};
use seq2seq::data::Example;
use tensor::gemm::reference as gemm;
use tensor::ops::{cross_entropy::reference as cross_entropy, embedding::reference as embedding};
use tokenizer::{PAD, SOS};

/// Values by the parameters' names; also their gradients.
pub(crate) type Named<F> = BTreeMap<String, Vec<F>>;

/// What a batch gives.
#[derive(Debug, Clone)]
pub(crate) struct Sums<F> {
    /// The weighted loss.
    pub(crate) loss: F,
    /// Sum of -log p(target) over the counted positions.
    pub(crate) nll: F,
    /// Counted positions.
    pub(crate) count: usize,
    /// The gradient of the weighted loss.
    pub(crate) gradient: Named<F>,
}

/// A network as a configuration describes it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Network<'a> {
    pub(crate) config: &'a Config,
}

/// One step of the decoder, as its backward pass needs it.
struct DecoderStep<F> {
    /// The query of the attention.
    query: Vec<F>,
    /// What each layer keeps.
    kept: Vec<SavedActivations<F>>,
    /// \[context; state\], where a readout joins them.
    joined: Vec<F>,
    readout: Vec<F>,
}

/// The encoder's part, as its backward pass needs it.
struct Encoded<F> {
    kept: Vec<Vec<SavedActivations<F>>>,
    /// States at the end, for each layer and direction.
    last: Vec<State<F>>,
    memory: Vec<Vec<F>>,
}

fn float<F: Float>(x: impl Into<f64>) -> F {
    F::from(x.into()).unwrap()
}

fn add<F: Float>(to: &mut [F], from: &[F]) {
    assert_eq!(to.len(), from.len());
    to.iter_mut().zip(from).for_each(|(a, &b)| *a = *a + b);
}

fn zeros<F: Float>(n: usize) -> Vec<F> {
    vec![F::zero(); n]
}

fn put<F: Float>(gradient: &mut Named<F>, name: &str, by: &[F]) {
    add(gradient.get_mut(name).unwrap(), by);
}

impl Network<'_> {
    fn directions(&self) -> usize {
        1 + usize::from(self.config.bidirectional)
    }

    fn joins(&self) -> bool {
        self.config.wiring == Wiring::RecurThenAttend || self.config.readout == Readout::TanhContext
    }

    fn attention(&self) -> AttentionConfig {
        let (query, memory) = (self.config.hidden, self.directions() * self.config.hidden);
        let kind = self.config.attention.unwrap();
        AttentionConfig::new(kind, query, memory)
    }

    /// What the loss of each counted position is multiplied with, from the words of the
    /// configuration's documentation.
    fn weight<F: Float>(&self, examples: &[&Example]) -> F {
        let positions = time(examples) * examples.len();
        let tokens: usize = examples.iter().map(|e| e.target.len()).sum();
        let divisor = match self.config.loss_norm {
            LossNorm::Token if self.config.count_padding => positions,
            LossNorm::Token => tokens,
            LossNorm::Sentence => examples.len(),
            LossNorm::Position => positions,
        };
        F::one() / float(divisor as f64)
    }

    /// The loss of a batch and its gradient.
    pub(crate) fn batch<F: Float>(&self, values: &Named<F>, examples: &[&Example]) -> Sums<F> {
        let gradient = values.iter().map(|(n, v)| (n.clone(), zeros(v.len()))).collect();
        self.sums(values, examples, gradient)
    }

    /// The loss of a batch alone.
    pub(crate) fn loss<F: Float>(&self, values: &Named<F>, examples: &[&Example]) -> F {
        self.sums(values, examples, Named::new()).loss
    }

    /// Without names to gather gradients under, there is no backward pass.
    fn sums<F: Float>(
        &self,
        values: &Named<F>,
        examples: &[&Example],
        gradient: Named<F>,
    ) -> Sums<F> {
        let mut sums = Sums { loss: F::zero(), nll: F::zero(), count: 0, gradient };
        let (weight, time) = (self.weight(examples), time(examples));
        for example in examples {
            self.example(values, example, time, weight, &mut sums);
        }
        sums
    }

    /// Adds one example's share.
    fn example<F: Float>(
        &self,
        values: &Named<F>,
        example: &Example,
        time: usize,
        weight: F,
        sums: &mut Sums<F>,
    ) {
        // Padding is no part of an example unless it counts.
        let mut targets = example.target.clone();
        let mut fed = vec![SOS];
        fed.extend(&example.target[..example.target.len() - 1]);
        if self.config.count_padding {
            targets.resize(time, PAD);
            fed.resize(time, PAD);
        }
        let ignore = (!self.config.count_padding).then_some(PAD);
        let smoothing = float(self.config.label_smoothing);

        let encoded = self.encode(values, &example.source);
        let first = self.first_state(values, &encoded.last);
        let embedded = self.look_up(values, "decoder", &fed);
        let steps = self.decode(values, &encoded.memory, first, &embedded);
        let (w, b) = (&values["decoder.output.weight"], &values["decoder.output.bias"]);
        let readouts: Vec<F> = steps.iter().flat_map(|s| s.readout.clone()).collect();
        let logits = gemm::linear(&readouts, w, Some(b), self.config.hidden);
        let loss = cross_entropy::forward(&logits, &targets, ignore, smoothing);
        sums.loss = sums.loss + weight * loss;
        sums.nll = sums.nll + cross_entropy::forward(&logits, &targets, ignore, F::zero());
        sums.count += targets.len();

        let g = &mut sums.gradient;
        if g.is_empty() {
            return;
        }
        let mut d_logits = cross_entropy::backward(&logits, &targets, ignore, smoothing);
        d_logits.iter_mut().for_each(|d| *d = *d * weight);
        let classes = b.len();
        d_logits.chunks_exact(classes).for_each(|row| put(g, "decoder.output.bias", row));
        let dw = gemm::outer(&d_logits, &readouts, classes, self.config.hidden);
        put(g, "decoder.output.weight", &dw);
        let d_readouts = gemm::plain(&d_logits, w, classes);
        let (d_memory, d_first) =
            self.decode_back(values, &encoded.memory, &steps, &d_readouts, &fed, g);
        let d_last = self.first_state_back(values, &encoded.last, &d_first, g);
        self.encode_back(values, &encoded, d_memory, &d_last, &example.source, g);
    }

    fn look_up<F: Float>(&self, values: &Named<F>, side: &str, ids: &[u32]) -> Vec<Vec<F>> {
        let width = self.config.embedding;
        let rows = embedding::forward(ids, &values[&format!("{side}.embedding.weight")], width);
        rows.chunks_exact(width).map(<[F]>::to_vec).collect()
    }

    fn look_up_back<F: Float>(&self, side: &str, ids: &[u32], d: &[Vec<F>], g: &mut Named<F>) {
        let table = g.get_mut(&format!("{side}.embedding.weight")).unwrap();
        let width = self.config.embedding;
        let rows = table.len() / width;
        add(table, &embedding::backward(ids, &d.concat(), rows, width, None));
    }

    fn zero_state<F: Float>(&self) -> State<F> {
        State { h: zeros(self.config.hidden), c: zeros(self.config.hidden) }
    }

    fn encode<F: Float>(&self, values: &Named<F>, ids: &[u32]) -> Encoded<F> {
        let mut xs = self.look_up(values, "encoder", ids);
        let (mut kept, mut last) = (Vec::new(), Vec::new());
        for l in 0..self.config.layers {
            let mut ys = vec![Vec::new(); ids.len()];
            for d in 0..self.directions() {
                let w = recurrent(values, "encoder", l, d);
                let (y, end, keep) = layer(self.config.cell, &w, &xs, &self.zero_state(), d == 1);
                ys.iter_mut().zip(y).for_each(|(all, y)| all.extend(y));
                kept.push(keep);
                last.push(end);
            }
            xs = ys;
        }
        Encoded { kept, last, memory: xs }
    }

    fn encode_back<F: Float>(
        &self,
        values: &Named<F>,
        encoded: &Encoded<F>,
        d_memory: Vec<Vec<F>>,
        d_last: &[State<F>],
        ids: &[u32],
        g: &mut Named<F>,
    ) {
        let h = self.config.hidden;
        let mut d_ys = d_memory;
        for l in (0..self.config.layers).rev() {
            let mut d_xs: Vec<Vec<F>> = Vec::new();
            for d in 0..self.directions() {
                let i = l * self.directions() + d;
                let w = recurrent(values, "encoder", l, d);
                let mut dw = w.zeros_like();
                let part: Vec<Vec<F>> = d_ys.iter().map(|y| y[d * h..][..h].to_vec()).collect();
                let cell = self.config.cell;
                let kept = &encoded.kept[i];
                let (dx, _) = layer_back(cell, &w, kept, &part, &d_last[i], d == 1, &mut dw);
                recurrent_back("encoder", l, d, &dw, g);
                if d_xs.is_empty() {
                    d_xs = dx;
                } else {
                    d_xs.iter_mut().zip(dx).for_each(|(a, b)| add(a, &b));
                }
            }
            d_ys = d_xs;
        }
        self.look_up_back("encoder", ids, &d_ys, g);
    }

    /// The decoder's first state from the encoder's last ones.
    fn first_state<F: Float>(&self, values: &Named<F>, last: &[State<F>]) -> Vec<State<F>> {
        let bridge = |which: &str, l: usize, from: &[F]| -> Vec<F> {
            let name = format!("decoder.bridge.{which}_l{l}");
            let (w, b) = (&values[&format!("{name}.weight")], &values[&format!("{name}.bias")]);
            affine(w, from, b).into_iter().map(F::tanh).collect()
        };
        let layers = last.chunks(self.directions()).enumerate();
        let state = |(l, ends): (usize, &[State<F>])| match self.config.decoder_init {
            DecoderInit::Zeros => self.zero_state(),
            DecoderInit::Copy => ends[0].clone(),
            DecoderInit::Linear | DecoderInit::BackwardTanh => unreachable!("not compared here"),
            DecoderInit::LinearTanh => State {
                h: bridge("h", l, &side_by_side(ends, |s| &s.h)),
                c: match self.config.cell {
                    seq2seq::config::Cell::Lstm => bridge("c", l, &side_by_side(ends, |s| &s.c)),
                    _ => zeros(self.config.hidden),
                },
            },
        };
        layers.map(state).collect()
    }

    fn first_state_back<F: Float>(
        &self,
        values: &Named<F>,
        last: &[State<F>],
        d_first: &[State<F>],
        g: &mut Named<F>,
    ) -> Vec<State<F>> {
        let (directions, h) = (self.directions(), self.config.hidden);
        let mut d_last = vec![self.zero_state(); last.len()];
        for (l, (ends, d)) in last.chunks(directions).zip(d_first).enumerate() {
            let d_ends = &mut d_last[l * directions..][..directions];
            match self.config.decoder_init {
                DecoderInit::Zeros | DecoderInit::Linear | DecoderInit::BackwardTanh => {}
                DecoderInit::Copy => d_ends[0] = d.clone(),
                DecoderInit::LinearTanh => {
                    let mut back = |which: &str, from: &[F], d: &[F]| -> Vec<F> {
                        let name = format!("decoder.bridge.{which}_l{l}");
                        let (w, b) = (format!("{name}.weight"), format!("{name}.bias"));
                        let y = affine(&values[&w], from, &values[&b]);
                        let slope = |(&y, &d): (&F, &F)| d * (F::one() - y.tanh() * y.tanh());
                        let d: Vec<F> = y.iter().zip(d).map(slope).collect();
                        let (mut dw, mut db) = (zeros(values[&w].len()), zeros(values[&b].len()));
                        let d_from = affine_back(&values[&w], from, &d, &mut dw, &mut db);
                        put(g, &w, &dw);
                        put(g, &b, &db);
                        d_from
                    };
                    let d_h = back("h", &side_by_side(ends, |s| &s.h), &d.h);
                    let parts = d_ends.iter_mut().zip(d_h.chunks_exact(h));
                    parts.for_each(|(end, part)| end.h = part.to_vec());
                    if self.config.cell == seq2seq::config::Cell::Lstm {
                        let d_c = back("c", &side_by_side(ends, |s| &s.c), &d.c);
                        let parts = d_ends.iter_mut().zip(d_c.chunks_exact(h));
                        parts.for_each(|(end, part)| end.c = part.to_vec());
                    }
                }
            }
        }
        d_last
    }
}

/// Target positions of the longest example.
fn time(examples: &[&Example]) -> usize {
    examples.iter().map(|e| e.target.len()).max().unwrap_or(0)
}

fn side_by_side<F: Float>(ends: &[State<F>], part: impl Fn(&State<F>) -> &Vec<F>) -> Vec<F> {
    ends.iter().flat_map(|s| part(s).clone()).collect()
}

/// The four names of a layer's parameters.
fn names(side: &str, l: usize, d: usize) -> [String; 4] {
    let suffix = if d == 1 { "_reverse" } else { "" };
    ["weight_ih", "weight_hh", "bias_ih", "bias_hh"]
        .map(|kind| format!("{side}.rnn.{kind}_l{l}{suffix}"))
}

fn recurrent<F: Float>(values: &Named<F>, side: &str, l: usize, d: usize) -> Weights<F> {
    let [w_ih, w_hh, b_ih, b_hh] = names(side, l, d).map(|name| values[&name].clone());
    Weights { w_ih, w_hh, b_ih, b_hh, ..Weights::default() }
}

fn recurrent_back<F: Float>(side: &str, l: usize, d: usize, dw: &Weights<F>, g: &mut Named<F>) {
    let parts = [&dw.w_ih, &dw.w_hh, &dw.b_ih, &dw.b_hh];
    names(side, l, d).iter().zip(parts).for_each(|(name, dw)| put(g, name, dw));
}

fn attention_weights<F: Float>(values: &Named<F>) -> Attend<F> {
    let of = |(name, w): (&String, &Vec<F>)| {
        Some((name.strip_prefix("decoder.attention.")?.to_string(), w.clone()))
    };
    values.iter().filter_map(of).collect()
}
