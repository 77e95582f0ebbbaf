//! Rewriting of pairs of neighbouring characters, of which the tokenisations `13a` and `intl` are
//! composed.

/// Inserts spaces before, between and after the characters of each pair for which `is_pair` is
/// true, where `blanks` is true; pairs are found from the left and do not overlap.
pub(super) fn split_pairs(
    text: &[char],
    is_pair: impl Fn(char, char) -> bool,
    blanks: [bool; 3],
) -> Vec<char> {
    let blank = |i: usize| blanks[i].then_some(' ');
    let mut out = Vec::with_capacity(text.len() * 2);
    let mut at = 0;
    while let Some(&a) = text.get(at) {
        match text.get(at + 1) {
            Some(&b) if is_pair(a, b) => {
                out.extend(blank(0).into_iter().chain([a]).chain(blank(1)).chain([b]));
                out.extend(blank(2));
                at += 2;
            }
            _ => {
                out.push(a);
                at += 1;
            }
        }
    }
    out
}

/// Puts spaces around each character for which `is_apart` is true.
pub(super) fn apart(text: &[char], is_apart: impl Fn(char) -> bool) -> Vec<char> {
    let mut out = Vec::with_capacity(text.len() * 2);
    for &c in text {
        if is_apart(c) {
            out.extend([' ', c, ' ']);
        } else {
            out.push(c);
        }
    }
    out
}
