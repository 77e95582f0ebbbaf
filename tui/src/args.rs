//! Every option of the program, with the words that `--help` shows.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use seq2seq::{Range, TrainOptions};

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
        backwards: exact match by length, alignment error rate. Elman, GRU, LSTM of 1997 and LSTM on\n\
        adding: how far back the gradient reaches.\n\
        About 11 minutes on two cores, one model on each. Every model is a run folder: what was cut\n\
        off goes on, what is done is not trained again. The table is written to DIR/compare.md, all\n\
        figures to DIR/compare.json."
    )]
    Compare(CompareArguments),
}

/// Options of `train`.
#[derive(Debug, Clone, Default, Args)]
pub struct TrainArguments {
    /// A named configuration, at a size for two cores; `NAME:full` is at the size of the work it
    /// follows. `tui presets` lists them [default: phrasebook].
    #[arg(long, value_name = "NAME")]
    pub preset: Option<String>,
    /// The corpus: `phrasebook` (or `phrasebook:train`, `:valid`, `:test`), a generated task
    /// (`copy`, `reverse:20`, `dates`, `adding`, `temporal-order`, `reber`), a TSV file, or two
    /// parallel files joined by a comma; for a language model any text file. `.gz` is read as it is
    /// [default: as the preset says].
    #[arg(long, value_name = "SPEC")]
    pub data: Option<String>,
    /// The held-out pairs, in the same form; `none` trains on everything [default: a fixed share
    /// of the corpus].
    #[arg(long, value_name = "SPEC")]
    pub valid: Option<String>,
    /// Source and target column of a TSV file, from 1; of the phrasebook 2,1 is French to English
    /// [default: 1,2].
    #[arg(long, value_name = "SRC,TGT", value_parser = columns)]
    pub columns: Option<(usize, usize)>,
    /// Where to compute: `cpu`, `opencl` (the first device, a GPU before others) or
    /// `opencl:PLATFORM.DEVICE`, in a build with the feature; `tui devices` lists them. With `:tf32`
    /// behind it, as in `opencl:tf32`, products are in TF32 [default: cpu].
    #[arg(long, value_name = "DEVICE", value_parser = device)]
    pub device: Option<String>,
    /// Threads [default: all processors].
    #[arg(long, value_name = "N", value_parser = threads)]
    pub threads: Option<usize>,
    /// Seed of every random stream.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Stop after this many epochs, counted from the run's start.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub epochs: Option<u64>,
    /// Stop after this many optimizer steps, counted from the run's start.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub max_steps: Option<u64>,
    /// Stop after this many minutes of training, counted from the run's start.
    #[arg(long, value_name = "M", value_parser = minutes)]
    pub max_minutes: Option<f64>,
    /// The run's folder [default: a new one under runs/].
    #[arg(long, value_name = "DIR")]
    pub run_dir: Option<PathBuf>,
    /// Print plain lines instead of drawing the dashboard.
    #[arg(long)]
    pub headless: bool,
    /// Change one key of the preset; may be given often. `tui presets NAME` lists the keys.
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_and_value)]
    pub set: Vec<(String, String)>,
    /// Go on with the run in --run-dir, with its own configuration.
    #[arg(long, requires = "run_dir")]
    pub resume: bool,
    /// Draw the dashboard with ASCII characters only.
    #[arg(long)]
    pub ascii: bool,
}

/// A trained model: where it is and where it computes.
#[derive(Debug, Clone, Args)]
pub struct ModelArguments {
    /// The run's folder; its `best` model is used where there was validation, else its `last`.
    #[arg(long, value_name = "DIR")]
    pub run: PathBuf,
    /// Where to compute: `cpu`, `opencl` or `opencl:PLATFORM.DEVICE`; `tui devices` lists them.
    #[arg(long, value_name = "DEVICE", value_parser = device, default_value = "cpu")]
    pub device: String,
    /// Threads [default: all processors].
    #[arg(long, value_name = "N", value_parser = threads)]
    pub threads: Option<usize>,
}

/// A corpus to measure a model on.
#[derive(Debug, Clone, Args)]
pub struct CorpusArguments {
    /// The corpus: `phrasebook:test`, `reverse:20:test` and their like, a TSV file, or two files
    /// joined by a comma; for a language model any text file.
    #[arg(long, value_name = "SPEC")]
    pub data: String,
    /// Source and target column of a TSV file, from 1; of the phrasebook 2,1 is French to English
    /// [default: 1,2].
    #[arg(long, value_name = "SRC,TGT", value_parser = columns)]
    pub columns: Option<(usize, usize)>,
}

