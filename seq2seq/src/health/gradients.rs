//! Gradient norms, and the gradient's flow through time.

use super::settings::HealthSettings;
use crate::event::FlowSeries;

/// Median gradient norm below which the gradient counts as vanished.
pub const VANISHED: f64 = 1e-7;
/// Factor by which nine of ten norms must exceed the clip to be reported.
pub const CLIPPED: f64 = 10.0;
/// Factor by which a norm must exceed the median to count as a jump.
pub const LEAP: f64 = 100.0;
/// Share of a state's gradient left at the far end of a sentence, below which it counts as
/// vanished.
pub const DEAD: f32 = 1e-5;
/// Growth of a state's gradient towards the far end of a sentence, above which it counts as
/// exploding.
pub const GROWN: f32 = 1e3;
/// Minimum number of time steps for the check of the gradient flow.
const STEPS_BACK: usize = 8;

/// Checks the gradient norms of consecutive steps, before clipping.
pub fn gradient_norms(norms: &[f64], settings: &HealthSettings) -> Option<String> {
    let mut sorted = norms.to_vec();
    sorted.sort_by(f64::total_cmp);
    let median = *sorted.get(norms.len() / 2)?;
    if median < VANISHED {
        let cell = if settings.is_gated() { "" } else { ", a gated cell (cell = gru or lstm)" };
        return Some(format!(
            "the gradient has vanished (its norm is {median:.1e}): where the loss is still high, \
             try another init{cell} or a learning_rate below {}",
            settings.rate()
        ));
    }
    let largest = sorted.last().copied().unwrap_or(median);
    match settings.clip.map(f64::from) {
        Some(clip) => {
            let far = norms.iter().filter(|&&norm| norm > CLIPPED * clip).count();
            (far * 10 >= norms.len() * 9).then(|| {
                format!(
                    "the gradient keeps far above clip_norm = {clip} (its norm is {median:.1}): \
                     each step is clipped to a small part of it. Raise clip_norm, or lower \
                     learning_rate (now {}) if the loss does not fall",
                    settings.rate()
                )
            })
        }
        None => (largest > LEAP * median).then(|| {
            format!(
                "the gradient explodes now and then (a norm of {largest:.1e}, where {median:.1e} \
                 is usual): {}",
                settings.tighter_clip()
            )
        }),
    }
}

/// Checks the gradient of states as it is propagated back through time, series by series.
///
/// The far end is the start of a sentence, or its end for a `.reverse` series. The largest norm in
/// the far quarter of the time steps is compared with the largest in the near half, since the last
/// steps alone may have nothing left to learn.
pub fn gradient_flow(series: &[FlowSeries], settings: &HealthSettings) -> Option<String> {
    series.iter().find_map(|FlowSeries { name, norms }| {
        let (quarter, half) = (norms.len() / 4, norms.len() / 2);
        if norms.len() < STEPS_BACK {
            return None;
        }
        let largest = |part: &[f32]| part.iter().copied().fold(0.0, f32::max);
        let (far, near) = if name.ends_with(".reverse") {
            (&norms[norms.len() - quarter..], &norms[..half])
        } else {
            (&norms[..quarter], &norms[norms.len() - half..])
        };
        let (far, near) = (largest(far), largest(near));
        let back = norms.len();
        if near > 0.0 && far < DEAD * near {
            Some(format!(
                "the gradient of {name} vanishes through time: {back} steps back {:.0e} of it is \
                 left, so what stands there is hardly learnt by this {}. Try {}",
                far / near,
                settings.cell,
                settings.longer_memory()
            ))
        } else if near > 0.0 && far > GROWN * near {
            let cell = if settings.is_gated() { "" } else { " a gated cell (gru, lstm) or" };
            Some(format!(
                "the gradient of {name} explodes through time: {back} steps back it is {:.0e} \
                 times as large: {}; or try{cell} smaller first weights (init = uniform with a \
                 small init_scale)",
                far / near,
                settings.tighter_clip()
            ))
        } else {
            None
        }
    })
}

#[cfg(test)]
mod tests {
    use rnn::Cell;

    use super::*;

    fn clipped(clip: Option<f32>) -> HealthSettings {
        HealthSettings { clip, ..HealthSettings::default() }
    }

    #[test]
    fn gradients_that_vanish_explode_or_are_always_clipped_are_told() {
        let (one, none) = (&clipped(Some(1.0)), &clipped(None));
        let healthy: Vec<f64> = (0..100).map(|i| 0.5 + f64::from(i % 7)).collect();
        assert_eq!(gradient_norms(&healthy, one), None);
        assert_eq!(gradient_norms(&healthy, none), None);
        assert_eq!(gradient_norms(&[], none), None);
        assert!(gradient_norms(&[1e-9; 100], one).unwrap().contains("vanished"));
        assert!(gradient_norms(&[30.0; 100], one).unwrap().contains("clip_norm = 1 "));
        let mut leap = healthy;
        leap[50] = 1e4;
        assert!(gradient_norms(&leap, none).unwrap().contains("set clip_norm"));
        assert_eq!(gradient_norms(&leap, one), None);
    }

    #[test]
    fn flow_through_time_is_judged_from_its_near_end() {
        let falling: Vec<f32> = (0..20).map(|t| 0.3_f32.powi(19 - t)).collect();
        let rising: Vec<f32> = falling.iter().rev().copied().collect();
        let of = |name: &str, norms: &[f32]| {
            let series = FlowSeries { name: name.into(), norms: norms.to_vec() };
            gradient_flow(&[series], &HealthSettings::default())
        };
        assert!(of("encoder.rnn.l0", &falling).unwrap().contains("vanishes"));
        assert!(of("encoder.rnn.l0.reverse", &rising).unwrap().contains("vanishes"));
        assert!(of("encoder.rnn.l0", &rising).unwrap().contains("explodes"));
        assert!(of("encoder.rnn.l0.reverse", &falling).unwrap().contains("explodes"));
        assert_eq!(of("encoder.rnn.l0", &[1.0; 20]), None);
        assert_eq!(of("encoder.rnn.l0", &falling[13..]), None);
        assert_eq!(of("encoder.rnn.l0", &[0.0; 20]), None);
        // A decoder that predicts the last words well: they contribute almost no gradient.
        let mut learnt = [0.01; 12];
        learnt[9..].copy_from_slice(&[1e-4, 1e-5, 1e-7]);
        assert_eq!(of("decoder.rnn.l0", &learnt), None);
    }

    #[test]
    fn advice_does_not_propose_what_the_model_has() {
        let falling: Vec<f32> = (0..20).map(|t| 0.3_f32.powi(19 - t)).collect();
        let of = |cell, attention| {
            let series = FlowSeries { name: "encoder.rnn.l0".into(), norms: falling.clone() };
            let settings = HealthSettings { cell, attention, ..HealthSettings::default() };
            gradient_flow(&[series], &settings).unwrap()
        };
        let elman = of(Cell::RnnTanh, false);
        assert!(elman.contains("Try a gated cell (gru, lstm) in place of rnn_tanh"), "{elman}");
        assert!(elman.contains("attention = additive"), "{elman}");
        let lstm = of(Cell::Lstm, true);
        assert!(lstm.ends_with("this lstm. Try forget_bias = 1, or shorter sentences"), "{lstm}");
        let gru = of(Cell::Gru, true);
        assert!(gru.ends_with("this gru. Try shorter sentences"), "{gru}");
    }
}
