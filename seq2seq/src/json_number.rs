//! Numbers in JSON. Numbers that are not finite, which JSON cannot represent, are written as the
//! strings `NaN`, `inf` and `-inf`.

/// One number.
pub(crate) mod one {
    use std::fmt;

    use serde::Serializer;
    use serde::de::{Deserializer, Error, Visitor};

    /// Takes a number or its text. (An untagged enum would copy each value first.)
    struct NumberOrText;

    impl Visitor<'_> for NumberOrText {
        type Value = f64;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a number, or NaN, inf or -inf as text")
        }

        fn visit_f64<E: Error>(self, value: f64) -> Result<f64, E> {
            Ok(value)
        }

        fn visit_u64<E: Error>(self, value: u64) -> Result<f64, E> {
            Ok(value as f64)
        }

        fn visit_i64<E: Error>(self, value: i64) -> Result<f64, E> {
            Ok(value as f64)
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<f64, E> {
            text.parse().map_err(|_| E::custom(format!("not a number: {text}")))
        }
    }

    #[allow(clippy::trivially_copy_pass_by_ref)] // serde's `with` passes a reference
    pub(crate) fn serialize<S: Serializer>(value: &f64, s: S) -> Result<S::Ok, S::Error> {
        if value.is_finite() { s.serialize_f64(*value) } else { s.collect_str(value) }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<f64, D::Error> {
        d.deserialize_any(NumberOrText)
    }
}

/// A measured number, of which eight significant digits are written: its noise is larger, and a log
/// has millions of them.
pub(crate) mod measured {
    use serde::{Deserializer, Serializer};

    /// Returns the number with eight significant digits; if it is an f32, its shortest decimal, which
    /// gives the same f32.
    pub(crate) fn rounded(value: f64) -> f64 {
        #[allow(clippy::cast_possible_truncation)] // compared with the value
        let narrow = value as f32;
        let same = f64::from(narrow).to_bits() == value.to_bits();
        let text = if same { narrow.to_string() } else { format!("{value:.7e}") };
        text.parse().unwrap_or(value)
    }

    #[allow(clippy::trivially_copy_pass_by_ref)] // serde's `with` passes a reference
    pub(crate) fn serialize<S: Serializer>(value: &f64, s: S) -> Result<S::Ok, S::Error> {
        super::one::serialize(&rounded(*value), s)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<f64, D::Error> {
        super::one::deserialize(d)
    }
}

/// A number that may be absent.
pub(crate) mod optional {
    use serde::{Deserializer, Serializer};

    #[allow(clippy::ref_option)] // serde's `with` passes a reference
    pub(crate) fn serialize<S: Serializer>(value: &Option<f64>, s: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => super::one::serialize(value, s),
            None => s.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Option<f64>, D::Error> {
        super::one::deserialize(d).map(Some)
    }
}

/// Lists of numbers, and lists of lists.
pub(crate) mod list {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    /// One number.
    #[derive(Serialize, Deserialize)]
    #[serde(transparent)]
    pub(crate) struct One(#[serde(with = "super::one")] f64);

    impl One {
        /// Takes a measured number.
        pub(crate) fn measured(value: f64) -> Self {
            Self(super::measured::rounded(value))
        }
    }

    /// A number, or nested lists of numbers.
    pub(crate) trait Shown: Sized {
        type Form: Serialize + for<'de> Deserialize<'de>;
        fn form(&self) -> Self::Form;
        fn of(form: Self::Form) -> Self;
    }

    impl Shown for f32 {
        type Form = One;
        fn form(&self) -> One {
            // The shortest decimal of an f32, not the digits of its f64.
            One(self.to_string().parse().unwrap_or_else(|_| f64::from(*self)))
        }
        fn of(form: One) -> Self {
            form.0 as Self
        }
    }

    impl<T: Shown> Shown for Vec<T> {
        type Form = Vec<T::Form>;
        fn form(&self) -> Self::Form {
            self.iter().map(T::form).collect()
        }
        fn of(form: Self::Form) -> Self {
            form.into_iter().map(T::of).collect()
        }
    }

    pub(crate) fn serialize<T: Shown, S: Serializer>(value: &T, s: S) -> Result<S::Ok, S::Error> {
        value.form().serialize(s)
    }

    pub(crate) fn deserialize<'de, T: Shown, D: Deserializer<'de>>(d: D) -> Result<T, D::Error> {
        T::Form::deserialize(d).map(T::of)
    }
}
