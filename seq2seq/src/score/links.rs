//! Gold word links, as people and aligners write them.

/// The gold links of a sentence pair: (source word, target word), counted from 0.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GoldLinks {
    /// The sure links.
    pub sure: Vec<(usize, usize)>,
    /// The possible links that are not sure.
    pub possible: Vec<(usize, usize)>,
}

impl GoldLinks {
    /// Returns gold links that are all sure.
    pub const fn sure(sure: Vec<(usize, usize)>) -> Self {
        Self { sure, possible: Vec::new() }
    }

    /// Reads links separated by white space: `3-4` is sure, `3?4` and `3p4` are possible; the first
    /// number is that of the source word. `first` is the number of the first word: 0 in the format
    /// of Pharaoh, 1 in that of the shared tasks of WPT 2003 and 2005.
    ///
    /// # Errors
    /// A description of the first text that is not a link.
    ///
    /// ```
    /// use seq2seq::score::GoldLinks;
    ///
    /// let links = GoldLinks::read("0-0 1?2 2p1", 0)?;
    /// assert_eq!(links.sure, [(0, 0)]);
    /// assert_eq!(links.possible, [(1, 2), (2, 1)]);
    /// assert_eq!(GoldLinks::read("1-1", 1)?.sure, [(0, 0)]);
    /// assert!(GoldLinks::read("0:1", 0).is_err());
    /// # Ok::<(), String>(())
    /// ```
    pub fn read(text: &str, first: usize) -> Result<Self, String> {
        let mut links = Self::default();
        for link in text.split_whitespace() {
            let number = |text: &str| {
                let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
                text.parse::<usize>().ok().filter(|_| is_plain)?.checked_sub(first)
            };
            let found = link.find(['-', '?', 'p']).and_then(|at| {
                Some((number(&link[..at])?, number(&link[at + 1..])?, &link[at..=at]))
            });
            match found {
                Some((source, target, "-")) => links.sure.push((source, target)),
                Some((source, target, _)) => links.possible.push((source, target)),
                None => {
                    return Err(format!(
                        "{link:?} is no link; a sure link is {first}-{first} and a possible one \
                         {first}?{first} or {first}p{first}, with words counted from {first}"
                    ));
                }
            }
        }
        Ok(links)
    }

    /// Returns the links with source and target swapped.
    #[must_use]
    pub fn turned(self) -> Self {
        let turn = |links: Vec<_>| links.into_iter().map(|(s, t)| (t, s)).collect();
        Self { sure: turn(self.sure), possible: turn(self.possible) }
    }

    /// Returns the first link to a word that sentences of these lengths do not have.
    pub fn beyond(&self, source: usize, target: usize) -> Option<(usize, usize)> {
        let all = self.sure.iter().chain(&self.possible);
        all.copied().find(|&(s, t)| s >= source || t >= target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_link_is_refused_and_shown() {
        for text in
            ["0", "0-", "-1", "a-b", "0-1-2", "0s1", "+0-1", "0 - 1", "99999999999999999999-0"]
        {
            let said = GoldLinks::read(text, 0).unwrap_err();
            assert!(said.contains("is no link; a sure link is 0-0"), "{said}");
        }
        let said = GoldLinks::read("1-1 0-1", 1).unwrap_err();
        assert!(
            said.starts_with("\"0-1\" is no link") && said.contains("counted from 1"),
            "{said}"
        );
        assert_eq!(GoldLinks::read(" \t", 0), Ok(GoldLinks::default()));
    }

    #[test]
    fn links_are_turned_and_bounded() {
        let links = GoldLinks::read("0-1 2?0", 0).unwrap();
        assert_eq!(links.beyond(3, 2), None);
        assert_eq!(links.beyond(2, 2), Some((2, 0)));
        assert_eq!(links.beyond(3, 1), Some((0, 1)));
        assert_eq!(links.turned(), GoldLinks { sure: vec![(1, 0)], possible: vec![(0, 2)] });
    }
}
