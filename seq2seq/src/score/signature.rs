//! Signatures: how a score was computed, in one line.

/// Returns `nrefs:1`, the settings of a metric and the version, as sacreBLEU's signatures have them.
pub(super) fn signature(settings: &str) -> String {
    format!("nrefs:1|{settings}|version:seq2seq-{}", env!("CARGO_PKG_VERSION"))
}
