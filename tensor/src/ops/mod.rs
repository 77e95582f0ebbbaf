//! The operations that every network needs.
//!
//! | group | operations |
//! |---|---|
//! | arithmetic, with broadcasting | [`add`], [`sub`], [`mul`], [`div`], [`affine`], [`sum`] of several values |
//! | elementwise | [`relu`], [`sigmoid`], [`tanh`], [`exp`], [`log`], [`sqrt`], [`square`], [`abs`] |
//! | sums and means | [`sum_all`], [`mean_all`], [`sum_dim`], [`mean_dim`] |
//! | products | [`matmul`](fn@matmul), [`linear`](fn@linear), [`linear_columns`], [`linear_rows`] |
//! | shapes | [`transpose`](fn@transpose), [`slice`](fn@slice), [`concat`](fn@concat), [`concat_dim`], [`stack`], [`index_select`](fn@index_select); [`Tape::reshape`](crate::Tape::reshape), [`Tape::index`](crate::Tape::index), [`Tape::range`](crate::Tape::range) |
//! | rows of a table | [`embedding`](fn@embedding) |
//! | probabilities | [`softmax`](fn@softmax), [`log_softmax`], [`cross_entropy`](fn@cross_entropy), [`argmax`], [`argmax_except`], [`linear_argmax`], [`top_k`], [`sample`], [`log_probabilities`], [`log_sum_exp`], [`linear_log_probabilities`] |
//! | losses | [`cross_entropy`](fn@cross_entropy), [`linear_cross_entropy`](fn@linear_cross_entropy), [`squared_error`](fn@squared_error) |
//! | layers | [`layer_norm`](fn@layer_norm), [`maxout`](fn@maxout), [`dropout`](fn@dropout), [`dropout_sequence`], [`masked`], [`sequence_mask`] |
//!
//! Each is a folder: `mod.rs` has its equation, shapes, forward and backward pass, `reference.rs`
//! the same in plain loops for any float; its tests compare the two, and both with finite
//! differences. [`stack`] computes nothing and is a single file,
//! [`linear_cross_entropy`](fn@linear_cross_entropy) has the references of its two parts, and the test
//! of [`sample`] counts draws. [`Graph`](crate::Graph) has most of them as methods and operators
//! that can be nested.

pub mod binary;
pub mod concat;
pub mod cross_entropy;
pub mod dropout;
pub mod elementwise;
pub mod embedding;
pub mod index_select;
pub mod layer_norm;
pub mod linear;
pub mod linear_cross_entropy;
pub mod matmul;
pub mod maxout;
pub mod reduce;
pub mod slice;
pub mod softmax;
pub mod squared_error;
mod stack;
pub mod transpose;
pub mod unary;

#[doc(inline)]
pub use binary::{add, div, mul, sub};
#[doc(inline)]
pub use concat::{concat, concat_dim};
#[doc(inline)]
pub use cross_entropy::{
    CrossEntropy, CrossEntropyResult, Sampling, argmax, argmax_except, cross_entropy,
    log_probabilities, log_sum_exp, sample, top_k,
};
#[doc(inline)]
pub use dropout::{dropout, dropout_sequence, masked, sequence_mask};
#[doc(inline)]
pub use elementwise::{sum, tanh};
#[doc(inline)]
pub use embedding::embedding;
#[doc(inline)]
pub use index_select::index_select;
#[doc(inline)]
pub use layer_norm::layer_norm;
#[doc(inline)]
pub use linear::{linear, linear_argmax, linear_columns, linear_rows};
#[doc(inline)]
pub use linear_cross_entropy::{linear_cross_entropy, linear_log_probabilities};
#[doc(inline)]
pub use matmul::matmul;
#[doc(inline)]
pub use maxout::maxout;
#[doc(inline)]
pub use reduce::{mean_all, mean_dim, sum_all, sum_dim};
#[doc(inline)]
pub use slice::slice;
#[doc(inline)]
pub use softmax::{log_softmax, softmax};
#[doc(inline)]
pub use squared_error::{SquaredErrorResult, squared_error};
pub use stack::stack;
#[doc(inline)]
pub use transpose::transpose;
#[doc(inline)]
pub use unary::{abs, affine, exp, log, relu, sigmoid, sqrt, square};

#[cfg(test)]
mod tests {
    /// Names of functions between backticks.
    fn named(text: &str) -> Vec<&str> {
        let is_name = |part: &&str| {
            let rest =
                part.trim_matches(|c: char| c.is_ascii_lowercase() || "0123456789_".contains(c));
            !part.is_empty() && rest.is_empty()
        };
        text.split('`').filter(is_name).collect()
    }

    #[test]
    fn every_operation_is_listed_in_the_readme_and_on_the_page() {
        let source = include_str!("mod.rs");
        let readme = include_str!("../../README.md");
        let (page, code) = source.split_once("pub mod").unwrap();
        let section =
            readme.split_once("## Operations").unwrap().1.split_once("`Tensor::from`").unwrap().0;
        let exported: Vec<&str> = code
            .split("pub use ")
            .skip(1)
            .filter_map(|line| line.split_once(';').map(|(names, _)| names))
            .flat_map(|names| names.rsplit("::").next().unwrap_or("").split(','))
            .map(|name| name.trim_matches(|c: char| c.is_whitespace() || "{}".contains(c)))
            .filter(|name| !name.is_empty() && name.starts_with(char::is_lowercase))
            .collect();
        assert!(exported.len() > 40, "{exported:?}");
        for text in [section, page] {
            let named = named(text);
            let missing: Vec<_> = exported.iter().filter(|name| !named.contains(name)).collect();
            assert!(missing.is_empty(), "operations that are not listed: {missing:?}");
        }
        let missing: Vec<_> =
            named(section).into_iter().filter(|n| !exported.contains(n)).collect();
        assert!(missing.is_empty(), "listed, but not there: {missing:?}");
    }
}
