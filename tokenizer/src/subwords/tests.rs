use super::*;

#[test]
fn pieces_belong_to_the_words_of_the_text() {
    let of = |pieces: &[&str]| {
        words(&pieces.iter().map(|piece| piece.as_bytes().to_vec()).collect::<Vec<_>>())
    };
    assert_eq!(of(&[" the", " lo", "wer", " ", " to", "wer"]), [0, 1, 1, 2, 2, 2]);
    assert_eq!(of(&["a", "b\u{a0}c", "d"]), [0, 0, 1]);
    assert_eq!(of(&[" ", "a b", "c", " "]), [0, 0, 1, 2]);
    assert_eq!(of(&[]), [0; 0]);
    assert_eq!(words(&[b" \xC3".to_vec(), b"\xA9t\xC3".to_vec(), b"\xFF".to_vec()]), [0, 0, 0]);
}

#[cfg(not(feature = "subwords"))]
#[test]
fn a_build_without_subwords_names_the_feature() {
    let options = SubwordOptions { kind: SubwordKind::Bpe, pieces: 300, min_count: 1 };
    let error = Subwords::train(&["a".to_owned()], &options).unwrap_err().to_string();
    assert!(error.contains("feature `subwords` of the crate `tokenizer`"), "{error}");
    let error = Subwords::from_json("{}", "t.json".as_ref()).unwrap_err().to_string();
    assert!(error.contains("feature `subwords`"), "{error}");
}
