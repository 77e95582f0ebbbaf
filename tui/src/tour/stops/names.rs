//! A generator of names, for a language model of letters: a small grammar with a known optimum.
//!
//! A name has a stem of one to three syllables and an ending. The first syllable belongs to one of
//! six lands, and the ending must belong to the same land; the syllables between them are common to
//! all. A model must therefore remember the beginning of a name until its end.

/// The first syllables and the endings of each land. No first syllable is the beginning of another
/// land's, and no two lands share an ending.
const LANDS: [(&[&str], &[&str]); 6] = [
    (&["al", "ber", "gun", "hil"], &["hart", "wig", "trud"]),
    (&["mar", "lu", "ste"], &["ella", "ino", "etta"]),
    (&["vla", "bo", "mir"], &["slav", "dan", "ka"]),
    (&["as", "thor", "sig"], &["rid", "sson", "run"]),
    (&["phi", "the", "dio"], &["nes", "dora", "kles"]),
    (&["nao", "ki", "yu"], &["ko", "mi", "ro"]),
];
/// The syllables between.
const MIDDLE: [&str; 8] = ["la", "ne", "ri", "so", "ta", "ve", "no", "de"];
/// Largest number of syllables between beginning and ending; each number is equally frequent.
const MOST: usize = 2;

/// A generator of pseudo-random numbers (Steele et al. 2014, SplitMix64): names must be the same on
/// every machine and need no more than that.
struct SplitMix(u64);

impl SplitMix {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % n as u64) as usize
    }

    fn pick(&mut self, from: &[&'static str]) -> &'static str {
        from[self.below(from.len())]
    }
}

/// Returns `count` names drawn from the grammar.
pub(super) fn names(count: usize, seed: u64) -> Vec<String> {
    let mut random = SplitMix(seed);
    let mut all = Vec::with_capacity(count);
    for _ in 0..count {
        let (first, endings) = LANDS[random.below(LANDS.len())];
        let mut name = random.pick(first).to_owned();
        for _ in 0..random.below(MOST + 1) {
            name += random.pick(&MIDDLE);
        }
        all.push(name + random.pick(endings));
    }
    all
}

/// Returns the probability of a name in the grammar; 0 if it is not one.
pub(super) fn probability(name: &str) -> f64 {
    let mut sum = 0.0;
    for (first, endings) in LANDS {
        for begin in first {
            let Some(rest) = name.strip_prefix(begin) else { continue };
            let here = 1.0 / (LANDS.len() * first.len() * (MOST + 1)) as f64;
            sum += here * rest_probability(rest, endings, MOST);
        }
    }
    sum
}

/// Returns the summed probability of all ways to read `rest` as up to `most` middle syllables and an
/// ending.
fn rest_probability(rest: &str, endings: &[&str], most: usize) -> f64 {
    let mut sum = 0.0;
    if endings.contains(&rest) {
        sum += 1.0 / endings.len() as f64;
    }
    if most > 0 {
        for syllable in MIDDLE {
            if let Some(after) = rest.strip_prefix(syllable) {
                sum += rest_probability(after, endings, most - 1) / MIDDLE.len() as f64;
            }
        }
    }
    sum
}

/// Returns the mean of -ln p over names, in nats per letter with the end of the name counted: the
/// loss of a model that knows the grammar.
pub(super) fn entropy(names: &[String]) -> f64 {
    let nats: f64 = names.iter().map(|name| -probability(name).ln()).sum();
    let letters: usize = names.iter().map(|name| name.chars().count() + 1).sum();
    nats / letters.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_sum_to_one() {
        let mut all = std::collections::BTreeMap::new();
        for (first, endings) in LANDS {
            for begin in first {
                for end in endings {
                    let mut middles = vec![String::new()];
                    for a in MIDDLE {
                        middles.push(a.to_owned());
                        middles.extend(MIDDLE.iter().map(|b| format!("{a}{b}")));
                    }
                    for middle in middles {
                        let name = format!("{begin}{middle}{end}");
                        all.insert(name.clone(), probability(&name));
                    }
                }
            }
        }
        let sum: f64 = all.values().sum();
        assert!((sum - 1.0).abs() < 1e-12, "{sum}");
        assert_eq!(probability("bertrudx"), 0.0);
        // A beginning of one land with an ending of another.
        assert_eq!(probability("alko"), 0.0);
    }

    #[test]
    fn drawn_names_belong_to_the_grammar() {
        let drawn = names(500, 1);
        assert!(drawn.iter().all(|name| probability(name) > 0.0));
        assert_eq!(drawn, names(500, 1));
        let nats = entropy(&drawn);
        assert!((0.5..1.5).contains(&nats), "{nats}");
    }
}
