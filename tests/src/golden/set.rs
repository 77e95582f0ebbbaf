//! A set: its list of cases, and its files.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::error::{Error, Result};

/// One case of a set.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Its name, and its file's without the ending.
    pub name: String,
    /// The operation.
    pub op: String,
    /// Sizes and options.
    pub config: Map<String, Value>,
}

impl Case {
    /// Sizes and options as a type that knows them all.
    ///
    /// # Errors
    /// A key is missing, or unknown to a type that refuses unknown ones.
    pub fn config<T: DeserializeOwned>(&self) -> Result<T> {
        let config = Value::Object(self.config.clone());
        serde_json::from_value(config).map_err(|e| Error::from(e).of("config"))
    }

    /// What a report calls it: the operation, of optimizers with their kind.
    pub fn label(&self) -> String {
        match self.config.get("kind").and_then(Value::as_str) {
            Some(kind) => format!("{} {kind}", self.op),
            None => self.op.clone(),
        }
    }
}

#[derive(Deserialize)]
struct PooledVec {
    torch: String,
    cases: Vec<Case>,
}

/// A folder of golden values.
#[derive(Debug, Clone, PartialEq)]
pub struct GoldenSet {
    folder: PathBuf,
    torch: String,
    cases: Vec<Case>,
}

impl GoldenSet {
    /// Reads `cases.json` of a folder.
    ///
    /// # Errors
    /// It cannot be read, lists no case or one twice, or a file of tensors beside it is no case's.
    pub fn read(folder: impl Into<PathBuf>) -> Result<Self> {
        let folder = folder.into();
        let path = folder.join("cases.json");
        Self::read_list(folder).map_err(|e| e.of(path.display()))
    }

    fn read_list(folder: PathBuf) -> Result<Self> {
        let text = fs::read_to_string(folder.join("cases.json"))?;
        let PooledVec { torch, cases } = serde_json::from_str(&text)?;
        if cases.is_empty() {
            return Err(Error::new("the set is empty"));
        }
        let mut names = BTreeSet::new();
        for case in &cases {
            if !names.insert(case.name.as_str()) {
                return Err(Error::new(format!("two cases are named {}", case.name)));
            }
        }
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            let name = path.file_stem().and_then(|n| n.to_str());
            let tensors = path.extension().is_some_and(|e| e == "safetensors");
            if tensors && !name.is_some_and(|n| names.contains(n)) {
                return Err(Error::new(format!("{} belongs to no case", path.display())));
            }
        }
        Ok(Self { folder, torch, cases })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The version of PyTorch that made it.
    pub fn torch(&self) -> &str {
        &self.torch
    }

    /// Its cases, in the order of the list.
    pub fn cases(&self) -> &[Case] {
        &self.cases
    }

    /// The file of a case.
    pub fn path(&self, case: &Case) -> PathBuf {
        self.folder.join(format!("{}.safetensors", case.name))
    }
}
