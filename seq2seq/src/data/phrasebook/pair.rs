//! A sentence pair.

/// A sentence pair with its gold word links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The English sentence, its tokens separated by single spaces.
    pub source: String,
    /// The French sentence, its tokens separated by single spaces.
    pub target: String,
    /// Places of linked words, (source token, target token), sorted.
    pub links: Vec<(usize, usize)>,
}
