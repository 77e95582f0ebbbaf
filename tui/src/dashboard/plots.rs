//! The plots of a run, made of what its viewers know of it.

use std::path::Path;

use color_eyre::eyre::{Result, WrapErr, eyre};
use seq2seq::config::TaskKind;
use seq2seq::event::{Flow, Samples};
use seq2seq::{Event, EventReader};

use super::history::RunHistory;
use super::metric::{Metric, MetricCurve};
use super::panels::flow;
use super::series::Series;
use crate::figures::{Axis, Chart, Curve, HeatMap, Marks, Scene};
use crate::format::{count, fit, plain, several};

/// Bytes of the log that are read at once.
const BATCH: u64 = 1 << 20;
/// Points of a curve.
const POINTS: usize = 400;
/// Places of the band of the values around it.
const BAND: usize = 160;
/// Steps over which curves are smoothed: at most this many, and at most a tenth of those before.
const SMOOTHED: f64 = 50.0;
/// Most modules in the plot of their gradients.
const MODULES: usize = 7;
/// The smallest share of the largest norm that the gradient flow shows.
const SMALLEST: f64 = 1e-8;
/// Columns of a line below a title.
const SUBTITLE: usize = 100;
/// Most saved steps that an error lists.
const LISTED: usize = 24;

/// A plot with the name of its files.
#[derive(Debug, Clone, PartialEq)]
pub struct Plot {
    /// The name without folder and ending: `attention_2_step_400`.
    pub name: String,
    /// The figure.
    pub scene: Scene,
}

impl Plot {
    /// Takes a figure.
    pub fn new(name: impl Into<String>, scene: Scene) -> Self {
        Self { name: name.into(), scene }
    }
}

/// What the log of a run says, for its plots.
#[derive(Debug, Default)]
pub struct RunPlots {
    history: RunHistory,
    samples: Option<Samples>,
    flow: Option<Flow>,
    /// The steps whose samples are saved.
    saved: Vec<u64>,
}

impl RunPlots {
    /// Reads the log of a run; samples and gradient flow are those of a step, or the newest ones.
    ///
    /// # Errors
    /// There is no run; its log cannot be read or holds no step; the samples of the step are not
    /// saved: the error names the steps that are.
    pub fn read(run: &Path, step: Option<u64>) -> Result<Self> {
        let name = || run.display().to_string();
        let mut reader = EventReader::open(run).wrap_err_with(name)?;
        let mut plots = Self::default();
        loop {
            let events = reader.poll_up_to(BATCH).wrap_err_with(name)?;
            if reader.restarted() {
                plots = Self::default();
            }
            if events.is_empty() {
                break;
            }
            events.iter().for_each(|event| plots.apply(event, step));
        }
        if plots.history.run_state.step.is_none() {
            return Err(eyre!(
                "{}: no step has been trained yet, so there is nothing to plot",
                name()
            ));
        }
        match step {
            Some(step) if !plots.saved.contains(&step) => {
                let saved = listed(&plots.saved, step);
                Err(eyre!("{}: the samples of step {step} are not saved; {saved}", name()))
            }
            _ => Ok(plots),
        }
    }

    fn apply(&mut self, event: &Event, step: Option<u64>) {
        self.history.apply(event);
        match event {
            Event::Start(start) => self.saved.retain(|saved| *saved <= start.step),
            Event::Samples(samples) => {
                self.saved.push(samples.step);
                if step.is_none_or(|step| samples.step == step) {
                    self.samples = Some(samples.clone());
                }
            }
            Event::Flow(flow) if step.is_none_or(|step| flow.step <= step) => {
                self.flow = Some(flow.clone());
            }
            _ => {}
        }
    }

    /// Returns the step whose samples are plotted.
    pub fn step(&self) -> Option<u64> {
        self.samples.as_ref().map(|samples| samples.step)
    }

    /// Returns the plots, and what is left out with the reason.
    pub fn plots(&self) -> (Vec<Plot>, Vec<String>) {
        let curves = &self.history.curves;
        let known = Metric::ALL.into_iter().filter(|metric| metric.is_known(curves));
        let mut plots: Vec<Plot> = known.map(|known| metric(&self.history, known)).collect();
        plots.extend(gradient_norm_of_modules(&self.history));
        let mut left_out = Vec::new();
        match &self.flow {
            Some(flow) => plots.push(gradient_flow(flow)),
            None => left_out.push("gradient_flow: no gradient flow is saved yet".to_owned()),
        }
        let samples = self.samples.as_ref();
        let maps = samples.map_or_else(Vec::new, attention);
        if maps.is_empty() {
            let why = match samples {
                Some(_) => "the model has no attention",
                None => "no samples are saved yet",
            };
            left_out.push(format!("attention: {why}"));
        }
        plots.extend(maps);
        (plots, left_out)
    }
}

