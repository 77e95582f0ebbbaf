//! Metrics of a corpus: teacher-forced loss and alignment, greedy BLEU and exact match.
//!
//! The translation of a blank source is empty and does not use the network. Its pair counts for
//! BLEU and exact match, and has no teacher-forced metrics.

use tensor::{Params, Tape, Threads, ops};
use tokenizer::PAD;

use crate::Result;
use crate::data::{Batch, Corpus, Example, Text};
use crate::decode::{BeamOptions, Decoded, Hypothesis, decode};
use crate::model::{EncoderDecoder, Groups};
use crate::score::{
    self, AlignmentErrors, BleuOptions, Evaluation, Metrics, Output, ScoredOutputs,
};

/// Output of the network for one pair with teacher forcing.
#[derive(Debug, Clone, Default)]
pub(crate) struct ForcedPair {
    /// Natural-log probability of the target, EOS included. Given a blank source, it is 0 for an
    /// empty target and minus infinity for any other.
    pub(crate) logprob: f64,
    /// Number of target tokens, EOS included, and of those that are the most probable token; 0 if
    /// the source is blank.
    pub(crate) tokens: usize,
    pub(crate) correct: usize,
    /// Attention weights of each target token over the source, in the order of the sentence.
    pub(crate) attention: Vec<Vec<f32>>,
}

/// Runs pairs with teacher forcing, in groups of similar length (equal length if the encoder reads
/// padding) on different threads.
pub(crate) fn forced(
    network: &EncoderDecoder,
    params: &Params,
    text: &Text,
    examples: &[Example],
    threads: &Threads,
) -> Result<Vec<ForcedPair>> {
    let of_blank = |e: &Example| {
        let logprob = if e.target.len() > 1 { f64::NEG_INFINITY } else { 0.0 };
        ForcedPair { logprob, ..ForcedPair::default() }
    };
    let all = examples.iter().map(of_blank).collect();
    let lengths: Vec<usize> = examples.iter().map(|e| e.source.len().saturating_sub(1)).collect();
    let groups = Groups::equal(&lengths, network.encoder.reads_padding());
    groups.run_each(params, threads, all, |group| {
        let part: Vec<&Example> = group.iter().map(|&i| &examples[i]).collect();
        forced_group(network, params, text, &part)
    })
}

fn forced_group(
    network: &EncoderDecoder,
    params: &Params,
    text: &Text,
    examples: &[&Example],
) -> Result<Vec<ForcedPair>> {
    let batch = Batch::new(examples.iter().copied());
    let mut tape = Tape::inference(params);
    let run = network.forced(&mut tape, &batch)?;
    let logits = tape.value(run.logits);
    let best = ops::argmax(logits)?;
    let logprobs = ops::log_probabilities(logits, &batch.target_out)?;
    let mut all = vec![ForcedPair::default(); examples.len()];
    for (i, &id) in batch.target_out.iter().enumerate() {
        let (t, b) = (i / batch.size, i % batch.size);
        if id == PAD || t >= examples[b].target.len() {
            continue;
        }
        let pair = &mut all[b];
        pair.logprob += logprobs[i];
        pair.tokens += 1;
        pair.correct += usize::from(best[i].0 == id);
        if let Some(&weights) = run.weights.get(t) {
            let weights = tape.value(weights);
            let width = weights.shape().width();
            let row = weights.data()[b * width..][..examples[b].source.len()].to_vec();
            pair.attention.push(text.attention_in_order(row));
        }
    }
    Ok(all)
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
    network: &EncoderDecoder,
    params: &Params,
    text: &Text,
    corpus: &Corpus,
    options: &BeamOptions,
    threads: &Threads,
) -> Result<Evaluation> {
    Ok(evaluate_outputs(network, params, text, corpus, options, threads)?.evaluation)
}

/// Computes the metrics of a corpus, and keeps the outputs.
pub(crate) fn evaluate_outputs(
    network: &EncoderDecoder,
    params: &Params,
    text: &Text,
    corpus: &Corpus,
    options: &BeamOptions,
    threads: &Threads,
) -> Result<EvaluatedCorpus> {
    let examples: Vec<Example> = corpus.pairs.iter().map(|p| text.encode(p)).collect();
    let pairs = forced(network, params, text, &examples, threads)?;
    let sources: Vec<Vec<u32>> = examples.iter().map(|e| e.source.clone()).collect();
    let decoded = decode(network, params, &sources, options, threads)?;
    let best = |mut all: Vec<Hypothesis>| all.swap_remove(0).decoded;
    let decoded: Vec<Decoded> = decoded.into_iter().map(best).collect();

    let read = || pairs.iter().filter(|p| p.tokens > 0);
    let tokens: usize = read().map(|p| p.tokens).sum();
    let loss = -read().map(|p| p.logprob).sum::<f64>() / tokens.max(1) as f64;
    let correct: usize = read().map(|p| p.correct).sum();
    let outputs: Vec<String> = decoded.iter().map(|d| text.detokenize(&d.ids)).collect();
    let texts = || outputs.iter().zip(corpus.pairs.iter().map(|p| &p.target));
    let symbols: Vec<(String, String)> = decoded
        .iter()
        .zip(&corpus.pairs)
        .map(|(d, p)| (text.hypothesis(&d.ids), text.reference(&p.target)))
        .collect();
    let in_tokens = || symbols.iter().map(|(h, r)| (h.as_str(), r.as_str()));
    let (aer, skipped) = alignment(network, text, corpus, &examples, &pairs);
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

/// Computes the alignment error rate of the attention, if the corpus has gold links and the network
/// has attention, and a remark on pairs with gold links that do not count.
fn alignment(
    network: &EncoderDecoder,
    text: &Text,
    corpus: &Corpus,
    examples: &[Example],
    pairs: &[ForcedPair],
) -> (Option<f64>, Option<String>) {
    if !network.decoder.attends() || corpus.pairs.iter().all(|p| p.links.is_none()) {
        return (None, None);
    }
    let mut errors = AlignmentErrors::default();
    let (mut linked, mut skipped) = (0_usize, 0_usize);
    for ((pair, example), run) in corpus.pairs.iter().zip(examples).zip(pairs) {
        let Some(links) = pair.links.as_ref().filter(|_| run.tokens > 0) else { continue };
        let source = text.source_words(&pair.source);
        let target = text.target_words(&example.target);
        linked += 1;
        // Gold links number the words of the text as written, without the end token. If a
        // recipe splits the text differently, there is nothing to compare with.
        let (s, t) = (source.len() - 1, target.len() - 1);
        let written = |line: &str| line.split_whitespace().count();
        if (s, t) != (written(&pair.source), written(&pair.target)) {
            skipped += 1;
            continue;
        }
        let (source, target) = (&source[..s], &target[..t]);
        errors.add_attention(&run.attention, source, target, links);
    }
    let remark = (skipped > 0).then(|| {
        format!(
            "aer leaves out {skipped} of {linked} pairs with gold links, which the run's recipes \
             split into other words than the spaces that the links count by"
        )
    });
    (errors.rate(), remark)
}
