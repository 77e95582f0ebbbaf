//! Formats metrics, times and words for people.

use ratatui::style::Style;
use ratatui::text::Span;
use seq2seq::event::Estimate;

/// Formats a whole number with separators: `12,345`.
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Abbreviates a large number: `950`, `12.3k`, `4.5M`.
pub fn brief(value: f64) -> String {
    let scaled = |value: f64, unit: &str| {
        let decimals = usize::from(value.abs() < 99.95);
        format!("{value:.decimals$}{unit}").replace(".0", "")
    };
    match value.abs() {
        _ if !value.is_finite() => number(value),
        size if size < 999.5 => format!("{value:.0}"),
        size if size < 999_500.0 => scaled(value / 1e3, "k"),
        size if size < 999_500_000.0 => scaled(value / 1e6, "M"),
        _ => scaled(value / 1e9, "G"),
    }
}

/// Formats a number with four significant digits: `3.210`, `0.0213`, `1.2e-5`, `NaN`, `inf`.
pub fn number(value: f64) -> String {
    match value.abs() {
        _ if !value.is_finite() => value.to_string(),
        0.0 => "0".to_owned(),
        size if size < 1e-3 => format!("{value:.1e}"),
        size if size < 1.0 => format!("{value:.4}"),
        size if size < 10.0 => format!("{value:.3}"),
        size if size < 100.0 => format!("{value:.2}"),
        size if size < 1000.0 => format!("{value:.1}"),
        size if size < 1e5 => format!("{value:.0}"),
        _ => format!("{value:.1e}"),
    }
}

/// Returns a number for JSON. One that is not finite, which JSON cannot represent, is the string
/// `NaN`, `inf` or `-inf`.
pub fn json_number(value: f64) -> serde_json::Value {
    if value.is_finite() { value.into() } else { value.to_string().into() }
}

/// Formats a setting such as a learning rate, without padding: `0.001`, `1e-5`, `1`.
pub fn setting(value: f64) -> String {
    if value != 0.0 && value.abs() < 1e-3 {
        // Learning rates arrive as f32: 1e-4 is 9.999999747e-5.
        let text = format!("{value:.3e}");
        let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
        return format!("{}e{power}", digits.trim_end_matches('0').trim_end_matches('.'));
    }
    let text = format!("{value:.5}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Formats a share from 0 to 1 as a percentage: `97.8%`.
pub fn percent(share: f64) -> String {
    if share.is_finite() { format!("{:.1}%", share * 100.0) } else { number(share) }
}

/// Formats a time in seconds: `45s`, `2m05s`, `1h02m`, `3d04h`.
pub fn duration(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return "?".to_owned();
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // checked above; saturates
    let whole = seconds.round() as u64;
    match whole {
        0..60 => format!("{whole}s"),
        60..3600 => format!("{}m{:02}s", whole / 60, whole % 60),
        3600..86_400 => format!("{}h{:02}m", whole / 3600, whole % 3600 / 60),
        _ => format!("{}d{:02}h", whole / 86_400, whole % 86_400 / 3600),
    }
}

/// Formats a number of bytes: `25 MB`, `2.3 GB`.
pub fn bytes(count: f64) -> String {
    match count {
        x if x < 1e9 => format!("{:.0} MB", (x / 1e6).max(1.0)),
        x if x < 1e11 => format!("{:.1} GB", x / 1e9),
        x => format!("{:.0} GB", x / 1e9),
    }
}

/// Formats a number with its noun in the singular or plural: `1 step`, `2,850 steps`.
pub fn several(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(number), if number == 1 { "" } else { "s" })
}

/// Returns how long training takes and how much memory, in words.
pub fn estimated(estimate: &Estimate) -> Vec<String> {
    let time = estimate.seconds.map(|seconds| format!("about {}", duration(seconds)));
    let memory = format!("at least {} of memory", bytes(estimate.bytes));
    [Some(format!("{} to do", several(estimate.steps, "step"))), time, Some(memory)]
        .into_iter()
        .flatten()
        .collect()
}

/// Returns true for characters that control a terminal or reorder, hide or break a line on it.
pub fn steers(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{61C}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{2069}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}')
}

