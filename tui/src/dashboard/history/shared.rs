//! A value that several owners read.

use std::ops::Deref;
use std::sync::Arc;

use seq2seq::event::{Flow, Samples};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::thinned::AtStep;

/// A shared value; copies of a history share their maps.
#[derive(Debug, PartialEq)]
pub(in crate::dashboard) struct Shared<T>(Arc<T>);

impl<T> Shared<T> {
    /// Takes a value.
    pub(in crate::dashboard) fn new(value: T) -> Self {
        Self(Arc::new(value))
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Serialize> Serialize for Shared<T> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(s)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Shared<T> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        T::deserialize(d).map(Self::new)
    }
}

/// Estimated bytes of a string or a list besides its content.
const HEAD: usize = 24;

impl AtStep for Shared<Samples> {
    fn step(&self) -> u64 {
        self.0.step
    }

    fn bytes(&self) -> usize {
        let words = |words: &[String]| words.iter().map(|word| HEAD + word.len()).sum::<usize>();
        let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        self.0
            .samples
            .iter()
            .map(|sample| {
                let weights = sample.attention.iter().map(|row| HEAD + 4 * row.len());
                words(&sample.source)
                    + words(&sample.output)
                    + text(&sample.source_text)
                    + text(&sample.output_text)
                    + sample.reference.len()
                    + weights.sum::<usize>()
            })
            .sum()
    }
}

impl AtStep for Shared<Flow> {
    fn step(&self) -> u64 {
        self.0.step
    }

    fn bytes(&self) -> usize {
        self.0.series.iter().map(|series| HEAD + series.name.len() + 4 * series.norms.len()).sum()
    }
}
