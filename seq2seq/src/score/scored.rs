//! The scores of a corpus of outputs, their confidence, and the comparison of two.

use serde::{Deserialize, Serialize};

use super::bleu::BleuOptions;
use super::bootstrap::{BOOTSTRAP_SAMPLES, BOOTSTRAP_SEED, Confidence, PairedTest, resampled};
use super::buckets::LengthBucket;
use super::chrf::chrf_signature;
use super::edit_distance::SymbolErrors;
use super::output::Output;
use super::ter::ter_signature;
use super::text::{TextCounts, TextScores};
use super::whitespace::words;

/// The text that stands for a token outside the vocabulary.
const UNKNOWN: &str = "<unk>";

/// The scores of outputs in addition to BLEU and exact match.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutputScores {
    /// chrF, 0 to 100.
    pub chrf: f64,
    /// How chrF was computed, in the form of sacreBLEU's signatures.
    pub chrf_signature: String,
    /// chrF++, 0 to 100.
    pub chrf_pp: f64,
    /// How chrF++ was computed.
    pub chrf_pp_signature: String,
    /// Translation edit rate, from 0.
    pub ter: f64,
    /// How the translation edit rate was computed.
    pub ter_signature: String,
    /// Symbol error rate, from 0: [`SymbolErrors`]. Absent if the references have no symbols.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ser: Option<f64>,
    /// Word error rate in the sense of letters to sounds, 0 to 100: [`SymbolErrors`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wer: Option<f64>,
    /// Share of the symbols of the outputs that are `<unk>`, 0 to 1.
    pub unknown_rate: f64,
    /// Share of output words that repeat the word before them, 0 to 1: [`TextScores`].
    pub repetition_rate: f64,
    /// Words of the outputs per word of the references, as BLEU splits them: [`TextScores`].
    pub length_ratio: f64,
    /// Scores by the number of source words; empty if the sources are not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by_length: Vec<LengthBucket>,
    /// 95 % confidence intervals, if they were requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<TextConfidence>,
}

/// The 95 % confidence intervals of the scores of a corpus of outputs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TextConfidence {
    /// Number of resamples.
    pub samples: usize,
    /// Seed of the resampling.
    pub seed: u64,
    /// Of BLEU.
    pub bleu: Confidence,
    /// Of chrF.
    pub chrf: Confidence,
    /// Of chrF++.
    pub chrf_pp: Confidence,
    /// Of the translation edit rate.
    pub ter: Confidence,
}

/// Paired bootstrap tests of the difference between two outputs of the same sources.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TextComparison {
    /// Number of resamples.
    pub samples: usize,
    /// Seed of the resampling.
    pub seed: u64,
    /// Of BLEU.
    pub bleu: PairedTest,
    /// Of chrF.
    pub chrf: PairedTest,
    /// Of chrF++.
    pub chrf_pp: PairedTest,
    /// Of the translation edit rate.
    pub ter: PairedTest,
}

/// The scores of texts without a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TextEvaluation {
    /// Sentences scored.
    pub sentences: u64,
    /// BLEU, 0 to 100: [`corpus_bleu`](super::corpus_bleu).
    pub bleu: f64,
    /// How BLEU was computed, in the form of sacreBLEU's signatures.
    pub bleu_signature: String,
    /// Share of outputs that equal their reference pair by pair, apart from the amount of white
    /// space, 0 to 1.
    pub exact_match: f64,
    /// The other scores.
    #[serde(flatten)]
    pub outputs: OutputScores,
}

/// A corpus of outputs that was scored, with the counts of its sentences.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoredOutputs {
    /// The scores.
    pub evaluation: TextEvaluation,
    counts: Vec<TextCounts>,
}

impl ScoredOutputs {
    /// Scores outputs. Words and letter case are those of `options` for BLEU; the letter case is
    /// that of chrF, too.
    ///
    /// ```
    /// use seq2seq::score::{BleuOptions, Output, ScoredOutputs};
    ///
    /// let outputs = [
    ///     Output::of_text(Some("un"), "one <unk>", "one"),
    ///     Output::of_text(Some("deux"), "two", "two"),
    /// ];
    /// let scored = ScoredOutputs::new(&outputs, BleuOptions::default());
    /// assert_eq!(scored.evaluation.exact_match, 0.5);
    /// assert_eq!(scored.evaluation.outputs.ter, 50.0);
    /// assert_eq!(scored.evaluation.outputs.unknown_rate, 1.0 / 3.0);
    /// assert_eq!(scored.evaluation.outputs.by_length[0].sentences, 2);
    /// ```
    pub fn new(outputs: &[Output<'_>], options: BleuOptions) -> Self {
        let counted = |output: &Output<'_>| {
            let mut counts = TextCounts::new(options);
            counts.add(output.hypothesis, output.reference);
            counts
        };
        let counts: Vec<TextCounts> = outputs.iter().map(counted).collect();
        let mut sum = TextCounts::new(options);
        counts.iter().for_each(|counts| sum += counts);
        let scores = sum.scores();
        let lengths = outputs.iter().filter_map(|o| Some(words(o.source?).count() as u64));
        let by_length = LengthBucket::divide(lengths.zip(counts.iter().copied()));
        let errors = SymbolErrors::of(outputs);
        let outputs = OutputScores {
            chrf: scores.chrf,
            chrf_signature: chrf_signature(false, options.lowercase),
            chrf_pp: scores.chrf_pp,
            chrf_pp_signature: chrf_signature(true, options.lowercase),
            ter: scores.ter,
            ter_signature: ter_signature(),
            ser: errors.symbol_error_rate(),
            wer: errors.word_error_rate(),
            unknown_rate: unknown_rate(outputs),
            repetition_rate: scores.repetition_rate,
            length_ratio: scores.length_ratio,
            by_length,
            confidence: None,
        };
        let evaluation = TextEvaluation {
            sentences: sum.pairs(),
            bleu: scores.bleu,
            bleu_signature: options.signature(),
            exact_match: scores.exact_match,
            outputs,
        };
        Self { evaluation, counts }
    }

