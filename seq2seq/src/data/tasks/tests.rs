use super::*;

fn generated(spec: &str) -> Generated {
    spec.parse().unwrap()
}

#[test]
fn specs_are_read_and_nonsense_refused() {
    let g = generated("reverse:5:test");
    assert_eq!((g.name, g.lengths.clone(), g.part), (Name::Reverse, 1..=5, Some(Part::Test)));
    assert_eq!(generated("copy:3-4").lengths, 3..=4);
    assert_eq!(generated("adding:7").lengths, 7..=7);
    assert_eq!(generated("dates:valid").part, Some(Part::Valid));
    assert!(Generated::find("reversed").is_none() && Generated::find("a.tsv").is_none());
    for bad in ["reverse:0", "copy:4-3", "copy:x", "reber:5", "adding:1", "adding:5:dev", "dates:3"]
    {
        let error = Generated::find(bad).unwrap().unwrap_err().to_string();
        assert!(error.contains("expected NAME"), "{error}");
    }
    for spec in ["copy:2-9:valid", "temporal-order:20-30", "reber:test", "adding:50-50"] {
        assert_eq!(generated(spec).to_string(), spec);
    }
}

#[test]
fn parts_share_nothing_whatever_the_seed() {
    for name in ["reverse:6-9", "dates"] {
        let targets = |part: &str, seed| -> std::collections::HashSet<String> {
            let pairs = generated(&format!("{name}:{part}")).pairs(seed).unwrap();
            pairs.into_iter().map(|p| p.target).collect()
        };
        let test = targets("test", 2);
        assert!(test.len() > 700, "{name}: {}", test.len());
        assert!(test.is_disjoint(&targets("train", 1)) && test.is_disjoint(&targets("valid", 1)));
    }
    let strings = |part: &str, seed| generated(part).sequences(seed).unwrap();
    let orders = strings("temporal-order:12:train", 1);
    assert_eq!(orders.len(), TRAIN);
    assert!(strings("temporal-order:12:test", 3).iter().all(|s| !orders.contains(s)));
    assert_ne!(strings("reber:valid", 4)[..100], strings("reber:test", 4)[..100]);
    assert_eq!(strings("reber:valid", 4), strings("reber:valid", 4));
    assert_ne!(strings("reber:valid", 4), strings("reber:valid", 5));
}

#[test]
fn letters_are_copied_or_reversed_with_their_links() {
    for (spec, reverse) in [("copy:2-4:valid", false), ("reverse:2-4:valid", true)] {
        for pair in generated(spec).pairs(1).unwrap() {
            let source: Vec<&str> = pair.source.split(' ').collect();
            let target: Vec<&str> = pair.target.split(' ').collect();
            assert!((2..=4).contains(&source.len()));
            let links = pair.links.unwrap().sure;
            assert_eq!(links.len(), source.len());
            assert!(links.iter().all(|&(s, t)| source[s] == target[t]));
            let mut turned = source.clone();
            turned.reverse();
            assert_eq!(target, if reverse { turned } else { source });
        }
    }
}

#[test]
fn dates_say_the_same_day_twice() {
    let pairs = generated("dates:valid").pairs(1).unwrap();
    let mut forms = [0; 3];
    for pair in &pairs {
        let number = |range: std::ops::Range<usize>| pair.target[range].parse::<u32>().unwrap();
        let (year, month, day) = (number(0..4), number(5..7), number(8..10));
        assert!(pair.source.ends_with(&year.to_string()), "{pair:?}");
        assert!(pair.source.contains(&day.to_string()), "{pair:?}");
        assert!((1..=12).contains(&month) && (1..=31).contains(&day));
        forms[0] += usize::from(pair.source.contains("day "));
        forms[1] += usize::from(pair.source.contains('.'));
        forms[2] += usize::from(pair.source.contains(','));
    }
    assert!(forms.iter().all(|&n| n > 100), "{forms:?}");
    assert_eq!(pairs::weekday(1979, 5, 3), 4);
    assert_eq!(pairs::weekday(2000, 2, 29), 2);
}

#[test]
fn who_always_adds_to_one_is_off_by_a_sixth() {
    let all = generated("adding:50:train").sequences(1).unwrap();
    let mut error = 0.0;
    for sequence in &all {
        let (Input::Numbers(numbers), Answer::Number(sum)) = (&sequence.input, &sequence.answer)
        else {
            panic!("{sequence:?}")
        };
        let marked: Vec<f32> = numbers.iter().filter(|n| n[1] == 1.0).map(|n| n[0]).collect();
        assert_eq!((numbers.len(), marked.len()), (50, 2));
        assert_eq!(marked[0] + marked[1], *sum);
        error += f64::from(sum - 1.0).powi(2) / all.len() as f64;
    }
    assert!((error - 1.0 / 6.0).abs() < 0.005, "{error}");
}

#[test]
fn temporal_orders_hold_two_of_x_and_y() {
    let mut classes = [0; 4];
    for sequence in generated("temporal-order:train").sequences(1).unwrap() {
        let Answer::Class(class) = sequence.answer else { panic!("{sequence:?}") };
        classes[class as usize] += 1;
        let tokens = sequence.tokens();
        assert!((100..=110).contains(&tokens.len()));
        assert_eq!((tokens[0].as_str(), tokens[tokens.len() - 1].as_str()), ("B", "E"));
        let marks: String = tokens.iter().filter(|t| "XY".contains(t.as_str())).cloned().collect();
        assert_eq!(marks, class_name(class));
    }
    assert!(classes.iter().all(|&n| n > TRAIN / 5), "{classes:?}");
    assert_eq!(generated("temporal-order:10:valid").sequences(1).unwrap().len(), HELD_OUT);
}

/// The grammar once more, as Hochreiter and Schmidhuber's figure 3 draws it: what may follow each
/// beginning of an inner string.
#[test]
fn reber_strings_are_legal_and_know_what_may_come() {
    let follow = |inner: &str| -> &'static str {
        let mut state = 0;
        for c in inner.chars().skip(1) {
            state = match (state, c) {
                (0, 'T') | (1, 'S') => 1,
                (0, 'P') | (2, 'T') | (3, 'X') => 2,
                (1, 'X') | (4, 'P') => 3,
                (2, 'V') => 4,
                (3, 'S') | (4, 'V') => 5,
                _ => panic!("{inner}"),
            };
        }
        ["PT", "SX", "TV", "SX", "PV", "E"][state]
    };
    let mut longest = 0;
    for sequence in generated("reber:train").sequences(1).unwrap() {
        let read = sequence.tokens().concat();
        let Answer::Next { next, legal } = &sequence.answer else { panic!("{read}") };
        assert_eq!((next.len(), legal.len()), (read.len(), read.len()));
        let n = read.len();
        longest = longest.max(n);
        for i in 0..n {
            assert!(legal[i] >> next[i] & 1 == 1);
            let mut may: Vec<&str> =
                (0..7).filter(|s| legal[i] >> s & 1 == 1).map(|s| SYMBOLS[s]).collect();
            may.sort_unstable();
            let want = match i {
                0 => "PT",
                1 => "B",
                _ if i == n - 2 => &read[1..2],
                _ if i == n - 1 => "E",
                _ => follow(&read[2..=i]),
            };
            assert_eq!(may.concat(), want, "{read} after {i}");
            if i + 1 < n {
                assert_eq!(read[i + 1..i + 2], *SYMBOLS[next[i] as usize]);
            }
        }
    }
    assert!(longest > 20, "{longest}");
}
