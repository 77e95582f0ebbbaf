//! Numbers in JSON. Numbers that are not finite, which JSON cannot represent, are written as the
//! strings `NaN`, `inf` and `-inf`.

/// One number.
pub(crate) mod one {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum NumberOrText {
        Number(f64),
        Text(String),
    }

    #[allow(clippy::trivially_copy_pass_by_ref)] // serde's `with` passes a reference
    pub(crate) fn serialize<S: Serializer>(value: &f64, s: S) -> Result<S::Ok, S::Error> {
        if value.is_finite() { s.serialize_f64(*value) } else { s.collect_str(value) }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<f64, D::Error> {
        match NumberOrText::deserialize(d)? {
            NumberOrText::Number(x) => Ok(x),
            NumberOrText::Text(t) => {
                t.parse().map_err(|_| D::Error::custom(format!("not a number: {t}")))
            }
        }
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
