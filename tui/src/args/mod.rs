//! Every option of the program, with the text that `--help` shows.

mod display;
mod evaluate;
mod exchange;
mod export;
mod measure;
mod model;
mod run;
mod settings;
mod tour;
mod train;
mod translation;
mod value;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};

pub use display::DisplayArguments;
pub use evaluate::EvaluateArguments;
pub use exchange::ImportArguments;
pub use export::ExportArguments;
pub use measure::{BenchArguments, CompareArguments};
pub use model::{
    CorpusArguments, ModelArguments, RunsListArguments, SampleArguments, TranslatorArguments,
    WatchArguments,
};
pub use run::{RunArgument, RunsArguments};
pub use settings::SettingArguments;
pub use tour::TourArguments;
pub use train::{LogFormat, TrainArguments};
pub use translation::{AlignArguments, AlignmentFormat, ScoreArguments, TranslateArguments};

const EXAMPLES: &str = "\
Examples:
  tui                                       train the default preset, with the dashboard
  tui --preset pytorch-tutorial --data eng-fra.tsv.gz --columns 2,1
  tui --data train.en,train.fr --valid dev.en,dev.fr --headless > train.log
  tui --set hidden=512 --set optimizer=adam --max-minutes 10
  tui --resume --run-dir latest             go on where a run stopped or crashed
  tui runs                                  list the runs; tui watch shows the same list
  tui watch latest                          look at a run, also from elsewhere
  echo 'where is the red car ?' | tui translate latest
  tui evaluate RUN --data phrasebook:test
  tui align RUN --data test.en,test.fr
  tui --preset makemore-gru --data names.txt
  tui sample RUN --count 20 --temperature 0.8
  tui --preset adding                       a generated task needs no data
  tui tour                                  from the vanishing gradient to attention, by experiments

RUN is a run's folder, the start of its folder's name (looked up here and in runs/), or latest, the
run begun or resumed last.

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
NO_COLOR=1 turns colours off. --theme ascii draws with ASCII only, --theme light on a light background.";

/// Trains recurrent encoder-decoders with attention and shows their progress.
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
    /// The subcommand; `train` if there is none.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Options of training.
    #[command(flatten)]
    pub train: TrainArguments,
}

