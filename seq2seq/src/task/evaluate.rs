//! Metrics of a corpus: teacher-forced loss and alignment, BLEU and exact match of outputs.
//!
//! The translation of a blank source is empty and does not use the network. Its pair counts for
//! BLEU and exact match, and has no teacher-forced metrics.

use tensor::Threads;

use crate::Result;
use crate::data::{Corpus, Example, Pair, Text};
use crate::decode::{
    BeamOptions, DecodeInput, Decoded, Ensemble, ForcedOutput, Hypothesis, UnknownWordOptions,
    decode, forced,
};
use crate::score::{
    self, AlignmentErrors, BleuOptions, Evaluation, Metrics, Output, ScoredOutputs,
};

/// Output of the model for one pair with teacher forcing.
#[derive(Debug, Clone, Default)]
pub(crate) struct ForcedPair {
    /// Natural-log probability of the target, EOS included. Given a blank source, it is 0 for an
    /// empty target and minus infinity for any other.
    pub(crate) logprob: f64,
    /// Natural-log probability of each target token, EOS included; empty if the source is blank.
    pub(crate) token_logprobs: Vec<f64>,
    /// Number of target tokens that are the most probable token; 0 if the source is blank.
    pub(crate) correct: usize,
    /// Attention weights of each target token over the source, in the order of the sentence.
    pub(crate) attention: Vec<Vec<f32>>,
}

/// Runs pairs with teacher forcing.
pub(crate) fn forced_pairs(
    ensemble: &Ensemble<'_>,
    text: &Text,
    examples: &[Example],
    threads: &Threads,
) -> Result<Vec<ForcedPair>> {
    let outputs = forced(ensemble, examples, threads)?;
    let pair = |(example, output): (&Example, ForcedOutput)| {
        let is_impossible = example.source.len() < 2 && example.target.len() > 1;
        let logprob = match is_impossible {
            true => f64::NEG_INFINITY,
            false => output.token_logprobs.iter().sum(),
        };
        let in_order = |row| text.attention_in_order(row);
        ForcedPair {
            logprob,
            token_logprobs: output.token_logprobs,
            correct: output.correct,
            attention: output.attention.into_iter().map(in_order).collect(),
        }
    };
    Ok(examples.iter().zip(outputs).map(pair).collect())
}

/// The evaluation of a corpus, and the outputs from which it was computed, in its order.
#[derive(Debug)]
pub(crate) struct EvaluatedCorpus {
    pub(crate) evaluation: Evaluation,
    pub(crate) outputs: Vec<String>,
    /// The model's tokens, separated by spaces, of each output and of its reference.
    symbols: Vec<(String, String)>,
}

impl EvaluatedCorpus {
    /// Scores the outputs for `corpus`, which was evaluated.
    pub(crate) fn scored(&self, corpus: &Corpus, bleu: BleuOptions) -> ScoredOutputs {
        let texts = corpus.pairs.iter().zip(&self.outputs);
        let mut all = Vec::with_capacity(self.outputs.len());
        for ((pair, output), (hypothesis, reference)) in texts.zip(&self.symbols) {
            all.push(Output {
                source: Some(&pair.source),
                hypothesis: output,
                reference: &pair.target,
                hypothesis_symbols: hypothesis,
                reference_symbols: reference,
            });
        }
        ScoredOutputs::new(&all, bleu)
    }
}

/// Computes the metrics of a corpus. Outputs are decoded with `options`.
pub(crate) fn evaluate(
    ensemble: &Ensemble<'_>,
    text: &Text,
    corpus: &Corpus,
    options: &BeamOptions,
    unknown_words: &UnknownWordOptions,
    threads: &Threads,
) -> Result<Evaluation> {
    Ok(evaluate_outputs(ensemble, text, corpus, options, unknown_words, threads)?.evaluation)
}

