//! `tui tour` without its screen: every stop at the reduced size, what is kept, bad input.
// Helpers of a test are tests too.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::fs;

use common::{says, tui};

#[test]
fn every_stop_runs_once_and_the_page_has_its_pictures() {
    let folder = tempfile::tempdir().unwrap();
    let tour = ["tour", "--headless", "--quick", "--threads", "2", "--run-dir", "t"];
    let said = tui(folder.path(), &tour);
    says(&said, 0, &["stop 1  The gradient", "stop 12  Beam search", "5e-13", "t/page/tour.md"]);
    assert!(!said.0.contains("OFF"), "{}", said.0);
    let page = fs::read_to_string(folder.path().join("t/page/tour.md")).unwrap();
    assert_eq!(page.matches("\n## ").count(), 12, "{page}");
    assert_eq!(page.matches("Not done yet").count(), 0, "{page}");
    assert!(page.contains("`tui watch t/phrasebook-additive-quick`"), "{page}");
    // Each picture that the page names is there and is a document.
    let mut pictures = 0;
    for part in page.split("](").skip(1) {
        let name = part.split(')').next().unwrap();
        let text = fs::read_to_string(folder.path().join("t/page").join(name)).unwrap();
        roxmltree::Document::parse(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
        pictures += 1;
    }
    assert!(pictures > 24, "{pictures}");
    // Nothing is trained twice, and a run can be opened by the other commands.
    says(&tui(folder.path(), &tour), 0, &["kept from before"]);
    says(
        &tui(folder.path(), &["watch", "t/phrasebook-additive-quick", "--headless"]),
        0,
        &["phrasebook"],
    );
    // The sizes do not mix.
    says(
        &tui(folder.path(), &["tour", "--headless", "--run-dir", "t", "1"]),
        1,
        &["was begun with --quick", "choose another --run-dir"],
    );
}

#[test]
fn a_stop_is_chosen_by_number_or_name_and_others_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let said = tui(folder.path(), &["tour", "--headless", "--quick", "1"]);
    says(&said, 0, &["stop 1  ", "3 of 3 numbers as expected"]);
    assert!(!said.0.contains("stop 2"), "{}", said.0);
    let page = fs::read_to_string(folder.path().join("runs/tour/page/tour.md")).unwrap();
    assert!(page.contains("Not done yet: `tui tour 2`"), "{page}");
    says(&tui(folder.path(), &["tour", "--headless", "--quick", "gradient"]), 0, &["kept from"]);
    for name in ["0", "13", "atention", ""] {
        let said = tui(folder.path(), &["tour", "--headless", name]);
        says(&said, 1, &["there is no stop", "the stops are 1 to 12, or gradient, adding"]);
    }
    says(&tui(folder.path(), &["tour", "--record", "x.cast"]), 1, &["--record"]);
    fs::write(folder.path().join("runs/tour/tour.json"), "[").unwrap();
    says(&tui(folder.path(), &["tour", "--headless", "1"]), 1, &["tour.json, line 1"]);
}
