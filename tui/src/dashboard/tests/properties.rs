//! Whatever happens, in whatever order, at whatever size: nothing panics, no pane covers another one
//! or draws beyond its rectangle, no wide character is cut in half, and what changed is drawn.

use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use seq2seq::Command;

use super::fixture::{events, model_of};
use super::runs::listed;
use super::strategy::{Happening, at, happenings, size};
use crate::dashboard::layout::{Pane, regions};
use crate::dashboard::{Colours, Effect, Model, Role, Theme, view};
use crate::format::{steers, width};

/// Returns the picture of a model, as `view` draws it.
fn picture(model: &Model, (wide, high): (u16, u16)) -> Buffer {
    let backend = ratatui::backend::TestBackend::new(wide, high);
    let mut terminal = ratatui::Terminal::new(backend).unwrap();
    terminal.draw(|frame| view(model, frame)).unwrap();
    terminal.backend().buffer().clone()
}

fn check_panes(model: &Model, (wide, high): (u16, u16)) -> Result<(), TestCaseError> {
    let screen = Rect::new(0, 0, wide, high);
    let all = regions(model, screen);
    prop_assert!(!all.is_empty());
    for (i, region) in all.iter().enumerate() {
        prop_assert_eq!(region.area, region.area.intersection(screen), "{:?}", region);
        prop_assert!(!region.area.is_empty(), "{:?}", region);
        for other in all[i + 1..].iter().filter(|other| other.pane != Pane::Popup) {
            prop_assert!(!region.area.intersects(other.area), "{:?} {:?}", region, other);
        }
        // Alone on an empty screen, a pane changes its own cells only.
        let mut buffer = Buffer::empty(screen);
        view::draw(model, *region, screen, &mut buffer);
        for y in 0..high {
            for x in (0..wide).filter(|x| !region.area.contains((*x, y).into())) {
                let symbol = buffer[(x, y)].symbol();
                prop_assert_eq!(symbol, " ", "{:?} at {} {}", region, x, y);
            }
        }
    }
    Ok(())
}

fn check_picture(buffer: &Buffer) -> Result<(), TestCaseError> {
    for y in 0..buffer.area.height {
        for x in 0..buffer.area.width {
            let symbol = buffer[(x, y)].symbol();
            prop_assert!(!symbol.chars().any(steers), "{:?} at {} {}", symbol, x, y);
            if width(symbol) > 1 {
                prop_assert!(x + 1 < buffer.area.width, "{:?} at {} {}", symbol, x, y);
                prop_assert_eq!(buffer[(x + 1, y)].symbol(), " ", "{:?} at {} {}", symbol, x, y);
            }
        }
    }
    Ok(())
}

/// What a model may be at the beginning.
fn begin(kind: usize, theme: Theme) -> Model {
    match kind {
        0 => Model::new(Role::Training, theme),
        1 => Model::new(Role::Watching, theme),
        2 => model_of(Role::Training, theme, &events(120)),
        3 => model_of(Role::Watching, theme, &events(120)).with_runs(Path::new("runs"), true),
        _ => listed(theme),
    }
}

const THEMES: [Theme; 4] = [
    Theme::FULL,
    Theme::PLAIN,
    Theme::ASCII,
    Theme { colours: Colours::Sixteen, light: true, unicode: true },
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_panics_or_overlaps(
        kind in 0_usize..5,
        theme in prop::sample::select(&THEMES[..]),
        first in size(),
        happenings in happenings(60),
    ) {
        let mut model = begin(kind, theme);
        let (mut size, mut now) = (first, Duration::from_secs(1));
        let mut request = None;
        let mut before = picture(&model, size);
        model.set_drawn();
        for happening in happenings {
            let mut effects = Vec::new();
            let mut resized = false;
            match happening {
                Happening::Key(key) => effects = model.key(key),
                Happening::Mouse(kind, x, y) => {
                    let screen = Rect::new(0, 0, size.0, size.1);
                    effects = model.mouse(at(kind, (x, y), size), screen);
                }
                Happening::Size(wide, high) => (size, resized) = ((wide, high), true),
                Happening::Event(event) => model.apply(&event),
                Happening::Answer(answer) => {
                    if let Some(request) = &request {
                        model.apply(&answer.event(request));
                    }
                }
                Happening::Tick(millis) => {
                    now += Duration::from_millis(millis);
                    model.tick(now);
                }
                Happening::Death => model.set_alive(false),
            }
            for effect in effects {
                if let Effect::Send(Command::Inspect(sent)) = effect {
                    request = Some(*sent);
                }
            }
            check_panes(&model, size)?;
            let after = picture(&model, size);
            check_picture(&after)?;
            if !model.is_dirty() && !resized {
                prop_assert_eq!(&before, &after, "changed, but is not drawn");
            }
            before = after;
            model.set_drawn();
        }
    }
}
