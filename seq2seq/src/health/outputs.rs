//! Outputs and attention of samples.

use crate::event::Sample;

/// Mean entropy of attention, as a share of that of uniform weights, above which it counts as
/// uniform.
pub const UNIFORM: f64 = 0.99;
/// Minimum number of tokens of an output and a source for the check of attention, the end token
/// included.
const WORDS: usize = 4;

/// Reports that every source has the same output.
pub fn same_output(samples: &[Sample]) -> Option<String> {
    let (first, rest) = samples.split_first()?;
    let other_source = rest.iter().any(|sample| sample.source != first.source);
    let same = rest.iter().all(|sample| sample.output == first.output);
    (other_source && same).then(|| {
        format!(
            "all {} samples have the same output (`{}`), whatever the source: what is said does \
             not follow from what is read yet. It may need more steps, another learning_rate, or \
             more to train on",
            samples.len(),
            first.output.join(" ")
        )
    })
}

/// Reports attention that never moves: near uniform everywhere, or on one position for all targets.
pub fn still_attention(samples: &[Sample]) -> Option<String> {
    let long = |s: &&Sample| {
        s.attention.len() >= WORDS && s.attention.iter().all(|row| row.len() >= WORDS)
    };
    let judged: Vec<&Sample> = samples.iter().filter(long).collect();
    if judged.len() < 2 {
        return None;
    }
    let rows = || judged.iter().flat_map(|sample| &sample.attention);
    let entropy: f64 = rows().map(|row| spread(row)).sum::<f64>() / rows().count().max(1) as f64;
    if entropy >= UNIFORM {
        return Some(format!(
            "attention looks at all source words alike (its entropy is {:.0}% of the largest): it \
             has not learnt where to look. It may need more steps or a higher learning_rate",
            100.0 * entropy
        ));
    }
    let rests = |sample: &&Sample| {
        let mut places = sample.attention.iter().map(|row| place(row));
        let first = places.next();
        places.all(|place| Some(place) == first)
    };
    judged.iter().all(rests).then(|| {
        "attention looks at one source word for every target word: it has not learnt to move. It \
         may need more steps, a lower learning_rate, or another kind of attention"
            .to_owned()
    })
}

/// Returns the entropy of weights, as a share of that of uniform weights.
fn spread(weights: &[f32]) -> f64 {
    let terms = weights.iter().map(|&w| f64::from(w)).filter(|&w| w > 0.0).map(|w| -w * w.ln());
    terms.sum::<f64>() / (weights.len() as f64).ln()
}

/// Returns the index of the largest weight; the first of equals.
fn place(weights: &[f32]) -> usize {
    let largest = weights.iter().enumerate().reduce(|a, b| if *b.1 > *a.1 { b } else { a });
    largest.map_or(0, |(i, _)| i)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(source: &str, output: &str, attention: Vec<Vec<f32>>) -> Sample {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect();
        Sample {
            source: words(source),
            output: words(output),
            attention,
            logprob: -1.0,
            ..Sample::default()
        }
    }

    /// Returns rows of four weights, the largest at these positions.
    fn looks(places: [usize; 4], sharpness: f32) -> Vec<Vec<f32>> {
        let row = |place| {
            let mut row = vec![(1.0 - sharpness) / 4.0; 4];
            row[place] += sharpness;
            row
        };
        places.map(row).to_vec()
    }

    #[test]
    fn one_output_for_all_is_told() {
        let of = |source, output| sample(source, output, vec![]);
        let same = [of("a b", "x y"), of("c", "x y"), of("d", "x y")];
        let told = same_output(&same).unwrap();
        assert!(told.contains("all 3 samples") && told.contains("`x y`"), "{told}");
        assert_eq!(same_output(&[of("a", "x"), of("b", "y")]), None);
        assert_eq!(same_output(&[of("a", "x"), of("a", "x")]), None);
        assert_eq!(same_output(&[of("a", "x")]), None);
        assert_eq!(same_output(&[]), None);
    }

    #[test]
    fn attention_that_does_not_move_is_told() {
        let both = |attention: Vec<Vec<f32>>| {
            let one = |source| sample(source, "w x y z", attention.clone());
            still_attention(&[one("a b c d"), one("e f g h")])
        };
        assert!(both(looks([0, 1, 2, 3], 0.01)).unwrap().contains("alike"));
        assert!(both(looks([3, 3, 3, 3], 0.9)).unwrap().contains("one source word"));
        assert_eq!(both(looks([0, 1, 2, 3], 0.9)), None);
        assert_eq!(both(looks([3, 3, 2, 3], 0.6)), None);
        // Without attention, or with too few tokens, nothing is reported.
        assert_eq!(both(vec![]), None);
        assert_eq!(both(vec![vec![0.5, 0.5]; 4]), None);
        // Weights of exactly zero are handled.
        assert_eq!(both(looks([0, 1, 2, 3], 1.0)), None);
    }
}
