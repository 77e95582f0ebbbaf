//! The text printed on the normal screen after a run has ended or the user has left it.

use std::path::Path;

use seq2seq::config::TaskKind;
use seq2seq::event::{CheckpointKind, Validation};
use seq2seq::shell_quoted;

use crate::format::{count, duration, number, percent, several};
use crate::run_state::{RunState, State};

/// Returns the lines that describe how a run ended, its best metrics, its folder, and how to resume
/// it.
pub fn lines(run_state: &RunState, run_dir: Option<&Path>) -> Vec<String> {
    let mut lines = vec![headline(run_state)];
    if let Some(step) = &run_state.step {
        let smoothed = run_state
            .loss
            .value()
            .map_or_else(String::new, |loss| format!(", smoothed {}", number(loss)));
        lines.push(format!("  last loss   {}{smoothed}", number(step.loss)));
    }
    if let Some(best) = &run_state.best {
        let mut parts = vec![format!("loss {}", number(best.metrics.loss))];
        parts.extend(measured(best));
        parts.push(format!("at step {}", count(best.step)));
        lines.push(format!("  best valid  {}", parts.join(", ")));
    } else if let Some(best) = run_state.start.as_ref().and_then(|start| start.best) {
        let bleu = best.bleu.map_or_else(String::new, |bleu| format!(", BLEU {bleu:.1}"));
        let step = count(best.step);
        lines.push(format!(
            "  best valid  loss {}{bleu}, at step {step}, before the resume",
            number(best.loss)
        ));
    }
    if run_state.not_finite > 0 {
        lines.push(format!(
            "  not finite  {}, the first at step {}",
            several(run_state.not_finite, "step"),
            count(run_state.first_not_finite.unwrap_or_default()),
        ));
    }
    if run_state.dropped > 0 {
        lines.push(format!(
            "  not drawn   {} (every event is in the run's events.jsonl)",
            several(run_state.dropped, "event")
        ));
    }
    lines.extend(warnings(run_state));
    if let Some(run_dir) = run_dir {
        let dir = shell_quoted(run_dir);
        lines.push(format!("  run         {dir}"));
        let done = matches!(run_state.state(), State::Finished | State::EarlyStopped);
        if run_state.state() == State::EarlyStopped {
            lines.push(format!("  go on       tui --resume --run-dir {dir} --set stop_patience=0"));
        } else if run_state.state() == State::Diverged
            && let Some(step) = &run_state.step
        {
            // With the same learning rate the run would diverge again.
            let rate = step.learning_rate as f32 / 10.0;
            lines.push(format!(
                "  go on       tui --resume --run-dir {dir} --set learning_rate={rate:?}"
            ));
        } else if !done {
            lines.push(format!("  go on       tui --resume --run-dir {dir}"));
        }
        lines.push(format!("  look again  tui watch {dir}"));
        if run_state.saved.is_some() || done {
            lines.push(format!("  measure     tui evaluate {dir}"));
            match run_state.start.as_ref().map(|start| start.task) {
                Some(TaskKind::LanguageLines | TaskKind::LanguageStream) => {
                    lines.push(format!("  use         tui sample {dir}"));
                }
                Some(TaskKind::Sequence) => {}
                Some(TaskKind::Translation) | None => {
                    lines.push(format!("  use         tui translate {dir}"));
                }
            }
        }
    }
    lines
}

/// Returns the warnings in full, each on a line of its own.
fn warnings(run_state: &RunState) -> impl Iterator<Item = String> {
    let number = run_state.warning_count();
    let title = (number > 0).then(|| {
        let omitted = match run_state.warnings_left_out {
            0 => String::new(),
            omitted => format!(", the first {} only in events.jsonl", count(omitted)),
        };
        format!("  warnings    {}{omitted}", count(number))
    });
    let texts = run_state.warnings.iter();
    title.into_iter().chain(texts.map(|(step, text)| format!("    step {}: {text}", count(*step))))
}