/// Returns the saved steps in words; of many, those at the ends and around the wanted one.
fn listed(saved: &[u64], wanted: u64) -> String {
    if saved.is_empty() {
        return "none are saved yet".to_owned();
    }
    let near = saved.partition_point(|step| *step < wanted);
    let is_listed = |place: usize| {
        let near = place + 4 >= near && place < near + 4;
        saved.len() <= LISTED || place < 4 || place + 4 >= saved.len() || near
    };
    let mut words = Vec::new();
    let mut gap = false;
    for (place, step) in saved.iter().enumerate() {
        if is_listed(place) {
            words.push(step.to_string());
        } else if !gap {
            words.push("...".to_owned());
        }
        gap = !is_listed(place);
    }
    format!("saved are {} ({})", words.join(", "), several(saved.len() as u64, "step"))
}

/// Returns the model, the data and the length of the run in a line.
fn about(history: &RunHistory) -> String {
    let state = &history.run_state;
    let steps = several(state.steps(), "step");
    let text = match &state.start {
        Some(start) if start.model.is_empty() => {
            format!("{} on {}, {steps}", start.preset, start.data)
        }
        Some(start) => format!("{} on {}, {steps}", start.model, start.data),
        None => steps,
    };
    fit(&plain(&text), SUBTITLE, '…')
}

fn axis(label: &str, log: bool) -> Axis {
    if log { Axis::logarithmic(label) } else { Axis::linear(label) }
}

/// Returns a curve of a metric that each step has: its mean, and the band of its values.
fn dense(metric: &MetricCurve<'_>, place: usize) -> Curve {
    let (series, same) = (metric.series, |x: f64| x);
    let mean = points(&series.smoothed(SMOOTHED).map(same, metric.value));
    let mut curve = Curve::new(format!("{}, mean", metric.name), mean, place);
    let columns = BAND.min(series.buckets().len() / 4);
    // Two bands would hide each other.
    if let Some(range) = series.reach().filter(|_| place == 0 && columns >= 2) {
        let step = (range.1 - range.0) / (columns - 1) as f64;
        let values = series.map(same, metric.value).columns(range, columns);
        curve.band = (values.iter().enumerate())
            .filter_map(|(i, column)| {
                column.map(|column| (range.0 + i as f64 * step, column.low, column.high))
            })
            .collect();
        curve.band_name = format!("{}, range", metric.name);
    }
    curve
}

/// Returns the points of a series, at most [`POINTS`].
fn points(series: &Series) -> Vec<(f64, f64)> {
    let buckets = series.buckets();
    let every = buckets.len().div_ceil(POINTS).max(1);
    let last = buckets.len().saturating_sub(1);
    (buckets.iter().enumerate())
        .filter(|(i, _)| i % every == 0 || *i == last)
        .map(|(_, bucket)| (bucket.centre(), bucket.mean()))
        .collect()
}

/// Plots a metric over the optimizer steps.
pub(super) fn metric(history: &RunHistory, metric: Metric) -> Plot {
    let mut curves = Vec::new();
    let mut not_finite = Vec::new();
    for (place, curve) in metric.curves(&history.curves).into_iter().enumerate() {
        if curve.series.is_empty() {
            continue;
        }
        not_finite.extend_from_slice(curve.series.marks());
        // A schedule has corners, and no noise.
        let is_noisy = curve.dense && metric != Metric::LearningRate;
        curves.push(if is_noisy {
            dense(&curve, place)
        } else {
            let points = points(&curve.series.map(|x| x, curve.value));
            let marks = if curve.dense { Marks::None } else { Marks::Dots };
            Curve { marks, ..Curve::new(curve.name, points, place) }
        });
    }
    not_finite.sort_by(f64::total_cmp);
    not_finite.dedup();
    let name = metric.name();
    let title = name.chars().next().map(char::to_uppercase).into_iter().flatten();
    let chart = Chart {
        title: title.chain(name.chars().skip(1)).collect(),
        subtitle: about(history),
        x: Axis::linear("optimizer step"),
        y: axis(unit(metric, history), metric.is_logarithmic(&history.curves)),
        curves,
        not_finite,
    };
    Plot::new(name.to_lowercase().replace(' ', "_"), chart.scene())
}

