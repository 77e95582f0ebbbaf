//! What is computed about a sentence beside its inspection: maps of a held-out pair, the outputs of
//! a beam search, the units that follow words.

use tensor::Threads;

use super::Inspector;
use crate::data::{Pair, Text};
use crate::decode::{BeamOptions, Constraints, DecodeInput, Ensemble, decode};
use crate::event::{Sample, ScoredOutput};
use crate::inspection::{
    HeldOutMaps, InspectRequest, LayerTrace, Trace, UnitCorrelations, UnitsRequest,
};
use crate::{Error, Result};

/// Hypotheses of the beam search for a typed text, and the number of its outputs.
const BEAM: usize = 5;
/// Maximum number of sentences with a word, and without one, whose units are compared.
const SENTENCES: usize = 64;

impl Inspector<'_> {
    /// Returns the free-running and the teacher-forced map of a held-out pair. `which` is its number,
    /// from 1, or a part of its source.
    ///
    /// # Errors
    /// [`Error::BadValue`] if there is no such pair; errors of operations.
    pub fn held_out_maps(
        &self,
        pairs: &[Pair],
        which: &str,
        threads: &Threads,
    ) -> Result<HeldOutMaps> {
        let at = find_pair(pairs, which)?;
        let pair = &pairs[at];
        let prefix = self.text.encode(pair).target;
        let free: InspectRequest = pair.source.as_str().into();
        let forced = InspectRequest { prefix, ..free.clone() };
        let sample = |request: &InspectRequest, is_forced: bool| -> Result<Sample> {
            let trace = self.inspect(request, threads)?.without;
            let mut sample = sample(&trace, &pair.target);
            sample.is_forced = is_forced;
            sample.links = gold_links(self.text, &sample, pair);
            Ok(sample)
        };
        let (free, forced) = (sample(&free, false)?, sample(&forced, true)?);
        Ok(HeldOutMaps { number: at + 1, count: pairs.len(), free, forced })
    }

    /// Returns the outputs of a beam search of five hypotheses for a line, the best one first.
    ///
    /// # Errors
    /// Errors of operations.
    pub fn candidates(&self, line: &str, threads: &Threads) -> Result<Vec<ScoredOutput>> {
        let input: DecodeInput = self.text.encode_source(line).into();
        let constraints = Constraints { ..self.constraints };
        let options =
            BeamOptions { beam: BEAM, n_best: BEAM, constraints, ..BeamOptions::default() };
        let ensemble = Ensemble::single(self.network, self.params);
        let all = decode(&ensemble, &[input], &options, threads)?.pop().unwrap_or_default();
        let output = |found: crate::decode::Hypothesis| ScoredOutput {
            text: self.written(line, &found.decoded),
            logprob: found.decoded.logprob,
            score: found.score,
        };
        Ok(all.into_iter().map(output).collect())
    }

    /// Returns the attention weights of each head for the greedy translation of a line; nothing for
    /// an attention without heads.
    ///
    /// # Errors
    /// Errors of operations.
    pub fn heads(&self, line: &str, threads: &Threads) -> Result<Vec<Vec<Vec<f32>>>> {
        Ok(heads(&self.inspect(&line.into(), threads)?.without))
    }

    /// Returns how the units of a layer follow words in the sources of held-out pairs, or in their
    /// references, which a decoder is fed.
    ///
    /// # Errors
    /// [`Error::BadValue`] for a layer or gate that does not exist, or if no sentence has one of the
    /// words; errors of operations.
    pub fn unit_correlations(
        &self,
        request: &UnitsRequest,
        pairs: &[Pair],
        threads: &Threads,
    ) -> Result<UnitCorrelations> {
        let mut found = Sums::default();
        // Sentences read without one of the words, and with one.
        let mut read = [0; 2];
        let is_decoder = request.layer.starts_with("decoder");
        for pair in pairs {
            let words = match is_decoder {
                true => self.text.words_of_target(&pair.target),
                false => self.text.source_words(&pair.source),
            };
            let has_word = words.iter().any(|word| request.words.contains(word));
            let read = &mut read[usize::from(has_word)];
            if *read == SENTENCES {
                continue;
            }
            *read += 1;
            let layers = vec![request.layer.clone()];
            let prefix = if is_decoder { self.text.encode(pair).target } else { Vec::new() };
            let asked = InspectRequest { layers, prefix, ..pair.source.as_str().into() };
            let trace = self.inspect(&asked, threads)?.without;
            found.add(request, &trace, self.text)?;
        }
        if found.with == 0 {
            return Err(Error::BadValue {
                key: "word".into(),
                value: request.words.join(" "),
                allowed: format!("a word that one of the {} held-out sentences has", pairs.len()),
            });
        }
        Ok(UnitCorrelations {
            request: request.clone(),
            sentences: found.with + found.without,
            with_word: found.with,
            correlations: found.correlations(),
        })
    }
}

