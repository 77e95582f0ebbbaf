//! The tour: from the vanishing gradient to attention, in experiments that train while one looks.
//!
//! | module | contents |
//! |---|---|
//! | `stop` | what a stop is: text, question, experiment, numbers with their bounds |
//! | `stops` | the twelve stops, a file each |
//! | `trace` | the loss of a run as a curve |
//! | `lab` | what an experiment works with: runs trained side by side, progress, cancellation |
//! | `figure`, `draw`, `scene` | figures as data, on the terminal, as SVG |
//! | `notebook` | what the learner has reached, kept in the tour's folder |
//! | `worker` | the thread on which experiments run |
//! | `model`, `view`, `screen` | the screen: state and keys, drawing, terminal |
//! | `headless`, `report` | plain lines, and the page that sums up |

mod draw;
mod figure;
mod headless;
mod lab;
mod model;
mod notebook;
mod report;
mod scene;
mod screen;
mod stop;
mod stops;
#[cfg(test)]
mod tests;
mod trace;
mod view;
mod worker;

pub(crate) use headless::run as headless;
pub(crate) use lab::Size;
pub(crate) use notebook::Notebook;
pub(crate) use screen::{Left, show};
pub(crate) use stops::STOPS;
pub(crate) use worker::Settings;
