//! Random events, keys, movements of the mouse and sizes, as a run and a user may cause them.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use ratatui::crossterm::event::{
    KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};
use seq2seq::config::{Change, TaskKind};
use seq2seq::event::{
    Best, Changed, CheckpointKind, End, EndReason, Estimate, Flow, FlowSeries, ParameterMetrics,
    Sample, Samples, ScoredOutput, Start, TrainStep, Validation,
};
use seq2seq::inspection::{
    Choice, Distribution, GateTrace, GradientKind, HeldOutMaps, InspectRequest, Inspection,
    LayerTrace, ParameterHistogram, StateTrace, Trace, TraceStep, UnitCorrelations, UnitsRequest,
};
use seq2seq::{Cell, Command, Event, Metrics};

use crate::dashboard::BINDINGS;

/// Something that happens to the dashboard.
#[derive(Debug, Clone)]
pub(super) enum Happening {
    Key(KeyEvent),
    Mouse(MouseEventKind, f64, f64),
    Size(u16, u16),
    Event(Box<Event>),
    /// The answer to the request that was sent last.
    Answer(Box<Answer>),
    Tick(u64),
    Death,
}

pub(super) fn happenings(number: usize) -> impl Strategy<Value = Vec<Happening>> {
    let one = prop_oneof![
        8 => key().prop_map(Happening::Key),
        4 => mouse(),
        3 => size().prop_map(|(wide, high)| Happening::Size(wide, high)),
        8 => event().prop_map(|event| Happening::Event(Box::new(event))),
        3 => answer().prop_map(|answer| Happening::Answer(Box::new(answer))),
        1 => (0_u64..10_000).prop_map(Happening::Tick),
        1 => Just(Happening::Death),
    ];
    vec(one, 1..number)
}

/// Sizes from a cell to 200x60, most of them near those at which the layout changes.
pub(super) fn size() -> impl Strategy<Value = (u16, u16)> {
    let wide = prop_oneof![
        1_u16..=200,
        prop::sample::select(vec![1, 9, 10, 29, 30, 39, 40, 69, 79, 80, 120, 200])
    ];
    let high = prop_oneof![
        1_u16..=60,
        prop::sample::select(vec![1, 2, 3, 7, 8, 11, 12, 16, 20, 23, 24, 30, 60])
    ];
    (wide, high)
}

fn key() -> impl Strategy<Value = KeyEvent> {
    let bound: Vec<KeyEvent> = BINDINGS
        .iter()
        .flat_map(|binding| binding.keys)
        .map(|key| {
            let ctrl = if key.ctrl { KeyModifiers::CONTROL } else { KeyModifiers::NONE };
            KeyEvent::new(key.code, ctrl)
        })
        .collect();
    let others = prop_oneof![
        any::<char>().prop_map(KeyCode::Char),
        prop::sample::select(vec![
            KeyCode::Enter,
            KeyCode::Esc,
            KeyCode::Backspace,
            KeyCode::Char('y'),
            KeyCode::F(5),
        ]),
    ];
    prop_oneof![
        6 => prop::sample::select(bound),
        1 => others.prop_map(|code| KeyEvent::new(code, KeyModifiers::NONE)),
    ]
}

fn mouse() -> impl Strategy<Value = Happening> {
    let kind = prop::sample::select(vec![
        MouseEventKind::Down(MouseButton::Left),
        MouseEventKind::Drag(MouseButton::Left),
        MouseEventKind::Up(MouseButton::Left),
        MouseEventKind::Down(MouseButton::Right),
        MouseEventKind::ScrollUp,
        MouseEventKind::ScrollDown,
        MouseEventKind::Moved,
    ]);
    // Shares of the screen; a terminal that shrinks may report places beyond it.
    (kind, 0.0..1.1, 0.0..1.1).prop_map(|(kind, x, y)| Happening::Mouse(kind, x, y))
}

/// Returns the event of the mouse at shares of a screen.
pub(super) fn at(kind: MouseEventKind, (x, y): (f64, f64), (wide, high): (u16, u16)) -> MouseEvent {
    let place = |share: f64, size: u16| (share * f64::from(size)) as u16;
    MouseEvent { kind, column: place(x, wide), row: place(y, high), modifiers: KeyModifiers::NONE }
}

