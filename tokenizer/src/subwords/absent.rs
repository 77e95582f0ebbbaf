//! Stands for subword models in a build without them: there is no value of its type.

use std::path::Path;

use super::options::{SubwordKind, SubwordOptions};
use crate::{Error, Result};

pub(super) enum Model {}

impl Model {
    pub(super) fn train(_: &[String], _: &SubwordOptions) -> Result<Self> {
        Err(Error::NoSubwords)
    }

    pub(super) fn from_json(_: &str, _: &Path) -> Result<Self> {
        Err(Error::NoSubwords)
    }

    pub(super) fn json(&self) -> &str {
        match *self {}
    }

    pub(super) fn kind(&self) -> SubwordKind {
        match *self {}
    }

    pub(super) fn pieces(&self) -> &[String] {
        match *self {}
    }

    pub(super) fn tokenize(&self, _: &str) -> Vec<String> {
        match *self {}
    }

    pub(super) fn tokenize_with_dropout(
        &self,
        _: &str,
        _: f32,
        _: &mut dyn FnMut() -> f32,
    ) -> Vec<String> {
        match *self {}
    }

    pub(super) fn detokenize(&self, _: Vec<String>) -> String {
        match *self {}
    }

    pub(super) fn display_piece(&self, _: &str) -> String {
        match *self {}
    }

    pub(super) fn piece_bytes(&self, _: &str) -> Vec<u8> {
        match *self {}
    }
}