/// Returns the quantity with its unit.
fn unit(metric: Metric, history: &RunHistory) -> &'static str {
    let start = history.run_state.start.as_ref();
    match metric {
        Metric::Loss if start.is_some_and(|start| start.task == TaskKind::Sequence) => "loss",
        Metric::Loss => "loss (nats per target token)",
        Metric::Perplexity => "perplexity per target token",
        Metric::GradientNorm => "global L2 norm of the gradient",
        Metric::LearningRate => "learning rate",
        Metric::Speed => "target tokens per second",
        Metric::ExactMatch => "exact match (share of outputs)",
        Metric::TokenAccuracy => "token accuracy (share of tokens)",
        Metric::Bleu => "BLEU (0 to 100)",
        Metric::TokenBleu => "BLEU of tokens (0 to 100)",
    }
}

/// Plots the gradient norms of the modules, those of the largest ones.
pub(super) fn gradient_norm_of_modules(history: &RunHistory) -> Option<Plot> {
    let groups = history.parameters.groups();
    let curves: Vec<Curve> = (groups.iter().take(MODULES).enumerate())
        .map(|(i, row)| Curve::new(plain(&row.name), points(&row.norms), i))
        .collect();
    let more = groups.len().saturating_sub(MODULES);
    let more = if more > 0 {
        format!("; {} smaller left out", several(more as u64, "module"))
    } else {
        String::new()
    };
    let chart = Chart {
        title: "Gradient norm of each module".into(),
        subtitle: format!("{}{more}", about(history)),
        x: Axis::linear("optimizer step"),
        y: Axis::logarithmic("L2 norm of the gradient"),
        not_finite: groups.iter().flat_map(|row| row.norms.marks().to_vec()).collect(),
        curves,
    };
    (!groups.is_empty()).then(|| Plot::new("gradient_norm_of_modules", chart.scene()))
}

/// Plots how far back in time the gradient flows in each recurrent layer and direction.
pub(super) fn gradient_flow(flow: &Flow) -> Plot {
    let curves = (flow.series.iter().enumerate())
        .map(|(i, series)| {
            let largest = flow::largest(&series.norms);
            let share = |norm: f32| f64::from(norm / largest).max(SMALLEST);
            let points = flow::back(series).enumerate();
            let points = points.map(|(back, norm)| (back as f64, share(norm)));
            Curve::new(plain(&series.name), points.collect(), i)
        })
        .collect();
    let sentence = flow::sentence(&flow.series, SUBTITLE).to_string();
    let chart = Chart {
        title: format!("Gradient flow at step {}", count(flow.step)),
        subtitle: sentence,
        x: Axis::linear("time steps back from where the gradient enters"),
        y: Axis::logarithmic("norm of ∂L/∂h, relative to the largest"),
        curves,
        not_finite: Vec::new(),
    };
    Plot::new(format!("gradient_flow_step_{}", flow.step), chart.scene())
}

/// Plots the attention of samples, one map for each that has one.
fn attention(samples: &Samples) -> Vec<Plot> {
    (samples.samples.iter().enumerate())
        .filter(|(_, sample)| !sample.attention.is_empty())
        .map(|(i, sample)| {
            let which = format!("sentence {} of {}", i + 1, samples.samples.len());
            let title = format!("Attention at step {}, {which}", count(samples.step));
            let name = format!("attention_{}_step_{}", i + 1, samples.step);
            Plot::new(name, HeatMap::of_sample(sample, title).scene())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn saved_steps_are_listed_and_of_many_those_that_are_near() {
        assert_eq!(listed(&[], 3), "none are saved yet");
        assert_eq!(listed(&[50, 100], 3), "saved are 50, 100 (2 steps)");
        let many: Vec<u64> = (1..=100).map(|i| i * 10).collect();
        assert_eq!(
            listed(&many, 505),
            "saved are 10, 20, 30, 40, ..., 470, 480, 490, 500, 510, 520, 530, 540, ..., 970, 980, \
             990, 1000 (100 steps)"
        );
        assert!(listed(&many, 5000).ends_with("40, ..., 970, 980, 990, 1000 (100 steps)"));
    }
}
