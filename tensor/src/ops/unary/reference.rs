//! The functions of one value and their derivatives, of y = f(x) by x and y, for any float.

use num_traits::Float;

/// Returns max(x, 0).
pub fn relu<F: Float>(x: F) -> F {
    x.max(F::zero())
}

/// Returns 1 where x > 0, else 0.
pub fn relu_derivative<F: Float>(x: F, _: F) -> F {
    if x > F::zero() { F::one() } else { F::zero() }
}

/// Returns 1 / (1 + e^-x).
pub fn sigmoid<F: Float>(x: F) -> F {
    F::one() / (F::one() + (-x).exp())
}

/// Returns y (1 - y).
pub fn sigmoid_derivative<F: Float>(_: F, y: F) -> F {
    y * (F::one() - y)
}

/// Returns e^x.
pub fn exp<F: Float>(x: F) -> F {
    x.exp()
}

/// Returns y.
pub fn exp_derivative<F: Float>(_: F, y: F) -> F {
    y
}

/// Returns ln x.
pub fn log<F: Float>(x: F) -> F {
    x.ln()
}

/// Returns 1 / x.
pub fn log_derivative<F: Float>(x: F, _: F) -> F {
    F::one() / x
}

/// Returns x^(1/2).
pub fn sqrt<F: Float>(x: F) -> F {
    x.sqrt()
}

/// Returns 1 / (2 y).
pub fn sqrt_derivative<F: Float>(_: F, y: F) -> F {
    F::one() / (y + y)
}

/// Returns x^2.
pub fn square<F: Float>(x: F) -> F {
    x * x
}

/// Returns 2 x.
pub fn square_derivative<F: Float>(x: F, _: F) -> F {
    x + x
}

/// Returns |x|.
pub fn abs<F: Float>(x: F) -> F {
    x.abs()
}

/// Returns the sign of x, 0 at 0.
pub fn abs_derivative<F: Float>(x: F, _: F) -> F {
    if x == F::zero() { F::zero() } else { x.signum() }
}
