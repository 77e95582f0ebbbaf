//! Stop 12: beam search.

use seq2seq::data::Corpus;
use seq2seq::decode::{BeamOptions, LengthPenalty, SearchTree};
use seq2seq::score::BleuOptions;
use seq2seq::{Result, Translator};

use super::translators::{SENTENCES, Sight, job};
use crate::tour::figure::{Curves, Figure, Lines, Table};
use crate::tour::lab::Lab;
use crate::tour::stop::{
    ANY, Explorer, ExplorerKey, Number, Outcome, Question, Stop, StopText, Unit, at_least, at_most,
};

/// The twelfth stop.
pub(crate) struct Beam;

static TEXT: StopText = StopText {
    name: "beam",
    title: "Beam search",
    expect: "Greedy decoding takes the most probable word at each step and never looks back; \
             a beam of k keeps the k most probable beginnings side by side, so that one that \
             looks worse at first can win. The probability of a sentence is a product, and \
             each further word is a factor below 1; a length penalty divides its logarithm by \
             the length L. The model is trained for 700 steps only, without attention, so \
             that it is often unsure.",
    equation: &["score(y) = ln p(y | x) / L^a,   L the length in words; a = 0: no penalty"],
    question: Question {
        text: "Without a length penalty, what becomes of the outputs as the beam grows to 50?",
        choices: &["better and better", "better at first, and ever shorter", "nothing"],
        right: 1,
        because: "every further word costs probability, so a wide enough search stops early",
    },
    interventions: &[],
    reading: &[
        "Wu et al. 2016, arXiv:1609.08144, section 7",
        "Koehn and Knowles 2017, arXiv:1706.03872, section 3.6",
        "Yang, Huang and Ma 2018, arXiv:1808.09582",
    ],
    minutes: 0.3,
};

/// Widths of the beam.
const BEAMS: [usize; 7] = [1, 2, 3, 5, 10, 20, 50];
/// Optimizer steps of the model.
const STEPS: u64 = 700;
/// Number of sentences that are measured.
const MEASURED: usize = 500;
/// The first sentence that is searched for.
const SENTENCE: &str = "their brother did not find the old book that we are looking for .";

fn options(beam: usize, penalty: bool) -> BeamOptions {
    let length_penalty = if penalty { LengthPenalty::default() } else { LengthPenalty::None };
    BeamOptions { beam, length_penalty, ..BeamOptions::default() }
}

fn open(lab: &Lab<'_>) -> Result<Translator> {
    let steps = lab.size.pick(STEPS, 40);
    let job = job(lab, &SENTENCES, Sight::STATE)
        .named("translator without attention", "beam-early")
        .with("validate_every_epochs", "100")
        .steps(Some(steps));
    let runs = lab.train(&[job], |_, _, _| Ok(()))?;
    Translator::open(&runs[0], "cpu", Some(1))
}

