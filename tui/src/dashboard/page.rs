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
    /// Only the sample translations.
    Samples,
    /// Events, warnings and controls in words.
    Log,
}

impl Page {
    /// Every page, in the order of their keys.
    pub const ALL: [Self; 6] =
        [Self::Overview, Self::Curves, Self::Gradients, Self::Attention, Self::Samples, Self::Log];

    /// Returns the name that is displayed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Curves => "Curves",
            Self::Gradients => "Gradients",
            Self::Attention => "Attention",
            Self::Samples => "Samples",
            Self::Log => "Log",
        }
    }

    /// Returns a name of at most four letters, for small screens.
    pub const fn short(self) -> &'static str {
        match self {
            Self::Overview => "All",
            Self::Curves => "Curv",
            Self::Gradients => "Grad",
            Self::Attention => "Att",
            Self::Samples => "Samp",
            Self::Log => "Log",
        }
    }

    /// Returns what the page shows.
    pub const fn help(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Curves => "curves of any metric, of this run and others",
            Self::Gradients => "gradients: norms, parameters, flow; again: the flow alone",
            Self::Attention => "attention map",
            Self::Samples => "sample translations",
            Self::Log => "log: events, warnings and controls in words",
        }
    }
}
