//! Streams of lines and of JSON through `tui translate`; probabilities and alignments of words.
// Helpers of a test are tests too.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::Stdio;

use common::{command, learn, refused, said};
use serde_json::{Value, json};

const PAIRS: &str = "x y\ta b c d e f\nz\tg h\n";

/// Translates with the run `run`.
#[track_caller]
fn translate(folder: &Path, more: &[&str], stdin: &str) -> (String, String) {
    let mut arguments = vec!["translate", "--run", "run", "--threads", "1"];
    arguments.extend(more);
    said(folder, &arguments, stdin)
}

fn objects(lines: &str) -> Vec<Value> {
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[track_caller]
fn is_near(value: &Value, expected: f64) {
    let found = value.as_f64().unwrap();
    assert!((found - expected).abs() < 1e-4, "{found}, expected {expected}");
}

#[test]
fn lines_are_translated_as_they_come_and_in_their_order() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    learn(folder, "run", PAIRS, &[]);
    // More than two windows, of mixed lengths.
    let (mut lines, mut expected) = (String::new(), String::new());
    for i in 0..2_500 {
        let (source, target) = [("x y", "a b c d e f"), ("z", "g h"), ("", "")][i * i % 3 + i % 2];
        lines += &format!("{source}\n");
        expected += &format!("{target}\n");
    }
    let (out, err) = translate(folder, &["--beam", "1"], &lines);
    assert!(out == expected && err.is_empty(), "{err}");
    // Lines are numbered over all windows.
    let (out, _) = translate(folder, &["--beam", "2", "--n-best", "2"], &"z\n".repeat(1_100));
    let last = out.lines().last().unwrap();
    assert!(out.lines().count() == 2_200 && last.starts_with("1099 ||| "), "{last}");

    // The first line is translated while stdin is open.
    let mut program = command(folder, &["translate", "--run", "run", "--threads", "1"]);
    let mut child = program.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    for (line, expected) in [("z", "g h\n"), ("x y", "a b c d e f\n")] {
        writeln!(stdin, "{line}").unwrap();
        stdin.flush().unwrap();
        let mut found = String::new();
        out.read_line(&mut found).unwrap();
        assert_eq!(found, expected);
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

#[test]
fn json_lines_keep_their_fields_and_errors_name_their_line() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    learn(folder, "run", PAIRS, &[]);
    let lines = concat!(
        r#"{"id": 123456789012345678901234567890, "source": "z", "w": 1.0, "score": "mine"}"#,
        "\nx y\n\n",
        r#"{"source": "x y", "prefix": "g", "target": "a b c d e f", "list": [{"b": 1, "a": 2}]}"#,
        "\n",
        r#"{"source": " ", "target": "QQ"}"#,
        "\n"
    );
    let (out, err) = translate(folder, &["--json"], lines);
    let first = r#"{"id":123456789012345678901234567890,"w":1.0,"source":"z","target":"g h","#;
    assert!(out.starts_with(first), "{out}");
    let found = objects(&out);
    assert_eq!(found.len(), 5, "{out}");
    assert_eq!((&found[1]["target"], &found[2]["target"]), (&json!("a b c d e f"), &json!("")));
    assert_eq!((&found[3]["prefix"], &found[3]["list"]), (&json!("g"), &json!([{"b": 1, "a": 2}])));
    assert!(found[3]["target"].as_str().unwrap().starts_with('g'), "{out}");
    assert!(found[0].get("target_logprob").is_none() && found[0]["score"].is_f64(), "{out}");
    assert_eq!(found[4]["target_logprob"], "-inf");
    let notes: Vec<&str> = err.lines().collect();
    assert_eq!(notes.len(), 2, "{err}");
    assert!(notes[0].starts_with("1 of 5 lines with 1 token unknown to the model in the given"));
    assert!(notes[1].starts_with("1 of 5 lines with a field \"score\""), "{err}");

    // The given target has the score that `score` gives the pair.
    std::fs::write(folder.join("pair.tsv"), "x y\ta b c d e f\n").unwrap();
    let score = ["score", "--run", "run", "--data", "pair.tsv", "--words"];
    let (text, _) = said(folder, &score, "");
    let (scored, _) = said(folder, &[&score[..], &["--json"]].concat(), "");
    let scored = &objects(&scored)[0];
    is_near(&found[3]["target_logprob"], scored["logprob"].as_f64().unwrap());
    assert_eq!(found[3]["target_tokens"], json!(["a", "b", "c", "d", "e", "f", "</s>"]));
    assert_eq!(scored["tokens"], found[3]["target_tokens"]);
    let each: Vec<(f64, &str)> = text
        .lines()
        .take_while(|line| !line.is_empty())
        .map(|line| line.split_once('\t').unwrap())
        .map(|(logprob, token)| (logprob.parse().unwrap(), token))
        .collect();
    assert!(each.len() == 7 && each[6].1 == "</s>" && text.ends_with("\n\n"), "{text}");
    is_near(&scored["logprob"], each.iter().map(|(logprob, _)| logprob).sum());
    // Without --json a bracket is text.
    let (out, _) = translate(folder, &[], "{\"source\": \"z\"}\n");
    assert_eq!(out.lines().count(), 1);

    // The lines before a wrong one are translated.
    for (line, words) in [
        ("{\"source\": \"z\"", "stdin, line 3: not JSON (EOF while parsing an object"),
        ("{\"text\": \"z\"}", "stdin, line 3: the key source is missing"),
        ("{\"source\": 3}", "stdin, line 3: the key source has the value 3; it needs a string"),
    ] {
        let mut program = command(folder, &["translate", "--run", "run", "--json"]);
        program.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = program.spawn().unwrap();
        let stdin = format!("z\n\n{line}\nx y\n");
        child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert!(err.contains(words) && output.status.code() == Some(1), "{err}");
        assert_eq!(objects(&String::from_utf8(output.stdout).unwrap()).len(), 2, "{line}");
    }
}

#[test]
fn prefixes_alternatives_heads_and_links_are_given_where_they_exist() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    learn(folder, "run", PAIRS, &["attention=multi_head", "attention_heads=2"]);
    let (out, err) = translate(folder, &["--prefix", "a QQ"], "x y\nz\n");
    assert!(out.lines().count() == 2 && out.lines().all(|line| line.starts_with("a QQ")), "{out}");
    assert!(err.starts_with("2 of 2 lines with 2 tokens in the prefix that the model"), "{err}");
    let (out, _) = translate(folder, &["--prefix", "a b"], "x y\n");
    assert_eq!(out, "a b c d e f\n");
    let own = "{\"source\": \"x y\", \"prefix\": \"a b c\"}\nx y\n";
    let (out, _) = translate(folder, &["--json", "--prefix", "g"], own);
    let found = objects(&out);
    assert_eq!(found[0]["target"], "a b c d e f");
    assert!(found[1]["target"].as_str().unwrap().starts_with('g'), "{out}");

    // More alternatives than the vocabulary has tokens are all of them.
    for (alternatives, count) in [("3", 3), ("1000", 10)] {
        let more = ["--json", "--alternatives", alternatives, "--heads"];
        let (out, err) = translate(folder, &more, "x y\n\n");
        let found = objects(&out);
        let (tokens, lists) = (&found[0]["tokens"], found[0]["alternatives"].as_array().unwrap());
        assert_eq!((lists.len(), lists[0].as_array().unwrap().len()), (7, count), "{out}");
        assert_eq!(lists[2][0]["token"], tokens[2]);
        let heads = found[0]["heads"].as_array().unwrap();
        assert_eq!((heads.len(), heads[0].as_array().unwrap().len()), (7, 2), "{out}");
        assert_eq!(heads[0][1].as_array().unwrap().len(), 3, "two words and the end");
        assert!(found[1].get("alternatives").is_none() && err.is_empty(), "{out} {err}");
    }

    let (text, _) = translate(folder, &["--align", "argmax"], "x y\n\nz\n");
    let lines: Vec<(&str, &str)> = text.lines().map(|l| l.split_once(" ||| ").unwrap()).collect();
    assert_eq!((lines[0].0, lines[1], lines[2]), ("a b c d e f", ("", ""), ("g h", "0-0 0-1")));
    assert_eq!(lines[0].1.split(' ').count(), 6, "{text}");
    let n_best = ["--align", "0.01", "--beam", "3", "--n-best", "2"];
    let (text, _) = translate(folder, &n_best, "z\n");
    assert!(text.lines().all(|line| line.split(" ||| ").count() == 4), "{text}");
    assert!(text.lines().next().unwrap().ends_with("||| 0-0 0-1"), "{text}");
    let (out, _) = translate(folder, &[&n_best[..], &["--json"]].concat(), "z\n");
    let found = &objects(&out)[0];
    assert_eq!(found["alignment"], json!([[0, 0], [0, 1]]), "{out}");
    assert_eq!(found["n_best_alignments"][0], found["alignment"]);
    assert_eq!(found["n_best_alignments"].as_array().unwrap().len(), 2);

    // A model without attention has neither.
    learn(folder, "plain", PAIRS, &["attention=none", "epochs=1"]);
    let (_, err) = said(folder, &["translate", "--run", "plain", "--json", "--heads"], "z\n");
    assert!(err.starts_with("--heads: the run has no attention"), "{err}");
    for (arguments, flag) in [
        (&["translate", "--run", "plain", "--align", "argmax"][..], "--align"),
        (&["align", "plain", "--data", "run.tsv"], "RUN"),
    ] {
        let err = refused(folder, arguments);
        assert!(err.contains(&format!("{flag}: the run has no attention")), "{err}");
    }
}