impl Arguments {
    /// Returns true if the ranks of `mpirun` share the work of the command.
    pub(crate) fn shares_work(&self) -> bool {
        match &self.command {
            None | Some(Command::Train(_)) => true,
            Some(
                Command::Translate(_)
                | Command::Evaluate(_)
                | Command::Score(_)
                | Command::Align(_)
                | Command::Devices
                | Command::Compare(_),
            ) => true,
            Some(Command::Bench(bench)) => bench.ranks,
            Some(_) => false,
        }
    }
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Train a model (the default).
    #[command(after_long_help = EXAMPLES)]
    Train(Box<TrainArguments>),
    /// Translate stdin to stdout, line by line.
    #[command(long_about = "Translate stdin to stdout, one line for each line.\n\
        Lines are translated as they come, many at a time if many are waiting, and printed in their\n\
        order. A blank line gives an empty one. The numbers of translations that were cut at the limit\n\
        of their length, of unknown words that were replaced, and of prefixes with unknown words are\n\
        printed on stderr, with a progress bar if stdin is a file and stderr a terminal.")]
    Translate(TranslateArguments),
    /// Evaluate trained models on a corpus, or output files against references.
    #[command(
        long_about = "Evaluate trained models on a corpus, or output files against references.\n\
        RUN decodes its held-out pairs, or those of --data SPEC, and scores the outputs; --hypotheses\n\
        FILE --references FILE scores lines of text, and --alignments FILE --gold FILE word links,\n\
        without a model. With several runs or files, each has a column, and a paired bootstrap test\n\
        compares it with the first."
    )]
    Evaluate(Box<EvaluateArguments>),
    /// Print the natural-log probability of each target given its source.
    #[command(
        long_about = "Print the natural-log probability of each target given its source, one\n\
        number for each pair, the end token counted. A blank source is translated into nothing: it\n\
        gives 0 for a blank target and -inf for any other. Pairs with a blank side and unknown words\n\
        are counted on stderr."
    )]
    Score(ScoreArguments),
    /// Print word alignments of sentence pairs from a trained model's attention.
    #[command(
        long_about = "Print word alignments of sentence pairs from a trained model's attention.\n\
        The model reads each source and is fed the target (forced decoding). One line for each pair;\n\
        words are the tokens of the model, punctuation included, or, of subword pieces, the words\n\
        that they form, counted from 0, without the end tokens. Pairs with a blank side and unknown words are counted on stderr."
    )]
    Align(AlignArguments),
    /// Print texts generated by a trained language model.
    #[command(long_about = "Print texts that a trained language model writes.\n\
        The same options give the same texts.")]
    Sample(SampleArguments),
    /// Show a run that is active, finished or crashed; without a name, the list of runs.
    #[command(long_about = "Show a run that is active, finished or crashed.\n\
        The dashboard without its commands; plain lines where stdout is not a terminal. Without a\n\
        name, or with a folder of runs, it lists them: Enter opens one.")]
    Watch(WatchArguments),
    /// List the runs of a folder.
    #[command(
        alias = "list",
        alias = "ls",
        long_about = "List the runs of a folder, those begun last first.\n\
        What became of each (live while a process trains it), steps, best metrics, the time since it\n\
        was begun or resumed, preset, and keys that differ from it. A folder that cannot be read as\n\
        a run is listed with the reason."
    )]
    Runs(RunsListArguments),
    /// Write a run's model, plots, tables or TensorBoard events for other programs.
    #[command(long_about = "Write what a run has for other programs; one or more of:\n\
        --out DIR          the model: model.safetensors has the parameters in f32, with the names and\n                   \
        layouts of torch.nn modules; config.json every key; the vocabularies the\n                   \
        tokens in id order; tokenizer.json the subword\n                   \
        model, if there is one. scripts/exported_model.py builds the modules in Python.\n\
        --plots DIR        figures as SVG and PNG\n\
        --csv FILE         a row for each step\n\
        --jsonl FILE       an object for each step\n\
        --tensorboard DIR  an event file that TensorBoard opens")]
    Export(Box<ExportArguments>),
    /// Make a run of an exported model, or of the PyTorch tutorial's networks.
    #[command(
        long_about = "Make a run of a model of another program: of a folder that `tui export` wrote, or of\n\
        the two networks of the PyTorch tutorial. The run translates, evaluates, and trains on from\n\
        step 0 with a new optimizer."
    )]
    Import(Box<ImportArguments>),
    /// List the presets, or the keys of one preset.
    Presets {
        /// The preset whose keys are listed: those that differ from the defaults.
        name: Option<String>,
        /// List every key, with its meaning and the accepted values.
        #[arg(long, requires = "name")]
        all: bool,
    },
    /// List the devices available for training.
    Devices,
    /// Measure the speed of training and decoding on fixed workloads.
    #[command(long_about = "Measure the speed of training and decoding on fixed workloads.\n\
        One row each: parameters, median milliseconds of a training step (forward, loss, backward,\n\
        clipping, optimizer, on fresh random ids), target tokens per second, greedily decoded\n\
        tokens per second, of the first row also the memory that training takes above the\n\
        parameters. luong-2015 runs only when it is named.")]
    Bench(BenchArguments),
    /// Train small models from the literature and compare them in one table.
    #[command(
        long_about = "Train small models from the literature and compare them in one table.\n\
        No attention, source reversed and each attention, on the phrasebook and on letters said\n\
        backwards: exact match by length, alignment error rate. Each cell on adding: how far back\n\
        the gradient reaches.\n\
        About 12 minutes on two cores, one model on each. Every model is a run folder: what was cut\n\
        off goes on, what is done is not trained again. The table is written to DIR/compare.md, all\n\
        metrics to DIR/compare.json."
    )]
    Compare(CompareArguments),
    /// Learn the road from the vanishing gradient to attention, in twelve live experiments.
    #[command(
        long_about = "Learn the road from the vanishing gradient to attention, in twelve live experiments.\n\
        Each stop says what to expect and why, asks a question, trains small models while you look, and\n\
        shows the numbers that were reached beside those of the literature. All stops together train\n\
        for about four minutes on two cores; what was trained is kept in a folder and not trained\n\
        again. The models can be opened afterwards: tui watch runs/tour/phrasebook-additive.\n\
        Without a terminal, or with --headless, all experiments run and every number is checked: the\n\
        exit status is 1 if one is not within its bounds."
    )]
    Tour(TourArguments),
}

impl Arguments {
    /// Checks what the parser does not: that no key is set in two ways.
    ///
    /// # Errors
    /// Returns the usage error.
    pub fn check(&self) -> Result<(), clap::Error> {
        let train = match &self.command {
            None => &self.train,
            Some(Command::Train(train)) => train,
            Some(_) => return Ok(()),
        };
        let conflict = |text| Self::command().error(ErrorKind::ArgumentConflict, text);
        train.settings.check(&train.set).map_err(conflict)
    }
}