    /// Returns the scores of resamples of the corpus: [`resampled`].
    pub fn resampled(&self) -> Vec<TextScores> {
        resampled(&self.counts, TextCounts::scores)
    }

    fn scores(&self) -> TextScores {
        let TextEvaluation { bleu, exact_match, ref outputs, .. } = self.evaluation;
        TextScores {
            bleu,
            exact_match,
            chrf: outputs.chrf,
            chrf_pp: outputs.chrf_pp,
            ter: outputs.ter,
            length_ratio: outputs.length_ratio,
            repetition_rate: outputs.repetition_rate,
        }
    }

    /// Compares the outputs, of which `resamples` are [`ScoredOutputs::resampled`], with those of a
    /// baseline, of the same sources in the same order.
    pub fn compare(
        &self,
        resamples: &[TextScores],
        baseline: (&Self, &[TextScores]),
    ) -> TextComparison {
        let (before, now) = (baseline.0.scores(), self.scores());
        let test = |of: fn(&TextScores) -> f64| {
            let (first, second) = (list(baseline.1, of), list(resamples, of));
            PairedTest::of((of(&before), &first), (of(&now), &second))
        };
        TextComparison {
            samples: BOOTSTRAP_SAMPLES,
            seed: BOOTSTRAP_SEED,
            bleu: test(|s| s.bleu),
            chrf: test(|s| s.chrf),
            chrf_pp: test(|s| s.chrf_pp),
            ter: test(|s| s.ter),
        }
    }
}

impl TextConfidence {
    /// Returns the intervals of resamples; `None` if there are none.
    pub fn of(resamples: &[TextScores]) -> Option<Self> {
        let interval = |of: fn(&TextScores) -> f64| Confidence::of(&list(resamples, of));
        Some(Self {
            samples: BOOTSTRAP_SAMPLES,
            seed: BOOTSTRAP_SEED,
            bleu: interval(|s| s.bleu)?,
            chrf: interval(|s| s.chrf)?,
            chrf_pp: interval(|s| s.chrf_pp)?,
            ter: interval(|s| s.ter)?,
        })
    }
}

fn list(scores: &[TextScores], of: fn(&TextScores) -> f64) -> Vec<f64> {
    scores.iter().map(of).collect()
}

fn unknown_rate(outputs: &[Output<'_>]) -> f64 {
    let symbols = || outputs.iter().flat_map(|o| words(o.hypothesis_symbols));
    symbols().filter(|&symbol| symbol == UNKNOWN).count() as f64 / symbols().count().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scored(hypotheses: &[&str], references: &[&str]) -> ScoredOutputs {
        let pairs = hypotheses.iter().zip(references);
        let all: Vec<Output<'_>> = pairs.map(|(h, r)| Output::of_text(None, h, r)).collect();
        ScoredOutputs::new(&all, BleuOptions::default())
    }

    #[test]
    fn a_better_output_is_told_from_a_worse_one() {
        let references: Vec<String> =
            (0..60).map(|i| format!("a{i} b{i} c{i} d{i} e{i}")).collect();
        let references: Vec<&str> = references.iter().map(String::as_str).collect();
        let worse: Vec<String> = references.iter().map(|r| r.replace(" e", " x")).collect();
        let worse: Vec<&str> = worse.iter().map(String::as_str).collect();
        let (best, worst) = (scored(&references, &references), scored(&worse, &references));
        let (of_best, of_worst) = (best.resampled(), worst.resampled());
        let test = best.compare(&of_best, (&worst, &of_worst));
        assert!(test.ter.difference == -20.0 && test.ter.is_significant(), "{test:?}");
        assert!(test.bleu.difference > 10.0 && test.chrf.is_significant(), "{test:?}");
        let equal = best.compare(&of_best, (&best, &of_best));
        assert_eq!((equal.bleu.p_value, equal.ter.difference), (1.0, 0.0));
        let confidence = TextConfidence::of(&of_best).unwrap();
        assert!((confidence.bleu.mean - 100.0).abs() < 1e-9, "{confidence:?}");
        assert_eq!(confidence.ter, Confidence { mean: 0.0, half_width: 0.0 });
    }

    #[test]
    fn no_outputs_have_scores_without_a_number_too_many() {
        let none = scored(&[], &[]);
        assert_eq!((none.evaluation.sentences, none.evaluation.bleu), (0, 0.0));
        assert_eq!((none.evaluation.outputs.ser, none.evaluation.outputs.wer), (None, None));
        assert_eq!(TextConfidence::of(&none.resampled()), None);
        let json = serde_json::to_string(&none.evaluation).unwrap();
        assert!(!json.contains("null") && !json.contains("by_length"), "{json}");
        let evaluation: TextEvaluation = serde_json::from_str(&json).unwrap();
        assert_eq!(evaluation, none.evaluation);
    }
}
