//! Sequences with an answer: adding and temporal order.

use std::ops::RangeInclusive;

use tensor::init::Rng;
use tensor::rand::Rng as _;

/// The symbols of Reber's grammar, in the order of their indices.
pub(crate) const SYMBOLS: [&str; 7] = ["B", "T", "P", "S", "X", "V", "E"];

/// The input, step by step.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// Values, each with its mark.
    Numbers(Vec<[f32; 2]>),
    /// Symbols, as indices.
    Symbols(Vec<u32>),
}

/// The expected answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// A number, after the last step.
    Number(f32),
    /// A class, after the last step.
    Class(u32),
    /// The next symbol, at every step.
    Next {
        /// The next symbols.
        next: Vec<u32>,
        /// The symbols that may come next, one bit each.
        legal: Vec<u32>,
    },
}

/// An example of a sequence task.
#[derive(Debug, Clone, PartialEq)]
pub struct Sequence {
    /// The input.
    pub input: Input,
    /// The expected answer.
    pub answer: Answer,
}

/// Symbols of temporal order, in the order of their indices; the first four are distractors.
const ORDER: [&str; 8] = ["a", "b", "c", "d", "X", "Y", "B", "E"];
/// The classes of temporal order, by their indices.
const CLASSES: [&str; 4] = ["XX", "XY", "YX", "YY"];

impl Sequence {
    /// Returns the number of steps.
    pub fn len(&self) -> usize {
        match &self.input {
            Input::Numbers(numbers) => numbers.len(),
            Input::Symbols(symbols) => symbols.len(),
        }
    }

    /// Returns true if there are no steps.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the input in readable form: symbols, or the marked numbers with their steps.
    pub fn tokens(&self) -> Vec<String> {
        match &self.input {
            Input::Numbers(numbers) => {
                let marked = numbers.iter().enumerate().filter(|(_, n)| n[1] > 0.0);
                marked.map(|(t, n)| format!("{:.3} (step {})", n[0], t + 1)).collect()
            }
            Input::Symbols(symbols) => {
                let names: &[&str] = match self.answer {
                    Answer::Next { .. } => &SYMBOLS,
                    _ => &ORDER,
                };
                let name = |&s: &u32| names.get(s as usize).map_or("?", |name| name).to_owned();
                symbols.iter().map(name).collect()
            }
        }
    }

    /// Returns the text whose hash determines the part.
    pub(crate) fn shown(&self) -> String {
        match &self.input {
            Input::Numbers(numbers) => {
                numbers.iter().map(|n| format!("{:08x}", n[0].to_bits())).collect()
            }
            Input::Symbols(_) => self.tokens().concat(),
        }
    }
}

/// Returns the name of a class of temporal order.
pub(crate) fn class_name(class: u32) -> &'static str {
    CLASSES.get(class as usize).map_or("?", |name| name)
}

/// The adding problem: values between 0 and 1, one marked in each half; the answer is the sum of
/// the marked values.
///
/// Hochreiter and Schmidhuber 1997, section 5.4, with values between 0 and 1 instead of -1 and 1
/// and the plain sum, as in later work: the constant answer 1 has a squared error of 1/6 = 0.167.
pub(super) fn adding(rng: &mut Rng, lengths: &RangeInclusive<usize>) -> Sequence {
    let n = rng.random_range(lengths.clone());
    let mut numbers: Vec<[f32; 2]> = (0..n).map(|_| [rng.random::<f32>(), 0.0]).collect();
    let mut sum = 0.0;
    for half in [0..n / 2, n / 2..n] {
        let marked = &mut numbers[rng.random_range(half)];
        marked[1] = 1.0;
        sum += marked[0];
    }
    Sequence { input: Input::Numbers(numbers), answer: Answer::Number(sum) }
}

/// Temporal order: B, distractors with X or Y at two positions, E; the answer is which two.
///
/// Hochreiter and Schmidhuber 1997, section 5.6, task 6a: for lengths of 100 to 110, the two
/// positions are between 10 and 20 and between 50 and 60; for other lengths at the same fractions.
pub(super) fn temporal_order(rng: &mut Rng, lengths: &RangeInclusive<usize>) -> Sequence {
    let n = rng.random_range(lengths.clone());
    let mut symbols: Vec<u32> = (0..n).map(|_| rng.random_range(0..4)).collect();
    let mut class = 0;
    for range in [n / 10..n / 5, n / 2..n * 3 / 5] {
        let which = rng.random_range(0..2_u32);
        symbols[rng.random_range(range)] = 4 + which;
        class = class * 2 + which;
    }
    symbols[0] = 6;
    symbols[n - 1] = 7;
    Sequence { input: Input::Symbols(symbols), answer: Answer::Class(class) }
}
