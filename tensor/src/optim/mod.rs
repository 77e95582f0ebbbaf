//! Optimizers, equal to `torch.optim`'s: the same equations, positions of ε and defaults.
//!
//! | name | configuration | state | defaults |
//! |---|---|---|---|
//! | `sgd` | [`Sgd`] | `momentum_buffer` where μ > 0 | momentum 0, weight_decay 0 |
//! | `adam` | [`Adam`] | `exp_avg`, `exp_avg_sq` | beta1 0.9, beta2 0.999, eps 1e-8, weight_decay 0 |
//! | `adamw` | [`AdamW`] | `exp_avg`, `exp_avg_sq` | as `adam`, weight_decay 0.01 |
//! | `adadelta` | [`Adadelta`] | `square_avg`, `acc_delta` | rho 0.9, eps 1e-6, weight_decay 0 |
//! | `adagrad` | [`Adagrad`] | `sum` | eps 1e-10, weight_decay 0, lr_decay 0, initial_accumulator_value 0 |
//! | `rmsprop` | [`RmsProp`] | `square_avg`, `momentum_buffer` where μ > 0, `grad_avg` where centred | alpha 0.99, eps 1e-8, weight_decay 0, momentum 0, centered false |
//!
//! [`Optimizer::step`] makes one pass over each parameter: it clips the gradient
//! ([`Norms::factor`](crate::Norms::factor)), applies the equation, writes state and value, and
//! computes the norms of the change if they are requested. A rule is written for one vector of
//! elements; an element's result depends on that element alone, so the result has the same bits for
//! every number of threads and every kind of gradient:
//!
//! - [`Gradient::Dense`](crate::Gradient::Dense): every element is updated.
//! - [`Gradient::Rows`](crate::Gradient::Rows): every element is updated as if the other rows'
//!   zeros had been written out, bit for bit. Rows without a gradient are skipped only if a zero
//!   gradient changes neither value nor state: `sgd` without momentum and decay, `adagrad` without
//!   decay and with ε > 0. (Under `adadelta` and `rmsprop` without decay the value of such a row
//!   does not change either, but its averages shrink.)
//! - [`Gradient::None`](crate::Gradient::None): the parameter, its state and its step count are
//!   unchanged, as in PyTorch if `grad` is `None`.
//!
//! Implementations in plain loops are in [`mod@reference`].

mod adadelta;
mod adagrad;
mod adam;
mod config;
mod opencl;
mod optimizer;
mod pass;
pub mod reference;
mod report;
mod rmsprop;
mod sgd;
mod state;
#[cfg(test)]
mod tests;

pub use adadelta::Adadelta;
pub use adagrad::Adagrad;
pub use adam::{Adam, AdamW};
pub use config::OptimizerConfig;
pub use optimizer::Optimizer;
pub use report::{Measured, Report, Update};
pub use rmsprop::RmsProp;
pub use sgd::Sgd;
pub use state::{Slot, State};