/// Returns the position of a pair: its number, from 1, or a part of its source, the whole of which
/// comes first.
fn find_pair(pairs: &[Pair], which: &str) -> Result<usize> {
    let which = which.trim();
    let wanted = which.to_lowercase();
    let number = which.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    let at = number.filter(|&at| at < pairs.len()).or_else(|| {
        let whole = pairs.iter().position(|pair| pair.source == which);
        whole.or_else(|| pairs.iter().position(|pair| pair.source.to_lowercase().contains(&wanted)))
    });
    at.filter(|_| !which.is_empty()).ok_or_else(|| Error::BadValue {
        key: "held-out sentence".into(),
        value: which.to_owned(),
        allowed: match pairs.len() {
            0 => "nothing, since nothing is held out".to_owned(),
            count => format!("a number from 1 to {count}, or a part of a source sentence"),
        },
    })
}

/// Returns a translation as a sample.
fn sample(trace: &Trace, reference: &str) -> Sample {
    Sample {
        source: trace.source.clone(),
        output: trace.output().map(str::to_owned).collect(),
        source_text: Some(trace.source_text.clone()),
        output_text: Some(trace.output_text.clone()),
        reference: reference.to_owned(),
        unknown: trace.unknown.clone(),
        attention: trace
            .steps
            .iter()
            .map(|step| step.weights.clone())
            .filter(|row| !row.is_empty())
            .collect(),
        heads: heads(trace),
        logprob: trace.logprob,
        ..Sample::default()
    }
}

/// Returns the attention weights head by head.
fn heads(trace: &Trace) -> Vec<Vec<Vec<f32>>> {
    let count = trace.steps.iter().map(|step| step.heads.len()).min().unwrap_or(0);
    let of = |head: usize| trace.steps.iter().map(|step| step.heads[head].clone()).collect();
    (0..count).map(of).collect()
}

/// Returns the gold links of a pair if they apply to the output: the output must equal the
/// reference, and the recipes must divide the texts into the words that the links number.
pub(crate) fn gold_links(text: &Text, sample: &Sample, pair: &Pair) -> Vec<(usize, usize)> {
    let Some(links) = &pair.links else { return Vec::new() };
    let reference = text.words_of_target(&pair.target);
    let written = |line: &str| line.split_whitespace().count();
    let fits = sample.output.split_last().is_some_and(|(_, output)| output == reference)
        && reference.len() == written(&pair.target)
        && sample.source.len() == written(&pair.source) + 1;
    let links = links.sure.iter().chain(&links.possible);
    if fits { links.copied().collect() } else { Vec::new() }
}

/// The sums of a correlation over positions.
#[derive(Debug, Default)]
struct Sums {
    /// Sentences with one of the words, and without.
    with: usize,
    without: usize,
    positions: f64,
    /// Positions from the word on.
    marked: f64,
    /// Of each unit: the sum of its values, of their squares, and of those at marked positions.
    units: Vec<(f64, f64, f64)>,
}

impl Sums {
    fn add(&mut self, request: &UnitsRequest, trace: &Trace, text: &Text) -> Result<()> {
        let layer = trace.layers.iter().find(|layer| layer.name == request.layer);
        let Some(layer) = layer else { return Ok(()) };
        let gate = layer.gates.iter().find(|gate| gate.gate == request.gate).ok_or_else(|| {
            let gates: Vec<String> = layer.gates.iter().map(|gate| gate.gate.to_string()).collect();
            Error::BadValue {
                key: "gate".into(),
                value: request.gate.to_string(),
                allowed: gates.join(", "),
            }
        })?;
        let marks = marks(request, trace, layer, text);
        if marks.contains(&true) {
            self.with += 1;
        } else {
            self.without += 1;
        }
        self.units.resize(gate.units().max(self.units.len()), (0.0, 0.0, 0.0));
        for (values, marked) in gate.values.iter().zip(marks) {
            self.positions += 1.0;
            self.marked += f64::from(u8::from(marked));
            for (sums, &value) in self.units.iter_mut().zip(values) {
                let value = f64::from(value);
                sums.0 += value;
                sums.1 += value * value;
                sums.2 += if marked { value } else { 0.0 };
            }
        }
        Ok(())
    }

    fn correlations(&self) -> Vec<f32> {
        let n = self.positions;
        let of_marks = self.marked - self.marked * self.marked / n;
        let correlation = |&(sum, squares, both): &(f64, f64, f64)| {
            let scale = ((squares - sum * sum / n).max(0.0) * of_marks).sqrt();
            if scale > 1e-9 * n { ((both - sum * self.marked / n) / scale) as f32 } else { 0.0 }
        };
        self.units.iter().map(correlation).collect()
    }
}

/// Returns which positions of a layer are at or after the first of the words, in the order in which
/// the layer reads them. A decoder reads at step t the token of step t - 1.
fn marks(request: &UnitsRequest, trace: &Trace, layer: &LayerTrace, text: &Text) -> Vec<bool> {
    let is_word = |word: &str| request.words.iter().any(|wanted| wanted == word);
    if layer.is_decoder() {
        let first = trace.output().position(is_word).map(|at| at + 1);
        return (0..trace.steps.len()).map(|at| first.is_some_and(|first| at >= first)).collect();
    }
    let words = &trace.source;
    let backwards = layer.name.ends_with(".reverse") != text.reads_backwards();
    if backwards {
        let first = words.iter().rposition(|word| is_word(word));
        return (0..words.len()).map(|at| first.is_some_and(|first| at <= first)).collect();
    }
    let first = words.iter().position(|word| is_word(word));
    (0..words.len()).map(|at| first.is_some_and(|first| at >= first)).collect()
}
