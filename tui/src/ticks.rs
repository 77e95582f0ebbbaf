//! Positions and labels of the ticks of an axis.

use crate::format;

/// A tick with its value and label.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tick {
    /// Value, not transformed.
    pub value: f64,
    /// The text beside the tick.
    pub label: String,
}

/// Returns at most `most` round values within a range.
pub(crate) fn linear(low: f64, high: f64, most: usize) -> Vec<Tick> {
    let span = high - low;
    if !(span > 0.0 && span.is_finite()) || most == 0 {
        return Vec::new();
    }
    let mut power = (span / most as f64).log10().floor();
    loop {
        for factor in [1.0, 2.0, 5.0] {
            let step = factor * 10f64.powf(power);
            // A range that ends at a tick contains it, regardless of rounding in the division.
            let (first, last) = ((low / step - 1e-9).ceil(), (high / step + 1e-9).floor());
            let number = last - first + 1.0;
            if number <= most as f64 {
                if number < 1.0 {
                    return Vec::new();
                }
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // up to `most`
                let number = number as usize;
                return (0..number)
                    .map(|i| {
                        let value = (first + i as f64) * step;
                        Tick { value, label: rounded(value, step) }
                    })
                    .collect();
            }
        }
        power += 1.0;
        if power > 308.0 {
            return Vec::new();
        }
    }
}

/// Returns at most `most` round values within a range that is drawn on a logarithmic scale.
pub(crate) fn logarithmic(low: f64, high: f64, most: usize) -> Vec<Tick> {
    if !(low > 0.0 && high > low && high.is_finite()) || most == 0 {
        return Vec::new();
    }
    let ladders: [&[f64]; 3] =
        [&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0], &[1.0, 2.0, 5.0], &[1.0]];
    for ladder in ladders {
        let ticks = rungs(low, high, ladder, 1.0);
        if ticks.len() <= most {
            // A narrow range contains too few of them, but is nearly linear.
            if ticks.len() < 3.min(most) {
                let linear = linear(low, high, most);
                return if linear.len() > ticks.len() { linear } else { ticks };
            }
            return ticks;
        }
    }
    let mut every = 2.0;
    loop {
        let ticks = rungs(low, high, &[1.0], every);
        if ticks.len() <= most {
            return ticks;
        }
        every += 1.0;
    }
}

/// Returns the multiples of each `every`th power of ten within a range.
fn rungs(low: f64, high: f64, ladder: &[f64], every: f64) -> Vec<Tick> {
    let mut ticks = Vec::new();
    let mut power = (low.log10().floor() / every).floor() * every;
    while power <= high.log10() {
        for factor in ladder {
            let value = factor * 10f64.powf(power);
            if value >= low * (1.0 - 1e-9) && value <= high * (1.0 + 1e-9) {
                ticks.push(Tick { value, label: compact(value) });
            }
        }
        power += every;
    }
    ticks
}

/// Formats a value with as many decimals as the step between ticks needs.
fn rounded(value: f64, step: f64) -> String {
    if value.abs() >= 1000.0 && step >= 50.0 {
        return format::brief(value);
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // small
    let decimals = (-step.log10().floor()).clamp(0.0, 300.0) as usize;
    if decimals > 5 {
        return compact(value);
    }
    // Adding zero converts negative zero to zero.
    format!("{:.decimals$}", value + 0.0)
}

/// Formats a multiple of a power of ten in few characters: `0.02`, `500`, `2e-5`, `1e6`.
fn compact(value: f64) -> String {
    if value != 0.0 && !(1e-3..1e4).contains(&value.abs()) {
        return format!("{value:.0e}");
    }
    format::setting(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(ticks: &[Tick]) -> String {
        ticks.iter().map(|tick| tick.label.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn linear_ticks_are_round() {
        assert_eq!(labels(&linear(0.0, 10.0, 6)), "0 2 4 6 8 10");
        assert_eq!(labels(&linear(0.13, 0.37, 4)), "0.2 0.3");
        assert_eq!(labels(&linear(0.0, 2850.0, 5)), "0 1k 2k");
        assert_eq!(labels(&linear(-1.0, 1.0, 5)), "-1.0 -0.5 0.0 0.5 1.0");
        assert_eq!(labels(&linear(0.0, 3e-9, 3)), "0 2e-9");
    }

    #[test]
    fn logarithmic_ticks_are_powers_where_the_range_is_wide() {
        assert_eq!(labels(&logarithmic(0.01, 10.0, 5)), "0.01 0.1 1 10");
        assert_eq!(labels(&logarithmic(0.02, 5.0, 9)), "0.02 0.05 0.1 0.2 0.5 1 2 5");
        assert_eq!(labels(&logarithmic(1.0, 1e12, 4)), "1 1e4 1e8 1e12");
        assert_eq!(labels(&logarithmic(2.2, 2.8, 4)), "2.2 2.4 2.6 2.8");
    }

    #[test]
    fn impossible_ranges_have_no_ticks() {
        for (low, high) in [(1.0, 1.0), (2.0, 1.0), (f64::NAN, 1.0), (0.0, f64::INFINITY)] {
            assert!(linear(low, high, 5).is_empty());
            assert!(logarithmic(low, high, 5).is_empty());
        }
        assert!(logarithmic(-1.0, 1.0, 5).is_empty());
        assert!(linear(0.0, 1.0, 0).is_empty());
    }
}