/// Returns the metrics of a validation other than its loss, as far as its task has them.
pub fn measured(validation: &Validation) -> Vec<String> {
    let share = |name: &str, value: Option<f64>| value.map(|v| format!("{name} {}", percent(v)));
    [
        validation.metrics.perplexity.map(|p| format!("ppl {}", number(p))),
        share("accuracy", validation.metrics.token_accuracy),
        share("exact", validation.metrics.exact_match),
        validation.metrics.bleu.map(|bleu| format!("BLEU {bleu:.1}")),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Returns a line with the reason why the run ended.
fn headline(run_state: &RunState) -> String {
    let state = run_state.state();
    let steps = several(run_state.steps(), "step");
    let time = duration(run_state.seconds());
    if state.is_over() {
        format!("{} after {steps}, {time} of training", state.word())
    } else {
        format!("{}: {steps}, {time} of training so far", state.word())
    }
}

/// Returns the message for an immediate exit: the folder of the run, if training has begun, and the
/// step of the last checkpoint, if known.
pub fn aborted(run_dir: Option<&Path>, saved: Option<u64>) -> Vec<String> {
    let Some(dir) = run_dir else { return vec![NOT_BEGUN.to_owned()] };
    let saved = saved.map_or_else(String::new, |step| format!(" of step {}", count(step)));
    vec![format!("ended at once; the last checkpoint{saved} stands"), go_on(dir)]
}

/// The message for an end before training began.
pub const NOT_BEGUN: &str = "stopped before training began: nothing was saved or changed";

/// Returns the advice on how to resume a run.
pub fn go_on(run_dir: &Path) -> String {
    format!("go on with: tui --resume --run-dir {}", shell_quoted(run_dir))
}

/// Returns the name of a checkpoint.
pub fn checkpoint_name(kind: CheckpointKind) -> &'static str {
    match kind {
        CheckpointKind::Last => "last",
        CheckpointKind::Best => "best",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use seq2seq::Event;
    use seq2seq::event::{End, EndReason};

    #[test]
    fn a_stopped_run_says_how_to_go_on() {
        let mut run_state = RunState::default();
        run_state.apply(&Event::Checkpoint { step: 7, kind: CheckpointKind::Last });
        run_state.apply(&Event::End(End {
            step: 7,
            seconds: 65.0,
            reason: EndReason::Stopped,
            dropped_events: 2,
        }));
        let text = lines(&run_state, Some(Path::new("runs/a b"))).join("\n");
        assert!(text.starts_with("stopped after"), "{text}");
        assert!(text.contains("tui --resume --run-dir 'runs/a b'"), "{text}");
        assert!(text.contains("1m05s"), "{text}");
        assert!(text.contains("2 events"), "{text}");
    }

    #[test]
    fn a_run_that_stopped_early_says_what_would_go_on() {
        let mut run_state = RunState::default();
        run_state.apply(&Event::End(End {
            step: 7,
            seconds: 65.0,
            reason: EndReason::EarlyStopped,
            dropped_events: 0,
        }));
        let text = lines(&run_state, Some(Path::new("runs/a"))).join("\n");
        assert!(text.starts_with("stopped early after"), "{text}");
        assert!(text.contains("--run-dir runs/a --set stop_patience=0"), "{text}");
        assert!(text.contains("tui translate runs/a"), "{text}");
    }

    #[test]
    fn warnings_are_repeated_in_full() {
        let mut run_state = RunState::default();
        assert!(!lines(&run_state, None).join("\n").contains("warnings"));
        for step in 1..=202 {
            run_state.apply(&Event::Warning { step, text: format!("{} end", "x".repeat(300)) });
        }
        let text = lines(&run_state, None).join("\n");
        assert!(text.contains("  warnings    202, the first 2 only in events.jsonl"), "{text}");
        assert!(!text.contains("step 2: ") && text.contains("    step 3: xxx"), "{text}");
        assert_eq!(text.matches("x end").count(), 200);
    }

    #[test]
    fn an_end_at_once_speaks_of_a_checkpoint_only_where_a_run_exists() {
        assert_eq!(aborted(None, None), [NOT_BEGUN]);
        let words = aborted(Some(Path::new("runs/a b")), Some(1200)).join("\n");
        assert!(words.contains("checkpoint of step 1,200"), "{words}");
        assert!(words.ends_with("--run-dir 'runs/a b'"), "{words}");
    }

    #[test]
    fn paths_are_quoted_for_the_shell() {
        assert_eq!(shell_quoted(Path::new("runs/x-1.2")), "runs/x-1.2");
        assert_eq!(shell_quoted(Path::new("it's")), r"'it'\''s'");
    }
}
