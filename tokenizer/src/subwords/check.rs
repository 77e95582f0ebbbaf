//! Checks of a `tokenizer.json` that another program wrote.

use serde_json::Value;

use super::bytes::Spelling;
use super::options::SubwordKind;

/// Texts that every supported model restores: spaces only between words, and signs without a space
/// on one side or both.
const PROBES: [&str; 8] = [
    "a",
    "a cat",
    "a cat, a dog.",
    "yes!",
    "don't",
    "one (or two)",
    "a-b/c: 3.5",
    "\"no\"; a 1,000%",
];

/// Returns the kind of the model.
///
/// # Errors
/// A description of a kind that is not supported.
pub(super) fn kind(file: &Value) -> Result<SubwordKind, String> {
    let model = file.get("model").filter(|model| model.is_object());
    let model = model.ok_or("it has no `model`, so it is no tokenizer.json")?;
    // Old files do not name the type.
    let guess = match model.get("vocab") {
        Some(Value::Array(_)) => "Unigram",
        Some(Value::Object(_)) if model.get("merges").is_some() => "BPE",
        _ => "none",
    };
    match model.get("type").and_then(Value::as_str).unwrap_or(guess) {
        "BPE" => Ok(SubwordKind::Bpe),
        "Unigram" => Ok(SubwordKind::Unigram),
        other => Err(format!("model.type is {other}; BPE and Unigram are supported")),
    }
}

/// Returns how the decoder of a file spells bytes.
///
/// # Errors
/// A description of a decoder that is missing or not supported.
pub(super) fn spelling(file: &Value) -> Result<Spelling, String> {
    let supported = "ByteLevel, Metaspace, BPEDecoder, or a Sequence of these and Replace, \
                     ByteFallback, Fuse and Strip";
    let decoder = file.get("decoder").filter(|decoder| decoder.is_object());
    let decoder = decoder.ok_or_else(|| {
        format!(
            "it has no decoder, so pieces cannot be joined to text exactly; supported are \
                 {supported}"
        )
    })?;
    let steps = match decoder.get("decoders").and_then(Value::as_array) {
        Some(steps) => steps.iter().collect(),
        None => vec![decoder],
    };
    let mut spelling = Spelling::Plain;
    for step in steps {
        match step.get("type").and_then(Value::as_str).unwrap_or("none") {
            "ByteLevel" => spelling = Spelling::ByteLevel,
            "Metaspace" | "Replace" | "ByteFallback" if spelling == Spelling::Plain => {
                spelling = Spelling::Metaspace;
            }
            "Strip" if step.get("stop").and_then(Value::as_u64).unwrap_or(0) > 0 => {
                return Err(
                    "decoder.stop of Strip is above 0, which takes text away; supported is \
                            stop = 0"
                        .to_owned(),
                );
            }
            "Metaspace" | "Replace" | "ByteFallback" | "BPEDecoder" | "Fuse" | "Strip" => {}
            other => return Err(format!("decoder {other} is not supported, but {supported} are")),
        }
    }
    Ok(spelling)
}

/// Checks that plain text survives, up to letter case and white space. `divide` returns the pieces of
/// a text, or `None` if it has unknown characters: such a text says nothing and is passed over.
///
/// # Errors
/// A description of a text that does not survive.
pub(super) fn restores_text(
    divide: impl Fn(&str) -> Option<Vec<String>>,
    join: impl Fn(Vec<String>) -> String,
) -> Result<(), String> {
    let plain = |text: &str| -> Vec<String> {
        text.to_lowercase().split_whitespace().map(str::to_owned).collect()
    };
    for probe in PROBES {
        let Some(pieces) = divide(probe) else { continue };
        let restored = join(pieces.clone());
        if plain(&restored) != plain(probe) {
            return Err(format!(
                "its decoder is not exact: {probe:?} becomes {pieces:?} and then {restored:?}; \
                 pieces have to keep every space, as with a ByteLevel or Metaspace pre_tokenizer \
                 and decoder"
            ));
        }
    }
    Ok(())
}
