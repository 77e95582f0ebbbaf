use serde_json::Value;
use tensor::init::rng;
use tensor::rand::Rng as _;

use super::*;
use crate::Event;

fn step(step: u64, mut number: impl FnMut() -> f64) -> TrainStep {
    TrainStep {
        step,
        epoch: step / 450 + 1,
        loss: number(),
        learning_rate: number(),
        gradient_norm: number(),
        clipped_norm: number(),
        tokens: step % 2000,
        tokens_per_second: number(),
        seconds: number(),
        parameters: Vec::new(),
    }
}

fn text(step: &TrainStep) -> String {
    serde_json::to_string(&Event::Step(Box::new(step.clone()))).unwrap()
}

/// The line of an older log.
fn old_text(step: &TrainStep) -> String {
    format!(r#"{{"event":"step",{}"#, &serde_json::to_string(step).unwrap()[1..])
}

/// Parses a line as a log's reader does and as any event.
fn read(line: &str) -> TrainStep {
    let [one, other] = [Event::from_line(line.as_bytes()), serde_json::from_str(line)];
    let (Event::Step(one), Event::Step(other)) = (one.unwrap(), other.unwrap()) else {
        panic!("{line}")
    };
    assert_eq!(bits(&one), bits(&other), "{line}");
    *one
}

/// The bits of all numbers of a step, and the names and bits of its parameters.
fn bits(step: &TrainStep) -> (Vec<u64>, Vec<(&str, [u64; 2])>) {
    let TrainStep { loss, learning_rate, gradient_norm, clipped_norm, .. } = *step;
    let numbers = [loss, learning_rate, gradient_norm, clipped_norm];
    let numbers = numbers.iter().chain([&step.tokens_per_second, &step.seconds]);
    let counts = [step.step, step.epoch, step.tokens].into_iter();
    let each = step.parameters.iter();
    (
        counts.chain(numbers.map(|number| number.to_bits())).collect(),
        each.map(|p| (&*p.name, [p.gradient_norm.to_bits(), p.update_ratio.to_bits()])).collect(),
    )
}

#[test]
fn a_step_is_one_short_line() {
    let mut numbers =
        [2.345_678_901_234_567, 0.002_f32.into(), 12.345_678_9, 1.0, 4862.16, 1e4 / 3.0]
            .into_iter();
    let mut one = step(123_456, || numbers.next().unwrap());
    let line = "[123456,275,2.345678901234567,0.002,12.345679,1.0,1456,4862.16,3333.3333]";
    assert_eq!(text(&one), format!(r#"{{"step":{line}}}"#));
    let metrics = |name: &str, update_ratio| {
        let gradient_norm = 0.123_456_789_012_345;
        ParameterMetrics { name: name.into(), gradient_norm, update_ratio }
    };
    one.parameters = vec![metrics("a", 0.5), metrics("b", f64::NAN)];
    let parameters = r#"[["a",0.12345679,0.5],["b",0.12345679,"NaN"]]"#;
    assert_eq!(text(&one), format!(r#"{{"step":{line},"parameters":{parameters}}}"#));
    let back = read(&text(&one));
    assert_eq!(back.parameters[1].name, "b");
    assert!(back.parameters[1].update_ratio.is_nan());
    // The keys of an object may come in any order.
    let sorted: Value = serde_json::from_str(&text(&one)).unwrap();
    assert_eq!(bits(&read(&sorted.to_string())), bits(&back));
}

#[test]
fn both_forms_give_the_same_bits_and_the_loss_those_that_were_written() {
    let mut rng = rng(3, "steps");
    let strange = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 5e-324, f64::MAX];
    for i in 0..20_000 {
        let mut one = step(i, || match rng.random_range(0..8) {
            0 => strange[rng.random_range(0..strange.len())],
            1 => f64::from(rng.random::<f32>()),
            2 => f64::from_bits(rng.random()),
            _ => 10.0 * rng.random::<f64>(),
        });
        if one.loss.is_nan() {
            one.loss = f64::NAN;
        }
        let parameter = |i| ParameterMetrics {
            name: format!("w{i}"),
            gradient_norm: one.gradient_norm,
            update_ratio: one.clipped_norm,
        };
        one.parameters = (0..i % 3).map(parameter).collect();
        let (line, old) = (read(&text(&one)), read(&old_text(&one)));
        assert_eq!(bits(&line), bits(&old), "{}", text(&one));
        assert_eq!(line.loss.to_bits(), one.loss.to_bits(), "{}", text(&one));
    }
}

#[test]
fn lines_of_an_older_log_are_read() {
    let line = r#"{"event":"step","step":7,"epoch":1,"loss":"NaN","learning_rate":0.5,
        "gradient_norm":"inf","clipped_norm":1.0,"tokens":3,"tokens_per_second":4.0,"seconds":5.0,
        "parameters":[{"name":"a","gradient_norm":2.0,"update_ratio":0.5},["b",2,0.5]]}"#;
    let step = read(line);
    assert!(step.loss.is_nan() && step.gradient_norm == f64::INFINITY);
    assert_eq!((step.step, step.clipped_norm, step.seconds), (7, 1.0, 5.0));
    let names: Vec<&str> = step.parameters.iter().map(|p| &*p.name).collect();
    assert_eq!(names, ["a", "b"]);
    let (without, _) = line.split_once(",\n        \"parameters").unwrap();
    assert!(read(&format!("{without}}}")).parameters.is_empty());
}

#[test]
fn a_damaged_line_is_no_step() {
    for line in [
        r#"{"step":[1,1,0.5,0.5,0.5,0.5,3,4.0]}"#,
        r#"{"step":[1,1,0.5,0.5,0.5,0.5,3,4.0,5.0,6.0]}"#,
        r#"{"step":[1,1,"x",0.5,0.5,0.5,3,4.0,5.0]}"#,
        r#"{"step":[1,1,null,0.5,0.5,0.5,3,4.0,5.0]}"#,
        r#"{"step":[1.5,1,0.5,0.5,0.5,0.5,3,4.0,5.0]}"#,
        r#"{"step":[1,1,0.5,0.5,0.5,0.5,3,4.0,5.0"#,
        r#"{"event":"step","step":7}"#,
        r#"{"event":"leap","step":7,"epoch":1,"loss":1.0,"learning_rate":0.5,"gradient_norm":1.0,
            "clipped_norm":1.0,"tokens":3,"tokens_per_second":4.0,"seconds":5.0}"#,
    ] {
        assert!(Event::from_line(line.as_bytes()).is_err(), "{line}");
        let error = serde_json::from_str::<Event>(line).unwrap_err().to_string();
        assert!(error.contains("not an event of this version") || error.contains("EOF"), "{error}");
    }
}

#[test]
fn parameters_are_short_lists_and_objects_of_older_logs_are_read() {
    let metrics = ParameterMetrics {
        name: "decoder.out".into(),
        gradient_norm: 0.123_456_789_012_345,
        update_ratio: f64::NAN,
    };
    let line = serde_json::to_string(&metrics).unwrap();
    assert_eq!(line, r#"["decoder.out",0.12345679,"NaN"]"#);
    let old = r#"{"name":"decoder.out","gradient_norm":0.12345679,"update_ratio":"NaN"}"#;
    for line in [&*line, old] {
        let back: ParameterMetrics = serde_json::from_str(line).unwrap();
        assert_eq!((&*back.name, back.gradient_norm), ("decoder.out", 0.123_456_79));
        assert!(back.update_ratio.is_nan());
    }
}
