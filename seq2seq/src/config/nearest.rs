//! Suggestions for misspelt names.

/// Similarity from which on a name is suggested; below it, the two have little in common.
const NEAR: f64 = 0.8;

/// Returns the name nearest to the given text; `None` if none of them is near.
///
/// Spelling errors are found by Jaro-Winkler similarity, which favours a common beginning
/// (`batch_size` for `batch`); initials (`lr` for `learning_rate`) count as a perfect match.
///
/// ```
/// use seq2seq::config::nearest;
///
/// assert_eq!(nearest("hiden", ["hidden", "batch"]), Some("hidden"));
/// assert_eq!(nearest("colour", ["hidden", "batch"]), None);
/// ```
pub fn nearest<'a>(given: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| text.to_lowercase().replace(['-', ' '], "_");
    let given = plain(given);
    let similarity = |name: &str| {
        let name = plain(name);
        let initials: String = name.split('_').filter_map(|word| word.chars().next()).collect();
        if initials == given { 1.0 } else { strsim::jaro_winkler(&given, &name) }
    };
    let best = names.into_iter().map(|name| (similarity(name), name)).reduce(first_best);
    best.filter(|(similarity, _)| *similarity >= NEAR).map(|(_, name)| name)
}

fn first_best<'a>(best: (f64, &'a str), next: (f64, &'a str)) -> (f64, &'a str) {
    if next.0 > best.0 { next } else { best }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_understood() {
        let names = ["tf-nmt", "luong-small", "phrasebook", "learning_rate"];
        assert_eq!(nearest("luong", names), Some("luong-small"));
        assert_eq!(nearest("frasebook", names), Some("phrasebook"));
        assert_eq!(nearest("TF_NMT", names), Some("tf-nmt"));
        assert_eq!(nearest("lr", names), Some("learning_rate"));
        assert_eq!(nearest("batch_size", ["batch", "bidirectional"]), Some("batch"));
        assert_eq!(nearest("x", []), None);
        for far in ["transformer", "colour", "x", "", "momentum"] {
            assert_eq!(nearest(far, names), None, "{far}");
        }
    }
}
