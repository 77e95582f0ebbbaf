//! Detection of text that a recipe removes.

use std::collections::{HashMap, HashSet};

use tokenizer::Recipe;

use super::corpus::hash;

/// Share of letters and digits that a recipe may remove without a warning.
const SILENT: f64 = 0.03;

/// Returns a warning if a recipe removes letters or digits, or makes lines equal that differ in
/// more than letter case, punctuation and white space; `key` is the key that selects the recipe.
pub(super) fn loss(key: &str, recipe: Recipe, lines: &[&str]) -> Option<String> {
    if recipe.keeps_all() {
        return None;
    }
    let normalizer = recipe.normalizer();
    let count = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).count();
    let (mut all, mut lost) = (0, 0);
    let mut worst: Option<((usize, usize), &str, String)> = None;
    let mut forms: HashMap<u64, HashSet<u64>> = HashMap::new();
    let mut example = HashMap::new();
    for &line in lines {
        let normal = normalizer.normalize(line);
        let before = count(line);
        let gone = before.saturating_sub(count(&normal));
        all += before;
        lost += gone;
        // The best example is the line that loses the largest share; among equals a short one.
        let share = (gone * 100).checked_div(before).unwrap_or(0);
        let rank = (share, usize::MAX - line.len());
        if gone > 0 && worst.as_ref().is_none_or(|(best, ..)| rank > *best) {
            worst = Some((rank, line, normal.clone()));
        }
        let letters: String =
            line.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        let form = hash(&normal);
        forms.entry(form).or_default().insert(hash(&letters));
        example.entry(form).or_insert((line, normal));
    }
    let kept = "source_recipe = words and target_recipe = words keep all text";
    let too_much = lost as f64 > SILENT * all as f64;
    let equal: usize = forms.values().map(HashSet::len).filter(|&n| n > 1).sum();
    let mut said = Vec::new();
    if let Some((_, line, normal)) = worst.filter(|_| too_much) {
        said.push(format!(
            "takes away {lost} of {all} letters and digits ({:.1}%): `{}` becomes `{}`",
            100.0 * lost as f64 / all as f64,
            shortened(line),
            shortened(&normal)
        ));
    }
    if equal > 0 {
        let many = forms.iter().filter(|(_, lines)| lines.len() > 1);
        // Among the forms with the most lines, the first in the file.
        let most = many.clone().map(|(_, lines)| lines.len()).max();
        let first = many
            .filter(|(_, lines)| Some(lines.len()) == most)
            .filter_map(|(form, _)| example.get(form))
            .min_by_key(|(line, _)| line.as_ptr());
        let such = first.map_or_else(String::new, |(line, normal)| {
            format!(", as `{}`, which becomes `{}`", shortened(line), shortened(normal))
        });
        said.push(format!("makes {equal} lines that differ equal to others{such}"));
    }
    (!said.is_empty()).then(|| format!("{key} = {recipe} {}; {kept}", said.join(", and ")))
}

/// Returns a line, or its beginning if it is long.
fn shortened(line: &str) -> String {
    const LONGEST: usize = 60;
    if line.chars().count() <= LONGEST {
        return line.to_owned();
    }
    line.chars().take(LONGEST - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_away_is_counted_with_an_example() {
        let lines = ["кот спит .", "пёс ест .", "a cat ."];
        let said = loss("source_recipe", Recipe::TfNmt, &lines).unwrap();
        assert!(said.starts_with("source_recipe = tf-nmt takes away 13 of 17 letters"), "{said}");
        assert!(said.contains("`пёс ест .` becomes `.`"), "{said}");
        assert!(
            said.contains("makes 2 lines that differ equal to others, as `кот спит .`"),
            "{said}"
        );
        assert!(said.contains("source_recipe = words"), "{said}");
        for recipe in [Recipe::Words, Recipe::WordsLower, Recipe::None] {
            assert_eq!(loss("source_recipe", recipe, &lines), None);
        }
        // These recipes are meant to remove letter case, punctuation, and accents in single lines.
        let plain =
            ["Où est-il ?", "où est-il?", "There he is, at number 5", "Here I am, and so are you"];
        assert_eq!(loss("target_recipe", Recipe::TfNmt, &plain), None, "a digit is little");
        let words = ["ou", "où"];
        let said = loss("target_recipe", Recipe::Tutorial, &words).unwrap();
        assert!(said.contains("makes 2 lines that differ equal"), "{said}");
    }
}
