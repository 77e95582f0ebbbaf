//! The kinds of attention and their configuration.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// A kind of attention, named by its equation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttentionKind {
    /// v^T tanh(W_q q + W_m m): [`mod@crate::additive`].
    Additive,
    /// The same with biases, as in the tutorials: [`mod@crate::additive`].
    AdditiveBias,
    /// q^T m: [`mod@crate::dot`].
    Dot,
    /// q^T m / sqrt(Q): [`mod@crate::dot`].
    ScaledDot,
    /// q^T W m: [`mod@crate::general`].
    General,
    /// q^T W m / sqrt(Q): [`mod@crate::general`].
    ScaledGeneral,
    /// v^T tanh(W \[q; m\]): [`mod@crate::concat`].
    Concat,
    /// q^T m / (|q| |m|): [`mod@crate::cosine`].
    Cosine,
    /// Row s of W q: [`mod@crate::location`].
    Location,
    /// A window that advances with the steps: [`mod@crate::local`].
    LocalM,
    /// A window around a position predicted from the query: [`mod@crate::local`].
    LocalP,
    /// Several scaled dot products of projections: [`mod@crate::multi_head`].
    MultiHead,
}

/// Every kind, its name and its score, in the order of the documentation.
const TABLE: [(AttentionKind, &str, &str); 12] = [
    (AttentionKind::Additive, "additive", "v' tanh(W q + U k)"),
    (AttentionKind::AdditiveBias, "additive_bias", "the same with a bias in each linear layer"),
    (AttentionKind::Dot, "dot", "q' k"),
    (AttentionKind::ScaledDot, "scaled_dot", "q' k over the root of the width"),
    (AttentionKind::General, "general", "q' W k"),
    (AttentionKind::ScaledGeneral, "scaled_general", "q' W k over the root of the width"),
    (AttentionKind::Concat, "concat", "v' tanh(W [q; k])"),
    (AttentionKind::Cosine, "cosine", "the cosine between q and k"),
    (AttentionKind::Location, "location", "places by the query alone"),
    (AttentionKind::LocalM, "local_m", "a window that moves on with the steps"),
    (AttentionKind::LocalP, "local_p", "a window around a place that the query predicts"),
    (AttentionKind::MultiHead, "multi_head", "several scaled dots of projections"),
];

impl AttentionKind {
    /// Every kind.
    pub const ALL: [Self; TABLE.len()] = {
        let mut all = [Self::Additive; TABLE.len()];
        let mut i = 0;
        while i < TABLE.len() {
            all[i] = TABLE[i].0;
            i += 1;
        }
        all
    };

    /// Returns the name, as it is spelled in configurations.
    pub fn name(self) -> &'static str {
        TABLE.iter().find(|line| line.0 == self).map_or("", |line| line.1)
    }

    /// Returns a one-line description of the score of a query q and a key k.
    pub fn summary(self) -> &'static str {
        TABLE.iter().find(|line| line.0 == self).map_or("", |line| line.2)
    }

    /// Returns the kind with this name. `none` is the baseline without attention and returns
    /// `None`: a decoder with optional attention holds an `Option<Attention>`.
    ///
    /// ```
    /// use attention::AttentionKind;
    ///
    /// assert_eq!(AttentionKind::by_name("local_p")?, Some(AttentionKind::LocalP));
    /// assert_eq!(AttentionKind::by_name("none")?, None);
    /// assert!(AttentionKind::by_name("luong").is_err());
    /// # Ok::<(), attention::Error>(())
    /// ```
    ///
    /// # Errors
    /// The name is unknown; the error lists all names.
    pub fn by_name(name: &str) -> Result<Option<Self>> {
        if name == "none" {
            return Ok(None);
        }
        let line = TABLE.iter().find(|line| line.1 == name);
        line.map(|line| Some(line.0)).ok_or_else(|| Error::Name {
            name: name.to_string(),
            known: TABLE.map(|line| line.1).join(", "),
        })
    }

    /// Returns true if the kind attends only to a window of the memory, with the score of another
    /// kind.
    pub fn is_local(self) -> bool {
        matches!(self, Self::LocalM | Self::LocalP)
    }

    /// Returns true if the score has a hidden layer, whose width is [`AttentionConfig::width`].
    pub fn has_inner_layer(self) -> bool {
        matches!(self, Self::Additive | Self::AdditiveBias | Self::Concat)
    }

    /// Returns true if query and memory must have the same width.
    pub fn needs_equal_widths(self) -> bool {
        matches!(self, Self::Dot | Self::ScaledDot | Self::Cosine)
    }

    /// Returns true if the score depends on the content of a memory entry, and so can be used in a
    /// window.
    pub fn is_content(self) -> bool {
        !matches!(self, Self::Location | Self::LocalM | Self::LocalP | Self::MultiHead)
    }
}

