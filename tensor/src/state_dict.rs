//! Parameters in the safetensors format.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use half::{bf16, f16};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use crate::error::{Error, Result};
use crate::le_bytes;
use crate::load_report::{LoadReport, Mismatch};
use crate::params::Params;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// Maximum number of dimensions of a tensor.
const MAX_RANK: usize = 4;

/// Named tensors, with metadata: the content of a safetensors file.
///
/// The order of the tensors is kept in memory; a file orders them by name.
///
/// PyTorch: `model.state_dict()`, `safetensors.torch.save_file`, `safetensors.torch.load_file`.
///
/// ```
/// use tensor::{StateDict, Tensor};
///
/// let mut state = StateDict::default();
/// state.tensors.push(("linear.weight".into(), Tensor::full([2, 3], 0.5)));
/// state.metadata.insert("format".into(), "pt".into());
/// let read = StateDict::from_bytes(&state.to_bytes()?)?;
/// assert_eq!(read.get("linear.weight").map(|t| t.dims().to_vec()), Some(vec![2, 3]));
/// assert_eq!(read.metadata["format"], "pt");
/// # Ok::<(), tensor::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct StateDict {
    /// Names and values.
    pub tensors: Vec<(String, Tensor)>,
    /// Texts that are stored with the tensors. `format` = `pt` is what PyTorch's tools write.
    pub metadata: BTreeMap<String, String>,
}

impl StateDict {
    /// Returns the tensor of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.tensors.iter().find(|(own, _)| own == name).map(|(_, tensor)| tensor)
    }

    /// Reads a safetensors file. f16, bf16 and f64 values are converted to f32.
    ///
    /// # Errors
    /// A file that cannot be read, and those of [`StateDict::from_bytes`]; both name the file.
    pub fn read(path: &Path) -> Result<Self> {
        let file = |what: String| Error::File { path: path.into(), what };
        let bytes = fs::read(path).map_err(|error| file(error.to_string()))?;
        Self::from_bytes(&bytes).map_err(|error| file(error.to_string()))
    }

    /// Writes a safetensors file: beside `path` first, then renamed.
    ///
    /// # Errors
    /// A file that cannot be written, a name that occurs twice, values on a device that failed.
    pub fn write(&self, path: &Path) -> Result<()> {
        let bytes = self.to_bytes()?;
        let file =
            |error: std::io::Error| Error::File { path: path.into(), what: error.to_string() };
        let unfinished = unfinished(path);
        let written = fs::write(&unfinished, bytes).and_then(|()| fs::rename(&unfinished, path));
        if written.is_err() {
            // The first error is the one to report.
            let _ = fs::remove_file(&unfinished);
        }
        written.map_err(file)
    }

    /// Reads the bytes of a safetensors file. f16, bf16 and f64 values are converted to f32.
    ///
    /// # Errors
    /// [`Error::Safetensors`] for bytes that are not a whole safetensors file, and for a tensor of
    /// another type, of more than four dimensions, or with an f64 beyond the range of f32.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let damaged = |error| {
            let what =
                format!("this is not a whole safetensors file of f32, f16, bf16 or f64 ({error})");
            Error::Safetensors(what)
        };
        let file = SafeTensors::deserialize(bytes).map_err(damaged)?;
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(damaged)?;
        let metadata = header.metadata().iter().flatten();
        let metadata = metadata.map(|(key, value)| (key.clone(), value.clone())).collect();
        let mut tensors = Vec::with_capacity(file.len());
        for (name, view) in file.tensors() {
            let tensor = converted(&view)
                .map_err(|what| Error::Safetensors(format!("tensor {name:?} {what}")))?;
            tensors.push((name, tensor));
        }
        tensors.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(Self { tensors, metadata })
    }

    /// Returns the bytes of a safetensors file, values as f32.
    ///
    /// # Errors
    /// A name that occurs twice; values on a device that failed.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let mut names = HashSet::new();
        if let Some((twice, _)) = self.tensors.iter().find(|(name, _)| !names.insert(name)) {
            return Err(Error::Safetensors(format!("tensor {twice:?} occurs twice")));
        }
        let mut contents = Vec::with_capacity(self.tensors.len());
        for (_, tensor) in &self.tensors {
            contents.push(le_bytes::from_f32(tensor.to_host()?.data()));
        }
        let mut views = Vec::with_capacity(self.tensors.len());
        for ((name, tensor), bytes) in self.tensors.iter().zip(&contents) {
            let view = TensorView::new(Dtype::F32, tensor.dims().to_vec(), bytes);
            let view =
                view.map_err(|error| Error::Safetensors(format!("tensor {name:?}: {error}")))?;
            views.push((name.as_str(), view));
        }
        let metadata = (!self.metadata.is_empty())
            .then(|| self.metadata.iter().map(|(k, v)| (k.clone(), v.clone())).collect());
        let written = safetensors::serialize(views, metadata);
        written.map_err(|error| Error::Safetensors(error.to_string()))
    }
}

