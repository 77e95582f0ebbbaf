//! [`Attention`]: one type for all kinds.

use tensor::init::{Init, InitFn, Rng};
use tensor::{Lengths, ParamId, Params, PooledVec, Shape, Tape, Var};

use crate::config::{AttentionConfig, AttentionKind};
use crate::error::Result;
use crate::local::Window;
use crate::mask::MaskRule;
use crate::memory::{Memory, QueryPosition, Sizes};
use crate::multi_head::{self, Heads};
use crate::score::Scorer;
use crate::step::{AttentionInput, DeviceMask, attend, observe};

/// The output of [`Attention::attend`].
#[derive(Debug, Clone, Copy)]
pub struct AttentionOutput {
    /// \[B, K\], or \[B, O\] for `multi_head`; with a leading T for a whole sequence.
    pub context: Var,
    /// \[B, S\], or \[T, B, S\]: not negative and summing to one (to less for a `local_p` that is
    /// not renormalised); exactly zero at masked positions. If all positions of a query are masked,
    /// all its weights are zero. For `multi_head` this is the mean over the heads.
    pub weights: Var,
    /// The weights of each head of `multi_head`, \[B, h, S\] or \[T, B, h, S\]; `None` for all
    /// other kinds.
    pub heads: Option<Var>,
}

/// The output of [`Attention::observe`].
#[derive(Debug, Clone)]
pub struct ObservedAttention {
    /// Context and weights.
    pub output: AttentionOutput,
    /// The scores before the softmax, one for each position, those of each head one after the other;
    /// minus infinity at masked positions.
    pub scores: Vec<f32>,
}

/// An attention layer of a given [`AttentionKind`].
///
/// ```
/// use attention::{Attention, AttentionConfig, AttentionKind, QueryPosition};
/// use tensor::init::{Init, rng};
/// use tensor::{Params, Tape, Tensor};
///
/// let mut params = Params::new();
/// let config = AttentionConfig { width: 5, ..AttentionConfig::new(AttentionKind::Additive, 4, 6) };
/// let attention =
///     Attention::new(&mut params, "attention.", config, Init::XavierUniform, &mut rng(1, "init"))?;
/// let mut tape = Tape::new(&params);
/// let states = tape.input(Tensor::full([7, 2, 6], 1.0)); // S = 7, B = 2, K = 6
/// let memory = attention.memory(&mut tape, states, &[7, 3])?;
/// let query = tape.input(Tensor::zeros([2, 4]));
/// let found = attention.attend(&mut tape, query, &memory, QueryPosition::at(0))?;
/// assert!((tape.value(found.weights).data()[7] - 1.0 / 3.0).abs() < 1e-6);
/// # Ok::<(), attention::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Attention {
    config: AttentionConfig,
    scorer: Scorer,
    window: Option<Window>,
    heads: Option<Heads>,
}

impl Attention {
    /// Adds the parameters of an attention to `params`. The name of each is `prefix` followed by a
    /// name from the table below: with the prefix `attention.`, `attention.w_query`. `init` draws
    /// their initial values by [`Init::parameter`]; a vector `v` counts as a matrix \[1, A\].
    ///
    /// | kind | parameters |
    /// |---|---|
    /// | `additive` | `w_query` \[A, Q\], `w_memory` \[A, K\], `v` \[A\] |
    /// | `additive_bias` | those of `additive` and `b_query` \[A\], `b_memory` \[A\], `b_v` \[1\] |
    /// | `dot`, `scaled_dot`, `cosine` | none |
    /// | `general`, `scaled_general` | `w` \[Q, K\] |
    /// | `concat` | `w` \[A, Q + K\], `v` \[A\] |
    /// | `location` | `w` \[positions, Q\] |
    /// | `local_m` | those of its score |
    /// | `local_p` | those of its score and `w_p` \[A, Q\], `v_p` \[A\] |
    /// | `multi_head` | [those of PyTorch](mod@crate::multi_head) |
    ///
    /// # Errors
    /// The widths or options are inconsistent, a parameter name is already in use, or `init` is out
    /// of its range.
    pub fn new(
        params: &mut Params,
        prefix: &str,
        config: AttentionConfig,
        init: Init,
        rng: &mut Rng,
    ) -> Result<Self> {
        let fan = config.width.max(1);
        let draw = &mut |name: &str, shape: Shape| {
            let is_v = ["v", "v_p"].contains(&&name[prefix.len()..]);
            if is_v {
                return init.parameter([1, shape.len()].into(), fan, 1, rng)?.reshape(shape);
            }
            init.parameter(shape, fan, 1, rng)
        };
        Self::with_init(params, prefix, config, draw)
    }

