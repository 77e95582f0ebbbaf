//! Lines of JSON: requests, and translations with the other fields of their request.

use std::collections::BTreeMap;
use std::fmt;

use color_eyre::eyre::{Result, eyre};
use seq2seq::score::LinkMethod;
use seq2seq::{PairScore, Translation};
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::line::Line;
use super::links::{links_of_best, links_of_candidates};
use crate::format::json_number;

/// What a JSON line should be.
const FORM: &str = "a JSON line is an object with the key source, such as {\"source\": \"a line\"}; \
                    a line that does not begin with { is text";

/// The fields of an object in their order, each value as it was written: no number is rounded.
struct Fields(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Read)
    }
}

/// Parses a JSON line.
///
/// # Errors
/// Text that is no JSON object; a missing or repeated source; a key of the wrong type.
pub(super) fn parse(text: &str) -> Result<Line> {
    let Fields(fields) = serde_json::from_str(text).map_err(|error| not_json(&error))?;
    let (mut source, mut prefix, mut target) = (None, None, None);
    let mut others = Vec::with_capacity(fields.len());
    for (key, value) in fields {
        let place = match key.as_str() {
            "source" => &mut source,
            "prefix" => &mut prefix,
            "target" => &mut target,
            _ => {
                others.push((key, value));
                continue;
            }
        };
        if place.replace(string(&key, &value)?).is_some() {
            return Err(eyre!("the key {key} is given twice; give it once"));
        }
        if key == "prefix" {
            others.push((key, value));
        }
    }
    let source = source.ok_or_else(|| eyre!("the key source is missing; {FORM}"))?;
    Ok(Line { source, prefix, target, others, end: 0 })
}

fn not_json(error: &serde_json::Error) -> color_eyre::Report {
    let what = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let what = what.strip_suffix(&place).unwrap_or(&what);
    eyre!("not JSON ({what}, at byte {}); {FORM}", error.column())
}

fn string(key: &str, value: &RawValue) -> Result<String> {
    serde_json::from_str(value.get()).map_err(|_| {
        let shown: String = value.get().chars().take(40).collect();
        eyre!("the key {key} has the value {shown}; it needs a string, such as \"a line\"")
    })
}

/// The fields of an output.
#[derive(Serialize)]
struct Output<'a> {
    #[serde(flatten)]
    translation: &'a Translation,
    #[serde(skip_serializing_if = "Option::is_none")]
    alignment: Option<Vec<(usize, usize)>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    n_best_alignments: Vec<Vec<(usize, usize)>>,
    #[serde(flatten)]
    target: Option<TargetScore<'a>>,
}

/// The score of a given target.
#[derive(Serialize)]
struct TargetScore<'a> {
    target_logprob: Value,
    target_tokens: Vec<&'a str>,
    target_token_logprobs: Vec<Value>,
}

impl<'a> From<&'a PairScore> for TargetScore<'a> {
    fn from(score: &'a PairScore) -> Self {
        Self {
            target_logprob: json_number(score.logprob),
            target_tokens: score.tokens.iter().map(|(token, _)| token.as_str()).collect(),
            target_token_logprobs: score.tokens.iter().map(|(_, p)| json_number(*p)).collect(),
        }
    }
}

/// Returns the JSON object of a translation: the other fields of the line as they were written, then
/// those of the translation. Also returns the names of fields of the line that are left out because
/// the translation has a field of the same name.
pub(super) fn json_line(
    line: &Line,
    translation: &Translation,
    score: Option<&PairScore>,
    align: Option<LinkMethod>,
) -> Result<(String, Vec<String>)> {
    let of_candidates = |method| links_of_candidates(method, translation);
    let own = serde_json::to_string(&Output {
        translation,
        alignment: align.map(|method| links_of_best(method, translation)),
        n_best_alignments: align.map(of_candidates).unwrap_or_default(),
        target: score.map(Into::into),
    })?;
    if line.others.is_empty() {
        return Ok((own, Vec::new()));
    }
    let keys: BTreeMap<String, IgnoredAny> = serde_json::from_str(&own)?;
    let (replaced, kept): (Vec<_>, Vec<_>) =
        line.others.iter().partition(|(key, _)| keys.contains_key(key));
    let mut text = String::from("{");
    for (key, value) in kept {
        text += &format!("{}:{},", serde_json::to_string(key)?, value.get());
    }
    // The translation always has fields of its own.
    text += own.strip_prefix('{').unwrap_or(&own);
    Ok((text, replaced.into_iter().map(|(key, _)| key.clone()).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_fields_are_copied_as_they_were_written() {
        let text = r#" { "id" : 12345678901234567890123, "x":[1.0, 1e2,{"b":1,"a":2}],
            "source":"s \u00e9\n", "score": 3, "é\"": null, "id": 2}"#;
        let line = parse(text).unwrap();
        assert_eq!((line.source.as_str(), &line.prefix, &line.target), ("s é\n", &None, &None));
        let translation = Translation { source: line.source.clone(), ..Translation::default() };
        let (json, replaced) = json_line(&line, &translation, None, None).unwrap();
        let copied = r#"{"id":12345678901234567890123,"x":[1.0, 1e2,{"b":1,"a":2}],"é\"":null,"id":2,"source":"s é\n","#;
        assert!(json.starts_with(copied), "{json}");
        assert_eq!(replaced, ["score"]);
        assert!(json.ends_with(r#""replaced":0,"score":0.0}"#), "{json}");
    }

    #[test]
    fn prefix_target_and_links_have_their_keys() {
        let line = parse(r#"{"source":"a","prefix":"x","target":"x y"}"#).unwrap();
        assert_eq!((line.prefix.as_deref(), line.target.as_deref()), (Some("x"), Some("x y")));
        let score = PairScore {
            logprob: f64::NEG_INFINITY,
            tokens: vec![("x".into(), -1.5), ("</s>".into(), -0.5)],
            attention: Vec::new(),
            is_source_blank: false,
            is_target_blank: false,
            unknown_source: 0,
            unknown_target: 0,
        };
        let translation = Translation::default();
        let align = Some(LinkMethod::Argmax);
        let (json, _) = json_line(&line, &translation, Some(&score), align).unwrap();
        let json: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["prefix"], "x");
        assert_eq!(json["alignment"], Value::Array(Vec::new()));
        assert_eq!(json["target_logprob"], "-inf");
        assert_eq!(json["target_tokens"], serde_json::json!(["x", "</s>"]));
        assert_eq!(json["target_token_logprobs"], serde_json::json!([-1.5, -0.5]));
    }

    #[test]
    fn a_wrong_line_is_described() {
        for (text, words) in [
            ("{", "not JSON (EOF while parsing an object, at byte 1); a JSON line is an object"),
            ("{}", "the key source is missing; a JSON line is an object"),
            (r#"{"source":"a"} x"#, "not JSON (trailing characters, at byte 16)"),
            (r#"{"source":1}"#, "the key source has the value 1; it needs a string"),
            (r#"{"source":"a","prefix":null}"#, "the key prefix has the value null"),
            (r#"{"source":"a","target":["b"]}"#, r#"the key target has the value ["b"]"#),
            (r#"{"source":"a","source":"b"}"#, "the key source is given twice"),
            (r#"{"source":"\ud800"}"#, "the key source has the value"),
        ] {
            let error = parse(text).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