/// Returns the path of a hidden file beside `path`.
fn unfinished(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.unfinished", std::process::id()))
}

/// Converts a stored tensor to f32, or describes why that is not possible.
fn converted(view: &TensorView<'_>) -> std::result::Result<Tensor, String> {
    let shape = view.shape();
    if shape.len() > MAX_RANK {
        return Err(format!("has {} dimensions; at most {MAX_RANK} are possible", shape.len()));
    }
    let bytes = view.data();
    let values: Vec<f32> = match view.dtype() {
        Dtype::F32 => {
            let mut values = Vec::with_capacity(bytes.len() / 4);
            le_bytes::append(bytes, &mut values);
            values
        }
        Dtype::F16 => numbers(bytes, |b| f16::from_le_bytes(b).to_f32()),
        Dtype::BF16 => numbers(bytes, |b| bf16::from_le_bytes(b).to_f32()),
        Dtype::F64 => {
            let wide = numbers(bytes, f64::from_le_bytes);
            #[allow(clippy::cast_possible_truncation)]
            let narrow: Vec<f32> = wide.iter().map(|&x| x as f32).collect();
            let lost = wide.iter().zip(&narrow).find(|(x, y)| x.is_finite() && !y.is_finite());
            if let Some((x, _)) = lost {
                return Err(format!("holds {x:e}, which is beyond the range of f32"));
            }
            narrow
        }
        other => return Err(format!("is of type {other:?}; f32, f16, bf16 and f64 are possible")),
    };
    Tensor::from_vec(Shape::new(shape), values).map_err(|error| error.to_string())
}

/// Decodes numbers of `N` bytes.
fn numbers<const N: usize, T>(bytes: &[u8], decode: impl Fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks::<N>().0.iter().map(|&chunk| decode(chunk)).collect()
}

/// Which tensors [`Params::load_state_dict`] loads, and whether all of them must match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoadOptions<'a> {
    /// Whether a missing, unexpected or mismatched tensor is an error; otherwise it is only
    /// reported. PyTorch: `strict`.
    pub strict: bool,
    /// Only parameters whose names begin with this text are loaded.
    pub prefix: &'a str,
    /// The beginning of the tensors' names in place of `prefix`. Tensors with other names are
    /// ignored.
    pub tensor_prefix: &'a str,
}

impl Default for LoadOptions<'_> {
    fn default() -> Self {
        Self { strict: true, prefix: "", tensor_prefix: "" }
    }
}

impl Params {
    /// Returns names and values, in order. The values share their memory with the parameters.
    ///
    /// PyTorch: `module.state_dict()`.
    #[must_use]
    pub fn state_dict(&self) -> StateDict {
        let tensors = self.iter().map(|(name, value)| (name.to_owned(), value.clone())).collect();
        StateDict { tensors, metadata: BTreeMap::from([("format".into(), "pt".into())]) }
    }

