//! The shapes of a figure, in units of a pixel at the size of the SVG.

/// A colour: red, green, blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Colour(pub u8, pub u8, pub u8);

impl Colour {
    /// Black.
    pub const BLACK: Self = Self(0, 0, 0);
    /// White.
    pub const WHITE: Self = Self(255, 255, 255);

    /// Returns the colour between this one (at 0) and another (at 1).
    #[must_use]
    pub fn mixed(self, other: Self, share: f32) -> Self {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // saturates
        let mix = |a: u8, b: u8| {
            (f32::from(a) + (f32::from(b) - f32::from(a)) * share.clamp(0.0, 1.0)).round() as u8
        };
        Self(mix(self.0, other.0), mix(self.1, other.1), mix(self.2, other.2))
    }

    /// Returns the luminance, 0 to 1: 0.2126 R + 0.7152 G + 0.0722 B (ITU-R BT.709), without the
    /// correction of gamma.
    pub fn luminance(self) -> f32 {
        (0.2126 * f32::from(self.0) + 0.7152 * f32::from(self.1) + 0.0722 * f32::from(self.2))
            / 255.0
    }
}

/// The point of a text that stands at its position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// The left end.
    Start,
    /// The middle.
    Middle,
    /// The right end.
    End,
}

/// A font.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Face {
    /// Proportional letters.
    Sans,
    /// Bold proportional letters.
    SansBold,
    /// Letters of equal width.
    Mono,
    /// Bold letters of equal width.
    MonoBold,
}

/// A line of text.
#[derive(Debug, Clone, PartialEq)]
pub struct Text {
    /// The text.
    pub text: String,
    /// Position of the anchor, on the base line.
    pub at: (f32, f32),
    /// Height of the font.
    pub size: f32,
    /// Which point of the text stands at the position.
    pub anchor: Anchor,
    /// The font.
    pub face: Face,
    /// The colour.
    pub colour: Colour,
    /// Degrees by which the text is turned clockwise around its position.
    pub turned: f32,
    /// The width to which the text is stretched, if it is fixed.
    pub width: Option<f32>,
}

/// A shape.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// A filled rectangle: left, top, width, height; with a description that viewers show.
    Rect {
        /// Left, top, width, height.
        area: [f32; 4],
        /// The colour.
        fill: Colour,
        /// What the rectangle means; may be empty.
        about: String,
    },
    /// A line through points.
    Line {
        /// The points.
        points: Vec<(f32, f32)>,
        /// The colour.
        colour: Colour,
        /// The width.
        width: f32,
        /// Lengths of dashes and gaps in turn; empty for a solid line.
        dash: &'static [f32],
    },
    /// A filled polygon.
    Polygon {
        /// The corners.
        points: Vec<(f32, f32)>,
        /// The colour.
        fill: Colour,
        /// From 0, invisible, to 1.
        opacity: f32,
    },
    /// Filled circles.
    Dots {
        /// The centres.
        points: Vec<(f32, f32)>,
        /// The radius.
        radius: f32,
        /// The colour.
        colour: Colour,
    },
    /// A line of text.
    Text(Text),
}

/// A figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Scene {
    /// Width and height.
    pub size: (f32, f32),
    /// The colour behind everything.
    pub background: Colour,
    /// What the figure shows, for viewers and readers of the screen.
    pub title: String,
    /// How the figure is made again; may be empty.
    pub about: String,
    /// The shapes, the lowest first.
    pub shapes: Vec<Shape>,
}

impl Scene {
    /// Creates an empty figure on white.
    pub fn new(size: (f32, f32), title: impl Into<String>) -> Self {
        let (background, title) = (Colour::WHITE, title.into());
        Self { size, background, title, about: String::new(), shapes: Vec::new() }
    }

    /// Adds a rectangle.
    pub fn rect(&mut self, area: [f32; 4], fill: Colour) {
        self.shapes.push(Shape::Rect { area, fill, about: String::new() });
    }

    /// Adds a solid line.
    pub fn line(&mut self, points: Vec<(f32, f32)>, colour: Colour, width: f32) {
        self.shapes.push(Shape::Line { points, colour, width, dash: &[] });
    }

    /// Adds black sans-serif text.
    pub fn text(&mut self, text: impl Into<String>, at: (f32, f32), size: f32, anchor: Anchor) {
        self.shapes.push(Shape::Text(Text::new(text, at, size, anchor)));
    }
}

impl Text {
    /// Creates black sans-serif text.
    pub fn new(text: impl Into<String>, at: (f32, f32), size: f32, anchor: Anchor) -> Self {
        Self {
            text: text.into(),
            at,
            size,
            anchor,
            face: Face::Sans,
            colour: Colour::BLACK,
            turned: 0.0,
            width: None,
        }
    }
}
