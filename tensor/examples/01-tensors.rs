//! Tensors, expressions of them, and gradients. The first lesson of the course in README.md.
//!
//! `cargo run -p tensor --example 01-tensors`
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use tensor::ndarray::Array2;
use tensor::{Graph, Params, Result, Tensor};

fn main() -> Result<()> {
    // A tensor has f32 elements in row-major order and one to four dimensions.
    let a = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    println!("a of shape {:?}, its second row {:?}", a.dims(), a.index(1).data());
    let eye = Tensor::from(Array2::eye(3));
    println!(
        "from ndarray {:?}, from a vector {:?}",
        eye.dims(),
        Tensor::from(vec![0.5; 4]).dims()
    );

    // A graph computes with tensors and remembers how, for the gradients. Its parameters come in the
    // next lesson.
    let params = Params::new();
    let g = Graph::new(&params);
    let x = g.input(a); // an input gets a gradient,
    let bias = g.constant(Tensor::from([10.0, 0.0, -10.0])); // a constant does not
    let y = ((x + bias) / 10.0).sigmoid() * 2.0 - 1.0; // the bias is repeated for each row
    println!("y = {:.3}", y.tensor()?.view());
    println!("rows sum to {:.3}", y.sum_dim(1).tensor()?.view());
    println!("x x^T = {}", x.matmul(x.t()).tensor()?.view());
    println!("softmax of each row = {:.3}", x.softmax().tensor()?.view());

    // The gradient of a single number by every input.
    let loss = y.square().mean();
    println!("loss {:.4}", loss.item()?);
    let back = loss.backward()?;
    if let Some(gradient) = back.grad(x.var()) {
        println!("d loss / d x = {:.4}", gradient.view());
    }

    // An error names the operation and its line in the program.
    let g = Graph::new(&params);
    let (left, right) = (g.constant(Tensor::zeros([2, 3])), g.constant(Tensor::zeros([2, 3])));
    if let Err(error) = left.matmul(right).relu().tensor() {
        println!("{error}");
    }
    Ok(())
}
