//! Figures of a corpus: teacher-forced loss and alignment, greedy BLEU and exact match.
//!
//! A blank source is translated into nothing, without the network: its pair counts for BLEU and
//! exact match, and has no teacher-forced figures.

use tensor::{Params, Tape, Threads, ops};
use tokenizer::PAD;

use crate::Result;
use crate::data::{Batch, Corpus, Example, Text};
use crate::evaluation::Evaluation;
use crate::model::{EncoderDecoder, check_cancelled, greedy, groups, sharing};
use crate::score::{self, AlignmentErrors};

/// Sentences scored side by side.
const BATCH: usize = 64;

/// What the network says of one pair when it is fed the reference.
#[derive(Debug, Clone, Default)]
pub(crate) struct ForcedPair {
    /// Natural-log probability of the target, EOS included. Of a blank source, which gives nothing,
    /// it is 0 for an empty target and minus infinity for any other.
    pub(crate) logprob: f64,
    /// Target tokens, EOS counted, and those that are the most probable; none where the source is blank.
    pub(crate) tokens: usize,
    pub(crate) correct: usize,
    /// Attention of each target token over the source, in the sentence's order.
    pub(crate) attention: Vec<Vec<f32>>,
}

/// Runs pairs teacher-forced, groups of like length (of equal length where padding would be read) on
/// different threads.
pub(crate) fn forced(
    network: &EncoderDecoder,
    params: &Params,
    text: &Text,
    examples: &[Example],
    threads: &Threads,
) -> Result<Vec<ForcedPair>> {
    let lengths: Vec<usize> = examples.iter().map(|e| e.source.len()).collect();
    let mut groups: Vec<(Vec<usize>, Result<Vec<ForcedPair>>)> =
        groups(&lengths, BATCH, network.encoder.reads_padding())
            .into_iter()
            .map(|group| (group, Ok(Vec::new())))
            .collect();
    sharing(params, threads).for_each(&mut groups, |_, (group, out)| {
        let part: Vec<&Example> = group.iter().map(|&i| &examples[i]).collect();
        *out = check_cancelled(threads).and_then(|()| forced_group(network, params, text, &part));
    });
    let of_blank = |e: &Example| {
        let logprob = if e.target.len() > 1 { f64::NEG_INFINITY } else { 0.0 };
        ForcedPair { logprob, ..ForcedPair::default() }
    };
    let mut all: Vec<ForcedPair> = examples.iter().map(of_blank).collect();
    for (group, out) in groups {
        for (i, pair) in group.into_iter().zip(out?) {
            all[i] = pair;
        }
    }
    Ok(params.checked(all)?)
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
    let best = ops::argmax(logits);
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

/// Every figure of a corpus, outputs cut at `limit` tokens or where the network's own limit is.
pub(crate) fn evaluate(
    network: &EncoderDecoder,
    params: &Params,
    text: &Text,
    corpus: &Corpus,
    limit: Option<usize>,
    threads: &Threads,
) -> Result<Evaluation> {
    let examples: Vec<Example> = corpus.pairs.iter().map(|p| text.encode(p)).collect();
    let pairs = forced(network, params, text, &examples, threads)?;
    let sources: Vec<Vec<u32>> = examples.iter().map(|e| e.source.clone()).collect();
    let decoded = greedy(network, params, &sources, limit, threads)?;

    let read = || pairs.iter().filter(|p| p.tokens > 0);
    let tokens: usize = read().map(|p| p.tokens).sum();
    let loss = -read().map(|p| p.logprob).sum::<f64>() / tokens.max(1) as f64;
    let correct: usize = read().map(|p| p.correct).sum();
    let outputs: Vec<String> = decoded.iter().map(|d| text.detokenize(&d.ids)).collect();
    let texts = || outputs.iter().zip(corpus.pairs.iter().map(|p| &p.target));
    let in_tokens: Vec<(String, String)> = decoded
        .iter()
        .zip(&corpus.pairs)
        .map(|(d, p)| (text.hypothesis(&d.ids), text.reference(&p.target)))
        .collect();
    let in_tokens = || in_tokens.iter().map(|(h, r)| (h.as_str(), r.as_str()));
    Ok(Evaluation {
        loss_per_token: loss,
        perplexity: Some(loss.exp()),
        token_accuracy: Some(correct as f64 / tokens.max(1) as f64),
        exact_match: Some(score::exact_match_of_words(texts())),
        bleu: Some(score::bleu_13a(texts()).score),
        bleu_signature: Some(score::bleu_13a_signature()),
        token_exact_match: Some(score::exact_match(in_tokens())),
        token_bleu: Some(score::bleu(in_tokens()).score),
        truncated: Some(decoded.iter().filter(|d| d.is_truncated()).count() as u64),
        empty_sources: Some(examples.iter().filter(|e| e.source.len() < 2).count() as u64),
        sentences: corpus.pairs.len() as u64,
        tokens: tokens as u64,
        aer: alignment(network, text, corpus, &examples, &pairs).and_then(|a| a.rate()),
        remarks: text.remarks_on_references(corpus),
    })
}

/// The errors of a corpus's attention, where it has gold links and the network attends.
fn alignment(
    network: &EncoderDecoder,
    text: &Text,
    corpus: &Corpus,
    examples: &[Example],
    pairs: &[ForcedPair],
) -> Option<AlignmentErrors> {
    if !network.decoder.attends() || corpus.pairs.iter().all(|p| p.links.is_none()) {
        return None;
    }
    let mut errors = AlignmentErrors::default();
    for ((pair, example), run) in corpus.pairs.iter().zip(examples).zip(pairs) {
        let Some(links) = pair.links.as_ref().filter(|_| run.tokens > 0) else { continue };
        let source = text.source_words(&pair.source);
        let target = text.target_words(&example.target);
        // Gold links count the words of the text as written, the end token not; a recipe that
        // cuts the text otherwise leaves nothing to compare with.
        let (s, t) = (source.len() - 1, target.len() - 1);
        let written = |line: &str| line.split_whitespace().count();
        if (s, t) != (written(&pair.source), written(&pair.target)) {
            continue;
        }
        let (source, target) = (&source[..s], &target[..t]);
        errors.add_attention(&run.attention, source, target, links);
    }
    Some(errors)
}