/// Options of `translate`.
#[derive(Debug, Clone, Args)]
pub struct TranslateArguments {
    /// The model.
    #[command(flatten)]
    pub model: ModelArguments,
    /// Cut a translation after this many target tokens (words, or letters; the end counted)
    /// [default: as the run says with max_length].
    #[arg(long, value_name = "N", value_parser = max_length)]
    pub max_length: Option<usize>,
    /// Print one JSON object a line: source, target, logprob, tokens, source_tokens, attention
    /// (tokens by source_tokens), truncated. Both lists of tokens end with the end token, but that
    /// tokens has none where truncated is true. Of a blank line all three are empty and logprob is 0.
    #[arg(long)]
    pub json: bool,
}

/// Options of `evaluate`.
#[derive(Debug, Clone, Args)]
pub struct EvaluateArguments {
    /// The model.
    #[command(flatten)]
    pub model: ModelArguments,
    /// The corpus.
    #[command(flatten)]
    pub corpus: CorpusArguments,
    /// Cut a translation after this many target tokens (words, or letters; the end counted)
    /// [default: as the run says with max_length].
    #[arg(long, value_name = "N", value_parser = max_length)]
    pub max_length: Option<usize>,
    /// Print one JSON object instead of a table.
    #[arg(long)]
    pub json: bool,
}

/// Options of `score`.
#[derive(Debug, Clone, Args)]
pub struct ScoreArguments {
    /// The model.
    #[command(flatten)]
    pub model: ModelArguments,
    /// The corpus.
    #[command(flatten)]
    pub corpus: CorpusArguments,
}

/// Options of `sample`.
#[derive(Debug, Clone, Args)]
pub struct SampleArguments {
    /// The model.
    #[command(flatten)]
    pub model: ModelArguments,
    /// Texts.
    #[arg(long, value_name = "N", value_parser = texts, default_value = "10")]
    pub count: usize,
    /// What the logits are divided by before a token is drawn: below 1 for more probable texts, 0 for
    /// always the most probable token [default: as the run was begun].
    #[arg(long, value_name = "T", value_parser = temperature)]
    pub temperature: Option<f32>,
    /// How each text begins.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub prefix: String,
    /// Seed of the draws.
    #[arg(long, value_name = "N", default_value = "1")]
    pub seed: u64,
    /// Tokens after the prefix, at most, the end counted [default: as the run was begun].
    #[arg(long, value_name = "N", value_parser = tokens)]
    pub length: Option<usize>,
    /// Print one JSON object a line: text, logprob, tokens.
    #[arg(long)]
    pub json: bool,
}

