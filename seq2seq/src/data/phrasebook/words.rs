//! Pronouns, names, numbers, prepositions and phrases that are learnt whole.

use super::lexicon::Gender::{self, F, M};

/// A personal pronoun in all its cases, with its possessive.
#[derive(Debug)]
pub(super) struct Pronoun {
    /// Subject, object, possessive.
    pub(super) en: [&'static str; 3],
    pub(super) be: &'static str,
    pub(super) subject: &'static str,
    pub(super) direct: &'static str,
    pub(super) dative: &'static str,
    pub(super) reflexive: &'static str,
    pub(super) stressed: &'static str,
    /// Masculine, feminine, plural.
    pub(super) possessive: [&'static str; 3],
    /// Column of the conjugation.
    pub(super) slot: usize,
    pub(super) gender: Gender,
    pub(super) plural: bool,
    /// Whether the English verb takes an *s*.
    pub(super) third: bool,
}

/// i, he, she, we, you (always `vous`, one man), they (always `ils`).
#[rustfmt::skip]
pub(super) static PRONOUNS: &[Pronoun] = &[
    Pronoun { en: ["i", "me", "my"], be: "am", subject: "je", direct: "me", dative: "me", reflexive: "me", stressed: "moi",
        possessive: ["mon", "ma", "mes"], slot: 0, gender: M, plural: false, third: false },
    Pronoun { en: ["he", "him", "his"], be: "is", subject: "il", direct: "le", dative: "lui", reflexive: "se", stressed: "lui",
        possessive: ["son", "sa", "ses"], slot: 1, gender: M, plural: false, third: true },
    Pronoun { en: ["she", "her", "her"], be: "is", subject: "elle", direct: "la", dative: "lui", reflexive: "se", stressed: "elle",
        possessive: ["son", "sa", "ses"], slot: 1, gender: F, plural: false, third: true },
    Pronoun { en: ["we", "us", "our"], be: "are", subject: "nous", direct: "nous", dative: "nous", reflexive: "nous", stressed: "nous",
        possessive: ["notre", "notre", "nos"], slot: 2, gender: M, plural: true, third: false },
    Pronoun { en: ["you", "you", "your"], be: "are", subject: "vous", direct: "vous", dative: "vous", reflexive: "vous", stressed: "vous",
        possessive: ["votre", "votre", "vos"], slot: 3, gender: M, plural: false, third: false },
    Pronoun { en: ["they", "them", "their"], be: "are", subject: "ils", direct: "les", dative: "leur", reflexive: "se", stressed: "eux",
        possessive: ["leur", "leur", "leurs"], slot: 4, gender: M, plural: true, third: false },
];

/// A first name, the same in both languages.
#[derive(Debug)]
pub(super) struct Name {
    pub(super) text: &'static str,
    pub(super) gender: Gender,
}

/// Every name.
pub(super) static NAMES: &[Name] = &[
    Name { text: "paul", gender: M },
    Name { text: "luc", gender: M },
    Name { text: "marie", gender: F },
    Name { text: "anne", gender: F },
];

/// English and French numerals from two to ten.
pub(super) static NUMBERS: &[[&str; 2]] = &[
    ["two", "deux"],
    ["three", "trois"],
    ["four", "quatre"],
    ["five", "cinq"],
    ["six", "six"],
    ["seven", "sept"],
    ["eight", "huit"],
    ["nine", "neuf"],
    ["ten", "dix"],
];

/// A phrase learnt whole: each French word with the English word (by its place) it stands for.
#[derive(Debug)]
pub(super) struct Fixed {
    pub(super) en: &'static [&'static str],
    pub(super) fr: &'static [(&'static str, u16)],
}

const fn fixed(en: &'static [&'static str], fr: &'static [(&'static str, u16)]) -> Fixed {
    Fixed { en, fr }
}

