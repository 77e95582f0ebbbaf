//! Local attention: monotonic and predictive windows (Luong et al. 2015, section 3.2).
//!
//! In a sentence of n positions, the query of step t attends to the 2D + 1 positions around the
//! floor of a centre p, clipped to the sentence; the weights are a softmax of a score over these
//! positions only.
//!
//! - `local_m`: p = min(t, n - 1), which assumes that source and target are roughly aligned;
//! - `local_p`: p = n sigmoid(v_p^T tanh(W_p q)) (equation 10), and each weight is multiplied by
//!   exp(-(s - p)^2 / (2 (D/2)^2)) (equation 11), with p not rounded down. So p has a
//!   gradient, and the weights sum to less than one, unless
//!   [`renormalize`](crate::AttentionConfig::renormalize) divides by their sum.
//!
//! | value | shape |
//! |---|---|
//! | q | \[B, Q\] |
//! | m | \[S, B, K\] |
//! | W_p | \[A, Q\] |
//! | v_p | \[A\] |
//! | parameters of the score | see [`score`](crate::AttentionConfig::score), `general` by default |
//!
//! Positions count from 0. If the source was reversed
//! ([`QueryPosition::reversed`](crate::QueryPosition)), entry i of the memory is position
//! n - 1 - i, and the window covers the entries of the positions above.
//!
//! Scores, weights and the sum are computed within the window only: a step costs 2D + 1 positions,
//! whatever the sentence length. (The keys are computed once per sentence, for all positions.)
//!
//! Errors: a query, memory or length does not match ([`Error`](crate::Error)); returned by
//! [`Attention::memory`](crate::Attention::memory) and [`Attention::attend`](crate::Attention::attend).
//!
//! PyTorch: a softmax of the scores, those with `(s - p.floor()).abs() > D` filled with -inf.
//!
//! ```
//! use attention::{Attention, AttentionConfig, AttentionKind, QueryPosition};
//! use tensor::init::{Init, rng};
//! use tensor::{Params, Tape, Tensor};
//!
//! let mut params = Params::new();
//! let config = AttentionConfig { window: 0, ..AttentionConfig::new(AttentionKind::LocalM, 2, 2) };
//! let attention = Attention::new(&mut params, "", config, Init::Ones, &mut rng(1, "init"))?;
//! let mut tape = Tape::new(&params);
//! let memory = tape.input(Tensor::from_vec([2, 1, 2], vec![1.0, 0.0, 0.0, 1.0])?); // two positions
//! let memory = attention.memory(&mut tape, memory, &[2])?;
//! let query = tape.input(Tensor::from_vec([1, 2], vec![1.0, 0.0])?);
//! let a = attention.attend(&mut tape, query, &memory, QueryPosition::at(1))?;
//! let a = tape.value(a.weights).data();
//! // Step 1 sees position 1 alone.
//! assert_eq!(a, [0.0, 1.0]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod centre;
mod gaussian_window;
mod opencl;
pub mod reference;

use tensor::{ParamId, Tape, Var, ops};

use crate::error::Result;
use crate::mask::{MaskRule, Reach};
use crate::memory::{Memory, QueryPosition};

pub(crate) use gaussian_window::GaussianWindow;

/// The window of `local_m` or `local_p`.
#[derive(Debug, Clone)]
pub(crate) struct Window {
    /// D
    pub(crate) reach: usize,
    /// W_p and v_p of `local_p`.
    pub(crate) predict: Option<(ParamId, ParamId)>,
    pub(crate) renormalize: bool,
}

impl Window {
    /// Returns the mask rule of a query at `place`.
    pub(crate) fn rule(&self, place: QueryPosition) -> MaskRule {
        let reach = Reach { reach: self.reach, reversed: place.reversed };
        match self.predict {
            Some(_) => MaskRule::Centre { reach },
            None => MaskRule::Step { first: place.time, reach },
        }
    }

    /// Returns the Gaussian for the queries \[T, B, Q\] if their centres are predicted.
    pub(crate) fn gaussian(
        &self,
        tape: &mut Tape<'_>,
        query: Var,
        memory: &Memory,
        reversed: bool,
    ) -> Result<Option<GaussianWindow>> {
        let Some((w_p, v_p)) = self.predict else { return Ok(None) };
        let hidden = ops::linear(tape, query, w_p, None)?;
        let centres = centre::centres(tape, hidden, v_p, &memory.lengths)?;
        Ok(Some(GaussianWindow {
            centres,
            lengths: memory.lengths.clone(),
            sigma: self.reach as f32 / 2.0,
            reversed,
            renormalize: self.renormalize,
        }))
    }
}
