//! Protocol-buffer messages, as far as events need them.

/// Wire types.
const VARINT: u64 = 0;
const FIXED_64: u64 = 1;
const BYTES: u64 = 2;
const FIXED_32: u64 = 5;

/// A message that is being written; fields are given by their numbers.
#[derive(Debug, Clone, Default)]
pub(super) struct Message(Vec<u8>);

impl Message {
    /// Returns the bytes.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    fn raw(&mut self, mut value: u64) {
        while value >= 0x80 {
            let [low, ..] = value.to_le_bytes();
            self.0.push(low | 0x80);
            value >>= 7;
        }
        let [low, ..] = value.to_le_bytes();
        self.0.push(low);
    }

    fn key(&mut self, field: u64, kind: u64) {
        self.raw(field << 3 | kind);
    }

    /// Adds a whole number.
    pub(super) fn integer(mut self, field: u64, value: u64) -> Self {
        self.key(field, VARINT);
        self.raw(value);
        self
    }

    /// Adds a `double`.
    pub(super) fn double(mut self, field: u64, value: f64) -> Self {
        self.key(field, FIXED_64);
        self.0.extend(value.to_le_bytes());
        self
    }

    /// Adds a `float`.
    pub(super) fn float(mut self, field: u64, value: f32) -> Self {
        self.key(field, FIXED_32);
        self.0.extend(value.to_le_bytes());
        self
    }

    /// Adds bytes or a string.
    pub(super) fn bytes(mut self, field: u64, value: &[u8]) -> Self {
        self.key(field, BYTES);
        self.raw(value.len() as u64);
        self.0.extend(value);
        self
    }

    /// Adds a message.
    pub(super) fn message(self, field: u64, value: &Self) -> Self {
        self.bytes(field, &value.0)
    }

    /// Adds a packed list of `double`.
    pub(super) fn doubles(self, field: u64, values: &[f64]) -> Self {
        let packed: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.bytes(field, &packed)
    }
}

/// The value of a field.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Field<'a> {
    /// A whole number, or the bits of a `double` or `float`.
    Number(u64),
    /// Bytes, a string or a message.
    Bytes(&'a [u8]),
}

/// Returns the fields of a message with their numbers, up to the first one that cannot be read.
pub(super) fn fields(mut bytes: &[u8]) -> Vec<(u64, Field<'_>)> {
    let mut fields = Vec::new();
    while let Some(field) = next(&mut bytes) {
        fields.push(field);
    }
    fields
}

fn next<'a>(bytes: &mut &'a [u8]) -> Option<(u64, Field<'a>)> {
    let key = varint(bytes)?;
    let field = match key & 7 {
        VARINT => Field::Number(varint(bytes)?),
        FIXED_64 => Field::Number(u64::from_le_bytes(take(bytes, 8)?.try_into().ok()?)),
        FIXED_32 => Field::Number(u32::from_le_bytes(take(bytes, 4)?.try_into().ok()?).into()),
        BYTES => {
            let length = varint(bytes)?;
            Field::Bytes(take(bytes, usize::try_from(length).ok()?)?)
        }
        _ => return None,
    };
    Some((key >> 3, field))
}

fn take<'a>(bytes: &mut &'a [u8], number: usize) -> Option<&'a [u8]> {
    let (first, rest) = bytes.split_at_checked(number)?;
    *bytes = rest;
    Some(first)
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let [byte] = take(bytes, 1)?.try_into().ok()?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_are_those_of_the_specification() {
        // The examples of the encoding's description: 150 in field 1, `testing` in field 2.
        assert_eq!(Message::default().integer(1, 150).into_bytes(), [0x08, 0x96, 0x01]);
        let text = Message::default().bytes(2, b"testing").into_bytes();
        assert_eq!(text, [&[0x12, 0x07][..], b"testing"].concat());
        let inner = Message::default().integer(1, 150);
        assert_eq!(Message::default().message(3, &inner).into_bytes(), [0x1a, 3, 0x08, 0x96, 0x01]);
        assert_eq!(Message::default().float(2, 1.0).into_bytes(), [0x15, 0, 0, 0x80, 0x3f]);
        assert_eq!(
            Message::default().double(1, 1.0).into_bytes(),
            [0x09, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f]
        );
    }

    #[test]
    fn fields_are_read_back_up_to_damage() {
        let bytes = Message::default()
            .integer(2, u64::MAX)
            .double(1, 0.5)
            .float(9, 2.5)
            .doubles(4, &[1.0, 2.0])
            .into_bytes();
        let found = fields(&bytes);
        assert_eq!(found[0], (2, Field::Number(u64::MAX)));
        assert_eq!(found[1], (1, Field::Number(0.5f64.to_bits())));
        assert_eq!(found[2], (9, Field::Number(2.5f32.to_bits().into())));
        assert!(matches!(found[3], (4, Field::Bytes(bytes)) if bytes.len() == 16));
        assert_eq!(fields(&bytes[..bytes.len() - 1]).len(), 3);
        assert!(fields(&[0xff; 12]).is_empty());
    }
}
