//! A recording, played in a terminal emulator, shows what the model shows.

use std::fs;
use std::path::Path;
use std::time::Duration;

use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};
use serde_json::Value;

use super::fixture::{events, inspection, letter, model_of};
use super::pictures::drawn;
use crate::dashboard::{Model, Role, Theme, view};
use crate::recording::{FrameWriter, Recorder};

/// Plays the first `lines` lines of a recording.
fn play(path: &Path, lines: usize) -> vt100::Parser {
    let text = fs::read_to_string(path).unwrap();
    let mut lines = text.lines().take(lines).map(|line| serde_json::from_str(line).unwrap());
    let head: Value = lines.next().unwrap();
    let number = |value: &Value| u16::try_from(value.as_u64().unwrap()).unwrap();
    let mut player = vt100::Parser::new(number(&head["height"]), number(&head["width"]), 0);
    for line in lines {
        let text = line[2].as_str().unwrap();
        if line[1] == "r" {
            let (wide, high) = text.split_once('x').unwrap();
            player.screen_mut().set_size(high.parse().unwrap(), wide.parse().unwrap());
        } else {
            player.process(text.as_bytes());
        }
    }
    player
}

fn rows(player: &vt100::Parser) -> String {
    let (_, wide) = player.screen().size();
    player.screen().rows(0, wide).map(|row| format!("{}\n", row.trim_end())).collect()
}

#[test]
fn a_played_recording_shows_what_the_dashboard_showed() {
    let folder = tempfile::tempdir().unwrap();
    for theme in [Theme::FULL, Theme::PLAIN, Theme::ASCII] {
        let path = folder.path().join(format!("{}-{:?}.cast", theme.unicode, theme.colours));
        let recorder = Recorder::create(&path).unwrap();
        let mut size = (80, 24);
        recorder.set_size(size);
        let writer = FrameWriter::new(Vec::new(), Some(recorder.clone()));
        let area = Rect::new(0, 0, size.0, size.1);
        let options = TerminalOptions { viewport: Viewport::Fixed(area) };
        let backend = CrosstermBackend::new(writer);
        let mut terminal = Terminal::with_options(backend, options).unwrap();
        let mut model = model_of(Role::Training, theme, &events(420));
        model.apply(&inspection());
        model.tick(Duration::from_secs(60));
        let mut shown: Vec<(usize, String)> = Vec::new();
        let mut draw = |model: &Model, new: (u16, u16)| {
            if new != size {
                size = new;
                recorder.set_size(size);
                terminal.resize(Rect::new(0, 0, size.0, size.1)).unwrap();
            }
            terminal.draw(|frame| view(model, frame)).unwrap();
            let lines = fs::read_to_string(&path).unwrap().lines().count();
            shown.push((lines, drawn(model, size)));
        };
        draw(&model, (80, 24));
        for key in ['2', '3', '4', '5', '6', '7', '8', '?', '1', 'q'] {
            letter(&mut model, key);
            draw(&model, (80, 24));
        }
        for size in [(40, 12), (1, 1), (200, 60), (9, 3), (120, 40)] {
            draw(&model, size);
        }
        for (lines, expected) in shown {
            let played = rows(&play(&path, lines));
            assert!(played == expected, "played:\n{played}\nshown:\n{expected}");
        }
    }
}
