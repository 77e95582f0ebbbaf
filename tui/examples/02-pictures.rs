//! Pictures of every page of the dashboard: trains the phrasebook for a while, sends keys to the
//! dashboard's model, and writes each page as SVG.
//!
//! `cargo run -p tui --example 02-pictures [FOLDER [STEPS]]`; the folder is target/dashboard by default,
//! and `docs/dashboard 600` makes the pictures of docs/dashboard.md.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};
use std::{env, fs, path, process, thread};

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use seq2seq::{RunsFolder, TrainOptions, link, train};
use tui::answerer::Answerer;
use tui::dashboard::{Effect, Model, Role, Theme, view_of};
use tui::figures::{Palette, screen, svg};

/// Columns and rows of a picture.
const SIZE: (u16, u16) = (100, 30);
/// Time for the answer to a key that inspects a translation.
const PATIENCE: Duration = Duration::from_secs(20);

/// The pictures: name, and the keys that open the page.
const PAGES: [(&str, &str); 17] = [
    ("overview", "1"),
    ("curves", "2"),
    ("gradients", "3"),
    ("gradient-flow", "3"),
    ("histogram", "13\n"),
    ("attention", "4"),
    ("forced", "4f"),
    ("step", "5>>>"),
    ("cell", "6"),
    ("changed", "4fu"),
    ("samples", "x7"),
    ("candidates", "tthe cat drinks the milk .\n"),
    ("log", "8"),
    ("runs", "0"),
    ("explain", "4i"),
    ("help", "1?"),
    ("settings", "2a"),
];

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let folder = arguments.next().map_or_else(|| PathBuf::from("target/dashboard"), PathBuf::from);
    let steps = arguments.next().map_or(Ok(300), |steps| steps.parse())?;
    fs::create_dir_all(&folder)?;
    let folder = path::absolute(folder)?;
    // The pictures show relative paths.
    let temporary = env::temp_dir().join(format!("pictures-{}", process::id()));
    fs::create_dir_all(&temporary)?;
    env::set_current_dir(&temporary)?;
    let drawn = draw(&folder, Path::new("runs"), steps);
    env::set_current_dir(&folder)?;
    fs::remove_dir_all(&temporary)?;
    drawn
}

fn draw(folder: &Path, runs: &Path, steps: u64) -> Result<(), Box<dyn Error>> {
    let run = runs.join("phrasebook");
    let mut model = trained(&run, steps)?.with_runs(runs, true);
    model.set_runs(RunsFolder::new(runs).list()?, SystemTime::now());
    let mut answerer = Answerer::new(&run);
    for (name, keys) in PAGES {
        for key in keys.chars() {
            let code = match key {
                '>' => KeyCode::Right,
                '\n' => KeyCode::Enter,
                letter => KeyCode::Char(letter),
            };
            let effects = model.key(KeyEvent::new(code, KeyModifiers::NONE));
            answer(&mut model, &mut answerer, effects)?;
        }
        // Notices are gone after some seconds.
        model.tick(Duration::from_secs(3600));
        let title = format!("the page {name} of the dashboard");
        let scene = screen(&view_of(&model, SIZE.0, SIZE.1), &Palette::DARK, &title);
        let text = svg(&scene);
        let path = folder.join(format!("{name}.svg"));
        println!("{}: {} bytes", path.display(), text.len());
        fs::write(path, text)?;
        if keys.ends_with(['i', '?']) {
            model.key(KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE));
        }
    }
    Ok(())
}

/// Trains, and returns the dashboard's model of the run.
fn trained(run: &Path, steps: u64) -> Result<Model, Box<dyn Error>> {
    let options = TrainOptions {
        preset: Some("phrasebook".into()),
        max_steps: Some(steps),
        run_dir: Some(run.into()),
        set: vec![
            ("validate_every_epochs".into(), "0.2".into()),
            ("sample_every_seconds".into(), "2".into()),
            ("flow_every".into(), "50".into()),
        ],
        ..TrainOptions::default()
    };
    let (mut link, viewer) = link(1 << 16);
    let training = thread::spawn(move || train(&options, &mut link));
    let mut model = Model::new(Role::Watching, Theme::FULL);
    for event in &viewer.events {
        model.apply(&event);
    }
    training.join().map_err(|_| "the training thread panicked")??;
    Ok(model)
}

/// Has the run's checkpoint answer what a key requested, and waits for the answers.
fn answer(
    model: &mut Model,
    answerer: &mut Answerer,
    effects: Vec<Effect>,
) -> Result<(), Box<dyn Error>> {
    let mut waiting = 0;
    for effect in effects {
        if let Effect::Send(command) = effect {
            answerer.send(command);
            waiting += 1;
        }
    }
    let begun = Instant::now();
    while waiting > 0 {
        for event in answerer.answers() {
            model.apply(&event);
            waiting -= 1;
        }
        if begun.elapsed() > PATIENCE {
            return Err("no answer from the run's checkpoint".into());
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}