#[test]
fn a_model_of_8_bits_says_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    learn(folder, "run", PAIRS, &[]);
    let int8 = ["--precision", "int8"];
    for beam in ["1", "5"] {
        let (out, err) =
            translate(folder, &[&["--beam", beam], &int8[..]].concat(), "z\nx y\n\nz\n");
        assert_eq!((out.as_str(), err.as_str()), ("g h\na b c d e f\n\ng h\n", ""));
    }
    let of = |what: &str, more: &[&str]| {
        let all = [&[what, "run", "--data", "run.tsv", "--json"], more].concat();
        let (out, err) = said(folder, &all, "");
        assert!(!out.is_empty(), "{err}");
        objects(&out)
    };
    for (what, field) in [("score", "logprob"), ("evaluate", "loss")] {
        let (whole, rounded) = (of(what, &[]), of(what, &int8));
        for (whole, rounded) in whole.iter().zip(&rounded) {
            let [whole, rounded] = [whole, rounded].map(|object| object[field].as_f64().unwrap());
            assert!(whole != rounded && (whole - rounded).abs() < 0.05, "{whole} {rounded}");
        }
    }
    let error = refused(folder, &["translate", "--precision", "int4"]);
    assert!(error.contains("int4") && error.contains("known are f32 and int8"), "{error}");
    let files = ["--hypotheses", "a", "--references", "b"];
    let error = refused(folder, &[&["evaluate", "--precision", "int8"], &files[..]].concat());
    assert!(error.contains("--precision") && error.contains("--hypotheses"), "{error}");
    let error = refused(folder, &["bench", "--precision", "int8"]);
    assert!(error.contains("--decode"), "{error}");
}

