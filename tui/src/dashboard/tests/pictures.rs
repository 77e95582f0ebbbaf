//! What the dashboard draws, compared with the files in `tests/snapshots`.

use std::path::Path;
use std::time::Duration;
use std::{env, fs};

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::KeyCode;
use seq2seq::event::EndReason;
use seq2seq::{Command, Event};

use super::fixture::{
    answer, ctrl, end, events, inspection, letter, model_of, obeyed, press, start, step,
    step_with_loss, training,
};
use crate::dashboard::{Colours, Effect, Model, Role, Theme, view};
use crate::format::steers;

/// Draws on a screen of its present size and gives the rows.
fn drawn_on(terminal: &mut Terminal<TestBackend>, model: &Model) -> String {
    terminal.draw(|frame| view(model, frame)).unwrap();
    let buffer = terminal.backend().buffer();
    let mut text = String::new();
    for row in buffer.content().chunks(usize::from(buffer.area.width.max(1))) {
        let row: String = row.iter().map(ratatui::buffer::Cell::symbol).collect();
        text.push_str(row.trim_end());
        text.push('\n');
    }
    text
}

pub(super) fn drawn(model: &Model, (wide, high): (u16, u16)) -> String {
    drawn_on(&mut Terminal::new(TestBackend::new(wide, high)).unwrap(), model)
}

/// Compares with the stored picture; `UPDATE_SNAPSHOTS=1` stores this one instead.
#[track_caller]
pub(super) fn assert_picture(name: &str, picture: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots");
    let path = folder.join(format!("{name}.txt"));
    if env::var_os("UPDATE_SNAPSHOTS").is_some_and(|value| value == "1") {
        fs::create_dir_all(folder).unwrap();
        fs::write(path, picture).unwrap();
        return;
    }
    let stored = fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        .replace("\r\n", "\n");
    assert!(
        stored == picture,
        "{name} has changed (UPDATE_SNAPSHOTS=1 stores it).\nstored:\n{stored}\nnow:\n{picture}"
    );
}

/// A run whose losses are no numbers from step 200 on, but for a few.
fn without_numbers() -> Vec<Event> {
    let mut events = events(199);
    for i in 200..260 {
        let loss = if i % 3 == 0 { f64::INFINITY } else { f64::NAN };
        events.push(if i % 7 == 0 { step(i) } else { step_with_loss(i, loss) });
    }
    events.push(step_with_loss(260, f64::NAN));
    events
}

/// The run of [`events`] with what steers a terminal in every text that comes from outside.
fn hostile_events() -> Vec<Event> {
    const BAD: &str = "a\u{1b}[2J\u{202e}b\u{9b}31m\u{2028}c\u{200b}\u{feff}d\u{7}\te";
    let mut events = events(420);
    for event in &mut events {
        match event {
            Event::Start(start) => {
                (start.preset, start.data, start.device) = (BAD.into(), BAD.into(), BAD.into());
            }
            Event::Step(step) => step.parameters.iter_mut().for_each(|p| p.name = BAD.into()),
            Event::Flow(flow) => flow.series.iter_mut().for_each(|s| s.name = BAD.into()),
            Event::Samples(samples) => {
                for sample in &mut samples.samples {
                    sample.reference = BAD.into();
                    let words = sample.source.iter_mut().chain(&mut sample.output);
                    words.for_each(|word| *word = BAD.into());
                }
            }
            _ => {}
        }
    }
    let warning = Event::Warning { step: 420, text: BAD.into() };
    events.extend([warning, Event::Phase { text: BAD.into() }]);
    // All words, on one line each.
    let Event::Inspection(mut found) = inspection() else { panic!("no inspection") };
    let trace = &mut found.without;
    trace.source.iter_mut().for_each(|word| *word = BAD.into());
    for step in &mut trace.steps {
        step.likeliest.iter_mut().chain([&mut step.chosen]).for_each(|c| c.token = BAD.into());
    }
    trace.layers[0].name = BAD.into();
    events.push(Event::Inspection(found));
    events
}

#[test]
fn nothing_from_outside_steers_the_terminal() {
    for page in ['1', '2', '3', '4', '5', '6', '7', '8', '?', 'i'] {
        for size in [(120, 40), (80, 24), (40, 12), (20, 5)] {
            let mut model = model_of(Role::Training, Theme::PLAIN, &hostile_events());
            letter(&mut model, page);
            let picture = drawn(&model, size);
            let bad = picture.chars().find(|&c| c != '\n' && steers(c));
            assert_eq!(bad, None, "page {page} at {size:?}:\n{picture}");
        }
    }
}