impl fmt::Display for AttentionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The kind, widths and options of an [`Attention`](crate::Attention).
///
/// ```
/// use attention::{AttentionConfig, AttentionKind};
///
/// let config = AttentionConfig { window: 4, ..AttentionConfig::new(AttentionKind::LocalP, 8, 6) };
/// assert_eq!((config.width, config.score), (8, AttentionKind::General));
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttentionConfig {
    /// The kind of attention.
    pub kind: AttentionKind,
    /// Width of the query, Q.
    pub query: usize,
    /// Width of the memory, K.
    pub memory: usize,
    /// Width of the hidden layer, A, of an additive score and of the centre prediction of `local_p`.
    pub width: usize,
    /// Number of rows in the table of `location`: later positions get weight zero.
    pub positions: usize,
    /// The score within a window of `local_m` and `local_p`, which must
    /// [depend on content](AttentionKind::is_content).
    pub score: AttentionKind,
    /// Number of positions on each side of the centre of a window, D.
    pub window: usize,
    /// Whether to renormalise the weights of `local_p` to sum to one after the Gaussian; the paper
    /// does not.
    pub renormalize: bool,
    /// Number of heads of `multi_head`, h.
    pub heads: usize,
    /// Width of the queries and keys per head, d_k; zero means Q / h.
    pub head_key: usize,
    /// Width of the values per head, d_v; zero means Q / h.
    pub head_value: usize,
    /// Width of the context of `multi_head`; zero means Q.
    pub output: usize,
    /// Whether the query of step t attends only to positions up to t, for `multi_head`
    /// self-attention over a sequence.
    pub causal: bool,
}

impl AttentionConfig {
    /// Returns a configuration with the given kind and widths, and defaults otherwise: A = Q,
    /// 50 positions, `general` in windows of 2 * 10 + 1, a single head.
    pub fn new(kind: AttentionKind, query: usize, memory: usize) -> Self {
        Self {
            kind,
            query,
            memory,
            width: query,
            positions: 50,
            score: AttentionKind::General,
            window: 10,
            renormalize: false,
            heads: 1,
            head_key: 0,
            head_value: 0,
            output: 0,
            causal: false,
        }
    }

    /// Returns the width of the context that [`attend`](crate::Attention::attend) computes.
    pub fn context(&self) -> usize {
        match (self.kind, self.output) {
            (AttentionKind::MultiHead, 0) => self.query,
            (AttentionKind::MultiHead, output) => output,
            _ => self.memory,
        }
    }

    /// Returns the kind that scores each memory entry: for a local kind [`score`](Self::score),
    /// otherwise the kind itself.
    pub(crate) fn scored_by(&self) -> AttentionKind {
        if self.kind.is_local() { self.score } else { self.kind }
    }

    /// Returns (d_k, d_v).
    pub(crate) fn head_widths(&self) -> (usize, usize) {
        let each = |width| if width == 0 { self.query / self.heads.max(1) } else { width };
        (each(self.head_key), each(self.head_value))
    }

    /// Returns an error if no attention can be built from this configuration.
    pub(crate) fn check(&self) -> Result<()> {
        let kind = self.kind;
        let score = self.scored_by();
        if kind.is_local() && !score.is_content() {
            return Err(Error::Score { kind: kind.name(), score: score.name() });
        }
        let needed = [
            ("query", self.query, true),
            ("memory", self.memory, true),
            ("width", self.width, score.has_inner_layer() || kind == AttentionKind::LocalP),
            ("positions", self.positions, kind == AttentionKind::Location),
            // A Gaussian of width zero is undefined.
            ("window", self.window, kind == AttentionKind::LocalP),
            ("heads", self.heads, kind == AttentionKind::MultiHead),
        ];
        if let Some((key, ..)) = needed.iter().find(|(_, value, needed)| *needed && *value == 0) {
            return Err(Error::Zero { key });
        }
        let (query, memory, heads) = (self.query, self.memory, self.heads);
        if score.needs_equal_widths() && query != memory {
            return Err(Error::Widths { score: score.name(), query, memory });
        }
        let shared = self.head_key == 0 || self.head_value == 0;
        if kind == AttentionKind::MultiHead && shared && !query.is_multiple_of(heads) {
            return Err(Error::Heads { heads, query });
        }
        Ok(())
    }
}