    /// Creates an attention as [`Attention::new`] does; `init` returns the initial value for a
    /// parameter's whole name (prefix included) and shape, and may fail.
    ///
    /// # Errors
    /// Those of [`Attention::new`] and of `init`; `init` returned a value of another shape.
    pub fn with_init(
        params: &mut Params,
        prefix: &str,
        config: AttentionConfig,
        init: &mut InitFn<'_>,
    ) -> Result<Self> {
        config.check()?;
        let add = &mut |name: &str, shape: Shape| -> Result<ParamId> {
            Ok(params.add_initialized(format!("{prefix}{name}"), shape, init)?)
        };
        let scorer = Scorer::new(&config, add)?;
        let (reach, renormalize) = (config.window, config.renormalize);
        let window = match config.kind {
            AttentionKind::LocalM => Some(Window { reach, predict: None, renormalize }),
            AttentionKind::LocalP => {
                let w_p = add("w_p", [config.width, config.query].into())?;
                let v_p = add("v_p", [config.width].into())?;
                Some(Window { reach, predict: Some((w_p, v_p)), renormalize })
            }
            _ => None,
        };
        let heads = match config.kind {
            AttentionKind::MultiHead => Some(Heads::new(&config, add)?),
            _ => None,
        };
        Ok(Self { config, scorer, window, heads })
    }

    /// Returns the kind, widths and options.
    pub fn config(&self) -> &AttentionConfig {
        &self.config
    }

    fn head_count(&self) -> usize {
        if self.heads.is_some() { self.config.heads } else { 1 }
    }

    /// Computes the keys of encoder states \[S, B, K\] and returns both as a [`Memory`].
    ///
    /// # Errors
    /// The shapes or lengths do not match.
    pub fn memory(&self, tape: &mut Tape<'_>, values: Var, lengths: &[usize]) -> Result<Memory> {
        let shape = tape.shape(values);
        let &[time, batch, width] = shape.dims() else {
            return Err(tensor::Error::shapes("memory", shape, [0, 0, self.config.memory]).into());
        };
        if width != self.config.memory || lengths.len() != batch {
            let want = [time, lengths.len(), self.config.memory];
            return Err(tensor::Error::shapes("memory", shape, want).into());
        }
        if let Some(n) = lengths.iter().find(|&&n| n > time) {
            let what = format!("length {n}, expected at most {time}");
            return Err(tensor::Error::argument("memory", what).into());
        }
        let (values, keys) = match &self.heads {
            Some(heads) => heads.memory(tape, values)?,
            None => (values, self.scorer.keys(tape, values)?),
        };
        let lengths = Lengths::new(tape, lengths)?;
        let spans = match lengths.on_device() {
            None => {
                self.rule(QueryPosition::default()).spans(1, &lengths, self.head_count(), true, &[])
            }
            Some(_) => PooledVec::new(),
        };
        Ok(Memory { values, keys, lengths, spans })
    }

    /// Returns the mask rule of a query at `place`.
    fn rule(&self, place: QueryPosition) -> MaskRule {
        let limit = match self.config.kind {
            AttentionKind::Location => self.config.positions,
            _ => usize::MAX,
        };
        match &self.window {
            Some(window) => window.rule(place),
            None if self.config.causal && self.heads.is_some() => {
                MaskRule::Causal { first: place.time }
            }
            None => MaskRule::Whole { limit },
        }
    }

    /// Attends to the memory with the queries of one step \[B, Q\], of a whole sequence
    /// \[T, B, Q\], or with N queries per sentence for one step \[N B, Q\], where row r belongs to
    /// sentence r mod B.
    ///
    /// # Errors
    /// The shapes do not match.
    pub fn attend(
        &self,
        tape: &mut Tape<'_>,
        query: Var,
        memory: &Memory,
        place: QueryPosition,
    ) -> Result<AttentionOutput> {
        let count = self.head_count();
        let (input, contexts, weights) = self.input(tape, query, memory, place)?;
        let Some(heads) = &self.heads else {
            let (context, weights) = attend(tape, input, contexts, weights)?;
            return Ok(AttentionOutput { context, weights, heads: None });
        };
        let each = multi_head::with_heads(weights, count);
        let (contexts, each) = attend(tape, input, contexts, each)?;
        let context = heads.output(tape, contexts, &memory.lengths)?;
        let weights = multi_head::mean(tape, each, count, weights)?;
        Ok(AttentionOutput { context, weights, heads: Some(each) })
    }

