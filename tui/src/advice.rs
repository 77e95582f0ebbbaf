//! Advice on errors in terms of command-line flags, which the libraries do not know.

use seq2seq::Error;

/// Returns the flags that resolve an error, if the error message does not already name them.
pub(crate) fn advice(error: &Error) -> Option<&'static str> {
    Some(match error {
        Error::RunExists { .. } => {
            "give --resume to go on with the run there, or another --run-dir"
        }
        Error::RunInUse { .. } | Error::Contradiction { .. } => "give it by --run-dir",
        Error::NoRun { .. } | Error::NotARun { .. } => "`tui train` makes one",
        Error::UnknownPreset { .. } => "`tui presets` lists them",
        Error::UnknownKey { .. } => "`tui presets NAME` lists every key",
        Error::OtherTask { .. } => {
            "translation is used by `tui translate` and `tui score`, a \
             language model by `tui sample`, all by `tui evaluate`"
        }
        Error::OutOfMemory { .. } => {
            "--resume goes on with it, --set batch=N makes a smaller batch"
        }
        _ => return None,
    })
}
