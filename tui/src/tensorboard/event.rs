//! The messages of event files: `Event` with a `Summary`. Field numbers are those of
//! `tensorflow/core/util/event.proto` and `tensorflow/core/framework/summary.proto`.

use super::histogram::histogram;
use super::message::{Field, Message, fields};

/// `DT_STRING` of `TensorProto`.
const STRING: u64 = 7;
/// `SessionLog.START`.
const START: u64 = 1;
/// The version of event files that TensorBoard expects.
const VERSION: &[u8] = b"brain.Event:2";

/// The values of one step.
#[derive(Debug, Clone, Default)]
pub(super) struct Summary {
    message: Message,
    is_empty: bool,
}

impl Summary {
    /// Creates a summary without values.
    pub(super) fn new() -> Self {
        Self { message: Message::default(), is_empty: true }
    }

    fn value(&mut self, tag: &str, value: impl FnOnce(Message) -> Message) {
        let value = value(Message::default().bytes(1, tag.as_bytes()));
        self.message = std::mem::take(&mut self.message).message(1, &value);
        self.is_empty = false;
    }

    /// Adds a number.
    pub(super) fn scalar(&mut self, tag: &str, value: f64) {
        #[allow(clippy::cast_possible_truncation)] // the format has floats
        self.value(tag, |message| message.float(2, value as f32));
    }

    /// Adds a histogram, if a value is finite.
    pub(super) fn histogram(&mut self, tag: &str, values: impl Iterator<Item = f64>) {
        if let Some(histogram) = histogram(values) {
            self.value(tag, |message| message.message(5, &histogram));
        }
    }

    /// Adds a PNG image of a width and height in pixels.
    pub(super) fn image(&mut self, tag: &str, (width, height): (u32, u32), png: &[u8]) {
        let image = Message::default()
            .integer(1, height.into())
            .integer(2, width.into())
            // Colour space: red, green, blue.
            .integer(3, 3)
            .bytes(4, png);
        self.value(tag, |message| message.message(4, &image));
    }

    /// Adds a text in Markdown.
    pub(super) fn text(&mut self, tag: &str, text: &str) {
        let plugin = Message::default().bytes(1, b"text");
        let metadata = Message::default().message(1, &plugin);
        // A tensor of one string: its shape has no dimensions.
        let tensor = Message::default()
            .integer(1, STRING)
            .message(2, &Message::default())
            .bytes(8, text.as_bytes());
        self.value(tag, |message| message.message(8, &tensor).message(9, &metadata));
    }

    /// Returns the event with these values; `None` if there are none.
    pub(super) fn event(self, time: f64, step: u64) -> Option<Vec<u8>> {
        (!self.is_empty).then(|| head(time, step).message(5, &self.message).into_bytes())
    }
}

fn head(time: f64, step: u64) -> Message {
    Message::default().double(1, time).integer(2, step)
}

/// Returns the first event of a file.
pub(super) fn version(time: f64) -> Vec<u8> {
    Message::default().double(1, time).bytes(3, VERSION).into_bytes()
}

/// Returns the event with which a file continues a run: readers forget what they know of `step` and
/// later ones.
pub(super) fn restart(time: f64, step: u64) -> Vec<u8> {
    head(time, step).message(7, &Message::default().integer(1, START)).into_bytes()
}

/// Returns the step of an event.
pub(super) fn step(event: &[u8]) -> u64 {
    let step = fields(event).into_iter().find(|(number, _)| *number == 2);
    match step {
        Some((_, Field::Number(step))) => step,
        _ => 0,
    }
}

/// Returns true if an event has values.
pub(super) fn has_values(event: &[u8]) -> bool {
    fields(event).iter().any(|(number, _)| *number == 5)
}
