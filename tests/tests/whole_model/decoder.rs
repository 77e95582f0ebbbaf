//! The decoder in plain loops, forwards and back.

use super::*;

impl Network<'_> {
    /// All steps of the decoder, fed `embedded`.
    pub(super) fn decode<F: Float>(
        &self,
        values: &Named<F>,
        memory: &[Vec<F>],
        first: Vec<State<F>>,
        embedded: &[Vec<F>],
    ) -> Vec<DecoderStep<F>> {
        let weights = attention_weights(values);
        let mut layers = first;
        let mut feed = zeros(if self.config.input_feeding { self.config.hidden } else { 0 });
        let mut steps = Vec::with_capacity(embedded.len());
        for (t, e) in embedded.iter().enumerate() {
            let ask = |query: &[F]| {
                attend(&self.attention(), &weights, query, memory, QueryPosition::at(t)).context
            };
            let mut attention = None;
            let mut x = e.clone();
            match self.config.wiring {
                Wiring::AttendThenRecur => {
                    let query = layers[layers.len() - 1].h.clone();
                    let context = ask(&query);
                    x.extend(&context);
                    attention = Some((query, context));
                }
                Wiring::RecurThenAttend => x.extend(&feed),
            }
            let mut kept = Vec::with_capacity(layers.len());
            for (l, state) in layers.iter_mut().enumerate() {
                let w = recurrent(values, "decoder", l, 0);
                let (after, keep) = step(self.config.cell, &w, &x, state);
                x.clone_from(&after.h);
                *state = after;
                kept.push(keep);
            }
            let (query, context) = attention.unwrap_or_else(|| {
                let context = ask(&x);
                (x.clone(), context)
            });
            let (mut joined, mut readout) = (Vec::new(), x);
            if self.joins() {
                joined = [context, readout].concat();
                let mapped =
                    gemm::linear(&joined, &values["decoder.combine.weight"], None, joined.len());
                readout = mapped.into_iter().map(F::tanh).collect();
            }
            if self.config.input_feeding {
                feed.clone_from(&readout);
            }
            steps.push(DecoderStep { query, kept, joined, readout });
        }
        steps
    }

    /// The backward pass through [`Self::decode`]: gradients of the memory and of the first state.
    pub(super) fn decode_back<F: Float>(
        &self,
        values: &Named<F>,
        memory: &[Vec<F>],
        steps: &[DecoderStep<F>],
        d_readouts: &[F],
        fed: &[u32],
        g: &mut Named<F>,
    ) -> (Vec<Vec<F>>, Vec<State<F>>) {
        let (e, h, layers) = (self.config.embedding, self.config.hidden, self.config.layers);
        let k = self.directions() * h;
        let weights = attention_weights(values);
        let mut d_attention = attention_weights(values);
        d_attention.values_mut().for_each(|w| w.fill(F::zero()));
        let mut d_memory: Vec<Vec<F>> = memory.iter().map(|m| zeros(m.len())).collect();
        let mut d_layers: Vec<State<F>> = vec![self.zero_state(); layers];
        let mut d_feed = zeros::<F>(h);
        let mut d_embedded = vec![Vec::new(); steps.len()];
        for (t, kept) in steps.iter().enumerate().rev() {
            let mut d_readout = d_readouts[t * h..][..h].to_vec();
            if self.config.input_feeding {
                add(&mut d_readout, &d_feed);
            }
            let mut d_context = zeros(k);
            let mut d_state = d_readout.clone();
            if self.joins() {
                let slope = |(&r, &d): (&F, &F)| d * (F::one() - r * r);
                let d: Vec<F> = kept.readout.iter().zip(&d_readout).map(slope).collect();
                let w = &values["decoder.combine.weight"];
                put(g, "decoder.combine.weight", &gemm::outer(&d, &kept.joined, h, k + h));
                let d_joined = gemm::plain(&d, w, h);
                d_context.clone_from_slice(&d_joined[..k]);
                d_state = d_joined[k..].to_vec();
            }
            let mut ask_back = |d_context: &[F]| {
                let d = Found {
                    context: d_context.to_vec(),
                    weights: zeros(memory.len()),
                    heads: Vec::new(),
                };
                let (d_query, d) = attend_back(
                    &self.attention(),
                    &weights,
                    &kept.query,
                    memory,
                    QueryPosition::at(t),
                    &d,
                    &mut d_attention,
                );
                d_memory.iter_mut().zip(d).for_each(|(a, b)| add(a, &b));
                d_query
            };
            if self.config.wiring == Wiring::RecurThenAttend {
                add(&mut d_state, &ask_back(&d_context));
            }
            add(&mut d_layers[layers - 1].h, &d_state);
            let mut dx = Vec::new();
            for l in (0..layers).rev() {
                if l + 1 < layers {
                    add(&mut d_layers[l].h, &dx);
                }
                let w = recurrent(values, "decoder", l, 0);
                let mut dw = w.zeros_like();
                let cell = self.config.cell;
                let (d_input, before) = step_back(cell, &w, &kept.kept[l], &d_layers[l], &mut dw);
                recurrent_back("decoder", l, 0, &dw, g);
                d_layers[l] = before;
                dx = d_input;
            }
            match self.config.wiring {
                Wiring::AttendThenRecur => {
                    add(&mut d_context, &dx[e..]);
                    // The query was the last layer's state before.
                    add(&mut d_layers[layers - 1].h, &ask_back(&d_context));
                }
                Wiring::RecurThenAttend if self.config.input_feeding => {
                    d_feed = dx[e..].to_vec();
                }
                Wiring::RecurThenAttend => assert_eq!(dx.len(), e),
            }
            d_embedded[t] = dx[..e].to_vec();
        }
        for (name, w) in d_attention.iter().filter(|(_, w)| !w.is_empty()) {
            put(g, &format!("decoder.attention.{name}"), w);
        }
        self.look_up_back("decoder", fed, &d_embedded, g);
        (d_memory, d_layers)
    }
}
