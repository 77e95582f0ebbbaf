//! The cells' kernels, as one table: on the processor and on a device.

use tensor::simd::dispatch;

use crate::cell::Cell;
use crate::gating::{Backward, Forward};
use crate::programs::Programs;
use crate::{elman, gru, lstm};

impl Cell {
    /// One time step of gating.
    pub(crate) fn forward(self, step: Forward<'_>) {
        use lstm::cpu::Forward as Lstm;
        match self {
            Self::RnnTanh => dispatch(elman::cpu::Forward::<true>(step)),
            Self::RnnRelu => dispatch(elman::cpu::Forward::<false>(step)),
            Self::Lstm => dispatch(Lstm::<true, true, false, false>(step)),
            Self::Lstm1997 => dispatch(Lstm::<true, false, false, false>(step)),
            Self::Lstm1997Squash => dispatch(Lstm::<true, false, false, true>(step)),
            Self::LstmPeephole => dispatch(Lstm::<true, true, true, false>(step)),
            Self::LstmCoupled => dispatch(Lstm::<false, true, false, false>(step)),
            Self::Gru => dispatch(gru::cpu::Forward(step)),
            Self::GruResetBefore => dispatch(gru::cpu::ForwardBefore(step)),
        }
    }

    /// The backward pass through it.
    pub(crate) fn backward(self, step: Backward<'_>) {
        use lstm::cpu::Backward as Lstm;
        match self {
            Self::RnnTanh => dispatch(elman::cpu::Backward::<true>(step)),
            Self::RnnRelu => dispatch(elman::cpu::Backward::<false>(step)),
            Self::Lstm => dispatch(Lstm::<true, true, false, false>(step)),
            Self::Lstm1997 => dispatch(Lstm::<true, false, false, false>(step)),
            Self::Lstm1997Squash => dispatch(Lstm::<true, false, false, true>(step)),
            Self::LstmPeephole => dispatch(Lstm::<true, true, true, false>(step)),
            Self::LstmCoupled => dispatch(Lstm::<false, true, false, false>(step)),
            Self::Gru => dispatch(gru::cpu::Backward(step)),
            Self::GruResetBefore => dispatch(gru::cpu::BackwardBefore(step)),
        }
    }

    /// Its programs on a device, one for each of its products with the state.
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