    /// Loads the values of parameters by name. If `strict` fails, no parameter is changed.
    ///
    /// PyTorch: `module.load_state_dict(state, strict)`.
    ///
    /// # Errors
    /// [`Error::StateDict`] if `strict` and a tensor is missing, unexpected or of another shape; a
    /// failure of the parameters' device.
    ///
    /// ```
    /// use tensor::{LoadOptions, Params, Tensor};
    ///
    /// let mut trained = Params::new();
    /// trained.add("embedding.weight", Tensor::full([4, 2], 1.0))?;
    /// trained.add("output.weight", Tensor::full([4, 2], 1.0))?;
    /// let mut params = Params::new();
    /// let id = params.add("encoder.embedding.weight", Tensor::zeros([4, 2]))?;
    /// let options = LoadOptions { strict: false, prefix: "encoder.", ..LoadOptions::default() };
    /// let report = params.load_state_dict(&trained.state_dict(), options)?;
    /// assert_eq!(report.to_string(), "1 loaded; 1 unexpected: output.weight");
    /// assert_eq!(params.get(id).data()[0], 1.0);
    /// # Ok::<(), tensor::Error>(())
    /// ```
    pub fn load_state_dict(
        &mut self,
        state: &StateDict,
        options: LoadOptions<'_>,
    ) -> Result<LoadReport> {
        let mut report = LoadReport::default();
        let mut values = Vec::new();
        for (name, tensor) in &state.tensors {
            let Some(rest) = name.strip_prefix(options.tensor_prefix) else { continue };
            let Some(id) = self.find(&format!("{}{rest}", options.prefix)) else {
                report.unexpected.push(name.clone());
                continue;
            };
            let (found, expected) = (tensor.shape(), self.shape(id));
            if found == expected {
                values.push((id, tensor));
            } else {
                let name = self.name(id).to_owned();
                report.mismatched.push(Mismatch { name, found, expected });
            }
        }
        let found: HashSet<&str> = values
            .iter()
            .map(|&(id, _)| self.name(id))
            .chain(report.mismatched.iter().map(|m| m.name.as_str()))
            .collect();
        let missing = self.iter().map(|(name, _)| name);
        let missing = missing.filter(|n| n.starts_with(options.prefix) && !found.contains(n));
        report.missing = missing.map(str::to_owned).collect();
        report.loaded = values.len();
        if options.strict && !report.is_complete() {
            return Err(Error::StateDict(Box::new(report)));
        }
        for (id, tensor) in values {
            self.set(id, tensor.clone())?;
        }
        Ok(report)
    }

    /// Writes all parameters to a safetensors file.
    ///
    /// PyTorch: `safetensors.torch.save_file(module.state_dict(), path)`.
    ///
    /// # Errors
    /// Those of [`StateDict::write`].
    pub fn save_safetensors(&self, path: &Path) -> Result<()> {
        self.state_dict().write(path)
    }

