//! Keys and mouse: one table, from which dispatch, help, footer and `docs/keys.md` are generated.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::curves_view::CurvesKey;
use super::inspect_key::InspectKey;
pub use super::key_binding::{Action, Binding, Gesture, Key};
pub(super) use super::key_binding::{AnswerKey, RunsAction};
use super::key_binding::{
    answer, changes, command, ctrl, inspect, letter, list, look, on, page, plain, scrolls,
};
use super::mode::Movement;
use super::page::Page;

/// The page of one step.
const STEP: &[Page] = &[Page::Step];
/// The page of a cell.
const CELL: &[Page] = &[Page::Cell];
/// The page of the map.
const MAP: &[Page] = &[Page::Attention];
/// The pages that show a held-out sentence.
const HELD_OUT: &[Page] = &[Page::Attention, Page::Samples];
/// The pages with an inspected sentence.
const SENTENCES: &[Page] = &[Page::Step, Page::Cell];
/// The pages on which the attention of a step can be moved.
const MOVES: &[Page] = &[Page::Attention, Page::Step];
/// The pages on which a translation can be changed.
const CHANGES: &[Page] = &[Page::Attention, Page::Step, Page::Cell];
/// The pages that show a sample.
const SAMPLES: &[Page] = &[Page::Overview, Page::Attention, Page::Samples];
/// The pages that show a step of the timeline.
const TIMELINE: &[Page] = &[Page::Overview, Page::Gradients, Page::Attention, Page::Samples];
/// The pages with a curve.
const CURVES: &[Page] = &[Page::Overview, Page::Curves, Page::Gradients];
/// The pages on which the mouse drags something.
const DRAGS: &[Page] = &[Page::Curves, Page::Attention];
/// The pages that show other runs, too.
const BESIDE: &[Page] = &[Page::Curves, Page::Gradients];
/// The page of the gradients.
const GRADIENTS: &[Page] = &[Page::Gradients];
/// The page of the log.
const LOG: &[Page] = &[Page::Log];
/// The page of the list of runs.
const RUNS: &[Page] = &[Page::Runs];
/// Lines by which the log, or the list of runs, scrolls at once.
const SCREEN: i8 = 10;

