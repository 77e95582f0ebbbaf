//! How values are read.

use seq2seq::Range;

/// `2,1`: two columns, counted from 1.
pub(super) fn columns(text: &str) -> Result<(usize, usize), String> {
    let column = |part: &str| part.trim().parse().ok().filter(|&column: &usize| column > 0);
    text.split_once(',')
        .and_then(|(source, target)| Some((column(source)?, column(target)?)))
        .ok_or_else(|| "two columns counted from 1 are needed, such as 2,1".to_owned())
}

/// `cpu`, `opencl` or `opencl:P.D`; whether the device is there is the library's to say.
pub(super) fn device(text: &str) -> Result<String, String> {
    let precise = text.strip_suffix(":tf32");
    let known = match precise.unwrap_or(text).split_once(':') {
        None => precise.or(Some(text)) == Some("opencl") || text == "cpu",
        Some(("opencl", place)) => place
            .split_once('.')
            .is_some_and(|(p, d)| p.parse::<u32>().is_ok() && d.parse::<u32>().is_ok()),
        Some(_) => false,
    };
    if known {
        Ok(text.to_owned())
    } else {
        Err("known are cpu, opencl and opencl:PLATFORM.DEVICE, such as opencl:0.0; opencl and \
             opencl:0.0 with :tf32 behind them"
            .to_owned())
    }
}

/// A number of threads.
pub(super) fn threads(text: &str) -> Result<usize, String> {
    whole(text, Range::THREADS)
}

/// A number of texts.
pub(super) fn texts(text: &str) -> Result<usize, String> {
    whole(text, Range::TEXTS)
}

/// A number of tokens.
pub(super) fn tokens(text: &str) -> Result<usize, String> {
    whole(text, Range::TOKENS)
}

/// A number of tokens after which a translation is cut.
pub(super) fn max_length(text: &str) -> Result<usize, String> {
    whole(text, Range::MAX_LENGTH)
}

/// A temperature.
pub(super) fn temperature(text: &str) -> Result<f32, String> {
    let range = Range::TEMPERATURE;
    let temperature = range.number(text).map(|temperature| temperature as f32);
    temperature.ok_or_else(|| format!("a number {range} is needed, such as 0.8"))
}

/// A length of time.
pub(super) fn seconds(text: &str) -> Result<f64, String> {
    let range = Range::SECONDS;
    range.number(text).ok_or_else(|| format!("a number of seconds {range} is needed"))
}

/// A time limit.
pub(super) fn minutes(text: &str) -> Result<f64, String> {
    let range = Range::MINUTES;
    let minutes = range.number(text);
    minutes.ok_or_else(|| format!("a number of minutes {range} is needed, such as 2 or 0.5"))
}

/// A whole number in a range.
pub(super) fn whole(text: &str, range: Range) -> Result<usize, String> {
    range.whole(text).ok_or_else(|| format!("a whole number {range} is needed"))
}

/// `key=value`; whether the key exists is the library's to say.
pub(super) fn key_and_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => {
            Ok((key.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err("key=value is needed, such as hidden=512".to_owned()),
    }
}
