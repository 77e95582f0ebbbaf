//! Advice on errors in terms of command-line flags, which the libraries do not know.

use seq2seq::Error;

/// Returns the flags that resolve an error, if the error message does not already name them.
pub(crate) fn advice(error: &Error) -> Option<String> {
    let text = match error {
        Error::NeedsData { preset, example, .. } => {
            return Some(format!("type tui --preset {preset} --data {example}"));
        }
        Error::RunExists { .. } => {
            "give --resume to go on with the run there, or another --run-dir"
        }
        Error::RunInUse { .. } | Error::Contradiction { .. } => "give it by --run-dir",
        Error::NoRun { .. } | Error::NotARun { .. } => {
            "`tui train` makes one, `tui runs` lists them"
        }
        Error::RunName { .. } => {
            "`tui runs` lists them; `tui train` makes one, and --run-dir gives it a name"
        }
        Error::UnknownPreset { .. } => "`tui presets` lists them",
        Error::UnknownKey { .. } => "`tui presets NAME --all` lists every key",
        Error::OtherTask { .. } => {
            "translation is used by `tui translate` and `tui score`, a \
             language model by `tui sample`, all by `tui evaluate`"
        }
        Error::OutOfMemory { .. } => {
            "--resume goes on with it, --set batch=N makes a smaller batch"
        }
        _ => return None,
    };
    Some(text.to_owned())
}
