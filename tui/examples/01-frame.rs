//! The dashboard without a terminal: trains for some seconds, gives the run's events to the
//! dashboard's model, and prints what it draws as plain text.
//!
//! `cargo run -p tui --example 01-frame [COLUMNS ROWS]`
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::time::Duration;
use std::{env, fs, process, thread};

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use seq2seq::{TrainOptions, link, train};
use tui::dashboard::{Model, Role, Theme, view};

fn main() -> Result<(), Box<dyn Error>> {
    let sizes: Vec<u16> = env::args().skip(1).map(|x| x.parse()).collect::<Result<_, _>>()?;
    let (columns, rows) = match sizes[..] {
        [] => (100, 32),
        [columns, rows] => (columns, rows),
        _ => return Err("give both COLUMNS and ROWS, or neither".into()),
    };

    let run = env::temp_dir().join(format!("frame-{}", process::id()));
    let options = TrainOptions {
        preset: Some("phrasebook".into()),
        max_steps: Some(150),
        run_dir: Some(run.clone()),
        set: vec![("validate_every_epochs".into(), "0.25".into())],
        ..TrainOptions::default()
    };
    let (mut link, viewer) = link(1 << 12);
    let training = thread::spawn(move || train(&options, &mut link));

    // Events change the model; what it looks like is a function of the model alone.
    let mut model = Model::new(Role::Training, Theme::PLAIN);
    let mut seconds = 0.0;
    for event in viewer.events {
        model.apply(&event);
        if let seq2seq::Event::Step(step) = &event {
            seconds = step.seconds;
        }
    }
    model.tick(Duration::from_secs_f64(seconds));
    training.join().map_err(|_| "the training thread panicked")??;
    fs::remove_dir_all(&run)?;

    let mut terminal = Terminal::new(TestBackend::new(columns, rows))?;
    terminal.draw(|frame| view(&model, frame))?;
    for line in terminal.backend().to_string().lines() {
        println!("{}", line.trim_matches('"').trim_end());
    }
    Ok(())
}
