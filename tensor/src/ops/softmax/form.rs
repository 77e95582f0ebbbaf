//! The softmax or its logarithm.

/// What is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Softmax,
    LogSoftmax,
}