/// All keys of the dashboard, the most useful first, since the footer shows as many as fit.
pub const BINDINGS: &[Binding] = &[
    look(Action::Quit, &[letter('q')], "q", "quit", "quit (asks while training)"),
    look(
        Action::Help,
        &[letter('?'), letter('h')],
        "? h",
        "help",
        "show or close the keys, those of this page first",
    ),
    look(Action::Explain, &[letter('i')], "i", "explain", "explain this page, with its equation"),
    command(Action::Pause, &[letter(' ')], "space", "pause", "pause training, or go on"),
    look(
        Action::Settings,
        &[letter('a')],
        "a",
        "settings",
        "change settings while it trains: epochs, rate, dropout, forcing, clip ... (asks)",
    ),
    on(
        SAMPLES,
        look(
            Action::Next,
            &[plain(KeyCode::Tab), plain(KeyCode::Down), letter('j')],
            "Tab ↓ j",
            "sample",
            "next sample and its attention map",
        ),
    )
    .by(Gesture::WheelDown),
    on(
        SAMPLES,
        look(
            Action::Previous,
            &[plain(KeyCode::BackTab), plain(KeyCode::Up), letter('k')],
            "S-Tab ↑ k",
            "",
            "previous sample",
        ),
    )
    .by(Gesture::WheelUp),
    inspect(STEP, InspectKey::LaterStep, &[plain(KeyCode::Right)], "→").by(Gesture::WheelDown),
    inspect(STEP, InspectKey::EarlierStep, &[plain(KeyCode::Left)], "←").by(Gesture::WheelUp),
    inspect(STEP, InspectKey::LessProbable, &[plain(KeyCode::Down)], "↓"),
    inspect(STEP, InspectKey::MoreProbable, &[plain(KeyCode::Up)], "↑"),
    inspect(CELL, InspectKey::LaterToken, &[plain(KeyCode::Right)], "→"),
    inspect(CELL, InspectKey::EarlierToken, &[plain(KeyCode::Left)], "←"),
    inspect(CELL, InspectKey::UnitDown, &[plain(KeyCode::Down)], "↓").by(Gesture::WheelDown),
    inspect(CELL, InspectKey::UnitUp, &[plain(KeyCode::Up)], "↑").by(Gesture::WheelUp),
    inspect(CELL, InspectKey::Gate, &[letter('g')], "g"),
    inspect(CELL, InspectKey::Layer, &[letter('d')], "d"),
    inspect(CELL, InspectKey::Order, &[letter('o')], "o"),
    inspect(CELL, InspectKey::Clamp, &[letter('c')], "c"),
    inspect(MOVES, InspectKey::SourceRight, &[letter(']')], "]"),
    inspect(MOVES, InspectKey::SourceLeft, &[letter('[')], "["),
    inspect(MAP, InspectKey::RowUp, &[letter('{')], "{"),
    inspect(MAP, InspectKey::RowDown, &[letter('}')], "}"),
    inspect(MOVES, InspectKey::MoveAttention, &[letter('m')], "m"),
    inspect(CHANGES, InspectKey::Uniform, &[letter('u')], "u"),
    inspect(CHANGES, InspectKey::Replace, &[letter('w')], "w"),
    inspect(CHANGES, InspectKey::Reset, &[letter('x')], "x"),
    inspect(SENTENCES, InspectKey::NextSentence, &[plain(KeyCode::Tab)], "Tab"),
    inspect(SENTENCES, InspectKey::PreviousSentence, &[plain(KeyCode::BackTab)], "S-Tab"),
    inspect(SENTENCES, InspectKey::Refresh, &[letter('r')], "r"),
    answer(MAP, AnswerKey::Forced, &[letter('f')], "f"),
    answer(HELD_OUT, AnswerKey::Find, &[letter('/')], "/"),
    answer(MAP, AnswerKey::Head, &[letter('d')], "d"),
    answer(CELL, AnswerKey::Word, &[letter('/')], "/"),
    answer(GRADIENTS, AnswerKey::Histogram, &[plain(KeyCode::Enter)], "Enter"),
    answer(GRADIENTS, AnswerKey::CloseHistogram, &[letter('x')], "x"),
    on(
        TIMELINE,
        look(
            Action::Travel(Movement::Earlier),
            &[plain(KeyCode::Left)],
            "←",
            "earlier",
            "samples, map and flow of the stored step before",
        ),
    ),
    on(
        TIMELINE,
        look(
            Action::Travel(Movement::Later),
            &[plain(KeyCode::Right)],
            "→",
            "",
            "samples, map and flow of the stored step after",
        ),
    ),
    on(
        TIMELINE,
        look(
            Action::Travel(Movement::HalfMinute),
            &[plain(KeyCode::PageUp)],
            "PgUp",
            "",
            "those of 30 seconds of training before",
        ),
    ),
    on(
        TIMELINE,
        look(Action::Play, &[letter('p')], "p", "play", "play the maps of the whole run, or stop"),
    ),
    on(
        TIMELINE,
        look(
            Action::Travel(Movement::First),
            &[plain(KeyCode::Home)],
            "Home",
            "",
            "the first stored step",
        ),
    ),
    on(
        TIMELINE,
        look(
            Action::Travel(Movement::Newest),
            &[plain(KeyCode::End)],
            "End",
            "",
            "the newest step, and follow",
        ),
    ),
    on(
        CURVES,
        look(Action::LogScale, &[letter('l')], "l", "log", "logarithmic or linear value axis"),
    ),
    changes(CurvesKey::NextMetric, &[letter('m')], "m", "metric", "next metric"),
    changes(CurvesKey::PreviousMetric, &[letter('M')], "M", "", "previous metric"),
    changes(CurvesKey::NextAxis, &[letter('x')], "x", "axis", "over steps, epochs, time or tokens"),
    on(
        BESIDE,
        look(Action::OpenBeside, &[letter('b')], "b", "beside", "another run beside this one"),
    ),
    on(BESIDE, look(Action::CloseBeside, &[letter('B')], "B", "", "this run alone")),
    changes(
        CurvesKey::CursorLeft,
        &[plain(KeyCode::Left)],
        "←",
        "values",
        "crosshair to the left, with the values there",
    ),
    changes(CurvesKey::CursorRight, &[plain(KeyCode::Right)], "→", "", "crosshair to the right"),
    changes(
        CurvesKey::ZoomIn,
        &[letter('+'), letter('=')],
        "+ =",
        "zoom",
        "zoom in, around the crosshair",
    )
    .by(Gesture::WheelUp),
    changes(CurvesKey::ZoomOut, &[letter('-')], "-", "", "zoom out").by(Gesture::WheelDown),
    changes(CurvesKey::PanLeft, &[letter(',')], ",", "", "move to the left"),
    changes(CurvesKey::PanRight, &[letter('.')], ".", "", "move to the right"),
    changes(
        CurvesKey::Whole,
        &[plain(KeyCode::Home)],
        "Home",
        "",
        "the whole run, without crosshair",
    ),
    changes(CurvesKey::Follow, &[plain(KeyCode::End)], "End", "", "to the newest step, and follow"),
    changes(CurvesKey::Smoother, &[letter('w')], "w", "smooth", "smooth over more steps"),
    changes(CurvesKey::Rougher, &[letter('W')], "W", "", "smooth over fewer steps, or not at all"),
    on(
        GRADIENTS,
        look(
            Action::Order,
            &[letter('o')],
            "o",
            "order",
            "parameters by gradient, update/value or name",
        ),
    ),
    on(
        GRADIENTS,
        look(
            Action::Find,
            &[letter('/')],
            "/",
            "filter",
            "only parameters whose name contains a text",
        ),
    ),
    on(
        GRADIENTS,
        look(
            Action::MoveRows(1),
            &[letter('j'), plain(KeyCode::Down)],
            "j ↓",
            "",
            "next parameter, for Enter",
        ),
    )
    .by(Gesture::WheelDown),
    on(
        GRADIENTS,
        look(
            Action::MoveRows(-1),
            &[letter('k'), plain(KeyCode::Up)],
            "k ↑",
            "",
            "parameter before",
        ),
    )
    .by(Gesture::WheelUp),
    on(
        GRADIENTS,
        look(Action::Layer, &[letter('r')], "r", "layer", "gradient flow of another layer"),
    ),
    on(
        LOG,
        look(
            Action::Filter,
            &[letter('f')],
            "f",
            "filter",
            "show all entries, or those of one kind",
        ),
    ),
    scrolls(1, &[letter('k'), plain(KeyCode::Up)], "k ↑", "older", "scroll up")
        .by(Gesture::WheelUp),
    scrolls(-1, &[letter('j'), plain(KeyCode::Down)], "j ↓", "newer", "scroll down")
        .by(Gesture::WheelDown),
    scrolls(SCREEN, &[plain(KeyCode::PageUp)], "PgUp", "", "scroll up by ten lines"),
    scrolls(-SCREEN, &[plain(KeyCode::PageDown)], "PgDn", "", "scroll down by ten lines"),
    scrolls(i8::MIN, &[plain(KeyCode::End)], "End", "", "scroll to the newest entry and follow"),
    list(
        RunsAction::Open,
        &[plain(KeyCode::Enter)],
        "Enter",
        "open",
        "open the chosen run; 0 comes back",
    ),
    list(
        RunsAction::Filter,
        &[letter('/')],
        "/",
        "filter",
        "type a filter: name, status, preset, changed keys, data",
    ),
    list(
        RunsAction::Beside,
        &[letter('b')],
        "b",
        "beside",
        "the chosen run beside this one in Curves and Gradients, or no longer",
    ),
    list(RunsAction::Order, &[letter('o')], "o", "order", "sort by age, name, status, best, steps"),
    list(
        RunsAction::Stop,
        &[letter('x')],
        "x",
        "stop",
        "stop the chosen live run, which saves it (asks)",
    ),
    list(
        RunsAction::Resume,
        &[letter('r')],
        "r",
        "resume",
        "train the chosen run on, in this terminal (asks)",
    ),
    on(
        RUNS,
        look(
            Action::Runs(RunsAction::Move(1)),
            &[letter('j'), plain(KeyCode::Down)],
            "j ↓",
            "",
            "next run",
        ),
    )
    .by(Gesture::WheelDown),
    on(
        RUNS,
        look(
            Action::Runs(RunsAction::Move(-1)),
            &[letter('k'), plain(KeyCode::Up)],
            "k ↑",
            "",
            "previous run",
        ),
    )
    .by(Gesture::WheelUp),
    on(
        RUNS,
        look(
            Action::Runs(RunsAction::Move(SCREEN)),
            &[plain(KeyCode::PageDown)],
            "PgDn",
            "",
            "ten runs down",
        ),
    ),
    on(
        RUNS,
        look(
            Action::Runs(RunsAction::Move(-SCREEN)),
            &[plain(KeyCode::PageUp)],
            "PgUp",
            "",
            "ten runs up",
        ),
    ),
    command(Action::Step, &[letter('n')], "n", "step", "one step, then pause"),
    command(Action::Save, &[letter('s')], "s", "save", "write a checkpoint now"),
    command(Action::Evaluate, &[letter('e')], "e", "evaluate", "score the held-out pairs now"),
    look(
        Action::Translate,
        &[letter('t')],
        "t",
        "translate",
        "type a sentence and see its translation",
    ),
    look(Action::Point, &[], "", "", "the page, row, word or cell under the pointer")
        .by(Gesture::Click),
    on(DRAGS, look(Action::Drag, &[], "", "", "move the curves, or the cursor of the map"))
        .by(Gesture::Drag),
    look(
        Action::Mouse,
        &[letter('v')],
        "v",
        "select text",
        "leave the mouse to the terminal, to select text; again: take it",
    ),
    page(Page::Runs, &[letter('0'), plain(KeyCode::Esc)], "0 Esc"),
    page(Page::Overview, &[letter('1')], "1"),
    page(Page::Curves, &[letter('2')], "2"),
    page(Page::Gradients, &[letter('3')], "3"),
    page(Page::Attention, &[letter('4')], "4"),
    page(Page::Step, &[letter('5')], "5"),
    page(Page::Cell, &[letter('6')], "6"),
    page(Page::Samples, &[letter('7')], "7"),
    page(Page::Log, &[letter('8')], "8"),
    command(Action::Slower, &[letter('<')], "<", "", "halve the learning rate (asks)"),
    command(Action::Faster, &[letter('>')], ">", "", "double the learning rate (asks)"),
    look(
        Action::Picture,
        &[letter('P')],
        "P",
        "",
        "write the screen and the plots of the page as SVG and PNG, into the run's folder",
    ),
    look(
        Action::Interrupt,
        &[ctrl('c')],
        "Ctrl-C",
        "",
        "stop and save; twice within 3 s: exit at once",
    ),
    look(Action::Suspend, &[ctrl('z')], "Ctrl-Z", "", "suspend (fg comes back)"),
    look(Action::Redraw, &[ctrl('l')], "Ctrl-L", "", "draw the screen anew"),
];

/// Returns the action of a key on a page.
pub fn action(event: KeyEvent, page: Page) -> Option<Action> {
    let pressed = Key { code: event.code, ctrl: event.modifiers.contains(KeyModifiers::CONTROL) };
    let bound = |binding: &&Binding| binding.is_on(page) && binding.keys.contains(&pressed);
    BINDINGS.iter().find(bound).map(|binding| binding.action)
}

/// Returns the action of a movement of the mouse on a page.
pub fn mouse_action(gesture: Gesture, page: Page) -> Option<Action> {
    let bound = |binding: &&Binding| binding.is_on(page) && binding.mouse == Some(gesture);
    BINDINGS.iter().find(bound).map(|binding| binding.action)
}

/// Returns the bindings that the footer lists on a page; there are fewer if the run accepts no
/// commands.
pub fn hints(page: Page, may_command: bool) -> impl Iterator<Item = &'static Binding> {
    BINDINGS.iter().filter(move |binding| {
        !binding.hint.is_empty() && binding.is_on(page) && (may_command || !binding.commands)
    })
}