#[cfg(test)]
mod tests {
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
    fn a_key_is_set_in_one_way() {
        let parsed = parse("train --hidden 64 --set hidden=32 --batch 8").unwrap();
        let error = parsed.check().unwrap_err();
        assert_eq!(error.exit_code(), 2);
        let text = error.to_string();
        assert!(text.contains("--hidden 64 and --set hidden=32"), "{text}");
        let parsed = parse("--hidden 64 --set dropout=0.1 --learning-rate 0.5").unwrap();
        parsed.check().unwrap();
        let set = parsed.train.options().set;
        let expected = [("learning_rate", "0.5"), ("hidden", "64"), ("dropout", "0.1")];
        assert_eq!(set, expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
    }

    #[test]
    fn subcommands_take_their_options() {
        let line = "evaluate --run r --data phrasebook:test --device opencl:0.1 --threads 2 --json";
        let Some(Command::Evaluate(evaluate)) = parse(line).unwrap().command else {
            panic!("not evaluate");
        };
        assert!(evaluate.json);
        assert_eq!(evaluate.device, "opencl:0.1");
        for known in ["cpu", "opencl", "opencl:0.1", "opencl:tf32", "opencl:0.1:tf32"] {
            assert_eq!(device(known).as_deref(), Ok(known));
        }
        for wrong in ["cpu:tf32", "tf32", ":tf32", "opencl:", "opencl:1", "opencl:tf32:tf32"] {
            assert!(device(wrong).is_err(), "{wrong}");
        }
        assert_eq!(evaluate.threads, Some(2));
        for line in [
            "translate --run r --json",
            "translate",
            "translate a b --weights 1,2",
            "evaluate",
            "evaluate a b --data d",
            "evaluate a b --ensemble --gold g",
            "score r --data d",
            "align latest --data d --reverse-run back",
            "sample",
            "sample r --count 3",
            "watch",
            "watch --run r",
            "watch --run-dir r --headless",
            "runs",
            "runs d --json",
            "list",
            "evaluate --run a --run b --data d --beam 5 --tokenize intl --lowercase --confidence",
            "evaluate --run a --data d --gold g --write w --by-length",
            "evaluate --hypotheses a --hypotheses b --references r --sources s --json",
            "evaluate --alignments a --gold g --json",
            "score --run r --data a,b --columns 1,2 --words --json",
            "translate --run r --json --alternatives 3 --heads --align 0.3 --prefix=-x",
            "align --run r --data a,b --method argmax --format soft",
            "align --run r --data a,b --reverse-run q --symmetrize intersection --format json",
            "sample --run r --count 3 --temperature 0.8 --prefix ma --seed 7 --length 9 --json",
            "watch r --ascii",
            "watch r --theme light,256,ascii --record a.cast",
            "--theme mono --record a.cast",
            "presets",
            "presets phrasebook",
            "presets phrasebook --all",
            "--learning-rate 1e-3 --hidden 64 --cell lstm --attention none --batch 8",
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
            ("--theme pink", "`pink` is none of dark, light"),
            ("--set hidden", "--set"),
            ("--set =3", "--set"),
            ("--resume", "--run-dir"),
            ("--preset", "--preset"),
            ("--prest x", "--preset"),
            ("translate a --run b", "--run"),
            ("evaluate a --run b", "--run"),
            ("sample a b", "'b'"),
            ("watch a b", "'b'"),
            ("watch a --run b", "--run"),
            ("runs a b", "'b'"),
            ("evaluate a --hypotheses h --references r", "--hypotheses"),
            ("evaluate a --alignments l --gold g", "--alignments"),
            ("evaluate --hypotheses h", "--references"),
            ("evaluate --references r", "--hypotheses"),
            ("evaluate --run r --data d --hypotheses h --references r", "--hypotheses"),
            ("evaluate --hypotheses h --references r --data d", "--data"),
            ("evaluate --hypotheses h --references r --beam 3", "--beam"),
            ("evaluate --hypotheses h --references r --device cpu", "--device"),
            ("evaluate --hypotheses h --references r --threads 2", "--threads"),
            ("evaluate --hypotheses h --references r --write w", "--write"),
            ("evaluate --hypotheses h --references r --gold g", "--gold"),
            ("evaluate --hypotheses h --references r --tokenize zh", "13a, none, intl, char"),
            ("evaluate --hypotheses h --references r --columns 1,2", "--columns"),
            ("evaluate --run r --data d --references r", "--references"),
            ("evaluate --run r --data d --sources s", "--sources"),
            ("evaluate --alignments a --gold g --beam 2", "--beam"),
            ("evaluate --alignments a", "--gold"),
            ("evaluate --alignments a --gold g --lowercase", "--lowercase"),
            ("sample --run r --temperature -1", "-1"),
            ("sample --run r --count 0", "--count"),
            ("compare --max-steps 0", "--max-steps"),
            ("translate --run r --heads", "--json"),
            ("translate --run r --alternatives 3", "--json"),
            ("translate --run r --json --alternatives 0", "a whole number from 1 to 1000"),
            ("translate --run r --align 1.5", "argmax or a weight from 0 to 1"),
            ("align --run r", "--data"),
            ("align --run r --data d --symmetrize union", "--reverse-run"),
            ("align --run r --data d --reverse-run q --symmetrize grow", "grow-diag-final-and"),
            ("align --run r --data d --format hard", "pharaoh"),
            ("presets --all", "--all"),
            ("--cell transformer", "rnn_tanh"),
            ("--learning-rate much", "--learning-rate"),
            ("--hidden -1", "-1"),
            ("trian", "train"),
            ("--preset x watch r", "watch"),
        ] {
            let error = parse(line).expect_err(line);
            assert_eq!(error.exit_code(), 2, "{line}");
            assert!(error.to_string().contains(names), "{line}: {error}");
        }
    }

    /// No input makes the number parsers panic, and every accepted value is within its range.
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

    /// Inputs that are not numbers, too large, too small, or unusual.
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
