//! The time of a frame. It depends on the machine, so the test prints it and runs only on request:
//!
//! `cargo test --release -p tui --lib frame_times -- --ignored --nocapture`

use std::cell::Cell;
use std::io::{self, Write};
use std::time::Instant;

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{TerminalOptions, Viewport};

use super::fixture::{inspection, letter, model_of, step};
use super::pictures::{PAGES, SIZES};
use crate::dashboard::{Role, Theme, view};

/// Steps of the run: its curves are full.
const STEPS: u64 = 100_000;
/// Frames of a measurement, each after one more step.
const FRAMES: u64 = 200;

/// A writer that counts the bytes.
struct Counter<'a>(&'a Cell<u64>);

impl Write for Counter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.set(self.0.get() + bytes.len() as u64);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
#[ignore = "prints times, which depend on the machine"]
fn frame_times() {
    let mut out = io::stderr().lock();
    let mut model = model_of(Role::Training, Theme::FULL, &super::fixture::events(800));
    (801..=STEPS).for_each(|i| model.apply(&step(i)));
    model.apply(&inspection());
    writeln!(out, "\n| page | size | median ms | 95% ms | bytes |\n|---|---|---|---|---|").unwrap();
    let mut steps = STEPS;
    for (key, name) in PAGES {
        letter(&mut model, key);
        for (wide, high) in SIZES {
            let written = Cell::new(0);
            let area = Rect::new(0, 0, wide, high);
            let options = TerminalOptions { viewport: Viewport::Fixed(area) };
            let mut terminal =
                Terminal::with_options(CrosstermBackend::new(Counter(&written)), options).unwrap();
            terminal.draw(|frame| view(&model, frame)).unwrap();
            written.set(0);
            let mut times: Vec<f64> = (0..FRAMES)
                .map(|_| {
                    steps += 1;
                    model.apply(&step(steps));
                    let begun = Instant::now();
                    terminal.draw(|frame| view(&model, frame)).unwrap();
                    begun.elapsed().as_secs_f64() * 1e3
                })
                .collect();
            let bytes = written.get() / FRAMES;
            times.sort_by(f64::total_cmp);
            let (median, most) = (times[times.len() / 2], times[times.len() * 95 / 100]);
            writeln!(out, "| {name} | {wide}x{high} | {median:.2} | {most:.2} | {bytes} |")
                .unwrap();
        }
    }
}
