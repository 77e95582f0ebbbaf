//! What can go wrong.

use crate::shape::Shape;

/// Errors of this crate.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// Two shapes that an operation cannot put together.
    #[error("{op}: shapes {left} and {right} do not fit")]
    Shapes {
        /// The operation.
        op: &'static str,
        /// The first shape.
        left: Shape,
        /// The second shape, or the one that was expected.
        right: Shape,
    },
    /// An argument out of its range.
    #[error("{op}: {what}")]
    Argument {
        /// The operation.
        op: &'static str,
        /// What is wrong and what would be right.
        what: String,
    },
    /// An id outside a table.
    #[error("{op}: id {id} is outside the table of {rows} rows")]
    Id {
        /// The operation.
        op: &'static str,
        /// The id.
        id: u32,
        /// Rows of the table.
        rows: usize,
    },
    /// A parameter's name that is there already, or is not there.
    #[error("parameter {name:?} {what}")]
    Parameter {
        /// The name.
        name: String,
        /// What is wrong.
        what: &'static str,
    },
    /// The build lacks a feature.
    #[error("this build has no {0} kernels: use the device cpu")]
    NotBuiltWith(&'static str),
    /// A device that does not exist.
    #[error("device {0:?}: expected cpu, opencl or opencl:PLATFORM.DEVICE")]
    Device(String),
}

impl Error {
    /// Two shapes that do not fit in `op`.
    pub fn shapes(op: &'static str, left: impl Into<Shape>, right: impl Into<Shape>) -> Self {
        Self::Shapes { op, left: left.into(), right: right.into() }
    }

    /// An argument of `op` out of its range.
    pub fn argument(op: &'static str, what: impl Into<String>) -> Self {
        Self::Argument { op, what: what.into() }
    }
}

/// Results of this crate.
pub type Result<T> = std::result::Result<T, Error>;
