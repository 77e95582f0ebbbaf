//! How the mouse changes the model.

use ratatui::crossterm::event::{MouseEvent, MouseEventKind};
use ratatui::layout::Rect;

use super::Model;
use crate::dashboard::keys::{self, Action, AnswerKey, Gesture, RunsAction};
use crate::dashboard::mode::{Effect, Mode};
use crate::dashboard::page::Page;
use crate::dashboard::pointer::target;
use crate::dashboard::target::Target;

impl Model {
    /// Handles an event of the mouse on a screen and returns the effects to perform.
    pub fn mouse(&mut self, event: MouseEvent, screen: Rect) -> Vec<Effect> {
        let Some(gesture) = Gesture::of(event.kind) else {
            if matches!(event.kind, MouseEventKind::Up(_)) {
                self.dragged_from = None;
            }
            return Vec::new();
        };
        self.dirty = true;
        self.answers_key = true;
        let at = (event.column, event.row);
        match (&self.mode, gesture) {
            (Mode::Normal, _) => return self.mouse_action(gesture, at, screen),
            (Mode::Help(lines), Gesture::WheelDown) => self.mode = Mode::Help(lines + 1),
            (Mode::Help(lines), Gesture::WheelUp) => {
                self.mode = Mode::Help(lines.saturating_sub(1));
            }
            (Mode::Help(_) | Mode::Explain, Gesture::Click) => self.mode = Mode::Normal,
            // A prompt is answered by keys.
            _ => {}
        }
        Vec::new()
    }

    fn mouse_action(&mut self, gesture: Gesture, at: (u16, u16), screen: Rect) -> Vec<Effect> {
        match keys::mouse_action(gesture, self.page) {
            Some(Action::Point) => {
                self.dragged_from = None;
                target(self, screen, at).map_or_else(Vec::new, |target| self.point(target))
            }
            Some(Action::Drag) => {
                if let Some(target) = target(self, screen, at) {
                    self.drag(target);
                }
                Vec::new()
            }
            Some(Action::Curves(key)) => {
                if let Some(Target::Curves(position)) = target(self, screen, at) {
                    self.curves_key_at(key, position);
                }
                Vec::new()
            }
            Some(action) => self.act(action),
            None => Vec::new(),
        }
    }

    /// Returns true if the mouse is taken by the dashboard, not left to the terminal.
    pub fn takes_mouse(&self) -> bool {
        self.takes_mouse
    }

    /// Takes the mouse, or leaves it to the terminal.
    pub(super) fn toggle_mouse(&mut self) -> Vec<Effect> {
        self.takes_mouse = !self.takes_mouse;
        self.tell(if self.takes_mouse {
            "the mouse chooses pages, words and rows again"
        } else {
            "the terminal selects text with the mouse; v: the dashboard takes it again"
        });
        vec![Effect::Mouse(self.takes_mouse)]
    }

    /// Chooses what is under the pointer.
    fn point(&mut self, target: Target) -> Vec<Effect> {
        match target {
            Target::Page(page) if page == self.page => {}
            Target::Page(page) => return self.act(Action::Show(page)),
            Target::Sample(sample) => self.selected = sample,
            Target::Maps(place) => self.show_stored(place),
            Target::Weight(row, column) => {
                self.dragged_from = Some(target);
                self.point_weight(row, column);
            }
            Target::Curves(position) => {
                self.dragged_from = Some(target);
                self.curves_view.set_cursor(position);
            }
            Target::Step(step) => self.inspecting.step = step,
            Target::Source(word) => self.inspecting.source = word,
            Target::Choice(choice) => return self.take_choice(choice),
            Target::Gate(token, row) => {
                if let Some(token) = token {
                    self.inspecting.set_token(token);
                }
                if let Some(row) = row {
                    self.inspecting.set_row(row);
                }
            }
            Target::Parameter(row) => {
                // A click on the chosen parameter shows its distribution.
                let rows = self.parameters_view.rows(&self.history.parameters).len();
                if self.parameters_view.cursor(rows) == row {
                    return self.act(Action::Answer(AnswerKey::Histogram));
                }
                self.parameters_view.choose(row);
            }
            Target::Run(row) => {
                let Some(list) = &mut self.runs else { return Vec::new() };
                let position = list.position();
                // A click on the chosen run opens it.
                if position == row {
                    return self.act(Action::Runs(RunsAction::Open));
                }
                list.choose(row.cast_signed() - position.cast_signed());
            }
        }
        Vec::new()
    }

    /// Moves what was under the pointer when the button was pressed.
    fn drag(&mut self, target: Target) {
        match (self.dragged_from, target) {
            (Some(Target::Curves(from)), Target::Curves(to)) => {
                if let Some(whole) = self.curves_range() {
                    self.curves_view.move_by(from - to, whole);
                }
            }
            (Some(Target::Weight(..)), Target::Weight(row, column)) => {
                self.point_weight(row, column);
            }
            _ => {}
        }
    }

    /// Moves the cursors of the attention map.
    fn point_weight(&mut self, row: Option<usize>, column: Option<usize>) {
        if self.page != Page::Attention {
            return;
        }
        if !self.begin_inspection() {
            return;
        }
        self.inspecting.step = row.unwrap_or(self.inspecting.step);
        self.inspecting.source = column.unwrap_or(self.inspecting.source);
        self.tell_cursor();
    }
}
