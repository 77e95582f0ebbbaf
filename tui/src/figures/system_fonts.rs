//! Fonts of the system, for characters that the embedded ones lack, such as Chinese ones.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use ttf_parser::{Face, GlyphId};

/// Maximum number of font files that are looked at.
const FILES: usize = 2000;
/// Maximum size of a font file in bytes.
const LARGEST: u64 = 64 << 20;
/// Maximum depth of the folders.
const DEPTH: usize = 6;

/// The fonts of the system; they are looked for when the first character needs them.
#[derive(Default)]
pub(super) struct SystemFonts {
    /// Files that have not been read yet; `None` before the search.
    files: Option<Vec<PathBuf>>,
    /// Fonts that were needed: the content of the file, and the number of the font in it.
    fonts: Vec<(Vec<u8>, u32)>,
}

impl SystemFonts {
    /// Calls `draw` with a font that has a character; returns false if there is none.
    pub(super) fn with(&mut self, letter: char, draw: impl FnOnce(&Face<'_>, GlyphId)) -> bool {
        let place = self.fonts.iter().position(|(bytes, index)| has(bytes, *index, letter));
        let place = place.or_else(|| self.search(letter));
        let Some((bytes, index)) = place.and_then(|place| self.fonts.get(place)) else {
            return false;
        };
        let Ok(face) = Face::parse(bytes, *index) else { return false };
        let Some(id) = face.glyph_index(letter) else { return false };
        draw(&face, id);
        true
    }

    /// Looks for a font with a character among the files, and keeps it.
    fn search(&mut self, letter: char) -> Option<usize> {
        let files = self.files.get_or_insert_with(|| {
            let mut files = Vec::new();
            folders().iter().for_each(|folder| list(folder, DEPTH, &mut files));
            files
        });
        for (place, file) in files.iter().enumerate() {
            let Ok(bytes) = fs::read(file) else { continue };
            let number = ttf_parser::fonts_in_collection(&bytes).unwrap_or(1);
            if let Some(index) = (0..number).find(|index| has(&bytes, *index, letter)) {
                self.fonts.push((bytes, index));
                files.swap_remove(place);
                return Some(self.fonts.len() - 1);
            }
        }
        None
    }
}

/// Returns true if a font has the outline of a character; a font of bitmaps has none.
fn has(bytes: &[u8], index: u32, letter: char) -> bool {
    Face::parse(bytes, index).is_ok_and(|face| {
        face.glyph_index(letter).is_some_and(|id| face.glyph_bounding_box(id).is_some())
    })
}

/// Returns the folders in which systems keep their fonts.
fn folders() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = [
        "/usr/share/fonts",
        "/usr/local/share/fonts",
        "/System/Library/Fonts",
        "/Library/Fonts",
        "C:\\Windows\\Fonts",
    ]
    .iter()
    .map(PathBuf::from)
    .collect();
    if let Some(home) = std::env::home_dir() {
        folders
            .extend([".local/share/fonts", ".fonts", "Library/Fonts"].map(|name| home.join(name)));
    }
    folders
}

/// Adds the font files of a folder and of those in it.
fn list(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    // In the order of their names, so that the same machine gives the same picture.
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if files.len() >= FILES {
            return;
        }
        let Ok(metadata) = fs::metadata(&path) else { continue };
        if metadata.is_dir() {
            if depth > 0 {
                list(&path, depth - 1, files);
            }
            continue;
        }
        let kind = path.extension().map(OsStr::to_ascii_lowercase);
        let is_font =
            kind.is_some_and(|kind| ["ttf", "otf", "ttc", "otc"].iter().any(|k| kind == *k));
        if is_font && metadata.len() <= LARGEST {
            files.push(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_font_is_found_in_the_files_by_a_character() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("a/b");
        fs::create_dir_all(&inner).unwrap();
        fs::write(folder.path().join("bad.ttf"), b"no font").unwrap();
        fs::write(folder.path().join("readme.txt"), b"no font").unwrap();
        fs::write(inner.join("serif.TTF"), dejavu::serif::regular()).unwrap();
        let mut files = Vec::new();
        list(folder.path(), DEPTH, &mut files);
        assert_eq!(files.len(), 2, "{files:?}");
        let mut fonts = SystemFonts { files: Some(files), fonts: Vec::new() };
        let mut found = 0;
        for letter in ['a', 'b'] {
            assert!(fonts.with(letter, |face, id| {
                found += usize::from(face.glyph_hor_advance(id).is_some());
            }));
        }
        assert!(!fonts.with('\u{10ffff}', |_, _| {}));
        assert_eq!((found, fonts.fonts.len()), (2, 1));
    }
}
