//! States that the windows of a running text carry to the next windows.

use std::collections::BTreeSet;

use rnn::{RnnConfig, State};
use tensor::{PooledVec, Tape, Tensor, Var};

use super::ChunkPosition;

/// The states at the end of the last window read, for each part of a running text.
#[derive(Debug, Clone, Default)]
pub(super) struct Carried {
    /// One row per part: h and, if the cell has one, c of each layer; empty before the part is
    /// read.
    rows: Vec<Vec<f32>>,
    /// Parts whose states are on a device and newer than their rows, with those states, \[B, H\]
    /// each, in the order of a row.
    on_device: Option<(Vec<usize>, Vec<Tensor>)>,
    /// Parts that were read since the states were loaded or shared.
    read_here: BTreeSet<usize>,
}

impl Carried {
    pub(super) fn of_rows(rows: Vec<Vec<f32>>) -> Self {
        Self { rows, ..Self::default() }
    }

    /// Returns the rows of the parts that were read here since the states were loaded or shared.
    pub(super) fn read_here(&mut self) -> Vec<(usize, Vec<f32>)> {
        self.rows();
        let row = |&part: &usize| Some((part, self.rows.get(part)?.clone()));
        self.read_here.iter().filter_map(row).collect()
    }

    /// Takes the rows of parts that another rank read.
    pub(super) fn take(&mut self, rows: Vec<(usize, Vec<f32>)>) {
        self.rows();
        self.read_here.clear();
        for (part, row) in rows {
            if self.rows.len() <= part {
                self.rows.resize(part + 1, Vec::new());
            }
            self.rows[part] = row;
        }
    }

    /// Returns one row per part; waits for states on a device.
    pub(super) fn rows(&mut self) -> &[Vec<f32>] {
        if let Some((parts, states)) = self.on_device.take() {
            self.put(&parts, &states);
        }
        &self.rows
    }

    fn put(&mut self, parts: &[usize], states: &[Tensor]) {
        for (b, &part) in parts.iter().enumerate() {
            if self.rows.len() <= part {
                self.rows.resize(part + 1, Vec::new());
            }
            let row = |t: &Tensor| t.data()[b * t.shape().width()..][..t.shape().width()].to_vec();
            self.rows[part] = states.iter().flat_map(row).collect();
        }
    }

    /// Stores the states after windows of some parts.
    pub(super) fn after(&mut self, tape: &Tape<'_>, places: &[ChunkPosition], after: &[State]) {
        let parts: Vec<usize> = places.iter().map(|place| place.part).collect();
        self.read_here.extend(&parts);
        let values = after.iter().flat_map(|s| [Some(s.h), s.c]).flatten();
        let states: Vec<Tensor> = values.map(|v: Var| tape.value(v).clone()).collect();
        if tape.device_properties().is_asynchronous {
            // States of other parts are read before they are dropped; those of the same parts are
            // out of date.
            if self.on_device.as_ref().is_some_and(|(before, _)| *before != parts) {
                self.rows();
            }
            self.on_device = Some((parts, states));
        } else {
            self.put(&parts, &states);
        }
    }

    /// Returns the states before windows of some parts; zeros at the start of a part.
    pub(super) fn before(
        &mut self,
        tape: &mut Tape<'_>,
        places: &[ChunkPosition],
        config: &RnnConfig,
    ) -> PooledVec<State> {
        let (h, has_c) = (config.hidden, config.cell.has_cell_state());
        let parts = places.iter().map(|place| place.part);
        let goes_on = places.iter().all(|place| !place.is_first);
        let kept = match &self.on_device {
            Some((on_device, states)) if goes_on && parts.eq(on_device.iter().copied()) => {
                states.clone()
            }
            _ => self.gathered(places, h, config.layers * (1 + usize::from(has_c))),
        };
        let mut kept = kept.into_iter().map(|t| tape.constant(t));
        let mut states = PooledVec::with_capacity(config.layers);
        while let Some(h) = kept.next() {
            states.push(State { h, c: if has_c { kept.next() } else { None } });
        }
        states
    }

    /// Gathers the states of some parts from their rows.
    fn gathered(&mut self, places: &[ChunkPosition], h: usize, count: usize) -> Vec<Tensor> {
        let rows = self.rows();
        let state = |i: usize| {
            let mut state = Tensor::zeros([places.len(), h]);
            for (row, place) in state.data_mut().chunks_exact_mut(h).zip(places) {
                let before = rows.get(place.part).and_then(|all| all.get(i * h..(i + 1) * h));
                if let Some(before) = before.filter(|_| !place.is_first) {
                    row.copy_from_slice(before);
                }
            }
            state
        };
        (0..count).map(state).collect()
    }
}
