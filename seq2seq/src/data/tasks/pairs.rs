//! Sentence pairs: copy, reverse, dates.

use std::ops::RangeInclusive;

use tensor::init::Rng;
use tensor::rand::Rng as _;

use crate::data::corpus::Pair;
use crate::score::GoldLinks;

/// Number of letters from which the sequences of copy and reverse are drawn.
const LETTERS: u8 = 10;

/// Returns letters `a` to `j` separated by spaces, and the same letters in this or the reverse
/// order.
pub(super) fn letters(rng: &mut Rng, lengths: &RangeInclusive<usize>, reverse: bool) -> Pair {
    let n = rng.random_range(lengths.clone());
    let letters: Vec<String> =
        (0..n).map(|_| char::from(b'a' + rng.random_range(0..LETTERS)).to_string()).collect();
    let source = letters.join(" ");
    let (mut said, mut links) = (letters, Vec::with_capacity(n));
    if reverse {
        said.reverse();
    }
    for i in 0..n {
        links.push((i, if reverse { n - 1 - i } else { i }));
    }
    Pair { source, target: said.join(" "), links: Some(GoldLinks::sure(links)) }
}

const MONTHS: [(&str, u32); 12] = [
    ("January", 31),
    ("February", 28),
    ("March", 31),
    ("April", 30),
    ("May", 31),
    ("June", 30),
    ("July", 31),
    ("August", 31),
    ("September", 30),
    ("October", 31),
    ("November", 30),
    ("December", 31),
];

const WEEKDAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// Returns a day between 1900 and 2099 in one of five forms, and in ISO 8601.
pub(super) fn date(rng: &mut Rng) -> Pair {
    let year: u32 = rng.random_range(1900..2100);
    let month: u32 = rng.random_range(1..=12);
    let (name, days) = MONTHS[month as usize - 1];
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = if month == 2 && leap { 29 } else { days };
    let day: u32 = rng.random_range(1..=days);
    let source = match rng.random_range(0..5_u32) {
        0 => format!("{day} {name} {year}"),
        1 => format!("{name} {day}, {year}"),
        2 => format!("{} {day} {name} {year}", WEEKDAYS[weekday(year, month, day)]),
        3 => format!("{day}.{month}.{year}"),
        _ => format!("{day} {} {year}", name.get(..3).unwrap_or(name).to_uppercase()),
    };
    Pair { source, target: format!("{year:04}-{month:02}-{day:02}"), links: None }
}

/// Returns the day of the week, 0 for Sunday (Sakamoto's algorithm).
pub(super) fn weekday(year: u32, month: u32, day: u32) -> usize {
    const SHIFT: [u32; 12] = [0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4];
    let y = if month < 3 { year - 1 } else { year };
    ((y + y / 4 - y / 100 + y / 400 + SHIFT[month as usize - 1] + day) % 7) as usize
}