    /// Returns the input of the attention operation, and the shapes of contexts and weights.
    fn input(
        &self,
        tape: &mut Tape<'_>,
        query: Var,
        memory: &Memory,
        place: QueryPosition,
    ) -> Result<(AttentionInput, Shape, Shape)> {
        let batch = memory.lengths.len();
        let shape = tape.shape(query);
        let times = match *shape.dims() {
            [rows, q]
                if q == self.config.query && rows >= batch && rows.is_multiple_of(batch.max(1)) =>
            {
                rows / batch.max(1)
            }
            [t, b, q] if [b, q] == [batch, self.config.query] => t,
            _ => {
                let want = [batch, self.config.query];
                return Err(tensor::Error::shapes("attend", shape, want).into());
            }
        };
        let count = self.head_count();
        let is_sequence = shape.rank() == 3;
        let rule = self.rule(place);
        let gaussian = match &self.window {
            Some(window) => window.gaussian(tape, query, memory, place.reversed)?,
            None => None,
        };
        let device_mask = memory.lengths.on_device().map(|lengths| DeviceMask {
            lengths: lengths.clone(),
            rule,
            is_sequence,
            heads: count,
        });
        let spans = match rule {
            _ if device_mask.is_some() => PooledVec::new(),
            MaskRule::Whole { .. } if times == 1 => memory.spans.clone(),
            _ => {
                let centres = gaussian
                    .as_ref()
                    .map_or(&[][..], |gaussian| tape.value(gaussian.centres).data());
                rule.spans(times, &memory.lengths, count, is_sequence, centres)
            }
        };
        let projected = match &self.heads {
            Some(heads) => heads.query(tape, query)?,
            None => query,
        };
        let score = self.scorer.ask(tape, projected)?;
        let time = tape.shape(memory.values).dims()[0];
        let values = self.heads.as_ref().map_or(self.config.memory, Heads::values);
        let n = Sizes {
            time,
            batch: batch * count,
            keys: tape.shape(memory.keys).width() / count,
            values: values / count,
        };
        let keys = memory.keys;
        let input =
            AttentionInput { score, spans, device_mask, gaussian, keys, values: memory.values, n };
        Ok((input, shape.with_width(values), shape.with_width(time)))
    }

    /// Attends with one query \[1, Q\] to the memory of one sentence like [`Attention::attend`], and
    /// returns the scores too. `weights` replaces the weights of every head: one for each position.
    ///
    /// # Errors
    /// A batch of more than one sentence, a tape of a device, weights that do not match.
    ///
    /// ```
    /// use attention::{Attention, AttentionConfig, AttentionKind, QueryPosition};
    /// use tensor::init::{Init, rng};
    /// use tensor::{Params, Tape, Tensor};
    ///
    /// let mut params = Params::new();
    /// let config = AttentionConfig::new(AttentionKind::Dot, 2, 2);
    /// let attention = Attention::new(&mut params, "", config, Init::Zeros, &mut rng(1, "init"))?;
    /// let mut tape = Tape::inference(&params);
    /// let states = tape.constant(Tensor::from_vec([2, 1, 2], vec![1.0, 0.0, 0.0, 3.0])?);
    /// let memory = attention.memory(&mut tape, states, &[2])?;
    /// let query = tape.constant(Tensor::full([1, 2], 1.0));
    /// let place = QueryPosition::default();
    /// let found = attention.observe(&mut tape, query, &memory, place, Some(&[0.0, 1.0]))?;
    /// assert_eq!(found.scores, [1.0, 3.0]);
    /// assert_eq!(tape.value(found.output.context).data(), [0.0, 3.0]);
    /// # Ok::<(), attention::Error>(())
    /// ```
    pub fn observe(
        &self,
        tape: &mut Tape<'_>,
        query: Var,
        memory: &Memory,
        place: QueryPosition,
        weights: Option<&[f32]>,
    ) -> Result<ObservedAttention> {
        let (rows, sentences) = (tape.shape(query).rows(), memory.lengths.len());
        if rows != 1 || sentences != 1 || tape.opencl().is_some() {
            let what = format!("{rows} queries of {sentences} sentences, expected one of each");
            return Err(tensor::Error::argument("attention observe", what).into());
        }
        let count = self.head_count();
        let (input, contexts, shape) = self.input(tape, query, memory, place)?;
        if let Some(weights) = weights.filter(|weights| weights.len() != shape.width()) {
            return Err(tensor::Error::shapes("weights", [weights.len()], shape).into());
        }
        let each = if self.heads.is_some() { multi_head::with_heads(shape, count) } else { shape };
        let (context, each, scores) = observe(tape, &input, contexts, each, weights)?;
        let output = match &self.heads {
            None => AttentionOutput { context, weights: each, heads: None },
            Some(heads) => {
                let context = heads.output(tape, context, &memory.lengths)?;
                let weights = multi_head::mean(tape, each, count, shape)?;
                AttentionOutput { context, weights, heads: Some(each) }
            }
        };
        Ok(ObservedAttention { output, scores })
    }
}
