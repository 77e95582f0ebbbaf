//! The output of a decoder.

use serde::{Deserialize, Serialize};
use tokenizer::EOS;

/// A decoded output: a translation, or the continuation of a text.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Decoded {
    /// Target ids, EOS last unless the length limit was hit; empty if the source is empty.
    pub ids: Vec<u32>,
    /// Natural-log probability of the ids.
    pub logprob: f64,
    /// Natural-log probability of each id.
    pub token_logprobs: Vec<f32>,
    /// Attention weights of each id over the source positions; empty without attention.
    pub attention: Vec<Vec<f32>>,
}

impl Decoded {
    /// Returns `true` if the length limit was hit before the end token.
    pub fn is_truncated(&self) -> bool {
        self.ids.last().is_some_and(|&id| id != EOS)
    }
}

/// An output that a search or sampling returned.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Hypothesis {
    /// Its tokens, log-probability and attention.
    pub decoded: Decoded,
    /// Its score: the log-probability after the length penalty, with the coverage penalty if there
    /// is one.
    pub score: f64,
}

/// A token of a [`SearchTree`]: the hypothesis that ends with it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SearchNode {
    /// The token.
    pub id: u32,
    /// The index of the token before it; `None` for a first token.
    pub before: Option<usize>,
    /// Natural-log probability of the hypothesis.
    pub logprob: f64,
    /// The score, if the hypothesis is complete. A coverage penalty is not part of it.
    pub score: Option<f64>,
    /// Its place among the hypotheses that are returned, from 0.
    pub rank: Option<usize>,
}

/// The hypotheses that a beam search kept, each as the path from a first token to one of its nodes.
/// Nodes are in the order of the steps, and those of one step in the order of the beam.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SearchTree {
    /// The nodes; each comes after the one before it.
    pub nodes: Vec<SearchNode>,
}

impl SearchTree {
    /// Returns the number of tokens up to each node, itself included.
    pub fn depths(&self) -> Vec<usize> {
        let mut depths: Vec<usize> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            depths.push(node.before.map_or(0, |before| depths[before]) + 1);
        }
        depths
    }
}
