//! Shows what every recipe makes of a text, and how a vocabulary reads it.
//!
//!     cargo run -p tokenizer --example 01-tokenize -- "J'ai dit: «Ça va?»"
//!
//! With `--recipe NAME` it reads lines from standard input and writes them normalised.

use std::error::Error;
use std::io::{self, Write};

use tokenizer::{Recipe, Tokenizer, Unit, Vocabulary, VocabularyOptions, read};

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [flag, recipe] if flag == "--recipe" => normalize(recipe.parse()?, &mut out)?,
        [] => show("J'ai dit: «Ça va?»", &mut out)?,
        words => show(&words.join(" "), &mut out)?,
    }
    out.flush()?;
    Ok(())
}

/// Writes the lines of standard input as `recipe` normalises them.
fn normalize(recipe: Recipe, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let normalizer = recipe.normalizer();
    for line in read::lines_from("<stdin>", io::stdin().lock())? {
        writeln!(out, "{}", normalizer.normalize(&line))?;
    }
    Ok(())
}

/// Writes what each recipe and unit makes of `text`.
fn show(text: &str, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{text}")?;
    for recipe in Recipe::ALL {
        for unit in Unit::ALL {
            let tokenizer = Tokenizer::new(recipe, unit);
            let tokens = tokenizer.tokenize(text);
            let vocabulary = Vocabulary::build([&tokens], &VocabularyOptions::default());
            let shown: Vec<String> =
                tokens.iter().map(|token| tokenizer.display_token(token)).collect();
            writeln!(out, "\n{recipe}, {unit}")?;
            writeln!(out, "  tokens   {}", tokens.join(" | "))?;
            writeln!(out, "  shown    {}", shown.join(" "))?;
            writeln!(out, "  ids      {:?}", vocabulary.encode(&tokens))?;
            writeln!(out, "  text     {}", tokenizer.detokenize(&tokens))?;
        }
    }
    Ok(())
}