#[test]
fn at_every_kind_of_size() {
    let model = training();
    for (wide, high) in [(20, 5), (1, 1)] {
        assert_picture(&format!("training-{wide}x{high}"), &drawn(&model, (wide, high)));
    }
}

/// The keys of the pages, with their names.
pub(super) const PAGES: [(char, &str); 8] = [
    ('1', "overview"),
    ('2', "curves"),
    ('3', "gradients"),
    ('4', "attention"),
    ('5', "step"),
    ('6', "cell"),
    ('7', "samples"),
    ('8', "log"),
];
/// The sizes of the pictures of every page.
pub(super) const SIZES: [(u16, u16); 4] = [(40, 12), (80, 24), (120, 40), (200, 60)];

/// The run of [`training`] with two warnings.
pub(super) fn warned(theme: Theme) -> Model {
    let mut model = model_of(Role::Training, theme, &events(420));
    for (step, text) in [
        (400, "attention looks at all source words alike: it may need more steps"),
        (410, "the model overfits: the training loss is 0.090, the held-out loss 2.680"),
    ] {
        model.apply(&Event::Warning { step, text: text.into() });
    }
    model.apply(&inspection());
    model.apply(&obeyed(Command::Pause));
    model.tick(Duration::from_secs(60));
    model
}

#[test]
fn every_page_at_every_size() {
    for (key, name) in PAGES {
        let (mut plain, mut ascii) = (warned(Theme::PLAIN), warned(Theme::ASCII));
        let mut colour = warned(Theme::FULL);
        for model in [&mut plain, &mut ascii, &mut colour] {
            letter(model, key);
        }
        for (wide, high) in SIZES {
            let picture = drawn(&plain, (wide, high));
            assert_picture(&format!("{name}-{wide}x{high}"), &picture);
            // Colours add nothing that the characters do not show.
            assert_eq!(picture, drawn(&colour, (wide, high)), "{name} {wide}x{high}");
            let picture = drawn(&ascii, (wide, high));
            assert_picture(&format!("{name}-{wide}x{high}-ascii"), &picture);
            assert!(picture.replace(['ù', 'è'], "e").is_ascii(), "{picture}");
        }
        letter(&mut plain, key);
        if key == '4' {
            for _ in 0..3 {
                press(&mut plain, KeyCode::Left);
                press(&mut ascii, KeyCode::Left);
            }
            letter(&mut plain, 'p');
            for (wide, high) in SIZES {
                let name = format!("attention-earlier-{wide}x{high}");
                assert_picture(&name, &drawn(&plain, (wide, high)));
                assert_picture(&format!("{name}-ascii"), &drawn(&ascii, (wide, high)));
            }
        }
        if key == '3' {
            assert_picture("gradients-flow-40x12", &drawn(&plain, (40, 12)));
            letter(&mut ascii, key);
            for (wide, high) in [(80, 24), (120, 40)] {
                let name = format!("flow-{wide}x{high}");
                assert_picture(&name, &drawn(&plain, (wide, high)));
                assert_picture(&format!("{name}-ascii"), &drawn(&ascii, (wide, high)));
            }
            letter(&mut plain, key);
            assert_picture("parameters-40x12", &drawn(&plain, (40, 12)));
            letter(&mut plain, key);
            assert_picture("flow-40x12", &drawn(&plain, (40, 12)));
        }
        if key == '2' {
            "mm++xx".chars().for_each(|key| drop(letter(&mut plain, key)));
            (0..30).for_each(|_| drop(press(&mut plain, KeyCode::Left)));
            for (wide, high) in SIZES {
                let picture = drawn(&plain, (wide, high));
                assert_picture(&format!("curves-cursor-{wide}x{high}"), &picture);
            }
        }
    }
    let mut model = training();
    letter(&mut model, '2');
    letter(&mut model, 'l');
    assert_picture("curves-linear-80x24", &drawn(&model, (80, 24)));
}

/// Presses keys and answers their requests.
fn inspect(model: &mut Model, keys: &str) {
    for key in keys.chars() {
        let effects = match key {
            '>' => press(model, KeyCode::Right),
            'v' => press(model, KeyCode::Down),
            '!' => press(model, KeyCode::Enter),
            key => letter(model, key),
        };
        for effect in effects {
            if let Effect::Send(Command::Inspect(request)) = effect {
                model.apply(&answer(&request));
            }
        }
    }
}

