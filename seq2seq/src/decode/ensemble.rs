//! Ensembles: several networks that decode together.

use tensor::Params;

use crate::model::EncoderDecoder;
use crate::{Error, Result};

/// How the predictions of an ensemble's members are combined, with weights w_m that sum to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Combination {
    /// p(y) = Σ_m w_m p_m(y): the mean of the probabilities, as in fairseq and nematus.
    Linear,
    /// p(y) ∝ Π_m p_m(y)^w_m: the mean of the log-probabilities, as in Marian and OpenNMT.
    #[default]
    LogLinear,
}

/// The names of the combinations: `linear`, `log-linear`.
impl std::str::FromStr for Combination {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "linear" => Ok(Self::Linear),
            "log-linear" | "log_linear" => Ok(Self::LogLinear),
            _ => Err(Error::BadValue {
                key: "combination".into(),
                value: text.into(),
                allowed: "linear or log-linear".into(),
            }),
        }
    }
}

/// A network of an [`Ensemble`].
#[derive(Debug, Clone, Copy)]
pub struct Member<'a> {
    /// The network.
    pub model: &'a EncoderDecoder,
    /// Its parameters.
    pub params: &'a Params,
    /// Its weight: above 0; the weights of an ensemble are divided by their sum.
    pub weight: f64,
}

/// One or several networks over the same vocabularies that predict each token together (Sutskever
/// et al. 2014, section 3.6; Luong et al. 2015, section 4.1).
///
/// Their sources are in the order of the first member; a member that reads them in the other order
/// (`reverse_source`) gets them so. The attention weights are the mean over the members that have
/// attention.
#[derive(Debug, Clone)]
pub struct Ensemble<'a> {
    members: Vec<Member<'a>>,
    combination: Combination,
}

impl<'a> Ensemble<'a> {
    /// Returns a single network.
    pub fn single(model: &'a EncoderDecoder, params: &'a Params) -> Self {
        let members = vec![Member { model, params, weight: 1.0 }];
        Self { members, combination: Combination::default() }
    }

    /// Returns an ensemble.
    ///
    /// # Errors
    /// No member; a weight that is not a positive number.
    pub fn new(mut members: Vec<Member<'a>>, combination: Combination) -> Result<Self> {
        let total: f64 = members.iter().map(|m| m.weight).sum();
        let is_weight = |w: f64| w > 0.0 && w.is_finite();
        if members.is_empty() || !members.iter().all(|m| is_weight(m.weight)) {
            let weights: Vec<String> = members.iter().map(|m| m.weight.to_string()).collect();
            return Err(Error::BadValue {
                key: "weights".into(),
                value: weights.join(","),
                allowed: "a number above 0 for each network of an ensemble, which has at least one"
                    .into(),
            });
        }
        members.iter_mut().for_each(|m| m.weight /= total);
        Ok(Self { members, combination })
    }

    /// Returns the members, whose weights sum to one.
    pub fn members(&self) -> &[Member<'a>] {
        &self.members
    }

    /// Returns the combination.
    pub fn combination(&self) -> Combination {
        self.combination
    }

    /// Returns true if a member has attention.
    pub(crate) fn attends(&self) -> bool {
        self.members.iter().any(|m| m.model.decoder.attends())
    }

    /// Returns true if an encoder reads padding, so that only sources of equal length can be in a
    /// group.
    pub(super) fn reads_padding(&self) -> bool {
        self.members.iter().any(|m| m.model.encoder.reads_padding())
    }

    /// Returns the first member.
    pub(super) fn first(&self) -> Member<'a> {
        self.members[0]
    }

    /// Returns the network if there is only one.
    pub(super) fn only(&self) -> Option<Member<'a>> {
        if let [only] = self.members.as_slice() { Some(*only) } else { None }
    }
}
