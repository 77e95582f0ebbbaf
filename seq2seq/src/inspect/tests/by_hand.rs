//! Interventions against forward passes in plain loops with the same change written by hand.

use attention::{AttentionConfig, AttentionKind, QueryPosition};
use rnn::Gate;
use rnn::reference::affine;
use tokenizer::{EOS, SOS};

use super::{LINE, Subject, assert_near};
use crate::inspection::{Clamp, Intervention, Trace};

/// What a forward pass by hand changes.
#[derive(Default)]
struct ByHand<'a> {
    /// The attention weights of a step, if they are not the network's.
    weights: Option<&'a dyn Fn(usize) -> Option<Vec<f64>>>,
    /// The value of a gate, given whether it is the decoder's, time, gate and unit.
    gate: Option<&'a dyn Fn(bool, usize, Gate, usize) -> Option<f64>>,
}

const H: usize = 12;

impl ByHand<'_> {
    fn gru(&self, subject: &Subject, is_decoder: bool, t: usize, x: &[f64], h: &[f64]) -> Vec<f64> {
        let side = if is_decoder { "decoder" } else { "encoder" };
        let get = |name: &str| subject.value(&format!("{side}.rnn.{name}_l0"));
        let a = affine(&get("weight_ih"), x, &get("bias_ih"));
        let b = affine(&get("weight_hh"), h, &get("bias_hh"));
        let change = |gate, unit, value| {
            self.gate.and_then(|change| change(is_decoder, t, gate, unit)).unwrap_or(value)
        };
        let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
        (0..H)
            .map(|j| {
                let r = change(Gate::Reset, j, sigmoid(a[j] + b[j]));
                let z = change(Gate::Update, j, sigmoid(a[H + j] + b[H + j]));
                let n = change(Gate::New, j, (a[2 * H + j] + r * b[2 * H + j]).tanh());
                change(Gate::Hidden, j, (1.0 - z) * n + z * h[j])
            })
            .collect()
    }

    /// Decodes greedily with a GRU in one direction and additive attention before the recurrence.
    /// Returns each id with its log-probability, and the attention weights.
    fn decode(&self, subject: &Subject) -> Vec<(u32, f64, Vec<f64>)> {
        let embedding = |side: &str, id: u32| {
            subject.value(&format!("{side}.embedding.weight"))[id as usize * 8..][..8].to_vec()
        };
        let mut h = vec![0.0; H];
        let mut memory = Vec::new();
        for (t, &id) in subject.text.encode_source(LINE).iter().enumerate() {
            h = self.gru(subject, false, t, &embedding("encoder", id), &h);
            memory.push(h.clone());
        }
        let config = AttentionConfig::new(AttentionKind::Additive, H, H);
        let w = ["w_query", "w_memory", "v"]
            .map(|name| (name.to_owned(), subject.value(&format!("decoder.attention.{name}"))))
            .into_iter()
            .collect();
        let (mut fed, mut found) = (SOS, Vec::new());
        while found.len() < 9 && fed != EOS {
            let t = found.len();
            let place = QueryPosition::default();
            let own = attention::reference::attend(&config, &w, &h, &memory, place).weights;
            let weights = self.weights.and_then(|weights| weights(t)).unwrap_or(own);
            let mut context = vec![0.0; H];
            for (weight, state) in weights.iter().zip(&memory) {
                context.iter_mut().zip(state).for_each(|(c, s)| *c += weight * s);
            }
            let x = [embedding("decoder", fed), context].concat();
            h = self.gru(subject, true, t, &x, &h);
            let (w, b) =
                (subject.value("decoder.output.weight"), subject.value("decoder.output.bias"));
            let logits = affine(&w, &h, &b);
            let total = logits.iter().map(|x| x.exp()).sum::<f64>().ln();
            let said = (0..logits.len()).filter(|&id| id != 0 && id as u32 != SOS);
            let best = said.max_by(|&a, &b| logits[a].total_cmp(&logits[b])).unwrap();
            fed = best as u32;
            found.push((fed, logits[best] - total, weights));
        }
        found
    }
}

/// The model of [`ByHand`].
fn subject_by_hand() -> Subject {
    Subject::new(&[
        ("cell", "gru"),
        ("attention", "additive"),
        ("attention_width", "12"),
        ("wiring", "attend_then_recur"),
        ("bidirectional", "false"),
        ("decoder_init", "copy"),
        ("readout", "linear"),
    ])
}

#[track_caller]
fn assert_is_by_hand(trace: &Trace, want: &[(u32, f64, Vec<f64>)]) {
    let ids: Vec<u32> = trace.steps.iter().map(|step| step.chosen.id).collect();
    assert_eq!(ids, want.iter().map(|step| step.0).collect::<Vec<_>>());
    for (step, want) in trace.steps.iter().zip(want) {
        assert_near(step.chosen.logprob, want.1, "log-probability");
        for (got, want) in step.weights.iter().zip(&want.2) {
            assert_near((*got).into(), *want, "attention");
        }
    }
}

#[test]
fn interventions_are_the_same_changes_by_hand() {
    let subject = subject_by_hand();
    let free = ByHand::default().decode(&subject);
    let found = subject.inspect(&LINE.into()).unwrap();
    assert_is_by_hand(&found.without, &free);

    let moved = |step: usize| {
        let one_hot = || (0..7).map(|s| f64::from(u8::from(s == 4))).collect();
        (step == 1).then(one_hot)
    };
    let want = ByHand { weights: Some(&moved), gate: None }.decode(&subject);
    let trace = subject.with(vec![Intervention::MoveAttention { step: 1, position: 4 }]);
    assert_is_by_hand(&trace, &want);
    assert!((want[1].1 - free[1].1).abs() > 1e-4, "the change has no effect");

    let uniform = |_: usize| Some(vec![1.0 / 7.0; 7]);
    let want = ByHand { weights: Some(&uniform), gate: None }.decode(&subject);
    let trace = subject.with(vec![Intervention::UniformAttention { step: None }]);
    assert_is_by_hand(&trace, &want);

    let clamp = |layer: &str, gate, unit, position, value| {
        let layer = layer.to_owned();
        Intervention::Clamp(Clamp { layer, gate, unit, position, value })
    };
    let of_encoder = |is_decoder: bool, time: usize, gate: Gate, unit: usize| {
        (!is_decoder && time == 2 && gate == Gate::Update && unit == 3).then_some(1.0)
    };
    let want = ByHand { weights: None, gate: Some(&of_encoder) }.decode(&subject);
    let trace = subject.with(vec![clamp("encoder.rnn.l0", Gate::Update, Some(3), Some(2), 1.0)]);
    assert_is_by_hand(&trace, &want);

    let of_decoder = |is_decoder: bool, _: usize, gate: Gate, unit: usize| match gate {
        Gate::Reset if is_decoder => Some(0.0),
        Gate::Hidden if is_decoder && unit == 5 => Some(0.5),
        _ => None,
    };
    let want = ByHand { weights: None, gate: Some(&of_decoder) }.decode(&subject);
    let trace = subject.with(vec![
        clamp("decoder.rnn.l0", Gate::Reset, None, None, 0.0),
        clamp("decoder.rnn.l0", Gate::Hidden, Some(5), None, 0.5),
    ]);
    assert_is_by_hand(&trace, &want);
}