/// Returns the text with the characters of [`steers`] made visible, for terminals and logs.
pub fn plain(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    for letter in text.chars() {
        if steers(letter) {
            result.extend(letter.escape_default());
        } else {
            result.push(letter);
        }
    }
    result
}

/// Returns the number of terminal columns that a text occupies.
pub fn width(text: &str) -> usize {
    Span::raw(text).width()
}

/// Truncates a text to at most `columns` terminal columns; `mark` shows the truncation.
pub fn fit(text: &str, columns: usize, mark: char) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    if columns == 0 {
        return String::new();
    }
    let mut result = String::new();
    let mut used = 0;
    for grapheme in Span::raw(text).styled_graphemes(Style::new()) {
        let next = used + width(grapheme.symbol);
        if next >= columns {
            break;
        }
        used = next;
        result.push_str(grapheme.symbol);
    }
    result.push(mark);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_234_567), "1,234,567");
        for (value, text) in
            [(0.0, "0"), (950.0, "950"), (999.6, "1k"), (12_345.0, "12.3k"), (4.5e6, "4.5M")]
        {
            assert_eq!(brief(value), text);
        }
        assert_eq!(brief(123_456.0), "123k");
        for (value, text) in [
            (3.21, "3.210"),
            (0.0213, "0.0213"),
            (1.2e-5, "1.2e-5"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-inf"),
            (0.0, "0"),
            (1e9, "1.0e9"),
        ] {
            assert_eq!(number(value), text);
        }
        assert_eq!(setting(f64::from(0.001f32)), "0.001");
        assert_eq!(setting(f64::from(1e-4f32)), "1e-4");
        assert_eq!(setting(1.0), "1");
        assert_eq!((bytes(1.0), bytes(2.34e9)), ("1 MB".to_owned(), "2.3 GB".to_owned()));
        assert_eq!(several(1, "step"), "1 step");
        assert_eq!(several(2850, "step"), "2,850 steps");
    }

    #[test]
    fn an_estimate_says_time_and_memory() {
        let estimate = Estimate { steps: 13_620, seconds: Some(19_200.0), bytes: 9.1e8 };
        let words = estimated(&estimate).join(", ");
        assert_eq!(words, "13,620 steps to do, about 5h20m, at least 910 MB of memory");
        let none = Estimate { seconds: None, ..estimate };
        assert_eq!(estimated(&none).len(), 2);
    }

    #[test]
    fn times_read_well() {
        for (seconds, text) in [
            (0.2, "0s"),
            (59.6, "1m00s"),
            (125.0, "2m05s"),
            (3720.0, "1h02m"),
            (273_600.0, "3d04h"),
            (f64::NAN, "?"),
        ] {
            assert_eq!(duration(seconds), text);
        }
    }

    #[test]
    fn cutting_counts_terminal_columns() {
        assert_eq!(fit("voiture", 7, '…'), "voiture");
        assert_eq!(fit("voiture", 4, '…'), "voi…");
        assert_eq!(fit("日本語", 4, '…'), "日…");
        assert_eq!(fit("日本語", 6, '…'), "日本語");
        assert_eq!(fit("e\u{301}te\u{301}", 3, '…'), "e\u{301}te\u{301}");
        assert_eq!(fit("abc", 0, '…'), "");
        assert_eq!(fit("abc", 1, '…'), "…");
    }

    #[test]
    fn control_characters_are_made_visible() {
        assert_eq!(plain("a\u{1b}[2Jb\r\n"), "a\\u{1b}[2Jb\\r\\n");
        assert_eq!(plain("où ça ?"), "où ça ?");
        assert_eq!(plain("a\u{202e}b\u{2028}c\u{9b}"), "a\\u{202e}b\\u{2028}c\\u{9b}");
    }
}