#[test]
fn bad_input_is_refused_or_told() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    learn(folder, "run", PAIRS, &[]);
    learn(folder, "other", "x y\ta b\nz\tg h\n", &["epochs=1"]);
    std::fs::write(folder.join("words.tsv"), "x\ta\ny\n").unwrap();
    for (arguments, words) in [
        (&["--dictionary", "words.tsv"][..], "words.tsv, line 2: 1 columns; a dictionary has"),
        (&["--dictionary", "absent.tsv"], "absent.tsv"),
        (&["--run", "other"], "the target vocabulary has 8 entries, but 12 in run; the runs of"),
        (&["--heads"], "--json"),
        (&["--align", "2"], "it takes argmax or a weight from 0 to 1"),
    ] {
        let mut all = vec!["translate", "--run", "run"];
        all.extend(arguments);
        let said = refused(folder, &all);
        assert!(said.contains(words), "{arguments:?}: {said}");
    }
    let (_, err) = translate(folder, &["--json", "--heads"], "z\n");
    assert!(err.starts_with("--heads: only attention = multi_head has heads"), "{err}");

    // A long line is cut at the limit, and other lines are not changed by it.
    let long = "x y z ".repeat(3_334);
    let lines = format!("z\n{long}\nx y\n");
    let (out, err) = translate(folder, &["--max-length", "50", "--min-length", "50"], &lines);
    assert_eq!(out.lines().count(), 3, "{err}");
    assert!(err.starts_with("3 of 3 lines cut at max_length = 50"), "{err}");
    let (out, _) = translate(folder, &["--max-length", "50"], &lines);
    let found: Vec<&str> = out.lines().collect();
    assert_eq!((found.len(), found[0], found[2]), (3, "g h", "a b c d e f"));
}