/// When, for what happens again and again.
pub(super) static HABITUAL: &[Fixed] = &[
    fixed(&["every", "day"], &[("tous", 0), ("les", 0), ("jours", 1)]),
    fixed(&["every", "morning"], &[("tous", 0), ("les", 0), ("matins", 1)]),
    fixed(&["every", "week"], &[("toutes", 0), ("les", 0), ("semaines", 1)]),
    fixed(&["in", "the", "morning"], &[("le", 1), ("matin", 2)]),
    fixed(&["in", "the", "evening"], &[("le", 1), ("soir", 2)]),
];
/// When, for what is over.
pub(super) static BYGONE: &[Fixed] = &[
    fixed(&["yesterday"], &[("hier", 0)]),
    fixed(&["this", "morning"], &[("ce", 0), ("matin", 1)]),
    fixed(&["last", "week"], &[("la", 1), ("semaine", 1), ("dernière", 0)]),
];
/// When, for what is to come.
pub(super) static COMING: &[Fixed] = &[
    fixed(&["tomorrow"], &[("demain", 0)]),
    fixed(&["tonight"], &[("ce", 0), ("soir", 0)]),
    fixed(&["on", "monday"], &[("lundi", 1)]),
    fixed(&["on", "sunday"], &[("dimanche", 1)]),
    fixed(&["next", "week"], &[("la", 1), ("semaine", 1), ("prochaine", 0)]),
];
/// When, for what must be done.
pub(super) static NOW: Fixed = fixed(&["now"], &[("maintenant", 0)]);
/// How often.
pub(super) static OFTEN: &[Fixed] =
    &[fixed(&["often"], &[("souvent", 0)]), fixed(&["always"], &[("toujours", 0)])];

/// Openings of questions.
pub(super) static WHERE: Fixed = fixed(&["where"], &[("où", 0)]);
/// See [`WHERE`].
pub(super) static WHAT: Fixed = fixed(&["what"], &[("que", 0)]);
/// See [`WHERE`].
pub(super) static WHEN: Fixed = fixed(&["when"], &[("quand", 0)]);
/// See [`WHERE`].
pub(super) static WHY: Fixed = fixed(&["why"], &[("pourquoi", 0)]);
/// Openings of answers.
pub(super) static YES: Fixed = fixed(&["yes", ","], &[("oui", 0), (",", 1)]);
/// See [`YES`].
pub(super) static NO: Fixed = fixed(&["no", ","], &[("non", 0), (",", 1)]);
/// The end of a polite request.
pub(super) static PLEASE: Fixed =
    fixed(&[",", "please"], &[(",", 0), ("se", 1), ("il", 1), ("vous", 1), ("plaît", 1)]);
/// Joins two clauses.
pub(super) static AND: Fixed = fixed(&["and"], &[("et", 0)]);
/// See [`AND`].
pub(super) static BUT: Fixed = fixed(&["but"], &[("mais", 0)]);
/// What French has and English is.
pub(super) static NEEDS: &[Fixed] =
    &[fixed(&["hungry"], &[("faim", 0)]), fixed(&["thirsty"], &[("soif", 0)])];

/// A preposition: French words that all stand for the English word at `head`.
#[derive(Debug)]
pub(super) struct Preposition {
    pub(super) en: &'static [&'static str],
    pub(super) head: u16,
    pub(super) fr: &'static [&'static str],
}

const fn preposition(
    en: &'static [&'static str],
    head: u16,
    fr: &'static [&'static str],
) -> Preposition {
    Preposition { en, head, fr }
}

/// Prepositions.
pub(super) static IN: Preposition = preposition(&["in"], 0, &["dans"]);
/// See [`IN`].
pub(super) static ON: Preposition = preposition(&["on"], 0, &["sur"]);
/// See [`IN`].
pub(super) static UNDER: Preposition = preposition(&["under"], 0, &["sous"]);
/// See [`IN`].
pub(super) static AT: Preposition = preposition(&["at"], 0, &["à"]);
/// See [`IN`].
pub(super) static TO: Preposition = preposition(&["to"], 0, &["à"]);
/// See [`IN`].
pub(super) static FROM: Preposition = preposition(&["from"], 0, &["de"]);
/// Where one stands by something.
pub(super) static BESIDE: &[Preposition] = &[
    preposition(&["near"], 0, &["près", "de"]),
    preposition(&["in", "front", "of"], 1, &["devant"]),
    preposition(&["behind"], 0, &["derrière"]),
];