impl Stop for Beam {
    fn text(&self) -> &'static StopText {
        &TEXT
    }

    fn run(&self, lab: &Lab<'_>, _: Option<usize>) -> Result<Outcome> {
        let mut translator = open(lab)?;
        let mut corpus = Corpus::read(SENTENCES.test, None)?;
        corpus.pairs.truncate(lab.size.pick(MEASURED, 20));
        let references: usize =
            corpus.pairs.iter().map(|p| p.target.split_whitespace().count()).sum();
        let mut curves = [
            ("BLEU", "BLEU by the width of the beam (0 to 100, higher is better)"),
            ("length", "length of the outputs over that of the references (1: alike)"),
        ]
        .map(|(y, title)| Curves {
            title: title.into(),
            x: "beam".into(),
            y: y.into(),
            ..Curves::default()
        });
        let mut found: Vec<(bool, usize, f64, f64)> = Vec::new();
        for penalty in [false, true] {
            let name = if penalty { "average: score / L" } else { "no penalty" };
            for curve in &mut curves {
                curve.push(name, Vec::new());
            }
            for beam in BEAMS {
                lab.check()?;
                let share = found.len() as f64 / (2 * BEAMS.len()) as f64;
                lab.progress(share, format!("searching with a beam of {beam}, {name}"));
                translator = translator.with_options(options(beam, penalty));
                let evaluated = translator.evaluate_pairs(
                    corpus.clone(),
                    "long",
                    BleuOptions::default(),
                    None,
                )?;
                let outputs =
                    evaluated.translations.as_ref().map_or(&[][..], |t| t.outputs.as_slice());
                let words: usize = outputs.iter().map(|o| o.split_whitespace().count()).sum();
                let bleu = evaluated.evaluation.metrics.bleu.unwrap_or(f64::NAN);
                let ratio = words as f64 / references.max(1) as f64;
                found.push((penalty, beam, bleu, ratio));
                for (curve, value) in curves.iter_mut().zip([bleu, ratio]) {
                    if let Some(last) = curve.curves.last_mut() {
                        last.points.push((beam as f64, value));
                    }
                }
                lab.show(curves.iter().cloned().map(Figure::Curves).collect());
            }
        }
        let of = |penalty, beam| {
            found
                .iter()
                .find(|f| (f.0, f.1) == (penalty, beam))
                .map_or((f64::NAN, f64::NAN), |f| (f.2, f.3))
        };
        let size = lab.size;
        let any = ANY;
        let numbers = vec![
            Number::new(
                "beam of 5 minus greedy, BLEU",
                of(true, 5).0 - of(true, 1).0,
                size.pick(at_least(0.0), any),
                Unit::Plain,
            )
            .literature("25.5 to 26.1 with beam 10 (tensorflow/nmt, IWSLT 2015)"),
            Number::new(
                "length at a beam of 50 over that at 1, no penalty",
                of(false, 50).1 / of(false, 1).1,
                size.pick(at_most(0.985), ANY),
                Unit::Plain,
            )
            .literature("shorter with every wider beam (Koehn and Knowles 2017)"),
            Number::new(
                "length at a beam of 50, with penalty over without",
                of(true, 50).1 / of(false, 50).1,
                size.pick(at_least(1.02), any),
                Unit::Plain,
            ),
        ];
        let row = |&(penalty, beam, bleu, ratio): &(bool, usize, f64, f64)| {
            let name = if penalty { "average" } else { "none" };
            vec![name.to_owned(), beam.to_string(), format!("{bleu:.1}"), format!("{ratio:.3}")]
        };
        let table = Table {
            title: "beam, penalty, BLEU, length".into(),
            head: ["penalty", "beam", "BLEU", "length"].map(str::to_owned).to_vec(),
            rows: found.iter().map(row).collect(),
        };
        let tree = Searching::new(translator)?;
        let mut figures: Vec<Figure> = curves.into_iter().map(Figure::Curves).collect();
        figures.push(Figure::Table(table));
        figures.extend(tree.figures());
        Ok(Outcome { figures, numbers, runs: Vec::new() })
    }

    fn explore(&self, lab: &Lab<'_>) -> Result<Option<Box<dyn Explorer>>> {
        Ok(Some(Box::new(Searching::new(open(lab)?)?)))
    }
}

/// A search that the learner watches.
struct Searching {
    translator: Option<Translator>,
    line: String,
    beam: usize,
    penalty: bool,
    tree: SearchTree,
    words: Vec<String>,
    /// Steps of the search that are shown.
    steps: usize,
}

impl Searching {
    fn new(translator: Translator) -> Result<Self> {
        let mut all = Self {
            translator: Some(translator),
            line: SENTENCE.to_owned(),
            beam: 3,
            penalty: true,
            tree: SearchTree::default(),
            words: Vec::new(),
            steps: usize::MAX,
        };
        all.search()?;
        Ok(all)
    }

