//! Stop 11: the attention of one word is moved elsewhere.

use seq2seq::data::Corpus;
use seq2seq::event::Sample;
use seq2seq::inspection::{InspectRequest, Intervention, Trace};
use seq2seq::{Result, Translator};

use super::attention::{SENTENCE, open};
use super::translators::SENTENCES;
use crate::tour::figure::{Figure, Lines, Map};
use crate::tour::lab::Lab;
use crate::tour::stop::{
    ANY, Explorer, ExplorerKey, Number, Outcome, Question, Stop, StopText, Unit, at_least,
};

/// The eleventh stop.
pub(crate) struct MoveAttention;

static TEXT: StopText = StopText {
    name: "move",
    title: "Force it elsewhere",
    expect: "A map of attention looks like an explanation, so put it to the test: choose a \
             French word and make the decoder look at another English word while it writes \
             it. If the map were the whole reason for the word, the word would become a \
             translation of what it now sees. The first number says how often the word \
             changes at all, the second how often it becomes such a translation.",
    equation: &["a[t] = (0, ..., 1, ..., 0) at the chosen word,   c[t] = h[i]"],
    question: Question {
        text: "How often does the word change if its attention is forced to another source word?",
        choices: &["hardly ever", "mostly, but not always", "always"],
        right: 1,
        because: "most moves change the word, and about half of the new words translate what \
                  is seen; the others follow the sentence so far",
    },
    interventions: &[],
    reading: &[
        "Jain and Wallace 2019, arXiv:1902.10186; Wiegreffe and Pinter 2019, arXiv:1908.04626",
        "Strobelt et al. 2018, arXiv:1804.09299 (Seq2Seq-Vis)",
    ],
    minutes: 0.1,
};

/// Number of sentences that are measured.
const MEASURED: usize = 30;

/// Translates with the attention of some steps moved.
fn moved(
    translator: &Translator,
    line: &str,
    moves: &[(usize, usize)],
) -> Result<(Trace, Option<Trace>)> {
    let mut request = InspectRequest::from(line);
    request.top = 1;
    let intervention =
        |&(step, position): &(usize, usize)| Intervention::MoveAttention { step, position };
    request.interventions = moves.iter().map(intervention).collect();
    let found = translator.inspect(&request)?;
    Ok((found.without, found.with))
}

impl Stop for MoveAttention {
    fn text(&self) -> &'static StopText {
        &TEXT
    }

    fn run(&self, lab: &Lab<'_>, _: Option<usize>) -> Result<Outcome> {
        let translator = open(lab)?;
        let corpus = Corpus::read(SENTENCES.test, None)?;
        let count = lab.size.pick(MEASURED, 3);
        let (mut moves, mut changed, mut linked, mut follows) = (0, 0, 0, 0);
        for (done, pair) in corpus.pairs.iter().take(count).enumerate() {
            lab.progress(
                done as f64 / count as f64,
                format!("moving attention in sentence {} of {count}", done + 1),
            );
            let (free, _) = moved(&translator, &pair.source, &[])?;
            let target: Vec<&str> = pair.target.split_whitespace().collect();
            let source = free.source.len().saturating_sub(1);
            for (step, at) in free.steps.iter().enumerate() {
                for position in 0..source {
                    lab.check()?;
                    if at.weights.get(position).is_none_or(|&weight| weight > 0.2) {
                        continue;
                    }
                    let (_, with) = moved(&translator, &pair.source, &[(step, position)])?;
                    let Some(now) = with.as_ref().and_then(|with| with.steps.get(step)) else {
                        continue;
                    };
                    moves += 1;
                    let is_changed = now.chosen.id != at.chosen.id;
                    changed += usize::from(is_changed);
                    // The words that translate the source word, by the gold links.
                    let links = pair.links.as_ref().map_or(&[][..], |links| links.sure.as_slice());
                    let words = links
                        .iter()
                        .filter(|(i, _)| *i == position)
                        .filter_map(|(_, j)| target.get(*j));
                    if is_changed {
                        linked += 1;
                        follows +=
                            usize::from(words.into_iter().any(|word| *word == now.chosen.token));
                    }
                }
            }
        }
        let share = |part: usize, whole: usize| part as f64 / whole.max(1) as f64;
        let size = lab.size;
        let numbers = vec![
            Number::new(
                "moves that change the word",
                share(changed, moves),
                size.pick((0.2, 0.99), ANY),
                Unit::Share,
            )
            .literature("attention is a part of the reason"),
            Number::new(
                "changed words that translate the word looked at",
                share(follows, linked),
                size.pick(at_least(0.1), ANY),
                Unit::Share,
            ),
        ];
        let explorer = Moving::new(translator)?;
        Ok(Outcome { figures: explorer.figures(), numbers, runs: Vec::new() })
    }

    fn explore(&self, lab: &Lab<'_>) -> Result<Option<Box<dyn Explorer>>> {
        Ok(Some(Box::new(Moving::new(open(lab)?)?)))
    }
}