/// Computes the metrics of a corpus, and keeps the outputs.
pub(crate) fn evaluate_outputs(
    ensemble: &Ensemble<'_>,
    text: &Text,
    corpus: &Corpus,
    options: &BeamOptions,
    unknown_words: &UnknownWordOptions,
    threads: &Threads,
) -> Result<EvaluatedCorpus> {
    let examples: Vec<Example> = corpus.pairs.iter().map(|p| text.encode(p)).collect();
    let pairs = forced_pairs(ensemble, text, &examples, threads)?;
    let attends = ensemble.attends();
    let constraints = unknown_words.constrain(options.constraints, attends);
    let options = BeamOptions { constraints, ..*options };
    let inputs: Vec<DecodeInput> = examples.iter().map(|e| e.source.clone().into()).collect();
    let decoded = decode(ensemble, &inputs, &options, threads)?;
    let best = |mut all: Vec<Hypothesis>| all.swap_remove(0).decoded;
    let decoded: Vec<Decoded> = decoded.into_iter().map(best).collect();

    let read = || pairs.iter().filter(|p| !p.token_logprobs.is_empty());
    let tokens: usize = read().map(|p| p.token_logprobs.len()).sum();
    let loss = -read().map(|p| p.logprob).sum::<f64>() / tokens.max(1) as f64;
    let correct: usize = read().map(|p| p.correct).sum();
    let written = |(d, pair): (&Decoded, &Pair)| unknown_words.tokens(text, &pair.source, &[], d).0;
    let written: Vec<Vec<String>> = decoded.iter().zip(&corpus.pairs).map(written).collect();
    let outputs: Vec<String> = written.iter().map(|tokens| text.join_target(tokens)).collect();
    let texts = || outputs.iter().zip(corpus.pairs.iter().map(|p| &p.target));
    let symbols: Vec<(String, String)> = written
        .iter()
        .zip(&corpus.pairs)
        .map(|(tokens, p)| (text.hypothesis(tokens), text.reference(&p.target)))
        .collect();
    let in_tokens = || symbols.iter().map(|(h, r)| (h.as_str(), r.as_str()));
    let (aer, skipped) =
        if attends { alignment(text, corpus, &examples, &pairs) } else { (None, None) };
    let mut remarks = text.remarks_on_references(corpus);
    remarks.extend(skipped);
    let evaluation = Evaluation {
        metrics: Metrics {
            loss,
            perplexity: Some(loss.exp()),
            token_accuracy: Some(correct as f64 / tokens.max(1) as f64),
            exact_match: Some(score::exact_match_of_words(texts())),
            bleu: Some(score::bleu_13a(texts()).score),
            token_bleu: Some(score::bleu(in_tokens()).score),
            truncated: Some(decoded.iter().filter(|d| d.is_truncated()).count() as u64),
        },
        bleu_signature: Some(BleuOptions::default().signature()),
        token_exact_match: Some(score::exact_match(in_tokens())),
        empty_sources: Some(examples.iter().filter(|e| e.source.len() < 2).count() as u64),
        sentences: corpus.pairs.len() as u64,
        tokens: tokens as u64,
        aer,
        outputs: None,
        remarks,
    };
    Ok(EvaluatedCorpus { evaluation, outputs, symbols })
}

/// Computes the alignment error rate of the attention, if the corpus has gold links, and a remark on
/// pairs with gold links that do not count.
fn alignment(
    text: &Text,
    corpus: &Corpus,
    examples: &[Example],
    pairs: &[ForcedPair],
) -> (Option<f64>, Option<String>) {
    if corpus.pairs.iter().all(|p| p.links.is_none()) {
        return (None, None);
    }
    let mut errors = AlignmentErrors::default();
    let (mut linked, mut skipped) = (0_usize, 0_usize);
    for ((pair, example), run) in corpus.pairs.iter().zip(examples).zip(pairs) {
        let Some(links) = pair.links.as_ref().filter(|_| !run.attention.is_empty()) else {
            continue;
        };
        let source = text.token_words_of_source(&pair.source);
        let target = text.token_words_of_ids(&example.target);
        linked += 1;
        // Gold links number the words of the text as written. If a recipe splits the text
        // differently, there is nothing to compare with.
        let (s, t) = (source.words.len(), target.words.len());
        let written = |line: &str| line.split_whitespace().count();
        if (s, t) != (written(&pair.source), written(&pair.target)) {
            skipped += 1;
            continue;
        }
        let weights = source.weights(&target, &run.attention);
        errors.add_attention(&weights, &source.words, &target.words, links);
    }
    let remark = (skipped > 0).then(|| {
        format!(
            "aer leaves out {skipped} of {linked} pairs with gold links, which the run's recipes \
             split into other words than the spaces that the links count by"
        )
    });
    (errors.rate(), remark)
}
