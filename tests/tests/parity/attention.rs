//! The cases of the crate `attention`: each kind over one memory, by steps and as a sequence. All
//! options are compared in the crate's own tests.

use attention::{Attention, AttentionConfig, AttentionKind, QueryPosition};
use tensor::{Params, Result, Shape};

use super::bench::{Bench, Case, tensor};

/// Every case.
pub(crate) const CASES: &[Case] = &[
    ("attention additive", |b| {
        kind(b, AttentionConfig { width: 37, ..new(AttentionKind::Additive) })
    }),
    ("attention additive_bias", |b| {
        kind(b, AttentionConfig { width: 70, ..new(AttentionKind::AdditiveBias) })
    }),
    ("attention dot", |b| kind(b, new(AttentionKind::Dot))),
    ("attention scaled_dot", |b| kind(b, new(AttentionKind::ScaledDot))),
    ("attention general", |b| {
        kind(b, AttentionConfig { memory: 41, ..new(AttentionKind::General) })
    }),
    ("attention scaled_general", |b| {
        kind(b, AttentionConfig { memory: 41, ..new(AttentionKind::ScaledGeneral) })
    }),
    ("attention concat", |b| kind(b, AttentionConfig { memory: 9, ..new(AttentionKind::Concat) })),
    ("attention cosine", |b| kind(b, new(AttentionKind::Cosine))),
    ("attention location", |b| {
        kind(b, AttentionConfig { positions: 5, ..new(AttentionKind::Location) })
    }),
    ("attention local_m", |b| kind(b, AttentionConfig { window: 2, ..new(AttentionKind::LocalM) })),
    ("attention local_p", |b| {
        let local = AttentionConfig { window: 2, ..new(AttentionKind::LocalP) };
        kind(b, AttentionConfig { score: AttentionKind::Dot, ..local.clone() })?;
        kind(b, AttentionConfig { renormalize: true, ..local })
    }),
    ("attention multi_head", |b| {
        let heads = AttentionConfig { heads: 3, ..new(AttentionKind::MultiHead) };
        kind(b, AttentionConfig { causal: true, ..heads.clone() })?;
        kind(b, AttentionConfig { head_key: 5, head_value: 7, output: 11, memory: 13, ..heads })
    }),
];

fn new(kind: AttentionKind) -> AttentionConfig {
    AttentionConfig::new(kind, 18, 18)
}

/// Two steps and a sequence of three over one memory, its sentences of different lengths.
#[allow(clippy::needless_pass_by_value)] // a case writes it where it calls
fn kind(b: &mut Bench, config: AttentionConfig) -> Result<()> {
    let mut params = Params::new();
    let mut seed = 100;
    let mut init = |_: &str, shape: Shape| {
        seed += 1;
        Ok(tensor(shape.dims(), seed))
    };
    let attention =
        Attention::with_init(&mut params, "", config.clone(), &mut init).map_err(of_tensor)?;
    params.to_device(&b.device)?;
    let ids: Vec<_> = params.ids().collect();
    let memory: &'static [usize] = match config.memory {
        9 => &[9, 4, 9],
        13 => &[9, 4, 13],
        41 => &[9, 4, 41],
        _ => &[9, 4, 18],
    };
    let inputs: [&'static [usize]; 3] = [&[2, 4, 18], &[3, 4, 18], memory];
    b.run_with(&params, &ids, &inputs, |tape, _, x| {
        let memory = attention.memory(tape, x[2], &[9, 3, 0, 5]).map_err(of_tensor)?;
        let mut outputs = Vec::new();
        for time in 0..2 {
            let query = tape.index(x[0], time);
            let place = QueryPosition { time, reversed: true };
            let found = attention.attend(tape, query, &memory, place).map_err(of_tensor)?;
            outputs.extend([found.context, found.weights]);
        }
        let found =
            attention.attend(tape, x[1], &memory, QueryPosition::at(2)).map_err(of_tensor)?;
        outputs.extend([found.context, found.weights]);
        outputs.extend(found.heads);
        Ok(outputs)
    })
}

fn of_tensor(error: attention::Error) -> tensor::Error {
    match error {
        attention::Error::Tensor(error) => error,
        other => tensor::Error::argument("attention", other.to_string()),
    }
}