/// Words as corpora have them, and as they should not.
fn word() -> impl Strategy<Value = String> {
    let known = vec![
        "",
        "a",
        "the",
        "voiture",
        "</s>",
        "日本語",
        "한국어를",
        "e\u{301}te\u{301}",
        "👩\u{200d}👩\u{200d}👧",
        "🇫🇷",
        "a\u{1b}[2Jb",
        "tab\tbed",
        "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen",
        "長い長い長い長い長い長い長い長い長い長い長い長い長い言葉",
        "two words",
    ];
    prop_oneof![
        6 => prop::sample::select(known).prop_map(str::to_owned),
        1 => "\\PC{0,12}",
    ]
}

fn words() -> impl Strategy<Value = Vec<String>> {
    prop_oneof![vec(word(), 0..12), vec(word(), 0..80)]
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        6 => -10.0..10.0_f64,
        2 => prop::sample::select(vec![
            0.0,
            -0.0,
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::MAX,
            f64::MIN,
            f64::MIN_POSITIVE,
            1e-300,
            1e12,
        ]),
    ]
}

fn small() -> impl Strategy<Value = f32> {
    prop_oneof![
        6 => 0.0..1.0_f32,
        1 => prop::sample::select(vec![f32::NAN, f32::INFINITY, f32::MIN, f32::MAX, 0.0, -1.0]),
    ]
}

fn count() -> impl Strategy<Value = u64> {
    prop_oneof![4 => 0_u64..2_000, 1 => prop::sample::select(vec![0, 1, u64::from(u32::MAX), 1 << 52])]
}

fn change() -> impl Strategy<Value = Change> {
    (word(), word(), word()).prop_map(|(key, from, to)| Change { key, from, to })
}

fn start() -> impl Strategy<Value = Event> {
    let texts = (word(), word(), word(), word(), vec(change(), 0..4));
    let numbers = (count(), count(), count(), option::of(count()), count(), number());
    let task = prop::sample::select(vec![TaskKind::Translation, TaskKind::LanguageLines]);
    let best = option::of((count(), option::of(number()), number()));
    (texts, numbers, task, best).prop_map(|(texts, numbers, task, best)| {
        let (preset, model, data, device, differences) = texts;
        let (parameters, valid_pairs, steps_per_epoch, last_step, step, rate) = numbers;
        Event::Start(Box::new(Start {
            task,
            preset,
            model,
            changes: differences.clone(),
            settings: differences.iter().map(|d| (d.key.clone(), d.to.clone())).collect(),
            differences,
            data,
            device,
            threads: 2,
            ranks: Vec::new(),
            seed: parameters,
            parameters,
            train_pairs: parameters,
            valid_pairs,
            source_vocabulary: 310,
            target_vocabulary: 506,
            unknown_rate: rate,
            unknown_target_rate: rate,
            unknown_training_rates: (rate, 0.0),
            steps_per_epoch,
            last_step,
            max_minutes: None,
            step,
            seconds: rate.abs(),
            best: best.map(|(step, bleu, loss)| Best { step, bleu, loss }),
        }))
    })
}

fn step() -> impl Strategy<Value = Event> {
    let parameter = (word(), number(), number()).prop_map(|(name, gradient_norm, update_ratio)| {
        ParameterMetrics { name, gradient_norm, update_ratio }
    });
    let numbers = (number(), number(), number(), number(), number());
    (count(), count(), numbers, count(), vec(parameter, 0..9)).prop_map(
        |(step, epoch, numbers, tokens, parameters)| {
            let (loss, learning_rate, gradient_norm, clipped_norm, tokens_per_second) = numbers;
            Event::Step(Box::new(TrainStep {
                step,
                epoch,
                loss,
                learning_rate,
                gradient_norm,
                clipped_norm,
                tokens,
                tokens_per_second,
                seconds: step as f64 * 0.1,
                parameters,
            }))
        },
    )
}