    /// Loads parameters from a safetensors file.
    ///
    /// PyTorch: `module.load_state_dict(safetensors.torch.load_file(path), strict)`.
    ///
    /// # Errors
    /// Those of [`StateDict::read`] and [`Params::load_state_dict`].
    pub fn load_safetensors(
        &mut self,
        path: &Path,
        options: LoadOptions<'_>,
    ) -> Result<LoadReport> {
        self.load_state_dict(&StateDict::read(path)?, options)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn params(shapes: &[(&str, &[usize])], value: f32) -> Params {
        let mut params = Params::new();
        for (name, shape) in shapes {
            params.add(*name, Tensor::full(*shape, value)).unwrap();
        }
        params
    }

    /// The bytes of a file with one tensor.
    fn file(dtype: Dtype, shape: &[usize], bytes: &[u8]) -> Vec<u8> {
        let view = TensorView::new(dtype, shape.to_vec(), bytes).unwrap();
        safetensors::serialize([("w", view)], None).unwrap()
    }

    #[test]
    fn a_file_keeps_every_bit_and_its_metadata() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        let mut first = Params::new();
        let odd = vec![f32::NAN, -0.0, f32::MIN_POSITIVE / 2.0, f32::INFINITY, 1.5, -3.25];
        first.add("b", Tensor::from_vec([2, 3], odd.clone()).unwrap()).unwrap();
        first.add("a", Tensor::scalar(2.0)).unwrap();
        first.save_safetensors(&path).unwrap();
        let state = StateDict::read(&path).unwrap();
        assert_eq!(state.metadata["format"], "pt");
        let mut second = params(&[("b", &[2, 3])], 0.0);
        second.add("a", Tensor::scalar(0.0)).unwrap();
        assert!(second.load_state_dict(&state, LoadOptions::default()).unwrap().is_complete());
        let bits = |values: &[f32]| values.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(second.get(second.find("b").unwrap()).data()), bits(&odd));
        let names: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(names, ["model.safetensors"]);
    }

    #[test]
    fn a_strict_load_reports_everything_and_changes_nothing() {
        let shapes: [(&str, &[usize]); 3] = [("a", &[2]), ("b", &[2, 2]), ("c", &[1])];
        let mut own = params(&shapes, 0.0);
        let state = params(&[("a", &[2]), ("b", &[4]), ("d", &[1])], 1.0).state_dict();
        let error = own.load_state_dict(&state, LoadOptions::default()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the tensors do not match the parameters: 1 loaded; 1 missing: c; 1 unexpected: d; \
             1 of another shape: b is [4], not [2, 2]"
        );
        assert!(own.iter().all(|(_, value)| value.data().iter().all(|&x| x == 0.0)));
        let lenient = LoadOptions { strict: false, ..LoadOptions::default() };
        assert_eq!(own.load_state_dict(&state, lenient).unwrap().loaded, 1);
        assert_eq!(own.get(own.find("a").unwrap()).data(), [1.0, 1.0]);
    }

    #[test]
    fn prefixes_select_on_both_sides() {
        let mut own = params(&[("encoder.w", &[1]), ("decoder.w", &[1])], 0.0);
        let state = params(&[("model.enc.w", &[1]), ("model.dec.w", &[1])], 1.0).state_dict();
        let options = LoadOptions { strict: true, prefix: "encoder.", tensor_prefix: "model.enc." };
        let report = own.load_state_dict(&state, options).unwrap();
        assert!(report.is_complete() && report.loaded == 1);
        assert_eq!(own.get(own.find("decoder.w").unwrap()).data(), [0.0]);
    }

    #[test]
    fn other_types_are_converted_or_refused_by_name() {
        let value =
            |bytes: &[u8]| StateDict::from_bytes(bytes).map(|s| s.tensors[0].1.data().to_vec());
        let halves: Vec<u8> = [0x3E00_u16, 0xC100].iter().flat_map(|x| x.to_le_bytes()).collect();
        assert_eq!(value(&file(Dtype::F16, &[2], &halves)).unwrap(), [1.5, -2.5]);
        let brain: Vec<u8> = [0x3FC0_u16, 0xC020].iter().flat_map(|x| x.to_le_bytes()).collect();
        assert_eq!(value(&file(Dtype::BF16, &[2], &brain)).unwrap(), [1.5, -2.5]);
        assert_eq!(value(&file(Dtype::F64, &[1], &1.5_f64.to_le_bytes())).unwrap(), [1.5]);
        for (bytes, expected) in [
            (file(Dtype::F64, &[1], &1e300_f64.to_le_bytes()), "tensor \"w\" holds 1e300"),
            (file(Dtype::I64, &[1], &[0; 8]), "tensor \"w\" is of type I64"),
            (file(Dtype::F32, &[1, 1, 1, 1, 1], &[0; 4]), "tensor \"w\" has 5 dimensions"),
            (b"hello".to_vec(), "this is not a whole safetensors file"),
        ] {
            let error = StateDict::from_bytes(&bytes).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }

    #[test]
    fn errors_name_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        let error = StateDict::read(&path).unwrap_err().to_string();
        assert!(error.contains("model.safetensors: "), "{error}");
        let error = params(&[("a", &[1])], 0.0).save_safetensors(&folder.path().join("no/x"));
        assert!(error.unwrap_err().to_string().contains("no/x: "));
        let twice = StateDict {
            tensors: vec![("a".into(), Tensor::scalar(1.0)), ("a".into(), Tensor::scalar(1.0))],
            ..StateDict::default()
        };
        assert!(twice.to_bytes().unwrap_err().to_string().contains("occurs twice"));
    }

    proptest! {
        #[test]
        fn damaged_bytes_never_panic(cut in 0usize..200, at in 0usize..200, to in any::<u8>()) {
            let mut bytes = params(&[("a", &[3, 2]), ("b", &[4])], 1.0).state_dict().to_bytes().unwrap();
            let cut = cut.min(bytes.len());
            let _ = StateDict::from_bytes(&bytes[..cut]);
            let at = at % bytes.len();
            bytes[at] = to;
            let _ = StateDict::from_bytes(&bytes);
        }
    }
}
