//! Location attention (Luong et al. 2015, equation 9).
//!
//! a = softmax(W q): the score of position s is row s of W times the query.
//!
//! | value | shape |
//! |---|---|
//! | q | \[B, Q\] |
//! | W | \[P, Q\], where P is [`AttentionConfig::positions`](crate::AttentionConfig::positions) |
//!
//! The score does not depend on the content of the memory, so it can only learn positions, such as
//! "near the start". A position past the table has a weight of zero, whatever the sentence length.
//!
//! Errors: a query, memory or length does not match ([`Error`](crate::Error)); returned by
//! [`Attention::memory`](crate::Attention::memory) and [`Attention::attend`](crate::Attention::attend).
//!
//! PyTorch: `q @ W.T`, cut or padded with -inf to S positions.
//!
//! ```
//! use attention::{Attention, AttentionConfig, AttentionKind, QueryPosition};
//! use tensor::init::{Init, rng};
//! use tensor::{Params, Tape, Tensor};
//!
//! let mut params = Params::new();
//! let config = AttentionConfig { positions: 1, ..AttentionConfig::new(AttentionKind::Location, 2, 2) };
//! let attention = Attention::new(&mut params, "", config, Init::Ones, &mut rng(1, "init"))?;
//! let mut tape = Tape::new(&params);
//! let memory = tape.input(Tensor::from_vec([2, 1, 2], vec![1.0, 0.0, 0.0, 1.0])?); // two positions
//! let memory = attention.memory(&mut tape, memory, &[2])?;
//! let query = tape.input(Tensor::from_vec([1, 2], vec![1.0, 0.0])?);
//! let a = attention.attend(&mut tape, query, &memory, QueryPosition::default())?;
//! let a = tape.value(a.weights).data();
//! // The table ends before the second position.
//! assert_eq!(a, [1.0, 0.0]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::mask::MaskSpan;

/// Copies the products \[R, P\] of the table to the scores \[R, S\]; no span ends past the table.
pub(crate) fn scores(
    time: usize,
    positions: usize,
    spans: &[MaskSpan],
    products: &[f32],
    to: &mut [f32],
) {
    for (r, span) in spans.iter().enumerate() {
        let from = &products[r * positions..][..positions];
        span.of_mut(&mut to[r * time..][..time]).copy_from_slice(span.of(from));
    }
}

/// Backward pass: copies the gradients of the scores to those of the products, within the spans.
pub(crate) fn scores_back(
    time: usize,
    positions: usize,
    spans: &[MaskSpan],
    d_scores: &[f32],
    d_products: &mut [f32],
) {
    for (r, span) in spans.iter().enumerate() {
        let to = &mut d_products[r * positions..][..positions];
        span.of_mut(to).copy_from_slice(span.of(&d_scores[r * time..][..time]));
    }
}
