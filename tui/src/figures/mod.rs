//! Figures as SVG and PNG: charts, attention maps, bars, and screens of the terminal.
//!
//! A figure is a [`Scene`] of few kinds of shapes, which [`svg`] writes as text and [`png()`] as
//! pixels, so that both show the same. The modules that draw ([`Chart`], [`HeatMap`], [`Bars`],
//! [`screen()`]) know nothing of runs.

mod axis;
mod bars;
mod cells;
mod chart;
mod font;
mod frame;
mod heat_map;
mod pixels;
mod png_file;
mod scene;
mod screen;
mod svg;
mod system_fonts;

pub use axis::Axis;
pub use bars::{Bar, Bars};
pub use chart::{Chart, Curve, Marks};
pub use heat_map::HeatMap;
pub use pixels::{Raster, png};
pub use scene::{Anchor, Colour, Face, Scene, Shape, Text};
pub use screen::{Palette, screen};
pub use svg::svg;
