//! The stops of the tour, a file each.

mod adding;
mod attention;
mod beam;
mod bottleneck;
mod forcing;
mod gates;
mod gradient;
mod letters;
mod move_attention;
mod names;
mod reversed;
mod scores;
mod step_by_step;
mod translators;

use super::stop::Stop;

/// All stops, in the order of the tour.
pub(crate) const STOPS: [&dyn Stop; 12] = [
    &gradient::Gradient,
    &adding::Adding,
    &gates::Gates,
    &letters::Letters,
    &forcing::Forcing,
    &bottleneck::Bottleneck,
    &reversed::Reversed,
    &attention::Attention,
    &step_by_step::StepByStep,
    &scores::Scores,
    &move_attention::MoveAttention,
    &beam::Beam,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stop_has_a_text_that_fits_the_screen() {
        for stop in STOPS {
            let text = stop.text();
            let sentences = text.expect.matches(['.', '?']).count();
            assert!((3..=6).contains(&sentences), "{}: {sentences} sentences", text.name);
            assert!(text.expect.chars().count() <= 480, "{}", text.name);
            assert!((1..=2).contains(&text.equation.len()), "{}", text.name);
            assert!(text.equation.iter().all(|line| line.chars().count() <= 76), "{}", text.name);
            assert!((2..=4).contains(&text.question.choices.len()), "{}", text.name);
            assert!(text.question.right < text.question.choices.len(), "{}", text.name);
            assert!(text.interventions.len() <= 3 && !text.reading.is_empty(), "{}", text.name);
        }
        let mut names: Vec<&str> = STOPS.iter().map(|stop| stop.text().name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), STOPS.len());
    }
}
