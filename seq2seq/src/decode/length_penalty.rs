//! Length penalties: scores that compare hypotheses of different lengths.

use serde::{Deserialize, Serialize};

/// A length penalty: the score of a hypothesis from its log-probability s and its length L in tokens,
/// EOS counted.
///
/// A log-probability falls with every token, so without a penalty short hypotheses win. No two
/// toolkits share a default; each of their penalties has its toolkit's name here.
///
/// | name | score | toolkit |
/// |---|---|---|
/// | `none` | s | |
/// | `average` | s / L^a | OpenNMT (`avg`), fairseq (`--lenpen`) |
/// | `gnmt` | s / ((5 + L) / 6)^a | Wu et al. 2016, equation 14 |
/// | `sockeye` | s (b + 1)^a / (b + L)^a | Sockeye (`--length-penalty-alpha`, `-beta`) |
/// | `marian` | (s - w L) / L^a | Marian (`--word-penalty`, `--normalize`) |
///
/// ```
/// use seq2seq::decode::LengthPenalty;
///
/// let average = LengthPenalty::default();
/// assert_eq!(average.score(-6.0, 3), -2.0);
/// assert_eq!("gnmt:0.6".parse::<LengthPenalty>()?, LengthPenalty::Gnmt { alpha: 0.6 });
/// # Ok::<(), seq2seq::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LengthPenalty {
    /// s.
    None,
    /// s / L^a.
    Average {
        /// a.
        alpha: f64,
    },
    /// s / ((5 + L) / 6)^a.
    Gnmt {
        /// a.
        alpha: f64,
    },
    /// s ((b + 1) / (b + L))^a.
    Sockeye {
        /// a.
        alpha: f64,
        /// b.
        beta: f64,
    },
    /// (s - w L) / L^a.
    Marian {
        /// a.
        alpha: f64,
        /// w: what every token costs; negative numbers favour long hypotheses.
        word: f64,
    },
}

impl Default for LengthPenalty {
    fn default() -> Self {
        Self::Average { alpha: 1.0 }
    }
}

impl LengthPenalty {
    /// The score of a hypothesis with log-probability `logprob` and `length` tokens; higher is
    /// better.
    pub fn score(self, logprob: f64, length: usize) -> f64 {
        let l = length.max(1) as f64;
        match self {
            Self::None => logprob,
            Self::Average { alpha } => logprob / l.powf(alpha),
            Self::Gnmt { alpha } => logprob / ((5.0 + l) / 6.0).powf(alpha),
            Self::Sockeye { alpha, beta } => logprob * ((beta + 1.0) / (beta + l)).powf(alpha),
            Self::Marian { alpha, word } => (logprob - word * l) / l.powf(alpha),
        }
    }
}

/// Texts that name a penalty: `none`, `average`, `average:A`, `gnmt:A`, `sockeye:A:B`, `marian:A:W`.
impl std::str::FromStr for LengthPenalty {
    type Err = crate::Error;

    fn from_str(text: &str) -> crate::Result<Self> {
        let wrong = || crate::Error::BadValue {
            key: "length_penalty".into(),
            value: text.into(),
            allowed: "none, average[:A], gnmt[:A], sockeye[:A[:B]] or marian[:A[:W]], in numbers \
                      such as average:0.6"
                .into(),
        };
        let mut parts = text.split(':');
        let name = parts.next().unwrap_or_default();
        let numbers: Option<Vec<f64>> =
            parts.map(|part| part.parse().ok().filter(|x: &f64| x.is_finite())).collect();
        let numbers = numbers.ok_or_else(wrong)?;
        let number = |i: usize, default: f64| numbers.get(i).copied().unwrap_or(default);
        let (penalty, most) = match name {
            "none" => (Self::None, 0),
            "average" => (Self::Average { alpha: number(0, 1.0) }, 1),
            "gnmt" => (Self::Gnmt { alpha: number(0, 1.0) }, 1),
            "sockeye" => (Self::Sockeye { alpha: number(0, 1.0), beta: number(1, 0.0) }, 2),
            "marian" => (Self::Marian { alpha: number(0, 1.0), word: number(1, 0.0) }, 2),
            _ => return Err(wrong()),
        };
        if numbers.len() > most { Err(wrong()) } else { Ok(penalty) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_follow_their_equations() {
        let score = |text: &str| text.parse::<LengthPenalty>().unwrap().score(-6.0, 4);
        for (text, want) in [
            ("none", -6.0),
            ("average", -1.5),
            ("average:0.5", -3.0),
            ("average:0", -6.0),
            ("gnmt", -4.0),
            ("gnmt:2", -6.0 / 2.25),
            ("sockeye", -1.5),
            ("sockeye:1:2", -3.0),
            ("marian", -1.5),
            ("marian:1:0.5", -2.0),
            ("marian:0:-1", -2.0),
        ] {
            assert!((score(text) - want).abs() < 1e-12, "{text}: {} {want}", score(text));
        }
        for text in ["", "avg", "average:x", "average:1:2", "none:1", "gnmt:inf", "marian:1:2:3"] {
            let error = text.parse::<LengthPenalty>().unwrap_err().to_string();
            assert!(error.contains("average[:A]"), "{text}: {error}");
        }
    }
}
