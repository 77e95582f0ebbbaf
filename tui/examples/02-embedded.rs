//! The dashboard inside a program of one's own: dates are made in memory, a translator is trained on
//! another thread, and its dashboard takes the upper part of the screen. `q` leaves, every other key
//! is the dashboard's. Without a terminal one frame is printed.
//!
//! `cargo run -p tui --example 02-embedded`
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::io::{IsTerminal, stdout};
use std::time::{Duration, Instant};
use std::{env, fs, process, thread};

use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{self, Event as Input, KeyCode};
use ratatui::layout::{Constraint, Layout};
use ratatui::{Frame, Terminal};
use seq2seq::{Command, Config, Event, Pair, TrainOptions, Translator, link, train_pairs};
use tui::dashboard::{Effect, Model, Role, Theme, view_in};

const MONTHS: [&str; 6] = ["January", "February", "March", "April", "May", "June"];

/// A date in words and in numbers.
fn date(i: usize) -> Pair {
    let (day, month, year) = (i * 11 % 28 + 1, i * 5 % 6, 1950 + i * 37 % 80);
    let numbers = format!("{year}-{:02}-{day:02}", month + 1);
    Pair::new(format!("{day} {} {year}", MONTHS[month]), numbers)
}

fn draw(model: &Model, frame: &mut Frame) {
    let [dashboard, line] =
        Layout::vertical([Constraint::Min(0), Constraint::Length(1)]).areas(frame.area());
    view_in(model, frame, dashboard);
    frame.render_widget("my program: dates, q leaves", line);
}

fn main() -> Result<(), Box<dyn Error>> {
    let run = env::temp_dir().join(format!("embedded-{}", process::id()));
    let (mut link, viewer) = link(1 << 12);
    let options =
        TrainOptions { max_steps: Some(300), run_dir: Some(run.clone()), ..Default::default() };
    let mut config = Config { embedding: 24, hidden: 48, learning_rate: 5e-3, ..Config::default() };
    for key in ["source_unit", "target_unit"] {
        config.set(key, "characters")?;
    }
    let training = thread::spawn(move || {
        let (train, held_out) =
            ((0..2_000).map(date).collect(), (9_000..9_050).map(date).collect());
        train_pairs(config, train, Some(held_out), &options, &mut link)
    });

    let started = Instant::now();
    let mut model = Model::new(Role::Training, Theme::FULL);
    if stdout().is_terminal() {
        let mut terminal = ratatui::init();
        loop {
            viewer.events.try_iter().for_each(|event| model.apply(&event));
            terminal.draw(|frame| draw(&model, frame))?;
            model.tick(started.elapsed());
            if !event::poll(Duration::from_millis(100))? {
                continue;
            }
            if let Input::Key(key) = event::read()? {
                if key.code == KeyCode::Char('q') {
                    break;
                }
                for effect in model.key(key) {
                    if let Effect::Send(command) = effect {
                        viewer.commands.send(command)?;
                    }
                }
            }
        }
        ratatui::restore();
        viewer.commands.send(Command::Stop)?;
    }
    viewer.events.iter().for_each(|event: Event| model.apply(&event));
    let outcome = training.join().map_err(|_| "the training thread panicked")??;
    let mut terminal = Terminal::new(TestBackend::new(100, 30))?;
    terminal.draw(|frame| draw(&model, frame))?;
    println!("{}", terminal.backend());
    let lines = ["4 May 1976".to_owned()];
    for translation in Translator::open(&outcome.run_dir, "cpu", None)?.translate(&lines)? {
        println!("{} -> {}", translation.source, translation.target);
    }
    fs::remove_dir_all(run)?;
    Ok(())
}
