//! Losses: overfitting and divergence.

use super::settings::HealthSettings;

/// Factor by which the training loss must exceed its lowest mean to count as diverged.
pub const RISEN: f64 = 1.5;
/// Minimum rise of the training loss, in nats.
pub const RISE: f64 = 0.2;
/// Factor by which the held-out loss must exceed the training loss to count as overfitting, where
/// it is also far above it.
pub const APART: f64 = 2.0;
/// Minimum difference of the two losses, in nats, to count as overfitting.
pub const GAP: f64 = 0.5;
/// Factor by which a held-out loss must exceed its minimum to count as rising.
pub const WORSE: f64 = 1.1;

/// A held-out loss and its step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HeldOut {
    /// Optimizer steps done.
    pub step: u64,
    /// Loss per target token.
    pub loss: f64,
}

/// Checks the mean training loss of the newest steps against the lowest mean before.
pub fn divergence(mean: f64, lowest: f64, settings: &HealthSettings) -> Option<String> {
    (mean > RISEN * lowest && mean - lowest > RISE).then(|| {
        format!(
            "the training loss rises: it is {mean:.3} on average, where it was {lowest:.3} before. \
             Lower learning_rate (now {}), or {}",
            settings.rate(),
            settings.tighter_clip()
        )
    })
}

/// Checks a held-out loss against the mean training loss and the lowest held-out loss so far.
///
/// Overfitting is a held-out loss far above the training loss, or one that rises while the training
/// loss is lower.
pub fn overfitting(
    training: f64,
    held_out: f64,
    best: Option<HeldOut>,
    settings: &HealthSettings,
) -> Option<String> {
    let gap = held_out - training;
    let far = held_out > APART * training && gap > GAP;
    let risen = best.filter(|best| held_out > WORSE * best.loss && gap > GAP / 5.0);
    if !far && risen.is_none() {
        return None;
    }
    let best = risen.map_or_else(String::new, |best| {
        format!(", where it was {:.3} at step {}", best.loss, best.step)
    });
    let dropout = match settings.dropout {
        0.0 => "set dropout, 0.2 is a good first value".to_owned(),
        dropout => format!("raise dropout (now {dropout})"),
    };
    let stop = if settings.stop_patience == 0 { ", or stop early (stop_patience = 3)" } else { "" };
    Some(format!(
        "the model overfits: the training loss is {training:.3}, the held-out loss \
         {held_out:.3}{best}. Train on more data, {dropout}, or use a smaller hidden{stop}; \
         the best checkpoint is kept"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_out_loss_far_above_or_rising_is_overfitting() {
        let settings = HealthSettings::default();
        let check = |training, held_out, best: Option<f64>| {
            let best = best.map(|loss| HeldOut { step: 400, loss });
            overfitting(training, held_out, best, &settings)
        };
        let text = check(0.09, 2.68, Some(1.9)).unwrap();
        assert!(text.contains("0.090") && text.contains("2.680"), "{text}");
        assert!(text.contains("1.900 at step 400") && text.contains("set dropout"), "{text}");
        assert!(check(0.09, 2.68, None).is_some());
        assert!(check(1.0, 1.3, Some(1.1)).is_some());
        // The end of the default run; a loss that still falls; one that is noisy.
        assert_eq!(check(0.018, 0.04, Some(0.0395)), None);
        assert_eq!(check(1.5, 1.4, Some(1.6)), None);
        assert_eq!(check(1.0, 1.15, Some(1.12)), None);
        let settings = HealthSettings { dropout: 0.5, stop_patience: 2, ..settings };
        let text = overfitting(0.1, 3.0, None, &settings).unwrap();
        assert!(text.contains("now 0.5") && !text.contains("stop_patience"), "{text}");
    }

    #[test]
    fn a_loss_that_rises_is_divergence() {
        let settings = HealthSettings { learning_rate: 0.1, ..HealthSettings::default() };
        let text = divergence(5.0, 2.0, &settings).unwrap();
        assert!(text.contains("5.000") && text.contains("now 0.1"), "{text}");
        assert_eq!(divergence(0.03, 0.01, &settings), None);
        assert_eq!(divergence(2.2, 2.0, &settings), None);
        assert_eq!(divergence(f64::NAN, 2.0, &settings), None);
    }
}