#[test]
fn pairs_are_aligned_in_one_direction_and_in_both() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    learn(folder, "run", PAIRS, &[]);
    learn(folder, "back", "a b c d e f\tx y\ng h\tz\n", &[]);
    learn(folder, "lower", "a b\tx y\n", &["target_recipe=words-lower", "epochs=1"]);
    std::fs::write(folder.join("pairs.tsv"), "x y\ta QQ .\n\tg\nz\tg h\nX\tg\n").unwrap();
    fn align<'a>(more: &[&'a str]) -> Vec<&'a str> {
        [&["align", "--run", "run", "--data", "pairs.tsv", "--threads", "1"], more].concat()
    }
    let (out, err) = said(folder, &align(&[]), "");
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!((lines.len(), lines[1], lines[2]), (4, "", "0-0 0-1"), "{out}");
    // Every token has a link, the full stop too.
    assert_eq!(lines[0].split(' ').count(), 3, "{out}");
    for words in [
        "1 of 4 pairs with a blank side",
        "1 of 4 pairs with 1 token unknown to the run's model in the source",
        "1 of 4 pairs with 2 tokens unknown to the run's model in the target",
    ] {
        assert!(err.contains(words), "{words}: {err}");
    }
    let (out, _) = said(folder, &align(&["--format", "soft"]), "");
    let rows: Vec<Vec<&str>> = out.lines().map(|line| line.split(' ').collect()).collect();
    assert_eq!((rows[0].len(), rows[0][0].split(',').count(), rows[3].len()), (3, 2, 1), "{out}");

    let both = ["--reverse-run", "back", "--method", "0.2", "--format", "json"];
    let of = |how: &str| {
        let (out, _) = said(folder, &align(&[&both[..], &["--symmetrize", how]].concat()), "");
        objects(&out)
    };
    let links = |found: &Value| found["alignment"].as_array().unwrap().clone();
    let (intersection, union) = (of("intersection"), of("union"));
    let grown = of("grow-diag-final-and");
    for (i, (least, most)) in intersection.iter().zip(&union).enumerate() {
        let (least, most, grown) = (links(least), links(most), links(&grown[i]));
        assert!(least.iter().all(|link| grown.contains(link)), "{least:?} {grown:?}");
        assert!(grown.iter().all(|link| most.contains(link)), "{grown:?} {most:?}");
    }
    let first = &union[0];
    assert_eq!(first["source_tokens"], json!(["x", "y"]));
    assert_eq!(first["target_tokens"], json!(["a", "QQ", "."]));
    assert_eq!(first["weights"].as_array().unwrap().len(), 3);
    assert_eq!(first["reverse_weights"].as_array().unwrap().len(), 2);

    let lower = align(&["--reverse-run", "lower"]);
    let words = r#"pair 4: the run reads its source as ["X"], but --reverse-run as ["x"]"#;
    let err = refused(folder, &lower);
    assert!(err.contains(words), "{err}");
    for (more, words) in [
        (&["--reverse-run", "back", "--format", "soft"][..], "only their links are"),
        (&["--format", "soft", "--method", "argmax"], "--method: --format soft prints"),
        (&["--reverse-run", "absent"], "--reverse-run absent"),
    ] {
        let err = refused(folder, &align(more));
        assert!(err.contains(words), "{err}");
    }
}

/// A progress bar on a terminal.
#[cfg(target_os = "linux")]
#[test]
fn a_bar_shows_the_progress_of_a_file_and_no_note_tears_it() {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use std::fs::{File, OpenOptions};
    use std::io::Read;

    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    learn(folder, "run", PAIRS, &[]);
    std::fs::write(folder.join("lines.txt"), "z\nx y\n".repeat(3)).unwrap();
    // What is written to stderr, a terminal.
    let on_terminal = |term: &str, stdin: Stdio| -> Option<String> {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).ok()?;
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        let slave = OpenOptions::new().read(true).write(true).open(name).unwrap();
        let arguments = ["translate", "--run", "run", "--threads", "1", "--prefix", "QQ"];
        let mut program = command(folder, &arguments);
        program.env("TERM", term).stdin(stdin).stdout(Stdio::piped()).stderr(slave);
        let child = program.spawn().unwrap();
        // It holds the terminal, whose end would not come otherwise.
        drop(program);
        let mut written = Vec::new();
        // A terminal ends with an error.
        let _ = File::from(master).read_to_end(&mut written);
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        Some(String::from_utf8(written).unwrap())
    };
    let lines = || Stdio::from(File::open(folder.join("lines.txt")).unwrap());
    let Some(said) = on_terminal("xterm-256color", lines()) else {
        eprintln!("SKIPPED: no pseudo-terminal on this system");
        return;
    };
    assert!(said.contains("%") && said.contains("ETA") && said.contains('\u{1b}'), "{said:?}");
    // The bar is removed before the note, which has its line to itself.
    let note = "6 of 6 lines with 6 tokens in the prefix";
    let (bar, rest) = said.split_at(said.find(note).unwrap());
    assert!(bar.ends_with("\u{1b}[2K") || bar.ends_with('\r'), "{said:?}");
    assert!(!rest.contains("ETA") && rest.ends_with("\r\n"), "{said:?}");
    for (term, stdin) in [("dumb", lines()), ("xterm", Stdio::null())] {
        let said = on_terminal(term, stdin).unwrap();
        assert!(!said.contains('\u{1b}') && !said.contains("ETA"), "{term}: {said:?}");
    }
}
