//! The gating's kernels: one source with the switches of [`super::cpu`].

use crate::programs::{Programs, programs};

macro_rules! lstm {
    ($gates:literal, $switches:literal) => {
        [programs!("../lstm/lstm.cl", "-DKEPT=0 -DHAS_CELL -DGATES=", $gates, $switches)]
    };
}

pub(crate) static LSTM: [Programs; 1] = lstm!(4, " -DINPUT -DFORGET");
pub(crate) static OF_1997: [Programs; 1] = lstm!(3, " -DINPUT");
pub(crate) static OF_1997_SQUASH: [Programs; 1] = lstm!(3, " -DINPUT -DSQUASH");
pub(crate) static PEEPHOLE: [Programs; 1] = lstm!(4, " -DINPUT -DFORGET -DPEEPHOLE");
pub(crate) static COUPLED: [Programs; 1] = lstm!(3, " -DFORGET");