fn sample() -> impl Strategy<Value = Sample> {
    let texts = (words(), words(), option::of(word()), option::of(word()), word());
    let marks = (vec(0_usize..90, 0..4), vec((0_usize..90, 0_usize..90), 0..5));
    // Rows and columns need not be those of the words.
    let attention = vec(vec(small(), 0..40), 0..40);
    let heads = vec(vec(vec(small(), 0..9), 0..9), 0..3);
    let output = (word(), number(), number());
    let output = output.prop_map(|(text, logprob, score)| ScoredOutput { text, logprob, score });
    let more = (heads, vec(output, 0..9), any::<bool>());
    (texts, marks, attention, number(), more).prop_map(
        |(texts, marks, attention, logprob, more)| {
            let (heads, candidates, is_forced) = more;
            let (source, output, source_text, output_text, reference) = texts;
            let (unknown, links) = marks;
            Sample {
                source,
                output,
                source_text,
                output_text,
                reference,
                unknown,
                links,
                attention,
                logprob,
                heads,
                candidates,
                is_forced,
            }
        },
    )
}

fn distribution() -> impl Strategy<Value = Distribution> {
    (number(), number(), vec(count(), 0..60), number(), number(), count()).prop_map(
        |(low, high, counts, mean, deviation, not_finite)| Distribution {
            low,
            high,
            counts,
            mean,
            deviation,
            zeros: 1,
            not_finite,
        },
    )
}

fn asked() -> impl Strategy<Value = Event> {
    let units = (word(), word(), count(), vec(small(), 0..70)).prop_map(
        |(words, layer, sentences, correlations)| UnitCorrelations {
            request: UnitsRequest { words: vec![words], layer, gate: seq2seq::Gate::Hidden },
            sentences: sentences as usize,
            with_word: 1,
            correlations,
        },
    );
    let gradients = option::of((any::<bool>(), distribution()));
    let histogram =
        (word(), count(), distribution(), gradients).prop_map(|(name, step, values, gradients)| {
            ParameterHistogram {
                name,
                shape: vec![3, step as usize],
                step,
                values,
                gradients: gradients.map(|(batch, found)| {
                    (if batch { GradientKind::Batch } else { GradientKind::Mean }, found)
                }),
            }
        });
    let maps = (1_usize..9, sample(), sample()).prop_map(|(number, free, forced)| HeldOutMaps {
        number,
        count: 8,
        free,
        forced,
    });
    let changed = (count(), vec(change(), 0..4), any::<bool>(), word(), option::of(count()));
    let changed = changed.prop_map(|(step, changes, repeated, model, last_step)| Changed {
        step,
        changes,
        repeated,
        model,
        last_step,
    });
    prop_oneof![
        units.prop_map(|found| Event::Units(Box::new(found))),
        histogram.prop_map(|found| Event::Histogram(Box::new(found))),
        maps.prop_map(|found| Event::HeldOut(Box::new(found))),
        changed.prop_map(|changed| Event::Changed(Box::new(changed))),
    ]
}

fn metrics() -> impl Strategy<Value = Metrics> {
    let some = (option::of(number()), option::of(number()), option::of(number()));
    (number(), some, option::of(count())).prop_map(
        |(loss, (perplexity, exact, bleu), truncated)| Metrics {
            loss,
            perplexity,
            token_accuracy: exact,
            exact_match: exact,
            bleu,
            token_bleu: bleu,
            truncated,
        },
    )
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        prop::sample::select(vec![
            Command::Pause,
            Command::Resume,
            Command::StepOnce,
            Command::Save,
            Command::Evaluate,
            Command::Stop,
        ]),
        small().prop_map(Command::SetLearningRate),
        word().prop_map(Command::Translate),
        word().prop_map(Command::HeldOut),
        word().prop_map(Command::Histogram),
        (word(), word()).prop_map(|(key, value)| Command::Set { key, value }),
    ]
}

fn flow() -> impl Strategy<Value = Event> {
    let name = prop::sample::select(vec!["encoder.rnn.l0", "encoder.rnn.l0.reverse", "日本語", ""]);
    let norms = prop_oneof![vec(small(), 0..20), vec(small(), 0..200)];
    let series =
        (name, norms).prop_map(|(name, norms)| FlowSeries { name: name.to_owned(), norms });
    (count(), vec(series, 0..9)).prop_map(|(step, series)| Event::Flow(Flow { step, series }))
}