#[test]
fn changes_are_shown_side_by_side() {
    for (name, keys) in [
        ("step-other-word", "5>v"),
        ("step-changed", "5>]m"),
        ("cell-units", "6o>"),
        ("cell-changed", "6ogvcuw"),
        ("attention-changed", "4]m"),
    ] {
        for (wide, high) in SIZES {
            let mut pictures = Vec::new();
            for theme in [Theme::PLAIN, Theme::FULL, Theme::ASCII] {
                let mut model = model_of(Role::Training, theme, &events(420));
                inspect(&mut model, keys);
                model.tick(Duration::from_secs(60));
                pictures.push(drawn(&model, (wide, high)));
            }
            assert_eq!(pictures[0], pictures[1], "{name} {wide}x{high}");
            assert_picture(&format!("{name}-{wide}x{high}"), &pictures[0]);
            let ascii = pictures[2].replace(['ù', 'è'], "e");
            assert!(ascii.is_ascii(), "{ascii}");
        }
    }
    // On a small screen the page's key again shows the other parts.
    let mut model = model_of(Role::Training, Theme::PLAIN, &events(420));
    inspect(&mut model, "5>]m5");
    assert!(drawn(&model, (40, 12)).contains("most probable words"));
    inspect(&mut model, "5");
    assert!(drawn(&model, (40, 12)).contains("query"));
    inspect(&mut model, "5");
    let picture = drawn(&model, (40, 12));
    assert!(picture.contains("now la [maison] rouge"), "{picture}");
}

#[test]
fn every_page_is_named_and_explained() {
    for (key, _) in PAGES {
        let mut model = warned(Theme::PLAIN);
        letter(&mut model, key);
        for size in SIZES {
            let picture = drawn(&model, size);
            let tabs = picture.lines().next().unwrap();
            assert!(tabs.contains(&format!("[{key} ")), "{picture}");
            assert!(PAGES.iter().all(|(key, _)| tabs.contains(*key)), "{picture}");
        }
        letter(&mut model, 'i');
        for size in SIZES {
            let picture = drawn(&model, size);
            assert!(picture.contains("any key closes"), "{picture}");
            assert!(!picture.contains("more: j k"), "{picture}");
        }
        assert_picture(&format!("explain-{key}-80x24"), &drawn(&model, (80, 24)));
        letter(&mut model, 'x');
        letter(&mut model, '?');
        let picture = drawn(&model, (80, 24));
        if !matches!(key, '4' | '7') {
            let name = model.page().name();
            assert!(picture.contains(&format!("on this page ({name})")), "{picture}");
        }
    }
}

#[test]
fn warnings_are_counted_and_their_whole_text_is_in_the_log() {
    let mut model = warned(Theme::PLAIN);
    for (size, words) in SIZES.into_iter().zip(["!2: key 8", "!2: key 8", "! 2 warnings (key 8)"]) {
        assert!(drawn(&model, size).contains(words), "{size:?}");
    }
    letter(&mut model, '8');
    let mut seen = String::new();
    for _ in 0..12 {
        let picture = drawn(&model, (40, 12));
        seen += &picture;
        letter(&mut model, 'k');
    }
    for words in ["more steps", "loss is 0.090", "loss 2.680"] {
        assert!(seen.contains(words), "{words}:\n{seen}");
    }
}

#[test]
fn every_question() {
    let mut model = training();
    letter(&mut model, '?');
    assert_picture("help-80x24", &drawn(&model, (80, 24)));
    press(&mut model, KeyCode::Esc);
    letter(&mut model, 'q');
    assert_picture("quit-80x24", &drawn(&model, (80, 24)));
    // The question is seen where the popup has no room.
    assert!(drawn(&model, (20, 5)).contains("quit?"));
    letter(&mut model, 'c');
    letter(&mut model, '<');
    assert!(drawn(&model, (80, 24)).contains("learning rate 0.001?"));
    letter(&mut model, 'n');
    letter(&mut model, 't');
    for key in "where is he ?".chars() {
        letter(&mut model, key);
    }
    assert!(drawn(&model, (80, 24)).contains("translate: where is he ?"));
    assert!(drawn(&model, (20, 5)).contains("is he ?"));
}

