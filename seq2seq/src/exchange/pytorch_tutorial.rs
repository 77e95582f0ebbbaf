//! The networks of the PyTorch tutorial.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use tensor::{LoadOptions, Params, StateDict, Tensor};
use tokenizer::{EOS, SOS, SPECIALS, Vocabulary};

use super::import::check_finite;
use super::new_run::{ImportOptions, Imported, create};
use crate::config::{Config, Preset};
use crate::data::SubwordModels;
use crate::run::{Vocabularies, read_json};
use crate::task::add_parameters;
use crate::{Error, Result};

/// The preset whose keys the run takes.
const PRESET: &str = "pytorch-tutorial";
/// The names of the tutorial's ids 0 and 1.
const TUTORIAL_SPECIALS: [&str; 2] = ["SOS", "EOS"];
/// The bias of the outputs that the tutorial's decoder does not have: padding and unknown words.
/// Their probability is 0 in f32.
const NEVER: f32 = -1e4;
/// Tokens of the longest target in the tutorial's training data, end token included: its filter
/// keeps pairs of fewer than `MAX_LENGTH` = 10 words.
const LONGEST_TARGET: usize = 10;

/// The files of a translator that was trained with the PyTorch tutorial "NLP From Scratch:
/// Translation with a Sequence to Sequence Network and Attention".
#[derive(Debug, Clone, Copy)]
pub struct TutorialFiles<'a> {
    /// `EncoderRNN.state_dict()` as safetensors.
    pub encoder: &'a Path,
    /// `AttnDecoderRNN.state_dict()` (with `BahdanauAttention`) as safetensors.
    pub decoder: &'a Path,
    /// The words of both languages: a JSON object with `input` and `output`, each a list of words in
    /// the order of their ids, or the `index2word` of the tutorial's `Lang`. Ids 0 and 1 are SOS and
    /// EOS.
    pub vocabulary: &'a Path,
}

/// The words of one language.
#[derive(Deserialize)]
#[serde(untagged)]
enum Words {
    List(Vec<String>),
    IndexToWord(BTreeMap<String, String>),
}

/// The content of the vocabulary file.
#[derive(Deserialize)]
struct BothWords {
    input: Words,
    output: Words,
}

impl Words {
    /// Returns the vocabulary: the special tokens of this library, then the words from id 2 on.
    fn vocabulary(self, side: &str, path: &Path) -> Result<Vocabulary> {
        let wrong =
            |what: String| Error::Exchange { path: path.into(), what: format!("{side}: {what}") };
        let words: Vec<String> = match self {
            Self::List(words) => words,
            Self::IndexToWord(words) => (0..words.len())
                .map(|id| {
                    let missing = || wrong(format!("id {id} of {} is missing", words.len()));
                    words.get(&id.to_string()).cloned().ok_or_else(missing)
                })
                .collect::<Result<_>>()?,
        };
        if words.len() < 2 || words[..2] != TUTORIAL_SPECIALS {
            let found = words.iter().take(2).cloned().collect::<Vec<_>>().join(", ");
            return Err(wrong(format!("ids 0 and 1 are [{found}]; they should be SOS and EOS")));
        }
        let specials = SPECIALS.map(str::to_owned).into_iter();
        let tokens = specials.chain(words.into_iter().skip(2)).collect();
        Vocabulary::from_tokens(tokens).map_err(|error| wrong(error.to_string()))
    }
}

/// Makes a new run of a translator that was trained with the PyTorch tutorial. It has the preset
/// `pytorch-tutorial` at the sizes of the files; dropout is applied where the tutorial applies it,
/// and gradients are not clipped.
///
/// # Errors
/// A missing or damaged file, a tensor that is missing, unexpected, of another shape or not finite;
/// a run that exists. Nothing is written then.
pub fn import_pytorch_tutorial(
    files: TutorialFiles<'_>,
    run: &Path,
    options: &ImportOptions,
) -> Result<Imported> {
    let both: BothWords = read_json(files.vocabulary)?;
    let vocabularies = Vocabularies {
        source: both.input.vocabulary("input", files.vocabulary)?,
        target: both.output.vocabulary("output", files.vocabulary)?,
        subwords: SubwordModels::default(),
    };
    let encoder = StateDict::read(files.encoder)?;
    let decoder = StateDict::read(files.decoder)?;
    if decoder.get("attn.weight").is_some() {
        let what = "it has attn.weight: this is the tutorial's decoder of before 2023, whose weights \
                    depend on the position in the sentence alone; train it with BahdanauAttention";
        return Err(Error::Exchange { path: files.decoder.into(), what: what.into() });
    }
    let hidden = match encoder.get("gru.weight_hh_l0").map(|w| w.dims().to_vec()).as_deref() {
        Some(&[rows, width]) if width > 0 && rows == 3 * width => width,
        found => {
            let found = found.map_or("missing".to_owned(), |shape| format!("of shape {shape:?}"));
            let what = format!("gru.weight_hh_l0 is {found}; [3 H, H] is needed");
            return Err(Error::Exchange { path: files.encoder.into(), what });
        }
    };
    let (name, config) = preset(hidden)?;
    let mut stored = options.stored(name, config);
    stored.longest_target = Some(LONGEST_TARGET);
    stored.config.validate()?;
    let mut params = Params::new();
    add_parameters(&mut params, &stored, &vocabularies)?;
    let words = (vocabularies.source.len() - 2, vocabularies.target.len() - 2);
    let loaded = |path: &Path, state: &StateDict, shapes: &[(&str, Vec<usize>)]| {
        check_finite(state, path)?;
        matching(state, shapes)
            .map_err(|error| Error::Exchange { path: path.into(), what: error.to_string() })
    };
    let encoder = loaded(files.encoder, &encoder, &encoder_shapes(words.0, hidden))?;
    let decoder = loaded(files.decoder, &decoder, &decoder_shapes(words.1, hidden))?;
    for (own, from) in names() {
        let (side, name) = from;
        let state = if side == Side::Encoder { &encoder } else { &decoder };
        let (Some(id), Some(value)) = (params.find(own), state.find(name)) else {
            let what = format!("the parameter {own} does not exist");
            return Err(Error::Exchange { path: run.into(), what });
        };
        let value = state.get(value).clone();
        let value = match name {
            "embedding.weight" | "out.weight" => with_special_rows(&value, 0.0)?,
            "out.bias" => with_special_rows(&value, NEVER)?,
            _ => value,
        };
        let shape = params.shape(id);
        params.set(id, value.reshape(shape)?)?;
    }
    create(run, stored, &vocabularies, &params)
}

