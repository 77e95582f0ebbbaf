//! Attention on a device: one launch in the forward pass and one in the backward pass, whatever the
//! score. A whole sequence of queries needs one more in the backward pass, for the memory.

use tensor::opencl::{Launch, OpenCl, Program};
use tensor::{Backward, Error, Result, Shape, Tape, Tensor, Var};

use super::input::{Attend, AttentionInput, DeviceMask};
use crate::local::GaussianWindow;
use crate::mask::{MaskRule, Reach};
use crate::memory::Sizes;
use crate::score::Score;

const SPAN: &str = include_str!("../mask/mask.cl");
const STEP: &str = include_str!("step.cl");
const GAUSSIAN: &str = include_str!("../local/gaussian_window.cl");
const OF_SUM: &str = include_str!("../score/additive/additive.cl");
const OF_PRODUCT: &str = include_str!("../score/dot/dot.cl");
const OF_PLACE: &str = include_str!("../score/location/location.cl");

static ADDITIVE: Program = Program::new(&[SPAN, OF_SUM, STEP]);
static ADDITIVE_GAUSSIAN: Program =
    Program::new(&[SPAN, GAUSSIAN, OF_SUM, STEP]).with_options("-DGAUSSIAN");
static DOT: Program = Program::new(&[SPAN, OF_PRODUCT, STEP]);
static DOT_GAUSSIAN: Program =
    Program::new(&[SPAN, GAUSSIAN, OF_PRODUCT, STEP]).with_options("-DGAUSSIAN");
static TIED: Program = Program::new(&[SPAN, OF_PRODUCT, STEP]).with_options("-DTIED");
static TIED_GAUSSIAN: Program =
    Program::new(&[SPAN, GAUSSIAN, OF_PRODUCT, STEP]).with_options("-DTIED -DGAUSSIAN");
static TABLE: Program = Program::new(&[SPAN, OF_PLACE, STEP]);

/// The work-items per group, as in `step.cl`.
const ITEMS: [usize; 3] = [32, 8, 1];

// Flags, as in `step.cl`.
const D_CONTEXT: usize = 1;
const D_WEIGHTS: usize = 2;
const INTO_VALUES: usize = 4;
const INTO_KEYS: usize = 8;

/// Returns the number of columns that a group processes at a time: the narrower the rows, the more
/// teams share one.
fn columns(width: usize) -> usize {
    [32, 64, 128].into_iter().find(|&columns| width <= columns).unwrap_or(256)
}

/// The tensors of a step, checked to have the sizes that the kernels assume.
struct AttendStep<'a> {
    device_mask: &'a DeviceMask,
    n: Sizes,
    rows: usize,
    gaussian: Option<(&'a GaussianWindow, Tensor)>,
    query: (Var, Tensor),
    /// The scale of the score, and v.
    score: (f32, Option<Tensor>),
    keys: Tensor,
    values: Tensor,
    /// Whether keys and values are the same tensor.
    is_tied: bool,
    is_table: bool,
}

