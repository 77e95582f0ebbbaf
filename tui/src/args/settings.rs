//! Keys of the configuration that have a flag of their own.

use clap::{Arg, ArgMatches, Args, Command, Error, FromArgMatches};
use seq2seq::{Config, Key};

/// Flags and their keys. Each is `--set KEY=VALUE` in fewer letters; all other keys have `--set`
/// only.
const FLAGS: [(&str, &str); 5] = [
    ("learning-rate", "learning_rate"),
    ("batch", "batch"),
    ("hidden", "hidden"),
    ("cell", "cell"),
    ("attention", "attention"),
];

/// The keys that were set by their own flags.
#[derive(Debug, Clone, Default)]
pub struct SettingArguments {
    given: Vec<(&'static str, &'static str, String)>,
}

impl SettingArguments {
    /// Returns the keys and values.
    pub fn into_set(self) -> impl Iterator<Item = (String, String)> {
        self.given.into_iter().map(|(_, key, value)| (key.to_owned(), value))
    }

    /// Checks that no key of a flag is in `set`, too.
    ///
    /// # Errors
    /// Returns the two ways in which a key is set.
    pub(super) fn check(&self, set: &[(String, String)]) -> Result<(), String> {
        for (flag, key, value) in &self.given {
            if let Some((_, other)) = set.iter().find(|(other, _)| other == key) {
                return Err(format!(
                    "--{flag} {value} and --set {key}={other} set the same key: give one of them"
                ));
            }
        }
        Ok(())
    }

    fn read(matches: &ArgMatches) -> Self {
        let value = |(flag, key): &(&'static str, &'static str)| {
            let value = matches.get_one::<String>(key)?;
            Some((*flag, *key, value.clone()))
        };
        Self { given: FLAGS.iter().filter_map(value).collect() }
    }
}

impl FromArgMatches for SettingArguments {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        Ok(Self::read(matches))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::read(matches);
        Ok(())
    }
}

impl Args for SettingArguments {
    fn augment_args(command: Command) -> Command {
        let arg = |(flag, key): (&'static str, &'static str)| {
            Arg::new(key)
                .long(flag)
                .value_name("VALUE")
                .value_parser(move |text: &str| checked(key, text))
                .help(help(key))
        };
        command.args(FLAGS.map(arg))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

/// Returns a value that the key accepts.
fn checked(key: &str, text: &str) -> Result<String, String> {
    match Config::default().set(key, text) {
        Ok(()) => Ok(text.to_owned()),
        Err(_) => Err(format!("it takes {}", allowed(key))),
    }
}

fn allowed(key: &str) -> String {
    Config::KEYS.iter().find(|known| known.name == key).map(Key::allowed).unwrap_or_default()
}

/// Returns the first sentence of the key's documentation, and the accepted values.
fn help(key: &str) -> String {
    let doc = Config::KEYS.iter().find(|known| known.name == key).map(Key::doc).unwrap_or_default();
    let doc = doc.split_whitespace().collect::<Vec<_>>().join(" ");
    let end = doc.find(". ").map_or(doc.len(), |at| at + 1);
    let first = doc.get(..end).unwrap_or(&doc);
    format!("{first} Takes {} [default: the preset's]", allowed(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flag_is_its_key_with_help() {
        for (flag, key) in FLAGS {
            assert_eq!(flag.replace('-', "_"), key);
            assert!(Config::KEYS.iter().any(|known| known.name == key), "{key}");
            assert!(help(key).len() > 40 && !allowed(key).is_empty(), "{key}: {}", help(key));
        }
        assert!(
            help("cell").starts_with("The recurrent cell of encoder and decoder. Takes rnn_tanh")
        );
        assert_eq!(checked("hidden", "64").as_deref(), Ok("64"));
        assert!(checked("hidden", "x").unwrap_err().contains("a whole number"));
    }
}
