//! The colours of the dashboard: two hues for curves, marks of success and failure, and a ramp for
//! heat, for dark and light backgrounds and for terminals with many or few colours.
//!
//! The hues can be told apart with each kind of colour blindness (after Okabe and Ito), and the ramp
//! runs from violet over teal to yellow, as viridis does: each step is brighter than the one before,
//! or darker on a light background.

use ratatui::style::Color;

/// How many colours the terminal has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colours {
    /// None: bold, dim and reversed only.
    None,
    /// The 16 colours whose shades the user chose.
    Sixteen,
    /// The 256 colours of xterm.
    Indexed,
    /// 24 bits.
    True,
}

/// What a colour stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hue {
    /// Metrics of training.
    Train,
    /// Metrics on held-out pairs.
    Valid,
    /// Gradients.
    Gradient,
    /// Success.
    Good,
    /// Errors and warnings.
    Bad,
    /// Names, axes and frames.
    Faint,
}

/// A colour in each kind of terminal.
struct Shade {
    rgb: (u8, u8, u8),
    indexed: u8,
    sixteen: Color,
}

const fn shade(rgb: (u8, u8, u8), indexed: u8, sixteen: Color) -> Shade {
    Shade { rgb, indexed, sixteen }
}

/// Returns the shade on a dark and on a light background.
const fn shades(hue: Hue) -> [Shade; 2] {
    match hue {
        Hue::Train => {
            [shade((86, 180, 233), 74, Color::Cyan), shade((0, 98, 160), 25, Color::Blue)]
        }
        Hue::Valid => {
            [shade((240, 176, 48), 214, Color::Yellow), shade((160, 84, 0), 130, Color::Yellow)]
        }
        Hue::Gradient => {
            [shade((220, 140, 190), 175, Color::Magenta), shade((146, 50, 116), 90, Color::Magenta)]
        }
        Hue::Good => {
            [shade((40, 190, 145), 36, Color::Green), shade((0, 112, 82), 29, Color::Green)]
        }
        Hue::Bad => {
            [shade((255, 110, 70), 203, Color::LightRed), shade((184, 52, 0), 160, Color::Red)]
        }
        Hue::Faint => [
            shade((138, 138, 138), 245, Color::DarkGray),
            shade((104, 104, 104), 242, Color::DarkGray),
        ],
    }
}

/// The ramp in 24 bits at equal distances, from dark to bright.
const RAMP: [(u8, u8, u8); 8] = [
    (76, 30, 105),
    (70, 60, 132),
    (52, 94, 141),
    (38, 126, 142),
    (32, 158, 136),
    (78, 194, 106),
    (158, 217, 58),
    (250, 229, 52),
];
/// Number of colours in 24 bits, without the first one.
const LEVELS: f32 = 28.0;
/// The ramp in xterm's 256 colours on a dark background.
const INDEXED_DARK: [u8; 8] = [54, 61, 31, 36, 71, 113, 149, 227];
/// The ramp in xterm's 256 colours on a light background, from bright to dark.
const INDEXED_LIGHT: [u8; 8] = [149, 113, 71, 36, 31, 61, 54, 53];
/// The ramp in 16 colours on a dark background; reversed on a light one.
const SIXTEEN: [Color; 3] = [Color::Blue, Color::Cyan, Color::Yellow];

/// Returns the colour of a hue, if the terminal has colours.
pub(super) fn hue(hue: Hue, colours: Colours, light: bool) -> Option<Color> {
    let [dark_shade, light_shade] = shades(hue);
    let Shade { rgb: (red, green, blue), indexed, sixteen } =
        if light { light_shade } else { dark_shade };
    match colours {
        Colours::None => None,
        Colours::Sixteen => Some(sixteen),
        Colours::Indexed => Some(Color::Indexed(indexed)),
        Colours::True => Some(Color::Rgb(red, green, blue)),
    }
}

