//! Exchange of trained models with other programs, in the safetensors format.
//!
//! [`export`] writes a folder, and [`import`] makes a run of one:
//!
//! | file | content |
//! |---|---|
//! | `model.safetensors` | the parameters in f32, with the names and layouts of `torch.nn` modules |
//! | `config.json` | [`ExportedModel`]: task, every key of the configuration, and the run that it comes from |
//! | `source_vocabulary.json`, `target_vocabulary.json` | the tokens in id order; the first four are `<pad>`, `<unk>`, `<s>`, `</s>` |
//! | `tokenizer.json`, or `source_tokenizer.json` and `target_tokenizer.json` | the subword models, if tokens are pieces of words |
//!
//! The names are those of a `torch.nn.Module` with the children `encoder` and `decoder`:
//!
//! | names | module |
//! |---|---|
//! | `encoder.embedding.weight`, `decoder.embedding.weight` | `nn.Embedding` |
//! | `encoder.rnn.weight_ih_l0`, ..., `decoder.rnn.bias_hh_l0` | `nn.RNN`, `nn.LSTM`, `nn.GRU` |
//! | `decoder.attention.w_query.weight`, `w_memory.weight`, `v.weight` | `nn.Linear` |
//! | `decoder.attention.in_proj_weight`, ... | `nn.MultiheadAttention` |
//! | `decoder.bridge.h_l0.weight`, `decoder.combine.weight`, `decoder.readout.weight`, `decoder.output.weight` | `nn.Linear` |
//! | `decoder.norm.weight` | `nn.LayerNorm` |
//! | `language.embedding.weight`, `language.rnn.*`, `language.output.weight` | a language model |
//!
//! Tied embeddings are stored once, under the name of the embedding.
//! [`import_pytorch_tutorial`] makes a run of the two networks of the PyTorch tutorial.

mod config_file;
mod export;
mod import;
mod names;
mod new_run;
mod pytorch_tutorial;

pub use config_file::ExportedModel;
pub use export::{Exported, Weights, export};
pub use import::import;
pub use new_run::{ImportOptions, Imported};
pub use pytorch_tutorial::{TutorialFiles, import_pytorch_tutorial};

/// Name of the file of the parameters.
const MODEL: &str = "model.safetensors";
/// Names of the files of the vocabularies.
const VOCABULARIES: [&str; 2] = ["source_vocabulary.json", "target_vocabulary.json"];
