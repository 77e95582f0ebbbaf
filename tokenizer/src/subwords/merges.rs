//! Byte-pair encoding with dropout.
//!
//! The model of the `tokenizers` library draws from a generator that cannot be seeded, so a run would
//! not be reproducible. This loop applies the same merges with given random numbers.

use std::collections::HashMap;

use serde_json::Value;

/// Symbols of a word beyond which it is merged without dropout: the number of draws grows with the
/// square.
const LONGEST: usize = 256;

/// The merges of a model, over indices of its symbols.
#[derive(Debug)]
pub(super) struct Merges {
    ids: HashMap<String, u32>,
    symbols: Vec<String>,
    /// Rank and result of each pair that is merged.
    pairs: HashMap<(u32, u32), (u32, u32)>,
    prefix: String,
    suffix: String,
    unknown: Option<u32>,
    fuses_unknown: bool,
    has_byte_fallback: bool,
}

impl Merges {
    /// Reads the merges of a model in the form of a `tokenizer.json`.
    ///
    /// # Errors
    /// A description of what is missing or does not fit.
    pub(super) fn new(model: &Value) -> Result<Self, String> {
        let text = |key: &str| model.get(key).and_then(Value::as_str).unwrap_or_default();
        let is = |key: &str| model.get(key).and_then(Value::as_bool).unwrap_or_default();
        let vocabulary = model.get("vocab").and_then(Value::as_object);
        let vocabulary = vocabulary.ok_or("model.vocab should map each piece to its id")?;
        let symbols: Vec<String> = vocabulary.keys().cloned().collect();
        let ids: HashMap<String, u32> = symbols.iter().cloned().zip(0..).collect();
        let prefix = text("continuing_subword_prefix").to_owned();
        let merges = model.get("merges").and_then(Value::as_array);
        let merges = merges.ok_or("model.merges should be a list of pairs of pieces")?;
        let mut pairs = HashMap::with_capacity(merges.len());
        for (rank, merge) in (0..).zip(merges) {
            let number = rank + 1;
            let (left, right) = pair(merge)
                .ok_or_else(|| format!("merge {number} is {merge}, not a pair of pieces"))?;
            let id = |piece: &str| {
                let known = ids.get(piece).copied();
                known.ok_or_else(|| {
                    format!("merge {number} needs the piece {piece:?}, which model.vocab lacks")
                })
            };
            let rest = right.strip_prefix(prefix.as_str()).ok_or_else(|| {
                format!("merge {number}: {right:?} does not begin with {prefix:?}")
            })?;
            let result = id(&format!("{left}{rest}"))?;
            pairs.insert((id(left)?, id(right)?), (rank, result));
        }
        let unknown =
            match model.get("unk_token").and_then(Value::as_str) {
                None => None,
                Some(name) => Some(*ids.get(name).ok_or_else(|| {
                    format!("model.unk_token is {name:?}, which model.vocab lacks")
                })?),
            };
        Ok(Self {
            prefix,
            suffix: text("end_of_word_suffix").to_owned(),
            unknown,
            fuses_unknown: is("fuse_unk"),
            has_byte_fallback: is("byte_fallback"),
            ids,
            symbols,
            pairs,
        })
    }

    /// Divides a word into pieces; at each step every merge is left out with this probability.
    pub(super) fn pieces(
        &self,
        word: &str,
        probability: f32,
        uniform: &mut dyn FnMut() -> f32,
    ) -> Vec<String> {
        let mut symbols = self.symbols_of(word);
        let is_long = symbols.len() > LONGEST;
        let merge = |pair: &[u32]| self.pairs.get(&(pair[0], pair[1])).copied();
        let mut merges: Vec<Option<(u32, u32)>> = symbols.windows(2).map(merge).collect();
        loop {
            // The merge of the lowest rank, the first one among equals.
            let mut best: Option<(u32, usize)> = None;
            for (at, candidate) in merges.iter().enumerate() {
                let Some((rank, _)) = *candidate else { continue };
                if !is_long && uniform() < probability {
                    continue;
                }
                if best.is_none_or(|(least, _)| rank < least) {
                    best = Some((rank, at));
                }
            }
            let Some((_, at)) = best else { break };
            let Some((_, result)) = merges[at] else { break };
            symbols[at] = result;
            symbols.remove(at + 1);
            merges.remove(at);
            if at > 0 {
                merges[at - 1] = merge(&symbols[at - 1..=at]);
            }
            if at < merges.len() {
                merges[at] = merge(&symbols[at..at + 2]);
            }
        }
        symbols.into_iter().map(|id| self.symbols[id as usize].clone()).collect()
    }

    /// Returns the characters of a word as symbols.
    fn symbols_of(&self, word: &str) -> Vec<u32> {
        let mut symbols = Vec::with_capacity(word.len());
        let mut is_after_unknown = false;
        for (at, c) in word.char_indices() {
            let mut symbol = c.to_string();
            if at > 0 {
                symbol.insert_str(0, &self.prefix);
            }
            if at + c.len_utf8() == word.len() {
                symbol.push_str(&self.suffix);
            }
            if let Some(&id) = self.ids.get(&symbol) {
                symbols.push(id);
                is_after_unknown = false;
                continue;
            }
            let bytes: Option<Vec<u32>> = symbol
                .bytes()
                .map(|byte| self.ids.get(&format!("<0x{byte:02X}>")).copied())
                .collect();
            match (bytes.filter(|_| self.has_byte_fallback), self.unknown) {
                (Some(bytes), _) => symbols.extend(bytes),
                (None, Some(_)) if is_after_unknown && self.fuses_unknown => {}
                (None, Some(unknown)) => {
                    symbols.push(unknown);
                    is_after_unknown = true;
                }
                (None, None) => {}
            }
        }
        symbols
    }
}

/// Returns the two pieces of a merge, in either form of the file.
fn pair(merge: &Value) -> Option<(&str, &str)> {
    match merge {
        Value::Array(both) => match &both[..] {
            [Value::String(left), Value::String(right)] => Some((left, right)),
            _ => None,
        },
        Value::String(both) => both.split_once(' ').filter(|(_, right)| !right.contains(' ')),
        _ => None,
    }
}