/// A translation whose attention the learner moves.
struct Moving {
    translator: Translator,
    line: String,
    free: Trace,
    /// The row whose attention is moved, and where to.
    row: usize,
    moves: Vec<(usize, usize)>,
    with: Option<Trace>,
}

impl Moving {
    fn new(translator: Translator) -> Result<Self> {
        let (free, _) = moved(&translator, SENTENCE, &[])?;
        let line = SENTENCE.to_owned();
        Ok(Self { translator, line, free, row: 0, moves: Vec::new(), with: None })
    }

    fn shown(&self) -> &Trace {
        self.with.as_ref().unwrap_or(&self.free)
    }

    /// Returns the source position at which the chosen row looks.
    fn position(&self) -> usize {
        if let Some((_, position)) = self.moves.iter().find(|(row, _)| *row == self.row) {
            return *position;
        }
        let weights = self.free.steps.get(self.row).map_or(&[][..], |step| step.weights.as_slice());
        let most = |a: &usize, b: &usize| weights[*a].total_cmp(&weights[*b]);
        (0..weights.len()).max_by(most).unwrap_or(0)
    }

    fn move_to(&mut self, position: usize) -> Result<()> {
        let row = self.row;
        self.moves.retain(|(other, _)| *other != row);
        self.moves.push((row, position));
        let (free, with) = moved(&self.translator, &self.line, &self.moves)?;
        (self.free, self.with) = (free, with);
        Ok(())
    }
}

impl Explorer for Moving {
    fn help(&self) -> &'static str {
        "up, down: a French word; left, right: where it looks; u: undo; t: own sentence"
    }

    fn key(&mut self, key: ExplorerKey) -> Result<()> {
        let rows = self.shown().steps.len();
        let columns = self.free.source.len();
        match key {
            ExplorerKey::Up => self.row = self.row.saturating_sub(1),
            ExplorerKey::Down => self.row = (self.row + 1).min(rows.saturating_sub(1)),
            ExplorerKey::Left => self.move_to(self.position().saturating_sub(1))?,
            ExplorerKey::Right => {
                self.move_to((self.position() + 1).min(columns.saturating_sub(1)))?;
            }
            ExplorerKey::Undo => (self.moves, self.with) = (Vec::new(), None),
        }
        Ok(())
    }

    fn takes_text(&self) -> bool {
        true
    }

    fn text(&mut self, line: &str) -> Result<Option<String>> {
        let (free, _) = moved(&self.translator, line, &[])?;
        if free.steps.is_empty() {
            return Ok(Some(
                "type a sentence, for example: the teacher is reading a letter .".into(),
            ));
        }
        let unknown: Vec<&str> = free.unknown.iter().map(|&i| free.source[i].as_str()).collect();
        let note = (!unknown.is_empty()).then(|| {
            format!("the model has not seen: {}; it reads <unk> there", unknown.join(", "))
        });
        (self.free, self.line, self.row) = (free, line.to_owned(), 0);
        (self.moves, self.with) = (Vec::new(), None);
        Ok(note)
    }

    fn figures(&self) -> Vec<Figure> {
        let trace = self.shown();
        let sample = Sample {
            source: trace.source.clone(),
            output: (trace.output().enumerate())
                .map(|(row, word)| {
                    // A sign that needs no colour.
                    let is_moved = self.moves.iter().any(|(moved, _)| *moved == row);
                    format!("{}{word}", if is_moved { ">" } else { "" })
                })
                .collect(),
            attention: trace.steps.iter().map(|step| step.weights.clone()).collect(),
            logprob: trace.logprob,
            unknown: trace.unknown.clone(),
            ..Sample::default()
        };
        let cursor = Some((self.row, self.position()));
        let title = match self.moves.len() {
            0 => "attention as the model has it".to_owned(),
            1 => "attention with 1 word moved (>)".to_owned(),
            n => format!("attention with {n} words moved (>)"),
        };
        let mut lines = vec![format!("without  {}", self.free.output_text)];
        if let Some(with) = &self.with {
            lines.push(format!("moved    {}", with.output_text));
        }
        vec![
            Figure::Lines(Lines { title: "translation".into(), lines }),
            Figure::Map(Box::new(Map { title, sample, cursor })),
        ]
    }
}
