//! Inspections against greedy decoding, and requests that do not fit.

mod by_hand;

use rnn::{Cell, Gate};
use tensor::{Params, Threads};

use super::Inspector;
use crate::config::{Config, UnknownWords};
use crate::data::{Corpus, Pair, SubwordModels, Text};
use crate::decode::{Constraints, DecodeInput, Ensemble, UnknownWordOptions, alternatives, greedy};
use crate::inspection::{Clamp, InspectRequest, Inspection, Intervention, Trace};
use crate::model::EncoderDecoder;

const LINE: &str = "the red cat sees a dog";

struct Subject {
    network: EncoderDecoder,
    params: Params,
    text: Text,
    unknown_words: UnknownWordOptions,
}

impl Subject {
    fn new(set: &[(&str, &str)]) -> Self {
        let mut config = Config::default();
        let small =
            [("hidden", "12"), ("embedding", "8"), ("max_length", "9"), ("init_scale", "1")];
        for (key, value) in small.iter().chain(set) {
            config.set(key, value).unwrap();
        }
        let pair = |source: &str, target: &str| Pair {
            source: source.into(),
            target: target.into(),
            links: None,
        };
        let pairs = vec![
            pair(LINE, "le chat rouge voit un chien"),
            pair("the old bird eats the bread", "le vieil oiseau mange le pain"),
        ];
        let text = Text::build(&config, &SubwordModels::default(), &Corpus { pairs }).unwrap();
        let (source, target) = (text.source_vocabulary.len(), text.target_vocabulary.len());
        let mut params = Params::new();
        let network = EncoderDecoder::new(&mut params, &config, source, target, 7).unwrap();
        Self { network, params, text, unknown_words: UnknownWords::Keep.into() }
    }

    fn inspect(&self, request: &InspectRequest) -> crate::Result<Inspection> {
        let inspector = Inspector {
            network: &self.network,
            params: &self.params,
            text: &self.text,
            unknown_words: &self.unknown_words,
            constraints: Constraints::default(),
        };
        inspector.inspect(request, &Threads::single())
    }

    fn with(&self, interventions: Vec<Intervention>) -> Trace {
        let request = InspectRequest { interventions, ..LINE.into() };
        self.inspect(&request).unwrap().with.unwrap()
    }

    fn value(&self, name: &str) -> Vec<f64> {
        let id = self.params.find(name).unwrap_or_else(|| panic!("{name}"));
        self.params.get(id).data().iter().map(|&v| f64::from(v)).collect()
    }
}

#[track_caller]
fn assert_near(got: f64, want: f64, what: &str) {
    assert!((got - want).abs() <= 1e-6 * want.abs().max(1.0), "{what}: {got} {want}");
}

#[track_caller]
fn assert_rows_near(got: &[f32], want: &[f32], what: &str) {
    assert_eq!(got.len(), want.len(), "{what}");
    got.iter().zip(want).for_each(|(a, b)| assert_near((*a).into(), (*b).into(), what));
}

/// Wirings, cells, attentions and options that a translator may have.
const MODELS: [&[(&str, &str)]; 11] = [
    &[("cell", "gru"), ("attention", "additive"), ("wiring", "attend_then_recur")],
    &[
        ("cell", "lstm"),
        ("layers", "2"),
        ("attention", "general"),
        ("wiring", "recur_then_attend"),
        ("input_feeding", "true"),
        ("readout", "tanh_context"),
    ],
    &[
        ("bidirectional", "true"),
        ("decoder_init", "backward_tanh"),
        ("readout", "maxout"),
        ("readout_state", "previous"),
    ],
    &[("cell", "rnn_tanh"), ("attention", "dot"), ("bidirectional", "false")],
    &[("attention", "none")],
    &[("attention", "multi_head"), ("attention_heads", "3")],
    &[("attention", "local_p"), ("wiring", "recur_then_attend"), ("attention_window", "2")],
    &[("attention", "local_m"), ("attention_window", "1"), ("reverse_source", "true")],
    &[("layers", "2"), ("residual", "true"), ("layer_norm", "true"), ("cell", "lstm_peephole")],
    &[("cell", "gru_reset_before"), ("reset_decoder_state", "true"), ("attend_padding", "true")],
    &[("cell", "lstm_coupled"), ("context_first", "true"), ("merge", "sum")],
];

