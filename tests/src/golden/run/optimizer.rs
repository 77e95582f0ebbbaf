//! Optimizers: steps on two parameters with clipped gradients, the table's dense and by rows.

use serde_json::{Map, Value, json};
use tensor::optim::{Optimizer, OptimizerConfig, Update};
use tensor::{Device, Gradient, Gradients, Params, Tensor};

use super::super::case_file::Given;
use super::super::compare::Computed;
use super::super::set::Case;
use crate::error::{Error, Result};

/// A case's configuration: the optimizer's, and what is given at each step.
struct Config {
    optimizer: OptimizerConfig,
    rate: f32,
    clip: Option<f32>,
    steps: usize,
}

impl Config {
    fn read(case: &Case) -> Result<Self> {
        let mut config = case.config.clone();
        let kind = config.remove("kind");
        let kind = match kind.as_ref().and_then(Value::as_str) {
            Some("sgd_momentum") if config.contains_key("momentum") => "sgd",
            Some(kind) => kind,
            None => return Err(Error::new("config: there is no kind")),
        };
        let rate = number(&mut config, "lr")? as f32;
        let steps = number(&mut config, "steps")? as usize;
        let clip = match config.remove("clip_global_norm") {
            Some(limit) => Some(serde_json::from_value(limit)?),
            None => None,
        };
        if let Some(betas) = config.remove("betas") {
            let [beta1, beta2]: [f64; 2] = serde_json::from_value(betas)?;
            config.extend([("beta1".into(), json!(beta1)), ("beta2".into(), json!(beta2))]);
        }
        // What is left are PyTorch's own names; one that is unknown is refused.
        let optimizer = serde_json::from_value(json!({ kind: config }))
            .map_err(|e| Error::from(e).of("config"))?;
        Ok(Self { optimizer, rate, clip, steps })
    }
}

fn number(config: &mut Map<String, Value>, key: &str) -> Result<f64> {
    let value = config.remove(key).and_then(|v| v.as_f64());
    value.ok_or_else(|| Error::new(format!("config: there is no number {key}")))
}

/// The rows that are not zero, and their numbers.
fn live_rows(gradient: &Tensor) -> Result<(Vec<u32>, Tensor)> {
    let width = gradient.shape().width();
    let live = |row: &&[f32]| row.iter().any(|&g| g != 0.0);
    let rows = || (0..).zip(gradient.data().chunks_exact(width)).filter(|(_, row)| live(row));
    let ids: Vec<u32> = rows().map(|(id, _)| id).collect();
    let data = rows().flat_map(|(_, row)| row.to_vec()).collect();
    let rows = Tensor::from_vec([ids.len(), width], data)?;
    Ok((ids, rows))
}

pub(in super::super) fn run(
    case: &Case,
    given: &mut Given,
    device: &Device,
) -> Result<Vec<Computed>> {
    let config = Config::read(case)?;
    let start = (given.tensor("in.a")?, given.tensor("in.b")?);
    let mut gradients = Vec::with_capacity(config.steps);
    for step in 0..config.steps {
        let of = |name: &str| format!("in.grad_{name}.{step}");
        gradients.push((given.tensor(&of("a"))?, given.tensor(&of("b"))?));
    }
    let mut computed = steps(&config, &start, &gradients, false, device)?;
    computed.extend(steps(&config, &start, &gradients, true, device)?);
    Ok(computed)
}

/// All steps, the table's gradients by rows or dense.
fn steps(
    config: &Config,
    (a, b): &(Tensor, Tensor),
    gradients: &[(Tensor, Tensor)],
    by_rows: bool,
    device: &Device,
) -> Result<Vec<Computed>> {
    let mut params = Params::new();
    let (a, b) = (params.add("a", a.clone())?, params.add("b", b.clone())?);
    params.to_device(device)?;
    let mut optimizer = Optimizer::new(config.optimizer, &params)?;
    for (grad_a, grad_b) in gradients {
        let mut gathered = Gradients::default();
        gathered.add(a, grad_a.clone());
        if by_rows {
            let (ids, rows) = live_rows(grad_b)?;
            let rows = match device.opencl() {
                Some(device) => device.upload(&rows)?,
                None => rows,
            };
            gathered.add_rows(b, &ids, rows);
        } else {
            gathered.add(b, grad_b.clone());
        }
        let reduced = gathered.reduce(&params, device.threads())?;
        // A device adds rows up into a whole table.
        let kept_rows = by_rows && device.opencl().is_none();
        if matches!(reduced.get(b), Gradient::Rows(_)) != kept_rows {
            return Err(Error::new("the table's gradient is of another kind than was given"));
        }
        let how = Update { limit: config.clip, ..Update::new(config.rate) };
        let report = optimizer.update(&mut params, &reduced, &how, device.threads())?;
        report.read(&mut optimizer)?;
    }
    let out = |name: &str, id| Computed::new(format!("out.{name}"), params.get(id));
    Ok(vec![out("a", a), out("b", b)])
}
