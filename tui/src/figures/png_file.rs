//! PNG files (ISO/IEC 15948): one image, eight bits, with a palette if the image has at most 256
//! colours.

use std::collections::BTreeMap;
use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;

const SIGNATURE: [u8; 8] = [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n'];
/// Colour type of red, green and blue.
const RGB: u8 = 2;
/// Colour type of indices into a palette.
const INDEXED: u8 = 3;
/// Maximum number of colours of a palette.
const PALETTE: usize = 256;

/// Returns the file of an image, given row by row.
pub(super) fn encode((width, height): (u32, u32), pixels: &[[u8; 3]]) -> Vec<u8> {
    let palette = palette(pixels);
    let mut out = SIGNATURE.to_vec();
    let mut head = [width.to_be_bytes(), height.to_be_bytes()].concat();
    let kind = if palette.is_some() { INDEXED } else { RGB };
    // Eight bits; deflate; the standard filters; not interlaced.
    head.extend([8, kind, 0, 0, 0]);
    chunk(&mut out, *b"IHDR", &head);
    if let Some(palette) = &palette {
        chunk(&mut out, *b"PLTE", &palette.keys().flatten().copied().collect::<Vec<u8>>());
    }
    let mut data = ZlibEncoder::new(Vec::new(), Compression::default());
    let mut row = Vec::new();
    for line in pixels.chunks(width.max(1) as usize) {
        // Each row begins with the number of its filter; most of a figure is flat, so none is used.
        row.clear();
        row.push(0);
        match &palette {
            Some(palette) => {
                // Neighbours are mostly equal.
                let mut last = ([0; 3], palette.get(&[0; 3]).copied().unwrap_or(0));
                row.extend(line.iter().map(|pixel| {
                    if *pixel != last.0 {
                        last = (*pixel, palette.get(pixel).copied().unwrap_or(0));
                    }
                    last.1
                }));
            }
            None => row.extend(line.iter().flatten()),
        }
        // Writing to memory does not fail.
        let _ = data.write_all(&row);
    }
    chunk(&mut out, *b"IDAT", &data.finish().unwrap_or_default());
    chunk(&mut out, *b"IEND", &[]);
    out
}

/// Returns the colours with their numbers, if they are few enough.
fn palette(pixels: &[[u8; 3]]) -> Option<BTreeMap<[u8; 3], u8>> {
    let mut palette = BTreeMap::new();
    let mut last = None;
    for pixel in pixels {
        if last != Some(pixel) {
            palette.insert(*pixel, 0);
            if palette.len() > PALETTE {
                return None;
            }
        }
        last = Some(pixel);
    }
    for (number, (_, place)) in (0..=u8::MAX).zip(palette.iter_mut()) {
        *place = number;
    }
    Some(palette)
}

fn chunk(out: &mut Vec<u8>, kind: [u8; 4], data: &[u8]) {
    let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
    out.extend(length.to_be_bytes());
    let mut crc = crc32fast::Hasher::new();
    crc.update(&kind);
    crc.update(data);
    out.extend(kind);
    out.extend(data);
    out.extend(crc.finalize().to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_decoder_reads_both_kinds() {
        for colours in [2u32, 256, 300] {
            let colour = |i: u32| {
                let [_, _, high, low] = (i % colours).to_be_bytes();
                [low, high * 7, 255 - low]
            };
            let pixels: Vec<[u8; 3]> = (0..30 * 20).map(colour).collect();
            let bytes = encode((30, 20), &pixels);
            let mut decoder = png::Decoder::new(std::io::Cursor::new(&bytes));
            decoder.set_transformations(png::Transformations::EXPAND);
            let mut reader = decoder.read_info().unwrap();
            assert_eq!(reader.info().palette.is_some(), colours <= 256);
            let mut back = vec![0; reader.output_buffer_size().unwrap()];
            reader.next_frame(&mut back).unwrap();
            assert_eq!(back, pixels.concat(), "{colours} colours");
        }
    }
}