#[test]
fn every_state_is_named() {
    let of = |more: &[Event]| {
        let mut model = training();
        more.iter().for_each(|event| model.apply(event));
        model
    };
    for (name, model) in [
        ("paused", of(&[obeyed(Command::Pause)])),
        ("stopping", of(&[obeyed(Command::Stop)])),
        ("stopped", of(&[end(420, EndReason::Stopped)])),
        ("finished", of(&[end(420, EndReason::Finished)])),
        ("diverged", of(&[step_with_loss(421, f64::NAN), end(421, EndReason::NotFinite)])),
        ("failed", of(&[end(420, EndReason::Failed)])),
        ("early", of(&[end(420, EndReason::EarlyStopped)])),
        ("preparing", model_of(Role::Training, Theme::PLAIN, &[start()])),
    ] {
        let picture = drawn(&model, (80, 24));
        assert!(picture.lines().nth(1).unwrap().contains(name), "{name}:\n{picture}");
        assert!(drawn(&model, (20, 5)).contains(name), "{name}");
        assert_picture(&format!("{name}-80x24"), &picture);
    }
    let mut crashed = model_of(Role::Watching, Theme::PLAIN, &events(420));
    crashed.set_alive(false);
    let picture = drawn(&crashed, (80, 24));
    assert!(picture.contains("crashed") && picture.contains("(watching)"), "{picture}");
    let nothing = Model::new(Role::Training, Theme::PLAIN);
    assert_picture("nothing-80x24", &drawn(&nothing, (80, 24)));
}

#[test]
fn losses_that_are_no_numbers_are_marked() {
    for theme in [Theme::PLAIN, Theme::FULL, Theme::ASCII] {
        let mut model = model_of(Role::Training, theme, &without_numbers());
        let title = format!("{} 52 steps not finite, first at 200", theme.not_finite());
        let picture = drawn(&model, (120, 40));
        assert!(picture.contains(&title), "{picture}");
        assert!(picture.contains("batch NaN"), "{picture}");
        for key in ['2', 'l', '3', '3', '4', '5', '6', '7', '8', '1'] {
            letter(&mut model, key);
            for size in [(200, 60), (80, 24), (40, 12), (20, 5), (9, 3), (1, 1)] {
                assert!(!drawn(&model, size).trim().is_empty());
            }
        }
    }
    let mut model = model_of(Role::Training, Theme::PLAIN, &without_numbers());
    letter(&mut model, '2');
    assert_picture("not-finite-80x24", &drawn(&model, (80, 24)));
    // Not one finite number from the first step on.
    let nan: Vec<Event> = (1..30).map(|i| step_with_loss(i, f64::NAN)).collect();
    let model = model_of(Role::Training, Theme::PLAIN, &nan);
    for size in [(120, 40), (80, 24), (40, 12), (20, 5), (1, 1)] {
        assert!(!drawn(&model, size).trim().is_empty());
    }
}

#[test]
fn a_resize_to_a_cell_and_back_gives_the_same_picture() {
    let mut model = training();
    let mut terminal = Terminal::new(TestBackend::new(200, 60)).unwrap();
    let before = drawn_on(&mut terminal, &model);
    for (wide, high) in
        [(120, 40), (80, 24), (79, 24), (80, 23), (40, 12), (39, 11), (20, 5), (10, 2), (1, 1)]
    {
        terminal.backend_mut().resize(wide, high);
        let resized = drawn_on(&mut terminal, &model);
        assert_eq!(resized, drawn(&model, (wide, high)), "{wide}x{high}");
    }
    terminal.backend_mut().resize(200, 60);
    assert_eq!(drawn_on(&mut terminal, &model), before);

    // No size, page or question panics.
    let mut keys =
        vec!['2', '3', '3', '4', 'u', '5', '5', '5', '5', '6', 'o', 'o', '7', '8', 'f', 'k', '1'];
    keys.extend(['l', '?', '?', 'i', 'i', 't', 'x']);
    keys.push('q');
    for key in keys {
        for effect in letter(&mut model, key) {
            if let Effect::Send(Command::Inspect(request)) = effect {
                model.apply(&answer(&request));
            }
        }
        for high in [1, 2, 3, 4, 6, 8, 11, 12, 13, 19, 24, 35, 60] {
            for wide in [1, 2, 5, 9, 10, 11, 29, 30, 40, 41, 69, 80, 81, 133] {
                drawn(&model, (wide, high));
            }
        }
    }
    ctrl(&mut model, 'c');
    drawn(&model, (3, 2));
}

#[test]
fn no_colour_has_no_colour() {
    let mut terminal = Terminal::new(TestBackend::new(120, 40)).unwrap();
    for theme in [Theme::PLAIN, Theme::FULL] {
        let model = model_of(Role::Training, theme, &events(420));
        terminal.draw(|frame| view(&model, frame)).unwrap();
        let coloured = terminal.backend().buffer().content().iter().any(|cell| {
            cell.fg != ratatui::style::Color::Reset || cell.bg != ratatui::style::Color::Reset
        });
        assert_eq!(coloured, theme.colours != Colours::None, "{theme:?}");
    }
}
