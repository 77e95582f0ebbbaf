//! Steps of an encoder-decoder.

use tensor::{Params, Tape, Threads};

use super::{Prediction, Stepper};
use crate::Result;
use crate::data::{Batch, Example};
use crate::model::{DecoderSource, DecoderState, EncoderDecoder};

/// An encoder-decoder with the encoded sources of a batch.
pub(crate) struct EncoderDecoderStepper<'a> {
    model: &'a EncoderDecoder,
    params: &'a Params,
    threads: &'a Threads,
    tape: Tape<'a>,
    source: DecoderSource<'a>,
    state: DecoderState,
}

impl<'a> EncoderDecoderStepper<'a> {
    /// Encodes sources.
    pub(crate) fn new(
        model: &'a EncoderDecoder,
        params: &'a Params,
        sources: &[&[u32]],
        threads: &'a Threads,
    ) -> Result<Self> {
        let example = |s: &&[u32]| Example { source: s.to_vec(), target: Vec::new() };
        let examples: Vec<Example> = sources.iter().map(example).collect();
        let mut tape = Tape::inference(params).with_threads(threads);
        let encoded = model.encoder.forward(&mut tape, &Batch::new(&examples))?;
        let directions = model.encoder.directions();
        let (source, state) = model.decoder.start(&mut tape, &encoded, directions)?;
        Ok(Self { model, params, threads, tape, source, state })
    }
}

impl Stepper for EncoderDecoderStepper<'_> {
    fn step(&mut self, fed: &[u32], t: usize) -> Result<Prediction> {
        let (decoder, tape) = (&self.model.decoder, &mut self.tape);
        let projected = decoder.project(tape, fed, [1, fed.len()])?.at(tape, 0);
        let step = decoder.step(tape, projected, &self.source, &self.state, t)?;
        let logits = decoder.readout.output.logits(tape, step.readout)?;
        self.state = step.state;
        Ok(Prediction {
            logits: tape.take_value(logits),
            weights: step.weights.map(|weights| tape.take_value(weights)),
            heads: step.heads.map(|heads| tape.take_value(heads)),
        })
    }

    fn select(&mut self, sources: Option<&[usize]>, rows: &[usize]) -> Result<()> {
        // A new tape for the next step releases the values of this one.
        let mut next = Tape::inference(self.params).with_threads(self.threads);
        self.source = self.source.to_tape(&self.tape, &mut next);
        self.state = self.state.to_tape(&self.tape, &mut next);
        self.tape = next;
        if let Some(kept) = sources {
            self.source = self.source.select(&mut self.tape, kept)?;
        }
        self.state = self.state.select(&mut self.tape, rows)?;
        Ok(())
    }
}