/// Returns the name and the configuration of the preset, changed to the tutorial's model.
fn preset(hidden: usize) -> Result<(String, Config)> {
    let Preset { name, mut config, .. } = Preset::find(PRESET)?;
    (config.embedding, config.hidden) = (hidden, hidden);
    (config.dropout_output, config.clip_norm) = (false, 0.0);
    // The limit is then twice the longest target.
    config.max_length = 0;
    Ok((name, config))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Encoder,
    Decoder,
}

/// Returns the parameters of this library, each with its side and name in the tutorial.
fn names() -> [(&'static str, (Side, &'static str)); 18] {
    use Side::{Decoder, Encoder};
    [
        ("encoder.embedding.weight", (Encoder, "embedding.weight")),
        ("encoder.rnn.weight_ih_l0", (Encoder, "gru.weight_ih_l0")),
        ("encoder.rnn.weight_hh_l0", (Encoder, "gru.weight_hh_l0")),
        ("encoder.rnn.bias_ih_l0", (Encoder, "gru.bias_ih_l0")),
        ("encoder.rnn.bias_hh_l0", (Encoder, "gru.bias_hh_l0")),
        ("decoder.embedding.weight", (Decoder, "embedding.weight")),
        ("decoder.rnn.weight_ih_l0", (Decoder, "gru.weight_ih_l0")),
        ("decoder.rnn.weight_hh_l0", (Decoder, "gru.weight_hh_l0")),
        ("decoder.rnn.bias_ih_l0", (Decoder, "gru.bias_ih_l0")),
        ("decoder.rnn.bias_hh_l0", (Decoder, "gru.bias_hh_l0")),
        ("decoder.attention.w_query", (Decoder, "attention.Wa.weight")),
        ("decoder.attention.b_query", (Decoder, "attention.Wa.bias")),
        ("decoder.attention.w_memory", (Decoder, "attention.Ua.weight")),
        ("decoder.attention.b_memory", (Decoder, "attention.Ua.bias")),
        ("decoder.attention.v", (Decoder, "attention.Va.weight")),
        ("decoder.attention.b_v", (Decoder, "attention.Va.bias")),
        ("decoder.output.weight", (Decoder, "out.weight")),
        ("decoder.output.bias", (Decoder, "out.bias")),
    ]
}

/// Returns the tensors of the tutorial's encoder, with `words` words.
fn encoder_shapes(words: usize, h: usize) -> Vec<(&'static str, Vec<usize>)> {
    vec![
        ("embedding.weight", vec![words, h]),
        ("gru.weight_ih_l0", vec![3 * h, h]),
        ("gru.weight_hh_l0", vec![3 * h, h]),
        ("gru.bias_ih_l0", vec![3 * h]),
        ("gru.bias_hh_l0", vec![3 * h]),
    ]
}

/// Returns the tensors of the tutorial's decoder, with `words` words.
fn decoder_shapes(words: usize, h: usize) -> Vec<(&'static str, Vec<usize>)> {
    vec![
        ("embedding.weight", vec![words, h]),
        ("gru.weight_ih_l0", vec![3 * h, 2 * h]),
        ("gru.weight_hh_l0", vec![3 * h, h]),
        ("gru.bias_ih_l0", vec![3 * h]),
        ("gru.bias_hh_l0", vec![3 * h]),
        ("attention.Wa.weight", vec![h, h]),
        ("attention.Wa.bias", vec![h]),
        ("attention.Ua.weight", vec![h, h]),
        ("attention.Ua.bias", vec![h]),
        ("attention.Va.weight", vec![1, h]),
        ("attention.Va.bias", vec![1]),
        ("out.weight", vec![words, h]),
        ("out.bias", vec![words]),
    ]
}

/// Returns tensors that match names and shapes exactly.
///
/// # Errors
/// [`tensor::Error::StateDict`] otherwise.
fn matching(state: &StateDict, shapes: &[(&str, Vec<usize>)]) -> Result<Params> {
    let mut params = Params::new();
    for (name, shape) in shapes {
        params.add(*name, Tensor::zeros(shape.as_slice()))?;
    }
    params.load_state_dict(state, LoadOptions::default())?;
    Ok(params)
}

/// Returns rows in the order of this library's ids: padding and unknown words, which have the value
/// `special`, then SOS, EOS and the words, which are the tutorial's rows.
fn with_special_rows(rows: &Tensor, special: f32) -> Result<Tensor> {
    // The tutorial's SOS and EOS are the first two rows, and follow two others here.
    const _: () = assert!(SOS == 2 && EOS == 3);
    let (count, shape) = (rows.dims().first().copied().unwrap_or(0), rows.shape());
    let width = shape.len() / count.max(1);
    let mut values = vec![special; 2 * width];
    values.extend_from_slice(rows.data());
    let shape = if shape.rank() == 1 { vec![count + 2] } else { vec![count + 2, width] };
    Ok(Tensor::from_vec(shape.as_slice(), values)?)
}