    fn search(&mut self) -> Result<()> {
        if let Some(translator) = self.translator.take() {
            let translator = translator.with_options(options(self.beam, self.penalty));
            let found = translator.search_tree(&self.line);
            self.translator = Some(translator);
            (self.tree, self.words) = found?;
        }
        Ok(())
    }

    fn depth(&self) -> usize {
        self.tree.depths().into_iter().max().unwrap_or(0)
    }
}

/// Returns the lines of a tree: a line for each hypothesis that has no longer one, the words that it
/// shares with the line above as dots.
pub(super) fn tree_lines(tree: &SearchTree, words: &[String], steps: usize) -> Vec<String> {
    let depths = tree.depths();
    let shown: Vec<usize> = (0..tree.nodes.len()).filter(|&i| depths[i] <= steps).collect();
    let path = |mut at: usize| {
        let mut path = vec![at];
        while let Some(before) = tree.nodes[at].before {
            path.push(before);
            at = before;
        }
        path.reverse();
        path
    };
    let has_longer =
        |node: usize| shown.iter().any(|&other| tree.nodes[other].before == Some(node));
    let mut leaves: Vec<Vec<usize>> =
        shown.iter().copied().filter(|&node| !has_longer(node)).map(path).collect();
    leaves.sort();
    let mut lines = Vec::new();
    let mut above: Vec<usize> = Vec::new();
    for leaf in leaves {
        let shared = leaf.iter().zip(&above).take_while(|(a, b)| a == b).count();
        let mut line = String::new();
        for (i, &node) in leaf.iter().enumerate() {
            let word = &words[node];
            if i < shared {
                line += &" ".repeat(crate::format::width(word) + 1);
            } else {
                line += &format!("{word} ");
            }
        }
        let Some(&end) = leaf.last() else { continue };
        let node = tree.nodes[end];
        let state = match (node.rank, node.score) {
            (Some(0), Some(score)) => format!("<= best, score {score:.3}"),
            (_, Some(score)) => format!("score {score:.3}"),
            (_, None) if depths[end] < steps.min(depths.iter().copied().max().unwrap_or(0)) => {
                "pruned".to_owned()
            }
            _ => format!("ln p {:.2}", node.logprob),
        };
        lines.push(format!("{line} {state}"));
        above = leaf;
    }
    lines
}

impl Explorer for Searching {
    fn help(&self) -> &'static str {
        "left: fewer words, right: more; up, down: beam; u: penalty; t: own sentence"
    }

    fn key(&mut self, key: ExplorerKey) -> Result<()> {
        let depth = self.depth();
        match key {
            ExplorerKey::Left => self.steps = self.steps.min(depth).saturating_sub(1).max(1),
            ExplorerKey::Right => self.steps = (self.steps.min(depth) + 1).min(depth),
            ExplorerKey::Up => self.beam = (self.beam + 1).min(8),
            ExplorerKey::Down => self.beam = (self.beam - 1).max(1),
            ExplorerKey::Undo => self.penalty = !self.penalty,
        }
        if matches!(key, ExplorerKey::Up | ExplorerKey::Down | ExplorerKey::Undo) {
            self.search()?;
        }
        Ok(())
    }

    fn takes_text(&self) -> bool {
        true
    }

    fn text(&mut self, line: &str) -> Result<Option<String>> {
        if line.trim().is_empty() {
            return Ok(Some(
                "type a sentence, for example: the teacher is reading a letter .".into(),
            ));
        }
        self.line = line.to_owned();
        self.steps = usize::MAX;
        self.search()?;
        Ok(None)
    }

    fn figures(&self) -> Vec<Figure> {
        let depth = self.depth();
        let penalty = if self.penalty { "score = ln p / L" } else { "score = ln p" };
        let title =
            format!("beam {}, {penalty}: step {} of {depth}", self.beam, self.steps.min(depth));
        let mut lines = vec![self.line.clone()];
        lines.extend(tree_lines(&self.tree, &self.words, self.steps));
        vec![Figure::Lines(Lines { title, lines })]
    }
}