impl<'a> AttendStep<'a> {
    fn new<'t>(
        input: &'a AttentionInput,
        device_mask: &'a DeviceMask,
        weights: Shape,
        value: impl Fn(Var) -> &'t Tensor,
        param: impl Fn(tensor::ParamId) -> &'t Tensor,
    ) -> Result<Self> {
        let mut n = input.n;
        let (query, scale, v, is_table) = match input.score {
            // Softmax is invariant to b_v, which is added to every score.
            Score::Additive { query, v, .. } => (query, 1.0, Some(param(v).clone()), false),
            Score::Dot { query, scale } => (query, scale, None, false),
            Score::Table { products } => (products, 1.0, None, true),
        };
        let query = (query, value(query).clone());
        let (keys, values) = (value(input.keys).clone(), value(input.values).clone());
        let rows = weights.rows();
        if is_table {
            n.keys = query.1.shape().width();
        }
        let has = |t: &Tensor, len: usize| match t.len() == len {
            true => Ok(()),
            false => Err(Error::shapes("attend", t.shape(), [rows, n.time, n.keys, n.values])),
        };
        has(&query.1, rows * n.keys)?;
        has(&values, n.time * n.batch * n.values)?;
        if !is_table {
            has(&keys, n.time * n.batch * n.keys)?;
        }
        v.as_ref().map_or(Ok(()), |v| has(v, n.keys))?;
        let gaussian =
            input.gaussian.as_ref().map(|gaussian| (gaussian, value(gaussian.centres).clone()));
        gaussian.as_ref().map_or(Ok(()), |(_, centres)| has(centres, rows))?;
        let fits = weights.width() == n.time
            && n.batch == device_mask.lengths.len() * device_mask.heads
            && rows.is_multiple_of(n.batch.max(1));
        if !fits {
            return Err(Error::shapes(
                "attend",
                weights,
                [n.time, n.batch, device_mask.lengths.len()],
            ));
        }
        let is_tied = input.keys == input.values && v.is_none() && !is_table;
        let score = (scale, v);
        Ok(Self { device_mask, n, rows, gaussian, query, score, keys, values, is_tied, is_table })
    }

    fn program(&self) -> Result<&'static Program> {
        let (is_bell, is_weighed) = (self.gaussian.is_some(), self.score.1.is_some());
        Ok(match (self.is_table, is_weighed, self.is_tied, is_bell) {
            (true, _, _, false) => &TABLE,
            (true, _, _, true) => {
                return Err(Error::argument("attend", "a table of positions has no window"));
            }
            (_, true, _, false) => &ADDITIVE,
            (_, true, _, true) => &ADDITIVE_GAUSSIAN,
            (_, _, false, false) => &DOT,
            (_, _, false, true) => &DOT_GAUSSIAN,
            (_, _, true, false) => &TIED,
            (_, _, true, true) => &TIED_GAUSSIAN,
        })
    }

    /// Adds the arguments of the mask, in the order of `mask.cl`, and those of the Gaussian.
    fn seen<'l>(&'l self, launch: Launch<'l>) -> Launch<'l> {
        let n = self.n;
        let (rule, limit, first, reach) = match self.device_mask.rule {
            MaskRule::Whole { limit } => (0, limit, 0, None),
            MaskRule::Causal { first } => (1, n.time, first, None),
            MaskRule::Step { first, reach } => (2, n.time, first, Some(reach)),
            MaskRule::Centre { reach } => (3, n.time, 0, Some(reach)),
        };
        let Reach { reach, reversed } = reach.unwrap_or(Reach { reach: 0, reversed: false });
        let launch = launch.uint(n.time).uint(n.batch).uint(self.device_mask.heads);
        let launch = launch.ids(&self.device_mask.lengths).uint(limit.min(n.time)).long(first);
        let launch = launch.uint(usize::from(self.device_mask.is_sequence));
        let launch = launch.uint(rule).uint(reach.min(n.time)).uint(usize::from(reversed));
        match &self.gaussian {
            Some((gaussian, centres)) => {
                launch.float(gaussian.sigma).uint(usize::from(gaussian.renormalize)).reads(centres)
            }
            None => launch,
        }
    }

    /// Adds the arguments of the score and of the values.
    fn memory<'l>(&'l self, launch: Launch<'l>) -> Launch<'l> {
        let Sizes { keys, values, .. } = self.n;
        let mut launch = launch.uint(keys);
        if !self.is_table {
            launch = launch.uint(columns(keys)).float(self.score.0);
        }
        launch = launch.reads(&self.query.1);
        if !self.is_table {
            launch = launch.reads(&self.keys);
        }
        if let Some(v) = &self.score.1 {
            launch = launch.reads(v);
        }
        launch.uint(values).uint(columns(values)).reads(&self.values)
    }
}

/// The output of the forward pass.
pub(super) struct Found {
    pub(super) context: Tensor,
    pub(super) weights: Tensor,
    /// The weights before the Gaussian, if there is one.
    pub(super) softmax: Option<Tensor>,
}

pub(super) fn forward(
    device: &OpenCl,
    tape: &Tape<'_>,
    input: &AttentionInput,
    device_mask: &DeviceMask,
    context: Shape,
    weights: Shape,
) -> Result<Found> {
    let step = AttendStep::new(
        input,
        device_mask,
        weights,
        |v| tape.value(v),
        |id| tape.params().get(id),
    )?;
    if context.len() != step.rows * step.n.values {
        return Err(Error::shapes("attend", context, [step.rows, step.n.values]));
    }
    let mut softmax = step.gaussian.is_some().then(|| device.uninit(weights)).transpose()?;
    let (mut context, mut weights) = (device.uninit(context)?, device.uninit(weights)?);
    let launch = step.memory(step.seen(device.kernel(step.program()?, "attend")));
    let launch = match &mut softmax {
        Some(softmax) => launch.writes(softmax),
        None => launch,
    };
    launch.writes(&mut weights).writes(&mut context).groups([step.rows, 1, 1], ITEMS)?;
    Ok(Found { context, weights, softmax })
}

/// A gradient that is accumulated in place, and the offset of a value's part in it. It is moved out
/// of the [`Backward`], so that a kernel can write to two of them.
struct Lent {
    grad: Tensor,
    at: usize,
    owner: Option<Var>,
}

impl Lent {
    /// Returns a placeholder for a gradient that is not accumulated.
    fn nothing(device: &OpenCl) -> Result<Self> {
        Ok(Self { grad: device.uninit([1])?, at: 0, owner: None })
    }