#[test]
fn a_trace_is_the_greedy_translation() {
    for set in MODELS {
        let what = format!("{set:?}");
        let subject = Subject::new(set);
        let layers = subject.inspect(&LINE.into()).unwrap().without.layer_names;
        let request = InspectRequest { layers, ..LINE.into() };
        let found = subject.inspect(&request).unwrap();
        assert_eq!(found.with, None);
        let trace = found.without;
        let source = subject.text.encode_source(LINE);
        let (network, params) = (&subject.network, &subject.params);
        let threads = Threads::single();
        let want = greedy(network, params, std::slice::from_ref(&source), None, &threads)
            .unwrap()
            .remove(0);
        let ids: Vec<u32> = trace.steps.iter().map(|step| step.chosen.id).collect();
        assert_eq!(ids, want.ids, "{what}");
        assert_near(trace.logprob, want.logprob, &what);
        let input = DecodeInput { source: source.clone(), prefix: ids, number: 0 };
        let ensemble = Ensemble::single(network, params);
        let all = alternatives(&ensemble, &[input], 5, &threads).unwrap().remove(0);
        for (t, step) in trace.steps.iter().enumerate() {
            assert_near(step.chosen.logprob, want.token_logprobs[t].into(), &what);
            for (got, (id, logprob)) in step.likeliest.iter().zip(&all.tokens[t]) {
                assert_eq!(got.id, *id, "{what}");
                assert_near(got.logprob, (*logprob).into(), &what);
            }
            let Some(row) = want.attention.get(t) else {
                assert!(step.weights.is_empty() && step.scores.is_empty(), "{what}");
                continue;
            };
            assert_rows_near(&step.weights, &subject.text.in_order(row.clone()), &what);
            assert!(step.scores.iter().all(|row| row.len() == source.len()), "{what}");
            for (got, want) in step.heads.iter().zip(&all.heads.get(t).cloned().unwrap_or_default())
            {
                assert_rows_near(got, &subject.text.in_order(want.clone()), &what);
            }
            assert_eq!(step.query.len(), 12);
        }
        // The activations belong to the same forward pass: the decoder's last layer's state.
        let last = trace.layers.last().unwrap();
        assert!(last.is_decoder());
        let hidden = last.gates.last().unwrap();
        for (values, step) in hidden.values.iter().zip(&trace.steps) {
            assert_eq!(*values, step.states.last().unwrap().h, "{what}");
        }
        assert_eq!(hidden.values.len(), trace.steps.len());
        assert_eq!(trace.layers[0].gates[0].values.len(), source.len());
        assert_eq!(trace.source.len(), source.len());
    }
}

#[test]
fn a_forced_prefix_is_followed_greedily() {
    let subject = Subject::new(MODELS[0]);
    let free = subject.inspect(&LINE.into()).unwrap().without;
    let other = free.steps[1].likeliest[2].id;
    let prefix = vec![free.steps[0].chosen.id, other];
    let request = InspectRequest { prefix: prefix.clone(), ..LINE.into() };
    let trace = subject.inspect(&request).unwrap().without;
    assert_eq!(trace.steps[1].chosen.id, other);
    assert_near(trace.steps[1].chosen.logprob, free.steps[1].likeliest[2].logprob, "forced");
    assert_eq!(trace.steps[1].likeliest, free.steps[1].likeliest);
    let is_forced: Vec<bool> = trace.steps.iter().map(|step| step.is_forced).collect();
    assert_eq!(is_forced[..3], [true, true, false]);
    for step in &trace.steps[2..] {
        assert_eq!(step.chosen.id, step.likeliest[0].id);
    }
    // Up to the length limit, which a prefix may exceed.
    let prefix: Vec<u32> = prefix.into_iter().cycle().take(12).collect();
    let request = InspectRequest { prefix, ..LINE.into() };
    assert_eq!(subject.inspect(&request).unwrap().without.steps.len(), 13);
}

#[test]
fn a_replaced_word_is_another_sentence() {
    for set in [MODELS[0], MODELS[7]] {
        let subject = Subject::new(set);
        for (position, text, line) in [
            (2, "dog", "the red dog sees a dog"),
            (1, "", "the cat sees a dog"),
            (1, "old red", "the old red cat sees a dog"),
            (6, "eats", "the red cat sees a dog eats"),
        ] {
            let text = text.to_owned();
            let trace = subject.with(vec![Intervention::ReplaceSource { position, text }]);
            assert_eq!(trace.source_text, line);
            assert_eq!(trace, subject.inspect(&line.into()).unwrap().without);
        }
        let text = "zebra".to_owned();
        let trace = subject.with(vec![Intervention::ReplaceSource { position: 0, text }]);
        assert_eq!(trace.unknown, [0], "{set:?}");
    }
}

