//! Every option of the program, with the words that `--help` shows.

mod measure;
mod model;
mod train;
mod value;

use clap::{Parser, Subcommand};

pub use measure::{BenchArguments, CompareArguments};
pub use model::{
    CorpusArguments, EvaluateArguments, ModelArguments, SampleArguments, ScoreArguments,
    TranslateArguments, WatchArguments,
};
pub use train::TrainArguments;

const EXAMPLES: &str = "\
Examples:
  tui                                       train the default preset, with the dashboard
  tui --preset pytorch-tutorial --data eng-fra.tsv.gz --columns 2,1
  tui --data train.en,train.fr --valid dev.en,dev.fr --headless > train.log
  tui --set hidden=512 --set optimizer=adam --max-minutes 10
  tui --resume --run-dir runs/NAME          go on where a run stopped or crashed
  tui watch runs/NAME                       look at a run, also from elsewhere
  echo 'where is the red car ?' | tui translate --run runs/NAME
  tui evaluate --run runs/NAME --data phrasebook:test
  tui --preset makemore-gru --data names.txt
  tui sample --run runs/NAME --count 20 --temperature 0.8
  tui --preset adding                       a generated task needs no data

Training opens the dashboard where stdin and stdout are a terminal; otherwise, or with --headless,
it prints a plain line now and then:
  loss(mean)  mean loss per target token (natural log) of all batches since the line before
  ppl         perplexity, exp(loss)
  grad        global gradient norm before clipping, of the line's last step
Ctrl-C or SIGTERM saves and stops; a second one exits at once. So does a terminal that goes away
(window closed, connection lost): the run is saved within 30 s and the program ends; a finished run
ends at once. Under nohup, training goes on. To keep it going, start it in tmux or with nohup.

Exit status: 0 done, stopped early or with q; 1 an error, or a loss that is not finite; 2 wrong use;
130, 143, 129 stopped, and saved, by Ctrl-C, SIGTERM, SIGHUP or a lost terminal; 141 the same, since
the reader of stdout has gone.
NO_COLOR=1 turns colours off. --ascii draws with ASCII only.";

