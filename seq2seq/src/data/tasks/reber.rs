//! The embedded Reber grammar.

use tensor::init::Rng;
use tensor::rand::Rng as _;

use super::sequences::{Answer, Input, Sequence};

// Indices of the symbols in [`super::SYMBOLS`].
const B: u32 = 0;
const T: u32 = 1;
const P: u32 = 2;
const S: u32 = 3;
const X: u32 = 4;
const V: u32 = 5;
const E: u32 = 6;

/// Reber's grammar: two symbols for each state, each with the next state.
const GRAMMAR: [[(u32, usize); 2]; 5] =
    [[(T, 1), (P, 2)], [(S, 1), (X, 3)], [(T, 2), (V, 4)], [(X, 2), (S, END)], [(P, 3), (V, END)]];
/// The state that is followed by E.
const END: usize = 5;

/// Returns a string of the embedded grammar (Hochreiter and Schmidhuber 1997, section 5.1): B, T or
/// P, a string of Reber's grammar from B to E, the same T or P again, E. All alternatives are
/// equally likely.
///
/// The second to last symbol can be predicted only by remembering the second one.
pub(super) fn string(rng: &mut Rng) -> Sequence {
    let outer = if rng.random() { T } else { P };
    // Each symbol with its legal alternatives.
    let mut said: Vec<(u32, &[u32])> = vec![(B, &[B]), (outer, &[T, P]), (B, &[B])];
    let mut state = 0;
    while state != END {
        let (symbol, next) = GRAMMAR[state][rng.random_range(0..2)];
        said.push((symbol, legal(state)));
        state = next;
    }
    let same: &[u32] = if outer == T { &[T] } else { &[P] };
    said.extend([(E, &[E] as &[u32]), (outer, same), (E, &[E])]);
    let bits = |legal: &[u32]| legal.iter().fold(0, |bits, symbol| bits | 1 << symbol);
    Sequence {
        input: Input::Symbols(said[..said.len() - 1].iter().map(|s| s.0).collect()),
        answer: Answer::Next {
            next: said[1..].iter().map(|s| s.0).collect(),
            legal: said[1..].iter().map(|s| bits(s.1)).collect(),
        },
    }
}

fn legal(state: usize) -> &'static [u32] {
    match state {
        0 => &[T, P],
        1 => &[S, X],
        2 => &[T, V],
        3 => &[X, S],
        _ => &[P, V],
    }
}