/// Options of `bench`.
#[derive(Debug, Clone, Args)]
pub struct BenchArguments {
    /// Only these workloads, joined by commas.
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Where to compute: `cpu`, `opencl` or `opencl:PLATFORM.DEVICE`; `tui devices` lists them.
    #[arg(long, value_name = "DEVICE", value_parser = device, default_value = "cpu")]
    pub device: String,
    /// Threads [default: all processors].
    #[arg(long, value_name = "N", value_parser = threads)]
    pub threads: Option<usize>,
    /// Seconds of training for each workload; decoding takes about half as long.
    #[arg(long, value_name = "S", value_parser = seconds, default_value = "8")]
    pub seconds: f64,
    /// Change a size of the workloads: B (batch), E (embedding), H (state), S, T (source and target
    /// positions) or V (vocabularies), as in H=512; may be given often.
    #[arg(long = "size", value_name = "LETTER=N")]
    pub sizes: Vec<String>,
    /// Instead of measuring, show where a training step of this workload spends its time.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["only", "json"])]
    pub profile: Option<String>,
    /// Instead of workloads, measure single recurrent layers, forward and backward.
    #[arg(long, conflicts_with_all = ["only", "sizes", "profile"])]
    pub layers: bool,
    /// Also write the rows to this file, as JSON.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// Options of `compare`.
#[derive(Debug, Clone, Args)]
pub struct CompareArguments {
    /// Only these models, joined by commas: none, none-reversed, an attention, a cell.
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub only: Vec<String>,
    /// The folder of its runs and tables.
    #[arg(long, value_name = "DIR", default_value = "runs/compare")]
    pub run_dir: PathBuf,
    /// Models that are trained side by side, each on one thread [default: all processors].
    #[arg(long, value_name = "N", value_parser = threads)]
    pub threads: Option<usize>,
    /// Seed of every random stream of each model.
    #[arg(long, value_name = "N", default_value = "1")]
    pub seed: u64,
    /// Stop each model after this many optimizer steps: a quick look, and no result.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub max_steps: Option<u64>,
}

/// Options of `watch`.
#[derive(Debug, Clone, Args)]
pub struct WatchArguments {
    /// The run's folder.
    #[arg(value_name = "DIR")]
    pub run: PathBuf,
    /// Print plain lines instead of drawing the dashboard.
    #[arg(long)]
    pub headless: bool,
    /// Draw the dashboard with ASCII characters only.
    #[arg(long)]
    pub ascii: bool,
}

impl TrainArguments {
    /// The options of the library, without those of the screen.
    pub fn options(self) -> TrainOptions {
        TrainOptions {
            preset: self.preset,
            data: self.data,
            valid: self.valid,
            columns: self.columns,
            device: self.device,
            threads: self.threads,
            seed: self.seed,
            epochs: self.epochs,
            max_steps: self.max_steps,
            max_minutes: self.max_minutes,
            run_dir: self.run_dir,
            set: self.set,
            resume: self.resume,
        }
    }
}

/// `2,1`: two columns, counted from 1.
fn columns(text: &str) -> Result<(usize, usize), String> {
    let column = |part: &str| part.trim().parse().ok().filter(|&column: &usize| column > 0);
    text.split_once(',')
        .and_then(|(source, target)| Some((column(source)?, column(target)?)))
        .ok_or_else(|| "two columns counted from 1 are needed, such as 2,1".to_owned())
}

/// `cpu`, `opencl` or `opencl:P.D`; whether the device is there is the library's to say.
fn device(text: &str) -> Result<String, String> {
    let precise = text.strip_suffix(":tf32");
    let known = match precise.unwrap_or(text).split_once(':') {
        None => precise.or(Some(text)) == Some("opencl") || text == "cpu",
        Some(("opencl", place)) => place
            .split_once('.')
            .is_some_and(|(p, d)| p.parse::<u32>().is_ok() && d.parse::<u32>().is_ok()),
        Some(_) => false,
    };
    if known {
        Ok(text.to_owned())
    } else {
        Err("known are cpu, opencl and opencl:PLATFORM.DEVICE, such as opencl:0.0; opencl and \
             opencl:0.0 with :tf32 behind them"
            .to_owned())
    }
}

/// A number of threads.
fn threads(text: &str) -> Result<usize, String> {
    whole(text, Range::THREADS)
}

/// A number of texts.
fn texts(text: &str) -> Result<usize, String> {
    whole(text, Range::TEXTS)
}

/// A number of tokens.
fn tokens(text: &str) -> Result<usize, String> {
    whole(text, Range::TOKENS)
}

/// A number of tokens after which a translation is cut.
fn max_length(text: &str) -> Result<usize, String> {
    whole(text, Range::MAX_LENGTH)
}

/// A temperature.
fn temperature(text: &str) -> Result<f32, String> {
    let range = Range::TEMPERATURE;
    let temperature = range.number(text).map(|temperature| temperature as f32);
    temperature.ok_or_else(|| format!("a number {range} is needed, such as 0.8"))
}

/// A length of time.
fn seconds(text: &str) -> Result<f64, String> {
    let range = Range::SECONDS;
    range.number(text).ok_or_else(|| format!("a number of seconds {range} is needed"))
}

/// A time limit.
fn minutes(text: &str) -> Result<f64, String> {
    let range = Range::MINUTES;
    let minutes = range.number(text);
    minutes.ok_or_else(|| format!("a number of minutes {range} is needed, such as 2 or 0.5"))
}

/// A whole number in a range.
fn whole(text: &str, range: Range) -> Result<usize, String> {
    range.whole(text).ok_or_else(|| format!("a whole number {range} is needed"))
}

/// `key=value`; whether the key exists is the library's to say.
fn key_and_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => {
            Ok((key.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err("key=value is needed, such as hidden=512".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

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
