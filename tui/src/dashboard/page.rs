//! The pages of the dashboard.

/// One of the pages that a number key opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Page {
    /// Loss, samples, attention and gradient flow, as far as they fit.
    #[default]
    Overview,
    /// Any metric over steps, epochs, time or tokens, beside other runs.
    Curves,
    /// Gradient norms, every parameter, gradient flow.
    Gradients,
    /// Only the attention map.
    Attention,
    /// One step of a translation: scores, weights, vectors, the most probable words.
    Step,
    /// The gates of a layer over the tokens of a sentence.
    Cell,
    /// Only the sample translations.
    Samples,
    /// Events, warnings and controls in words.
    Log,
    /// The runs of a folder, from which one is opened.
    Runs,
}

impl Page {
    /// Every page of a run, in the order of their keys.
    pub const ALL: [Self; 8] = [
        Self::Overview,
        Self::Curves,
        Self::Gradients,
        Self::Attention,
        Self::Step,
        Self::Cell,
        Self::Samples,
        Self::Log,
    ];

    /// Returns the number of the page, which is its key.
    pub fn number(self) -> usize {
        Self::ALL.iter().position(|page| *page == self).map_or(0, |at| at + 1)
    }

    /// Returns the name that is displayed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Curves => "Curves",
            Self::Gradients => "Gradients",
            Self::Attention => "Attention",
            Self::Step => "Step",
            Self::Cell => "Cell",
            Self::Samples => "Samples",
            Self::Log => "Log",
            Self::Runs => "Runs",
        }
    }

    /// Returns a name of at most four letters, for small screens.
    pub const fn short(self) -> &'static str {
        match self {
            Self::Overview => "All",
            Self::Curves => "Curv",
            Self::Gradients => "Grad",
            Self::Attention => "Att",
            Self::Step => "Step",
            Self::Cell => "Cell",
            Self::Samples => "Samp",
            Self::Log => "Log",
            Self::Runs => "Runs",
        }
    }

    /// Returns what the page shows.
    pub const fn help(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Curves => "curves of any metric, of this run and others",
            Self::Gradients => "gradients: norms, parameters, flow; again: the flow alone",
            Self::Attention => "attention map",
            Self::Step => "a translation step by step; on a small screen again: other parts",
            Self::Cell => "gates and states over the tokens of a sentence",
            Self::Samples => "sample translations",
            Self::Log => "log: events, warnings and controls in words",
            Self::Runs => "list of runs; again: back to the run that is open",
        }
    }
}