/// Trains recurrent encoder-decoders with attention, and shows what they learn.
#[derive(Debug, Parser)]
#[command(
    name = "tui",
    version,
    about,
    long_about = "Trains recurrent encoder-decoders with attention, and shows what they learn.\n\
        Without a subcommand it trains: the options below are those of `tui train`.",
    after_long_help = EXAMPLES,
    after_help = "`--help` says more, with examples.",
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true
)]
pub struct Arguments {
    /// What to do; training where nothing is said.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Options of training.
    #[command(flatten)]
    pub train: TrainArguments,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Train a model (the default).
    #[command(after_long_help = EXAMPLES)]
    Train(Box<TrainArguments>),
    /// Translate stdin to stdout, one line for each line.
    #[command(long_about = "Translate stdin to stdout, one line for each line.\n\
        Lines are answered as they come, many at a time where many wait. A blank line gives an empty\n\
        one. How many translations were cut at the limit of their length is said on stderr.")]
    Translate(TranslateArguments),
    /// Measure a trained model on a corpus.
    Evaluate(EvaluateArguments),
    /// Print the natural-log probability of each target given its source.
    #[command(
        long_about = "Print the natural-log probability of each target given its source, one\n\
        number for each pair, the end token counted. A blank source is translated into nothing: it\n\
        gives 0 for a blank target and -inf for any other. Pairs with a blank side and unknown words\n\
        are counted on stderr."
    )]
    Score(ScoreArguments),
    /// Print texts that a trained language model writes.
    #[command(long_about = "Print texts that a trained language model writes.\n\
        The same options give the same texts.")]
    Sample(SampleArguments),
    /// Look at a run that is going on, finished or crashed.
    #[command(long_about = "Look at a run that is going on, finished or crashed.\n\
        The dashboard without its commands; plain lines where stdout is not a terminal.")]
    Watch(WatchArguments),
    /// List the presets, or every key of one.
    Presets {
        /// The preset whose keys are listed.
        name: Option<String>,
    },
    /// List the devices that can train.
    Devices,
    /// Measure the speed of training and decoding on fixed workloads.
    #[command(long_about = "Measure the speed of training and decoding on fixed workloads.\n\
        One row each: parameters, median milliseconds of a training step (forward, loss, backward,\n\
        clipping, optimizer, on fresh random ids), target tokens per second, greedily decoded\n\
        tokens per second. luong-2015 runs only when it is named.")]
    Bench(BenchArguments),
    /// Train small models of the literature, and tell in one table what each can do.
    #[command(
        long_about = "Train small models of the literature, and tell in one table what each can do.\n\
        No attention, source reversed and each attention, on the phrasebook and on letters said\n\
        backwards: exact match by length, alignment error rate. Each cell on adding: how far back\n\
        the gradient reaches.\n\
        About 12 minutes on two cores, one model on each. Every model is a run folder: what was cut\n\
        off goes on, what is done is not trained again. The table is written to DIR/compare.md, all\n\
        metrics to DIR/compare.json."
    )]
    Compare(CompareArguments),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use seq2seq::Range;

    use super::value::{device, minutes, seconds, temperature, whole};
    use super::*;

    fn parse(line: &str) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from(std::iter::once("tui").chain(line.split_whitespace()))
    }

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn training_is_the_default() {
        let bare = parse("").unwrap();
        assert!(bare.command.is_none());
        let options = parse("--preset luong-small --columns 2,1 --set a=b=c --max-minutes 0.5")
            .unwrap()
            .train
            .options();
        assert_eq!(options.preset.as_deref(), Some("luong-small"));
        assert_eq!(options.columns, Some((2, 1)));
        assert_eq!(options.set, [("a".to_owned(), "b=c".to_owned())]);
        assert_eq!(options.max_minutes, Some(0.5));
        let Some(Command::Train(train)) = parse("train --seed 7 --headless").unwrap().command
        else {
            panic!("not train");
        };
        assert!(train.headless);
        assert_eq!(train.options().seed, Some(7));
    }

    #[test]
    fn subcommands_take_their_options() {
        let line = "evaluate --run r --data phrasebook:test --device opencl:0.1 --threads 2 --json";
        let Some(Command::Evaluate(evaluate)) = parse(line).unwrap().command else {
            panic!("not evaluate");
        };
        assert!(evaluate.json);
        assert_eq!(evaluate.model.device, "opencl:0.1");
        for known in ["cpu", "opencl", "opencl:0.1", "opencl:tf32", "opencl:0.1:tf32"] {
            assert_eq!(device(known).as_deref(), Ok(known));
        }
        for wrong in ["cpu:tf32", "tf32", ":tf32", "opencl:", "opencl:1", "opencl:tf32:tf32"] {
            assert!(device(wrong).is_err(), "{wrong}");
        }
        assert_eq!(evaluate.model.threads, Some(2));
        for line in [
            "translate --run r --json",
            "score --run r --data a,b --columns 1,2",
            "sample --run r --count 3 --temperature 0.8 --prefix ma --seed 7 --length 9 --json",
            "watch r --ascii",
            "presets",
            "presets phrasebook",
            "devices",
            "compare --only none,dot --run-dir c --threads 2 --seed 3 --max-steps 5",
            "--resume --run-dir r --epochs 3",
        ] {
            assert!(parse(line).is_ok(), "{line}");
        }
    }

    #[test]
    fn wrong_uses_are_refused_and_name_the_flag() {
        for (line, names) in [
            ("--columns 2", "--columns"),
            ("--columns 0,1", "--columns"),
            ("--columns a,b", "--columns"),
            ("--threads 0", "--threads"),
            ("--epochs 0", "--epochs"),
            ("--max-steps -1", "-1"),
            ("--max-minutes nan", "--max-minutes"),
            ("--max-minutes 0", "--max-minutes"),
            ("--max-minutes 1e20", "a number of minutes above 0, to 1000000000 is needed"),
            ("--threads 5000", "a whole number from 1 to 1024 is needed"),
            ("--device gpu", "--device"),
            ("--device opencl:1", "--device"),
            ("--device cpu:0.0", "--device"),
            ("--set hidden", "--set"),
            ("--set =3", "--set"),
            ("--resume", "--run-dir"),
            ("--preset", "--preset"),
            ("--prest x", "--preset"),
            ("translate", "--run"),
            ("evaluate --run r", "--data"),
            ("sample", "--run"),
            ("sample --run r --temperature -1", "-1"),
            ("sample --run r --count 0", "--count"),
            ("compare --max-steps 0", "--max-steps"),
            ("watch", "DIR"),
            ("trian", "train"),
            ("--preset x watch r", "watch"),
        ] {
            let error = parse(line).expect_err(line);
            assert_eq!(error.exit_code(), 2, "{line}");
            assert!(error.to_string().contains(names), "{line}: {error}");
        }
    }

    /// No number, however odd, makes the parser panic, and what it lets through is in its range.
    #[test]
    fn numbers_of_any_kind_are_taken_or_refused() {
        for text in ODD {
            for range in [Range::THREADS, Range::TEXTS, Range::TOKENS] {
                assert_eq!(whole(text, range).is_ok(), range.whole(text).is_some(), "{text}");
            }
            assert!(seconds(text).is_ok_and(|s| s > 0.0 && s <= 1e6) == seconds(text).is_ok());
            assert!(minutes(text).is_ok_and(|m| m > 0.0 && m <= 1e9) == minutes(text).is_ok());
            assert!(temperature(text).ok().is_none_or(|t| (0.0..=1e3).contains(&t)), "{text}");
            for command in [
                "--threads",
                "--max-steps",
                "--max-minutes",
                "--epochs",
                "--seed",
                "bench --seconds",
                "bench --size",
                "sample --run r --count",
                "sample --run r --length",
                "sample --run r --temperature",
                "compare --max-steps",
            ] {
                let words = command.split(' ').map(str::to_owned);
                let all = std::iter::once("tui".to_owned()).chain(words);
                let given = Arguments::try_parse_from(all.chain([(*text).to_owned()]));
                assert!(given.err().is_none_or(|error| error.exit_code() == 2), "{command} {text}");
            }
        }
    }

    /// Numbers that are none, or too large, too small, or strange.
    const ODD: &[&str] = &[
        "0",
        "-0",
        "1",
        "-1",
        "1.5",
        "",
        " ",
        "NaN",
        "inf",
        "-inf",
        "1e300",
        "-1e300",
        "1e-300",
        "1e400",
        "2147483648",
        "4294967296",
        "9223372036854775808",
        "18446744073709551615",
        "18446744073709551616",
        "word",
        "0x10",
        "\u{661}",
    ];

    #[test]
    fn help_shows_examples() {
        let help = Arguments::command().render_long_help().to_string();
        for word in ["Examples:", "--preset", "translate", "NO_COLOR", "loss(mean)"] {
            assert!(help.contains(word), "{word}");
        }
    }
}