/// Returns the colour of a share from 0 to 1, if the terminal has colours.
pub(super) fn heat(share: f32, colours: Colours, light: bool) -> Option<Color> {
    let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0 to `last`
    let place = |last: usize| (share * last as f32).round() as usize;
    match colours {
        Colours::None => None,
        Colours::Sixteen => {
            let last = SIXTEEN.len() - 1;
            let place = if light { last - place(last) } else { place(last) };
            SIXTEEN.get(place).copied()
        }
        Colours::Indexed => {
            let ramp = if light { INDEXED_LIGHT } else { INDEXED_DARK };
            ramp.get(place(ramp.len() - 1)).map(|tone| Color::Indexed(*tone))
        }
        Colours::True => {
            // Neighbouring cells of one colour take fewer bytes.
            let share = (share * LEVELS).round() / LEVELS;
            // The brightest end of the ramp is too pale for a light background.
            let share = if light { 0.86 * (1.0 - share) } else { share };
            let along = share * (RAMP.len() - 1) as f32;
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0 to 7
            let first = along as usize;
            let (low, high) =
                (RAMP[first.min(RAMP.len() - 1)], RAMP[(first + 1).min(RAMP.len() - 1)]);
            let part = along - first as f32;
            let mix = |a: u8, b: u8| {
                let value = f32::from(a) + part * (f32::from(b) - f32::from(a));
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0 to 255
                let value = value.round() as u8;
                value
            };
            Some(Color::Rgb(mix(low.0, high.0), mix(low.1, high.1), mix(low.2, high.2)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the red, green and blue of a colour of xterm's 256, or of 24 bits.
    fn rgb(colour: Color) -> (u8, u8, u8) {
        match colour {
            Color::Rgb(red, green, blue) => (red, green, blue),
            Color::Indexed(tone @ 16..=231) => {
                let level = |place: u8| if place == 0 { 0 } else { 55 + 40 * place };
                let tone = tone - 16;
                (level(tone / 36), level(tone / 6 % 6), level(tone % 6))
            }
            Color::Indexed(tone @ 232..) => {
                let grey = 8 + 10 * (tone - 232);
                (grey, grey, grey)
            }
            other => panic!("{other:?}"),
        }
    }

    /// Relative luminance, as in WCAG 2.
    fn luminance(colour: Color) -> f64 {
        let linear = |value: u8| {
            let value = f64::from(value) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        let (red, green, blue) = rgb(colour);
        0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
    }

    #[test]
    fn every_step_of_the_ramp_is_brighter_or_on_a_light_background_darker() {
        for colours in [Colours::Indexed, Colours::True] {
            for light in [false, true] {
                let tones: Vec<f64> = (0u8..8)
                    .map(|step| heat(f32::from(step) / 7.0, colours, light).unwrap())
                    .map(luminance)
                    .collect();
                let rises = tones.windows(2).all(|pair| pair[0] < pair[1]);
                let falls = tones.windows(2).all(|pair| pair[0] > pair[1]);
                assert_eq!((rises, falls), (!light, light), "{colours:?} {light} {tones:?}");
            }
        }
        assert_eq!(heat(0.0, Colours::Sixteen, false), Some(Color::Blue));
        assert_eq!(heat(1.0, Colours::Sixteen, true), Some(Color::Blue));
        assert_eq!(heat(f32::NAN, Colours::None, true), None);
        assert!(heat(f32::NAN, Colours::True, true).is_some());
    }

    #[test]
    fn text_is_legible_on_its_background() {
        let contrast = |a: f64, b: f64| (a.max(b) + 0.05) / (a.min(b) + 0.05);
        for wanted in [Hue::Train, Hue::Valid, Hue::Gradient, Hue::Good, Hue::Bad, Hue::Faint] {
            for colours in [Colours::Indexed, Colours::True] {
                for (light, background) in [(false, 0.0), (true, 1.0)] {
                    let tone = luminance(hue(wanted, colours, light).unwrap());
                    let found = contrast(tone, background);
                    // What WCAG 2 asks of text (AA).
                    assert!(found >= 4.5, "{wanted:?} {colours:?} {light} {found}");
                }
            }
            assert_eq!(hue(wanted, Colours::None, false), None);
        }
    }
}
