//! The pages of the dashboard.

/// One of the pages that a number key opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Page {
    /// Loss, samples, attention and gradient flow, as far as they fit.
    #[default]
    Overview,
    /// Only the loss curves.
    Loss,
    /// Gradient norms, every parameter, gradient flow.
    Gradients,
    /// Only the attention map.
    Attention,
    /// Only the sample translations.
    Samples,
    /// Events, warnings and controls in words.
    Log,
    /// The runs of a folder, from which one is opened.
    Runs,
}

impl Page {
    /// Every page of a run, in the order of their keys.
    pub const ALL: [Self; 6] =
        [Self::Overview, Self::Loss, Self::Gradients, Self::Attention, Self::Samples, Self::Log];

    /// Returns the name that is displayed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Loss => "Loss",
            Self::Gradients => "Gradients",
            Self::Attention => "Attention",
            Self::Samples => "Samples",
            Self::Log => "Log",
            Self::Runs => "Runs",
        }
    }

    /// Returns a name of at most four letters, for small screens.
    pub const fn short(self) -> &'static str {
        match self {
            Self::Overview => "All",
            Self::Loss => "Loss",
            Self::Gradients => "Grad",
            Self::Attention => "Att",
            Self::Samples => "Samp",
            Self::Log => "Log",
            Self::Runs => "Runs",
        }
    }

    /// Returns what the page shows.
    pub const fn help(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Loss => "loss curves",
            Self::Gradients => "gradients: norms, parameters; on a small screen again: flow",
            Self::Attention => "attention map",
            Self::Samples => "sample translations",
            Self::Log => "log: events, warnings and controls in words",
            Self::Runs => "list of runs (in `tui watch`)",
        }
    }
}
