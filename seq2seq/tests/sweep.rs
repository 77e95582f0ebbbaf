//! Every key with every kind of value: it is taken, and a run made of it, or refused; nothing panics
//! and nothing goes on for ever.
// Helpers of a test are tests too.
#![allow(clippy::unwrap_used, clippy::panic)]

use seq2seq::{Config, Key};

/// Numbers that are none, or too large, too small, or strange.
const ODD: &[&str] = &[
    "0",
    "-0",
    "1",
    "-1",
    "3",
    "0.5",
    "1.5",
    "",
    " ",
    "NaN",
    "inf",
    "-inf",
    "1e300",
    "-1e300",
    "1e-300",
    "1e-45",
    "1e20",
    "2147483648",
    "4294967296",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "true",
    "word",
    "[\"a\", \"\"]",
];

/// The names that a key takes, and both ends of its range.
fn own_values(key: &Key) -> Vec<String> {
    let allowed = key.allowed();
    let names = allowed.split(", ").filter(|name| !name.contains(' ')).map(str::to_owned);
    let ends = allowed.split(' ').map(|word| word.trim_end_matches(','));
    let ends = ends.filter(|word| word.parse::<f64>().is_ok()).map(str::to_owned);
    names.chain(ends).collect()
}

fn values(key: &Key) -> Vec<String> {
    ODD.iter().map(|&text| text.to_owned()).chain(own_values(key)).collect()
}

#[test]
fn values_are_taken_or_refused_by_name() {
    let mut taken = 0;
    for key in Config::KEYS {
        for value in values(key) {
            let mut config = Config::default();
            let result = config.set(key.name, &value).and_then(|()| config.validate());
            match result {
                Ok(()) => taken += 1,
                Err(error) => {
                    let error = error.to_string();
                    assert!(error.contains(key.name), "{} = {value}: {error}", key.name);
                    assert!(error.len() > key.name.len() + 20, "{error}");
                }
            }
        }
        for end in own_values(key) {
            Config::default().set(key.name, &end).unwrap();
        }
    }
    assert!(taken > 200, "{taken}");
}