fn event() -> impl Strategy<Value = Event> {
    let reason = prop::sample::select(vec![
        EndReason::Finished,
        EndReason::Stopped,
        EndReason::NotFinite,
        EndReason::Failed,
        EndReason::EarlyStopped,
    ]);
    prop_oneof![
        1 => word().prop_map(|text| Event::Phase { text }),
        2 => start(),
        3 => asked(),
        1 => (count(), option::of(number()), number())
            .prop_map(|(steps, seconds, bytes)| {
                Event::Estimate(Estimate { steps, seconds, bytes })
            }),
        8 => step(),
        3 => (count(), metrics(), any::<bool>()).prop_map(|(step, metrics, best)| {
            Event::Validation(Validation { step, metrics, best })
        }),
        4 => (count(), vec(sample(), 0..4))
            .prop_map(|(step, samples)| Event::Samples(Samples { step, samples })),
        3 => flow(),
        1 => (count(), any::<bool>()).prop_map(|(step, best)| {
            let kind = if best { CheckpointKind::Best } else { CheckpointKind::Last };
            Event::Checkpoint { step, kind }
        }),
        1 => (count(), command()).prop_map(|(step, command)| Event::Control { step, command }),
        1 => sample().prop_map(Event::Translation),
        1 => (command(), word())
            .prop_map(|(command, reason)| Event::Refused { command, reason }),
        2 => (count(), word()).prop_map(|(step, text)| Event::Warning { step, text }),
        1 => (count(), number(), reason).prop_map(|(step, seconds, reason)| {
            Event::End(End { step, seconds, reason, dropped_events: step })
        }),
        2 => answer().prop_map(|answer| answer.event(&InspectRequest::from(""))),
    ]
}

/// Most probable words: number, token, log-probability.
type Words = Vec<(u32, String, f64)>;

/// The content of an inspection; words and steps have as many values as the library returns.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    source: Vec<String>,
    output: Vec<(String, Words)>,
    values: Vec<f32>,
    with: bool,
    cell: Cell,
}

fn answer() -> impl Strategy<Value = Answer> {
    let choices = vec((0_u32..9, word(), number()), 0..6);
    let output = vec((word(), choices), 0..20);
    let cell = prop::sample::select(vec![Cell::Lstm, Cell::Gru, Cell::RnnTanh]);
    (words(), output, vec(small(), 1..50), any::<bool>(), cell).prop_map(
        |(source, output, values, with, cell)| Answer { source, output, values, with, cell },
    )
}

impl Answer {
    /// Returns the event that answers a request.
    pub(super) fn event(&self, request: &InspectRequest) -> Event {
        let without = self.trace(request.layers.first().map(String::as_str));
        let with = self.with.then(|| without.clone());
        Event::Inspection(Box::new(Inspection { request: request.clone(), without, with }))
    }

    fn values(&self, number: usize) -> Vec<f32> {
        self.values.iter().cycle().take(number).copied().collect()
    }

    fn trace(&self, layer: Option<&str>) -> Trace {
        let choice = |(id, token, logprob): &(u32, String, f64)| Choice {
            id: *id,
            token: token.clone(),
            logprob: *logprob,
        };
        let words = self.source.len();
        let step = |(token, choices): &(String, Words)| TraceStep {
            chosen: Choice { id: 3, token: token.clone(), logprob: -0.5 },
            is_forced: choices.len() % 2 == 1,
            likeliest: choices.iter().map(choice).collect(),
            query: self.values(self.values.len()),
            scores: vec![self.values(words)],
            weights: self.values(words),
            heads: Vec::new(),
            context: self.values(2 * self.values.len()),
            states: vec![StateTrace { h: self.values(7), c: self.values(choices.len()) }],
        };
        let steps: Vec<TraceStep> = self.output.iter().map(step).collect();
        let layers = layer.map(|name| {
            let positions = if name.starts_with("decoder") { steps.len() } else { words };
            let gate = |gate: &seq2seq::Gate| GateTrace {
                gate: *gate,
                values: vec![self.values(self.values.len()); positions],
            };
            LayerTrace {
                name: name.to_owned(),
                cell: self.cell,
                gates: self.cell.values().iter().map(gate).collect(),
            }
        });
        Trace {
            source_text: self.source.join(" "),
            source: self.source.clone(),
            unknown: vec![0, words / 2],
            output_text: String::new(),
            logprob: -1.0,
            truncated: false,
            steps,
            layer_names: vec!["encoder.rnn.l0".to_owned(), "decoder.rnn.l0".to_owned()],
            layers: layers.into_iter().collect(),
        }
    }
}
