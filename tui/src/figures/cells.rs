//! Characters of the terminal that are graphics: lines, blocks, Braille dots. Positions are shares of
//! a cell.

/// How a character is drawn.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Drawn {
    /// It is blank.
    Nothing,
    /// As text.
    Text,
    /// As rectangles: left, top, width, height, and the share of the letter's colour.
    Rects(Vec<[f32; 5]>),
    /// As dots.
    Dots(Vec<(f32, f32)>),
}

/// Thickness of a line, across and down.
const LINE: (f32, f32) = (0.14, 0.07);

/// Returns how a character is drawn.
pub(super) fn drawn(symbol: &str) -> Drawn {
    let mut letters = symbol.chars();
    let (Some(letter), None) = (letters.next(), letters.next()) else { return Drawn::Text };
    match letter {
        ' ' | '\u{2800}' | '\u{a0}' => Drawn::Nothing,
        '\u{2800}'..='\u{28ff}' => Drawn::Dots(braille(letter)),
        '\u{2580}'..='\u{259f}' => blocks(letter).map_or(Drawn::Text, Drawn::Rects),
        '\u{2500}'..='\u{257f}' => {
            arms(letter).map_or(Drawn::Text, |arms| Drawn::Rects(lines(arms)))
        }
        _ => Drawn::Text,
    }
}

/// Returns the dots of a Braille character: bits 0 to 2 and 6 are the left column, from the top.
fn braille(letter: char) -> Vec<(f32, f32)> {
    let bits = u32::from(letter) - 0x2800;
    const PLACES: [(f32, f32); 8] = [
        (0.25, 0.125),
        (0.25, 0.375),
        (0.25, 0.625),
        (0.75, 0.125),
        (0.75, 0.375),
        (0.75, 0.625),
        (0.25, 0.875),
        (0.75, 0.875),
    ];
    (PLACES.iter().enumerate())
        .filter(|(bit, _)| bits & (1 << bit) != 0)
        .map(|(_, place)| *place)
        .collect()
}

/// Returns the rectangles of a block element (U+2580 to U+259F).
fn blocks(letter: char) -> Option<Vec<[f32; 5]>> {
    let full = |share| vec![[0.0, 0.0, 1.0, 1.0, share]];
    let code = u32::from(letter);
    Some(match letter {
        '▀' => vec![[0.0, 0.0, 1.0, 0.5, 1.0]],
        '▁'..='█' => {
            let share = (code - 0x2580) as f32 / 8.0;
            vec![[0.0, 1.0 - share, 1.0, share, 1.0]]
        }
        '▉'..='▏' => vec![[0.0, 0.0, (0x2590 - code) as f32 / 8.0, 1.0, 1.0]],
        '▐' => vec![[0.5, 0.0, 0.5, 1.0, 1.0]],
        '░' => full(0.25),
        '▒' => full(0.5),
        '▓' => full(0.75),
        '▔' => vec![[0.0, 0.0, 1.0, 0.125, 1.0]],
        '▕' => vec![[0.875, 0.0, 0.125, 1.0, 1.0]],
        _ => {
            // Quadrants: upper left, upper right, lower left, lower right.
            let quadrants: [bool; 4] = match letter {
                '▖' => [false, false, true, false],
                '▗' => [false, false, false, true],
                '▘' => [true, false, false, false],
                '▙' => [true, false, true, true],
                '▚' => [true, false, false, true],
                '▛' => [true, true, true, false],
                '▜' => [true, true, false, true],
                '▝' => [false, true, false, false],
                '▞' => [false, true, true, false],
                '▟' => [false, true, true, true],
                _ => return None,
            };
            const PLACES: [(f32, f32); 4] = [(0.0, 0.0), (0.5, 0.0), (0.0, 0.5), (0.5, 0.5)];
            (PLACES.iter().zip(quadrants))
                .filter(|(_, is_filled)| *is_filled)
                .map(|((x, y), _)| [*x, *y, 0.5, 0.5, 1.0])
                .collect()
        }
    })
}

/// Returns which arms a thin line has: left, right, up, down. Round corners are drawn square.
fn arms(letter: char) -> Option<[bool; 4]> {
    Some(match letter {
        '─' => [true, true, false, false],
        '│' => [false, false, true, true],
        '┌' | '╭' => [false, true, false, true],
        '┐' | '╮' => [true, false, false, true],
        '└' | '╰' => [false, true, true, false],
        '┘' | '╯' => [true, false, true, false],
        '├' => [false, true, true, true],
        '┤' => [true, false, true, true],
        '┬' => [true, true, false, true],
        '┴' => [true, true, true, false],
        '┼' => [true; 4],
        '╴' => [true, false, false, false],
        '╵' => [false, false, true, false],
        '╶' => [false, true, false, false],
        '╷' => [false, false, false, true],
        _ => return None,
    })
}

fn lines([left, right, up, down]: [bool; 4]) -> Vec<[f32; 5]> {
    let (wide, high) = LINE;
    let mut rects = Vec::new();
    if left || right {
        let from = if left { 0.0 } else { 0.5 - wide / 2.0 };
        let to = if right { 1.0 } else { 0.5 + wide / 2.0 };
        rects.push([from, 0.5 - high / 2.0, to - from, high, 1.0]);
    }
    if up || down {
        let from = if up { 0.0 } else { 0.5 - high / 2.0 };
        let to = if down { 1.0 } else { 0.5 + high / 2.0 };
        rects.push([0.5 - wide / 2.0, from, wide, to - from, 1.0]);
    }
    rects
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(symbol: &str) -> f32 {
        match drawn(symbol) {
            Drawn::Rects(rects) => rects.iter().map(|[_, _, w, h, share]| w * h * share).sum(),
            other => panic!("{symbol}: {other:?}"),
        }
    }

    #[test]
    fn blocks_cover_their_share_of_the_cell() {
        for (symbol, share) in [
            ("█", 1.0),
            ("▀", 0.5),
            ("▄", 0.5),
            ("▁", 0.125),
            ("▇", 0.875),
            ("▌", 0.5),
            ("▏", 0.125),
            ("▉", 0.875),
            ("▐", 0.5),
            ("░", 0.25),
            ("▓", 0.75),
            ("▖", 0.25),
            ("▟", 0.75),
        ] {
            assert_eq!(area(symbol), share, "{symbol}");
        }
    }

    #[test]
    fn every_block_element_is_drawn_and_other_characters_are_text() {
        for code in 0x2580..=0x259f {
            let symbol = char::from_u32(code).unwrap().to_string();
            assert!(matches!(drawn(&symbol), Drawn::Rects(_)), "{symbol}");
        }
        for symbol in ["a", "é", "e\u{301}", "日", "●", "→", "╬"] {
            assert_eq!(drawn(symbol), Drawn::Text, "{symbol}");
        }
        assert_eq!(drawn(" "), Drawn::Nothing);
    }

    #[test]
    fn braille_dots_are_at_their_places() {
        assert_eq!(drawn("⠁"), Drawn::Dots(vec![(0.25, 0.125)]));
        assert_eq!(drawn("⢀"), Drawn::Dots(vec![(0.75, 0.875)]));
        assert!(matches!(drawn("⣿"), Drawn::Dots(dots) if dots.len() == 8));
    }
}
