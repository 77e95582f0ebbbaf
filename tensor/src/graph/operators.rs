//! `+`, `-`, `*`, `/` between values, with broadcasting, and between values and numbers.

use std::ops::{Add, Div, Mul, Neg, Sub};

use super::expression::Value;
use crate::ops;

macro_rules! operators {
    ($($operator:ident, $name:ident;)*) => {$(
        impl $operator for Value<'_, '_> {
            type Output = Self;
            #[track_caller]
            fn $name(self, other: Self) -> Self {
                self.with(other, ops::$name)
            }
        }
    )*};
}

operators! {
    Add, add;
    Sub, sub;
    Mul, mul;
    Div, div;
}

macro_rules! with_numbers {
    ($($operator:ident, $name:ident, |$number:ident| ($factor:expr, $summand:expr);)*) => {$(
        impl $operator<f32> for Value<'_, '_> {
            type Output = Self;
            #[track_caller]
            fn $name(self, $number: f32) -> Self {
                self.affine($factor, $summand)
            }
        }
    )*};
}

with_numbers! {
    Add, add, |number| (1.0, number);
    Sub, sub, |number| (1.0, -number);
    Mul, mul, |number| (number, 0.0);
    Div, div, |number| (1.0 / number, 0.0);
}

impl<'g, 'p> Add<Value<'g, 'p>> for f32 {
    type Output = Value<'g, 'p>;
    #[track_caller]
    fn add(self, value: Value<'g, 'p>) -> Value<'g, 'p> {
        value.affine(1.0, self)
    }
}

impl<'g, 'p> Sub<Value<'g, 'p>> for f32 {
    type Output = Value<'g, 'p>;
    #[track_caller]
    fn sub(self, value: Value<'g, 'p>) -> Value<'g, 'p> {
        value.affine(-1.0, self)
    }
}

impl<'g, 'p> Mul<Value<'g, 'p>> for f32 {
    type Output = Value<'g, 'p>;
    #[track_caller]
    fn mul(self, value: Value<'g, 'p>) -> Value<'g, 'p> {
        value.affine(self, 0.0)
    }
}

impl Neg for Value<'_, '_> {
    type Output = Self;
    #[track_caller]
    fn neg(self) -> Self {
        self.affine(-1.0, 0.0)
    }
}
