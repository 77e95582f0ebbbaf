//! Remarks on references and settings that limit the scores of outputs.

use super::Text;
use crate::config::UnknownWords;
use crate::data::corpus::{Corpus, Pair};
use crate::score::{ORDER as BLEU_ORDER, is_equal_in_words, mteval_words};

impl Text {
    /// Returns a warning if unknown words are to be replaced where no word is unknown.
    pub(crate) fn remark_on_replacement(&self, words: UnknownWords) -> Option<String> {
        let has_none = words == UnknownWords::Replace && self.target.subwords().is_some();
        has_none.then(|| {
            format!(
                "unknown_words = replace: with target_unit = {} no word is unknown, so none is \
                 replaced, and a dictionary is not used",
                self.target.unit_name()
            )
        })
    }

    /// Returns remarks on properties of the references that limit the scores of any output.
    pub(crate) fn remarks_on_references(&self, corpus: &Corpus) -> Vec<String> {
        self.remark_on_changed(corpus).into_iter().chain(remark_on_short(corpus)).collect()
    }

    /// Returns a remark if the target recipe changes the words of one percent or more of the
    /// references, because outputs cannot equal these.
    fn remark_on_changed(&self, corpus: &Corpus) -> Option<String> {
        let of_words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        let is_changed =
            |pair: &&Pair| !is_equal_in_words(&self.target.normalize(&pair.target), &pair.target);
        let changed: Vec<&Pair> = corpus.pairs.iter().filter(is_changed).collect();
        let (count, all) = (changed.len(), corpus.pairs.len());
        // The shortest one is the clearest example.
        let example = changed.iter().min_by_key(|pair| pair.target.len())?;
        if count * 100 < all {
            return None;
        }
        let (from, to) = (of_words(&example.target), self.target.normalize(&example.target));
        Some(format!(
            "target_recipe = {} changes {count} of {all} references (`{from}` becomes `{}`), and \
             outputs are written as it writes: bleu and exact_match, which compare with the \
             references as they stand in the file, are lower for that alone; token_bleu and \
             token_exact_match compare with what the recipe makes of them",
            self.target.recipe(),
            of_words(&to)
        ))
    }
}

/// Returns a remark if BLEU is 0 because every reference is too short.
fn remark_on_short(corpus: &Corpus) -> Option<String> {
    let is_short = |pair: &Pair| mteval_words(&pair.target).len() < BLEU_ORDER;
    (!corpus.pairs.is_empty() && corpus.pairs.iter().all(is_short)).then(|| {
        format!(
            "no reference has {BLEU_ORDER} words, which bleu looks at together: it is 0 for outputs as \
             short, even for right ones; exact_match and the loss tell how good they are, and where \
             bleu stays 0 the loss decides what is best"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_too_short_for_bleu_are_remarked_on() {
        let corpus = |target: &str| {
            let pair =
                |target: &str| Pair { source: "x".into(), target: target.into(), links: None };
            Corpus { pairs: vec![pair("a b"), pair(target)] }
        };
        let said = remark_on_short(&corpus("a b c")).unwrap();
        assert!(said.starts_with("no reference has 4 words, which bleu looks at"), "{said}");
        assert_eq!(remark_on_short(&corpus("a b c.")), None);
        assert_eq!(remark_on_short(&Corpus { pairs: Vec::new() }), None);
    }
}
