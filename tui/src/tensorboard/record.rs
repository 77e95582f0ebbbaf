//! Records: a length, its checksum, the data, its checksum; numbers are little-endian.

use std::io::{self, Read, Write};

use super::crc32c::masked;

/// Bytes of a record besides its data.
const FRAME: u64 = 16;
/// Largest data of a record that is read.
const LARGEST: u64 = 1 << 30;

/// Writes a record; returns the number of bytes.
pub(super) fn write(out: &mut impl Write, data: &[u8]) -> io::Result<u64> {
    let length = (data.len() as u64).to_le_bytes();
    out.write_all(&length)?;
    out.write_all(&masked(&length).to_le_bytes())?;
    out.write_all(data)?;
    out.write_all(&masked(data).to_le_bytes())?;
    Ok(data.len() as u64 + FRAME)
}

/// Reads the next record; `None` at the end of the file, or where it is cut off or damaged.
pub(super) fn read(file: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut head = [0; 12];
    if !fill(file, &mut head)? {
        return Ok(None);
    }
    let [a, b, c, d, e, f, g, h, crc @ ..] = head;
    let length = [a, b, c, d, e, f, g, h];
    if masked(&length) != u32::from_le_bytes(crc) || u64::from_le_bytes(length) > LARGEST {
        return Ok(None);
    }
    let mut data = Vec::new();
    let wanted = u64::from_le_bytes(length);
    file.take(wanted).read_to_end(&mut data)?;
    let mut crc = [0; 4];
    let is_whole = data.len() as u64 == wanted && fill(file, &mut crc)?;
    Ok((is_whole && masked(&data) == u32::from_le_bytes(crc)).then_some(data))
}

/// Returns the length of a record in the file.
pub(super) fn length(data: &[u8]) -> u64 {
    data.len() as u64 + FRAME
}

/// Fills the buffer; returns false if the file ends before.
fn fill(file: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match file.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut file = bytes;
        std::iter::from_fn(|| read(&mut file).unwrap()).collect()
    }

    #[test]
    fn records_are_read_back_up_to_the_first_damage() {
        let mut file = Vec::new();
        for data in [&b"first"[..], b"", b"third"] {
            let length = write(&mut file, data).unwrap();
            assert_eq!(length, super::length(data));
        }
        assert_eq!(all(&file), [&b"first"[..], b"", b"third"]);
        for cut in 1..=21 {
            assert_eq!(all(&file[..file.len() - cut]).len(), 2, "{cut}");
        }
        for place in [0, 8, 12, 17] {
            let mut damaged = file.clone();
            damaged[place] ^= 1;
            assert!(all(&damaged).is_empty(), "{place}");
        }
    }
}
