//! Dispatch from each cell to its CPU kernels and its programs on a device.

use tensor::simd::dispatch;

use crate::cell::Cell;
use crate::gating::{GatingBackward, GatingForward};
use crate::programs::Programs;
use crate::{elman, gru, lstm};

impl Cell {
    /// Runs one time step of gating.
    pub(crate) fn forward(self, step: GatingForward<'_>) {
        use lstm::cpu::LstmForward as Lstm;
        match self {
            Self::RnnTanh => dispatch(elman::cpu::ElmanForward::<true>(step)),
            Self::RnnRelu => dispatch(elman::cpu::ElmanForward::<false>(step)),
            Self::Lstm => dispatch(Lstm::<true, true, false, false>(step)),
            Self::Lstm1997 => dispatch(Lstm::<true, false, false, false>(step)),
            Self::Lstm1997Squash => dispatch(Lstm::<true, false, false, true>(step)),
            Self::LstmPeephole => dispatch(Lstm::<true, true, true, false>(step)),
            Self::LstmCoupled => dispatch(Lstm::<false, true, false, false>(step)),
            Self::Gru => dispatch(gru::cpu::GruForward(step)),
            Self::GruResetBefore => dispatch(gru::cpu::GruForwardBefore(step)),
        }
    }

    /// Runs the backward pass through one time step of gating.
    pub(crate) fn backward(self, step: GatingBackward<'_>) {
        use lstm::cpu::LstmBackward as Lstm;
        match self {
            Self::RnnTanh => dispatch(elman::cpu::ElmanBackward::<true>(step)),
            Self::RnnRelu => dispatch(elman::cpu::ElmanBackward::<false>(step)),
            Self::Lstm => dispatch(Lstm::<true, true, false, false>(step)),
            Self::Lstm1997 => dispatch(Lstm::<true, false, false, false>(step)),
            Self::Lstm1997Squash => dispatch(Lstm::<true, false, false, true>(step)),
            Self::LstmPeephole => dispatch(Lstm::<true, true, true, false>(step)),
            Self::LstmCoupled => dispatch(Lstm::<false, true, false, false>(step)),
            Self::Gru => dispatch(gru::cpu::GruBackward(step)),
            Self::GruResetBefore => dispatch(gru::cpu::GruBackwardBefore(step)),
        }
    }

    /// Returns the programs on a device, one per product with the state.
    pub(crate) fn programs(self) -> &'static [Programs] {
        match self {
            Self::RnnTanh => &elman::opencl::TANH,
            Self::RnnRelu => &elman::opencl::RELU,
            Self::Lstm => &lstm::opencl::LSTM,
            Self::Lstm1997 => &lstm::opencl::OF_1997,
            Self::Lstm1997Squash => &lstm::opencl::OF_1997_SQUASH,
            Self::LstmPeephole => &lstm::opencl::PEEPHOLE,
            Self::LstmCoupled => &lstm::opencl::COUPLED,
            Self::Gru => &gru::opencl::GRU,
            Self::GruResetBefore => &gru::opencl::RESET_BEFORE,
        }
    }
}
