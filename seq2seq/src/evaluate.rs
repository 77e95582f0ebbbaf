//! Figures of a corpus: teacher-forced loss and alignment, greedy BLEU and exact match.

use tensor::{Params, Tape, Threads, ops};
use tokenizer::PAD;

use crate::Result;
use crate::data::{Batch, Corpus, Example, Text};
use crate::model::{EncoderDecoder, check_cancelled, greedy, sharing};
use crate::score::{self, AlignmentErrors};
use crate::translator::Evaluation;

/// Sentences scored side by side.
const BATCH: usize = 64;

/// What the network says of one pair when it is fed the reference.
#[derive(Debug, Clone, Default)]
pub(crate) struct ForcedPair {
    /// Natural-log probability of the target, EOS included.
    pub(crate) logprob: f64,
    /// Target tokens, EOS counted, and those that are the likeliest.
    pub(crate) tokens: usize,
    pub(crate) correct: usize,
    /// Attention of each target token over the source, in the sentence's order.
    pub(crate) attention: Vec<Vec<f32>>,
}

/// Runs pairs teacher-forced, groups of like length on different threads.
pub(crate) fn forced(
    network: &EncoderDecoder,
    params: &Params,
    text: &Text,
    examples: &[Example],
    threads: &Threads,
) -> Result<Vec<ForcedPair>> {
    let mut order: Vec<usize> = (0..examples.len()).collect();
    order.sort_by_key(|&i| std::cmp::Reverse(examples[i].source.len()));
    let mut groups: Vec<(Vec<usize>, Result<Vec<ForcedPair>>)> =
        order.chunks(BATCH).map(|g| (g.to_vec(), Ok(Vec::new()))).collect();
    sharing(params, threads).for_each(&mut groups, |_, (group, out)| {
        let part: Vec<&Example> = group.iter().map(|&i| &examples[i]).collect();
        *out = check_cancelled(threads).and_then(|()| forced_group(network, params, text, &part));
    });
    let mut all = vec![ForcedPair::default(); examples.len()];
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
    let best = ops::likeliest(logits);
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

/// Every figure of a corpus.
pub(crate) fn evaluate(
    network: &EncoderDecoder,
    params: &Params,
    text: &Text,
    corpus: &Corpus,
    threads: &Threads,
) -> Result<Evaluation> {
    let examples: Vec<Example> = corpus.pairs.iter().map(|p| text.encode(p)).collect();
    let pairs = forced(network, params, text, &examples, threads)?;
    let sources: Vec<Vec<u32>> = examples.iter().map(|e| e.source.clone()).collect();
    let decoded = greedy(network, params, &sources, network.max_length(), threads)?;

    let tokens: usize = pairs.iter().map(|p| p.tokens).sum();
    let loss = -pairs.iter().map(|p| p.logprob).sum::<f64>() / tokens.max(1) as f64;
    let correct: usize = pairs.iter().map(|p| p.correct).sum();
    let compared: Vec<(String, String)> = decoded
        .iter()
        .zip(&corpus.pairs)
        .map(|(d, p)| (text.hypothesis(&d.ids), text.reference(&p.target)))
        .collect();
    let refs = || compared.iter().map(|(h, r)| (h.as_str(), r.as_str()));

    let mut errors = AlignmentErrors::default();
    for ((pair, example), run) in corpus.pairs.iter().zip(&examples).zip(&pairs) {
        let Some(links) = pair.links.as_ref().filter(|_| network.decoder.attends()) else {
            continue;
        };
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
    Ok(Evaluation {
        loss_per_token: loss,
        perplexity: Some(loss.exp()),
        token_accuracy: Some(correct as f64 / tokens.max(1) as f64),
        exact_match: Some(score::exact_match(refs())),
        bleu: Some(score::bleu(refs()).score),
        sentences: corpus.pairs.len() as u64,
        tokens: tokens as u64,
        aer: errors.rate().filter(|_| {
            network.decoder.attends() && corpus.pairs.iter().any(|p| p.links.is_some())
        }),
    })
}
