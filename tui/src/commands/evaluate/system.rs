//! A model or a file whose outputs are scored, and its comparison with the first one.

use color_eyre::eyre::Result;
use seq2seq::Evaluation;
use seq2seq::score::{
    OutputScores, ScoredOutputs, TextComparison, TextConfidence, TextEvaluation, TextScores,
};
use serde::Serialize;

/// The scores of a model, or of a file.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub(super) enum Scores {
    Model(Box<Evaluation>),
    File(Box<TextEvaluation>),
}

/// A model or a file with its scores.
#[derive(Debug, Clone, Serialize)]
pub(super) struct System {
    /// The run's folder, or the file, as given.
    #[serde(rename = "system")]
    pub(super) name: String,
    #[serde(flatten)]
    pub(super) scores: Scores,
    /// The paired test against the first system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) paired_bootstrap: Option<TextComparison>,
    /// The outputs' scores by sentence, if the system gives texts.
    #[serde(skip)]
    pub(super) scored: Option<ScoredOutputs>,
}

impl System {
    /// Returns the scores of the outputs, if the system gives texts.
    pub(super) fn outputs(&self) -> Option<&OutputScores> {
        match &self.scores {
            Scores::Model(evaluation) => evaluation.outputs.as_ref(),
            Scores::File(evaluation) => Some(&evaluation.outputs),
        }
    }

    pub(super) fn sentences(&self) -> u64 {
        match &self.scores {
            Scores::Model(evaluation) => evaluation.sentences,
            Scores::File(evaluation) => evaluation.sentences,
        }
    }

    fn set_confidence(&mut self, confidence: Option<TextConfidence>) {
        let outputs = match &mut self.scores {
            Scores::Model(evaluation) => evaluation.outputs.as_mut(),
            Scores::File(evaluation) => Some(&mut evaluation.outputs),
        };
        if let Some(outputs) = outputs {
            outputs.confidence = confidence;
        }
    }
}

/// Tests each system against the first, and computes confidence intervals if `confidence` is true.
pub(super) fn compare(systems: &mut [System], confidence: bool) {
    if !confidence && systems.len() < 2 {
        return;
    }
    let mut baseline: Option<(ScoredOutputs, Vec<TextScores>)> = None;
    for (i, system) in systems.iter_mut().enumerate() {
        let Some(scored) = system.scored.take() else { continue };
        let resamples = scored.resampled();
        if confidence {
            system.set_confidence(TextConfidence::of(&resamples));
        }
        if i == 0 {
            baseline = Some((scored, resamples));
        } else if let Some((first, of_first)) = &baseline {
            system.paired_bootstrap = Some(scored.compare(&resamples, (first, of_first)));
        }
    }
}

/// Returns one JSON object: the scores of one system, or the list `systems`.
pub(super) fn json(systems: &[System]) -> Result<String> {
    #[derive(Serialize)]
    struct All<'a> {
        systems: &'a [System],
    }
    Ok(match systems {
        [one] => serde_json::to_string(&one.scores)?,
        systems => serde_json::to_string(&All { systems })?,
    })
}
