//! The runs that are stopped and gone on with.

/// Networks, optimizers, threads: every kind of state that a checkpoint must hold.
pub(crate) const RUNS: &[(usize, &[(&str, &str)])] = &[
    (1, &[("optimizer", "adam"), ("dropout", "0.2")]),
    (2, &[("optimizer", "adamw"), ("cell", "lstm"), ("layers", "2"), ("dropout", "0.3")]),
    (3, &[("optimizer", "sgd"), ("learning_rate", "0.3"), ("teacher_forcing", "0.5")]),
    (2, &[("optimizer", "rmsprop"), ("checkpoint_seconds", "1e-9"), ("cell", "rnn_tanh")]),
    (
        1,
        &[
            ("optimizer", "adagrad"),
            ("wiring", "recur_then_attend"),
            ("readout", "tanh_context"),
            ("input_feeding", "true"),
            ("dropout", "0.1"),
            ("dropout_output", "true"),
        ],
    ),
    (2, &[("optimizer", "adadelta"), ("learning_rate", "1"), ("attention", "general")]),
    (
        2,
        &[
            ("learning_rate_schedule", "plateau"),
            ("learning_rate_patience", "1"),
            ("learning_rate", "0.05"),
            ("early_stopping_metric", "loss"),
            ("average_decay", "0.9"),
            // Five batches an epoch are three steps, the last of one batch.
            ("batch", "13"),
            ("gradient_accumulation", "2"),
            ("epochs", "13"),
            ("validate_every_epochs", "0.34"),
            ("dropout", "0.1"),
        ],
    ),
    (
        3,
        &[
            ("batch_by", "tokens"),
            ("batch", "90"),
            ("gradient_accumulation", "2"),
            ("epochs", "30"),
            ("learning_rate_schedule", "inverse_sqrt"),
            ("learning_rate_warmup", "10"),
            ("teacher_forcing_schedule", "inverse_sigmoid"),
            ("teacher_forcing_steps", "7"),
            ("stop_patience", "100"),
        ],
    ),
    (
        2,
        &[
            ("learning_rate_schedule", "exponential"),
            ("learning_rate_factor", "0.9"),
            ("teacher_forcing_schedule", "linear"),
            ("teacher_forcing_steps", "30"),
            ("teacher_forcing_unit", "batch"),
            ("label_smoothing", "0.1"),
        ],
    ),
    (
        2,
        &[
            ("unit", "bpe"),
            ("vocabulary", "320"),
            ("tied", "source_target"),
            ("bpe_dropout", "0.2"),
            ("batch_by", "tokens"),
            ("batch", "120"),
        ],
    ),
];