#[test]
fn positions_are_those_of_the_sentence_in_its_own_order() {
    let subject = Subject::new(&[("reverse_source", "true"), ("cell", "lstm")]);
    let trace = subject.with(vec![
        Intervention::MoveAttention { step: 0, position: 2 },
        Intervention::Clamp(Clamp {
            layer: "encoder.rnn.l0".into(),
            gate: Gate::Forget,
            unit: Some(0),
            position: Some(5),
            value: 0.25,
        }),
    ]);
    assert_eq!(trace.steps[0].weights, [0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
    let clamp = Clamp {
        layer: "encoder.rnn.l0".into(),
        gate: Gate::Input,
        unit: Some(0),
        position: Some(5),
        value: 0.25,
    };
    let layers = vec!["encoder.rnn.l0".to_owned()];
    let interventions = vec![Intervention::Clamp(clamp)];
    let request = InspectRequest { interventions, layers, ..LINE.into() };
    let found = subject.inspect(&request).unwrap();
    let input = |trace: &Trace| trace.layers[0].gates[0].unit(0).collect::<Vec<f32>>();
    let (without, with) = (input(&found.without), input(&found.with.unwrap()));
    // The last word is read first, so that all other words see the change; the end token, too.
    assert_eq!(with[5], 0.25);
    for position in [0, 1, 2, 3, 4, 6] {
        assert_ne!(without[position], with[position], "{position}");
    }
}

#[test]
fn requests_that_do_not_fit_are_refused_with_what_would() {
    let subject = Subject::new(&[("cell", "lstm"), ("bidirectional", "true")]);
    let refused = |interventions: Vec<Intervention>, layers: &[&str]| {
        let layers = layers.iter().map(|&name| name.to_owned()).collect();
        let request = InspectRequest { interventions, layers, ..LINE.into() };
        subject.inspect(&request).unwrap_err().to_string()
    };
    let error = refused(vec![Intervention::MoveAttention { step: 0, position: 7 }], &[]);
    assert!(error.contains("source position cannot be '7': it takes 0 to 6"), "{error}");
    let text = String::new();
    let error = refused(vec![Intervention::ReplaceSource { position: 7, text }], &[]);
    assert!(error.contains("source position cannot be '7': it takes 0 to 6"), "{error}");
    let error = refused(vec![], &["encoder.rnn.l9"]);
    assert!(error.contains("encoder.rnn.l0, encoder.rnn.l0.reverse, decoder.rnn.l0"), "{error}");
    let clamp = |gate, unit, value| {
        let layer = "decoder.rnn.l0".to_owned();
        vec![Intervention::Clamp(Clamp { layer, gate, unit, position: None, value })]
    };
    let error = refused(clamp(Gate::Reset, None, 0.0), &[]);
    assert!(error.contains("gate cannot be 'r': it takes i, f, g, o, c, h (lstm)"), "{error}");
    let error = refused(clamp(Gate::Input, Some(12), 0.0), &[]);
    assert!(error.contains("unit cannot be '12': it takes 0 to 11"), "{error}");
    assert!(refused(clamp(Gate::Input, None, f32::NAN), &[]).contains("a finite number"));
    let prefix = vec![999];
    let error = subject.inspect(&InspectRequest { prefix, ..LINE.into() }).unwrap_err();
    assert!(error.to_string().contains("ids of the target vocabulary"), "{error}");

    let plain = Subject::new(&[("attention", "none")]);
    let interventions = vec![Intervention::UniformAttention { step: None }];
    let error = plain.inspect(&InspectRequest { interventions, ..LINE.into() }).unwrap_err();
    assert!(error.to_string().contains("a model with attention"), "{error}");
}

#[test]
fn a_blank_sentence_has_no_steps() {
    let subject = Subject::new(&[]);
    let found = subject.inspect(&"  ".into()).unwrap();
    assert_eq!((found.without.steps.len(), found.without.source.len()), (0, 0));
    let interventions =
        vec![Intervention::ReplaceSource { position: 0, text: "the cat".to_owned() }];
    let request = InspectRequest { interventions, .." ".into() };
    let found = subject.inspect(&request).unwrap();
    assert_eq!(found.with.unwrap().source, ["the", "cat", "</s>"]);
}

#[test]
fn an_inspection_survives_json() {
    let subject = Subject::new(&[("attention", "local_m"), ("attention_window", "1")]);
    let request = InspectRequest {
        layers: vec!["decoder.rnn.l0".into()],
        interventions: vec![Intervention::UniformAttention { step: Some(0) }],
        ..LINE.into()
    };
    let found = subject.inspect(&request).unwrap();
    assert!(found.without.steps[0].scores[0].contains(&f32::NEG_INFINITY));
    let line = serde_json::to_string(&found).unwrap();
    assert!(!line.contains("null"), "{line}");
    let read: Inspection = serde_json::from_str(&line).unwrap();
    assert_eq!(read.request, found.request);
    for (read, found) in
        [(&read.without, &found.without), (&read.with.unwrap(), &found.with.unwrap())]
    {
        assert_eq!(read.layers, found.layers);
        for (read, found) in read.steps.iter().zip(&found.steps) {
            assert_eq!((&read.scores, &read.query), (&found.scores, &found.query));
            assert_eq!((&read.context, &read.states), (&found.context, &found.states));
        }
    }
}

#[test]
fn cells_are_observed_in_every_model() {
    for cell in Cell::ALL {
        let subject = Subject::new(&[("cell", cell.name())]);
        let layers = vec!["decoder.rnn.l0".to_owned()];
        let found = subject.inspect(&InspectRequest { layers, ..LINE.into() }).unwrap();
        let gates: Vec<Gate> = found.without.layers[0].gates.iter().map(|gate| gate.gate).collect();
        assert_eq!(gates, cell.values());
    }
}