    /// Takes the gradient of a value, or a placeholder if the value requires no gradient.
    fn of(device: &OpenCl, back: &mut Backward<'_>, v: Var) -> Result<Self> {
        let len = back.value(v).len();
        match back.grad_on_device(v)? {
            Some((grad, at)) if at + len <= grad.len() => {
                let grad = std::mem::replace(grad, Tensor::uninit([0]));
                Ok(Self { grad, at, owner: Some(v) })
            }
            Some((grad, _)) => Err(Error::shapes("attend", grad.shape(), [len])),
            None => Self::nothing(device),
        }
    }

    fn give_back(self, back: &mut Backward<'_>) -> Result<()> {
        if let Some(v) = self.owner
            && let Some((grad, _)) = back.grad_on_device(v)?
        {
            *grad = self.grad;
        }
        Ok(())
    }

    fn flag(&self, flag: usize) -> usize {
        if self.owner.is_some() { flag } else { 0 }
    }
}

pub(super) fn backward(
    device: &OpenCl,
    back: &mut Backward<'_>,
    op: &Attend,
    device_mask: &DeviceMask,
    d_context: Option<Tensor>,
    d_weights: Option<Tensor>,
) -> Result<()> {
    let input = &op.input;
    let weights = back.value(op.weights).clone();
    let step = AttendStep::new(
        input,
        device_mask,
        weights.shape(),
        |v| back.value(v),
        |id| back.param(id),
    )?;
    let (rows, program) = (step.rows, step.program()?);

    let mut given = 0;
    let d_context = match d_context {
        Some(d) => {
            given |= D_CONTEXT;
            d
        }
        None => device.uninit([1])?,
    };
    // One buffer holds the gradients of the weights, then of the scores.
    let mut d_scores = match d_weights {
        Some(d) => {
            given |= D_WEIGHTS;
            d
        }
        None => device.uninit(weights.shape())?,
    };
    let mut d_query = device.uninit(step.query.1.shape())?;
    let is_weighed = step.score.1.is_some();
    let mut d_v = is_weighed.then(|| device.uninit([rows, step.n.keys])).transpose()?;
    let mut d_centres = match &step.gaussian {
        Some((_, centres)) => Some(device.uninit(centres.shape())?),
        None => None,
    };
    let mut d_values = match given & D_CONTEXT != 0 || step.is_tied {
        true => Lent::of(device, back, input.values)?,
        false => Lent::nothing(device)?,
    };
    let has_keys = !step.is_table && !step.is_tied;
    let mut d_keys = match has_keys {
        true => Lent::of(device, back, input.keys)?,
        false => Lent::nothing(device)?,
    };
    let into = d_values.flag(INTO_VALUES) | d_keys.flag(INTO_KEYS);

    // With one row per memory entry, the same launch accumulates the gradients of the memory.
    let is_alone = rows == step.n.batch;
    let mut launch = step.memory(step.seen(device.kernel(program, "attend_back")));
    if let (Some(softmax), Some(d_centres)) = (&op.softmax, &mut d_centres) {
        launch = launch.reads(softmax).writes(d_centres);
    }
    launch = launch.uint(given | if is_alone { into } else { 0 }).reads(&weights);
    launch = launch.reads(&d_context).writes(&mut d_scores).writes(&mut d_query);
    if let Some(d_v) = &mut d_v {
        launch = launch.writes(d_v);
    }
    if has_keys {
        launch = launch.writes(&mut d_keys.grad).long(d_keys.at);
    }
    launch.writes(&mut d_values.grad).long(d_values.at).groups([rows, 1, 1], ITEMS)?;
    if !is_alone && into != 0 {
        let Sizes { time, batch, .. } = step.n;
        let launch = device.kernel(program, "attend_back_memory");
        let launch = launch.uint(rows / batch.max(1)).uint(batch).uint(time);
        let launch = step.memory(launch).uint(given | into).reads(&weights).reads(&d_context);
        let mut launch = launch.reads(&d_scores);
        if has_keys {
            launch = launch.writes(&mut d_keys.grad).long(d_keys.at);
        }
        launch.writes(&mut d_values.grad).long(d_values.at).groups([time, batch, 1], ITEMS)?;
    }
    let query = step.query.0;
    d_values.give_back(back)?;
    d_keys.give_back(back)?;
    if let (Some(gaussian), Some(d_centres)) = (&input.gaussian, d_centres) {
        back.add(gaussian.centres, d_centres)?;
    }
    if let (Score::Additive { v, .. }, Some(d_v)) = (input.score, d_v) {
        let width = d_v.shape().width();
        back.gradients.defer_sum(v, d_v, 0..width);
    }
    back.add(query, d_query)
}
