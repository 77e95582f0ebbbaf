//! Verbs with their forms and what they may take as an object.

use super::lexicon::kind::{
    ANIMAL, DRINK, EDIBLE, ESTATE, FOOD, HOLD, KIN, OPEN, PERSON, READ, SIGHT, VEHICLE, WARE, WEAR,
    WRITE,
};

/// A verb. French forms are for `je`, `il`, `nous`, `vous`, `ils`.
#[derive(Debug)]
pub(super) struct Verb {
    /// Base, third person singular, past (empty where the past is not used).
    pub(super) en: [&'static str; 3],
    /// What follows it in English (`for` in *look for*), or empty.
    pub(super) particle: &'static str,
    pub(super) fr: [&'static str; 5],
    pub(super) infinitive: &'static str,
    /// Past participle: masculine, feminine, both plurals; empty where not used.
    pub(super) participle: [&'static str; 4],
    /// Kinds of noun it takes as an object.
    pub(super) objects: u32,
    /// Its `trait` constants.
    pub(super) traits: u32,
}

/// What else is special about a verb.
pub(super) mod traits {
    /// Done again and again: takes adverbs of frequency and time.
    pub(in super::super) const HABIT: u32 = 1;
    /// Animals do it too.
    pub(in super::super) const BEAST: u32 = 1 << 1;
    /// Its object may be a person, so also a pronoun such as *him*.
    pub(in super::super) const WHOM: u32 = 1 << 2;
    /// Reflexive in French.
    pub(in super::super) const SELF: u32 = 1 << 3;
    /// The perfect takes *être*.
    pub(in super::super) const BEING: u32 = 1 << 4;
    /// English *to be*.
    pub(in super::super) const BE: u32 = 1 << 5;
    /// Makes sense after *want to*, *can*, *must*, *going to*.
    pub(in super::super) const WILL: u32 = 1 << 6;
    /// Done in some place worth telling.
    pub(in super::super) const SPOT: u32 = 1 << 8;
    /// Used as a request.
    pub(in super::super) const ASK: u32 = 1 << 7;
}

use traits::{ASK, BE, BEAST, BEING, HABIT, SELF, SPOT, WHOM, WILL};

const NONE: [&str; 4] = ["", "", "", ""];

const fn verb(
    en: [&'static str; 3],
    particle: &'static str,
    fr: [&'static str; 5],
    infinitive: &'static str,
    participle: [&'static str; 4],
    objects: u32,
    traits: u32,
) -> Verb {
    Verb { en, particle, fr, infinitive, participle, objects, traits }
}

const PEOPLE: u32 = PERSON | KIN;
const GOODS: u32 = EDIBLE | FOOD | DRINK | WEAR | WARE | VEHICLE;

/// Verbs with a direct object.
#[rustfmt::skip]
pub(super) static TRANSITIVE: &[Verb] = &[
    verb(["see", "sees", "saw"], "", ["vois", "voit", "voyons", "voyez", "voient"], "voir", ["vu", "vue", "vus", "vues"],
        PEOPLE | ANIMAL | VEHICLE | SIGHT, BEAST | WHOM | WILL),
    verb(["know", "knows", ""], "", ["connais", "connaît", "connaissons", "connaissez", "connaissent"], "connaître", NONE,
        PEOPLE, WHOM),
    verb(["love", "loves", ""], "", ["aime", "aime", "aimons", "aimez", "aiment"], "aimer", NONE,
        PEOPLE | ANIMAL | FOOD | DRINK | READ | ESTATE, WHOM),
    verb(["look", "looks", ""], "for", ["cherche", "cherche", "cherchons", "cherchez", "cherchent"], "chercher", NONE,
        PEOPLE | ANIMAL | HOLD, WHOM | WILL | HABIT | SPOT),
    verb(["wait", "waits", ""], "for", ["attends", "attend", "attendons", "attendez", "attendent"], "attendre", NONE,
        PEOPLE, WHOM | WILL | HABIT | ASK | SPOT),
    verb(["help", "helps", ""], "", ["aide", "aide", "aidons", "aidez", "aident"], "aider", NONE,
        PEOPLE, WHOM | WILL | HABIT | ASK),
    verb(["listen", "listens", ""], "to", ["écoute", "écoute", "écoutons", "écoutez", "écoutent"], "écouter", NONE,
        PEOPLE, WHOM | WILL | HABIT | ASK),
    verb(["look", "looks", ""], "at", ["regarde", "regarde", "regardons", "regardez", "regardent"], "regarder", NONE,
        PEOPLE | ANIMAL | SIGHT, WHOM | BEAST | HABIT | ASK),
    verb(["eat", "eats", "ate"], "", ["mange", "mange", "mangeons", "mangez", "mangent"], "manger", ["mangé", "mangée", "mangés", "mangées"],
        EDIBLE | FOOD, HABIT | BEAST | WILL | ASK | SPOT),
    verb(["drink", "drinks", ""], "", ["bois", "boit", "buvons", "buvez", "boivent"], "boire", NONE,
        DRINK, HABIT | WILL | ASK | SPOT),
    verb(["buy", "buys", "bought"], "", ["achète", "achète", "achetons", "achetez", "achètent"], "acheter", ["acheté", "achetée", "achetés", "achetées"],
        GOODS | ESTATE, WILL | ASK),
    verb(["sell", "sells", ""], "", ["vends", "vend", "vendons", "vendez", "vendent"], "vendre", NONE,
        GOODS | ESTATE, WILL | ASK),
    verb(["read", "reads", ""], "", ["lis", "lit", "lisons", "lisez", "lisent"], "lire", NONE,
        READ, HABIT | WILL | ASK | SPOT),
    verb(["write", "writes", ""], "", ["écris", "écrit", "écrivons", "écrivez", "écrivent"], "écrire", NONE,
        WRITE, WILL),
    verb(["wear", "wears", ""], "", ["porte", "porte", "portons", "portez", "portent"], "porter", NONE,
        WEAR, HABIT | WILL),
    verb(["open", "opens", ""], "", ["ouvre", "ouvre", "ouvrons", "ouvrez", "ouvrent"], "ouvrir", NONE,
        OPEN, HABIT | WILL | ASK),
    verb(["close", "closes", ""], "", ["ferme", "ferme", "fermons", "fermez", "ferment"], "fermer", NONE,
        OPEN, HABIT | WILL | ASK),
    verb(["find", "finds", "found"], "", ["trouve", "trouve", "trouvons", "trouvez", "trouvent"], "trouver", ["trouvé", "trouvée", "trouvés", "trouvées"],
        HOLD | ANIMAL, WILL | WHOM),
    verb(["have", "has", ""], "", ["ai", "a", "avons", "avez", "ont"], "avoir", NONE,
        HOLD | ANIMAL | VEHICLE | ESTATE, 0),
    verb(["want", "wants", ""], "", ["veux", "veut", "voulons", "voulez", "veulent"], "vouloir", NONE,
        GOODS | ANIMAL, 0),
];

/// Verbs without an object.
#[rustfmt::skip]
pub(super) static INTRANSITIVE: &[Verb] = &[
    verb(["sleep", "sleeps", ""], "", ["dors", "dort", "dormons", "dormez", "dorment"], "dormir", NONE, 0, HABIT | BEAST | WILL),
    verb(["work", "works", ""], "", ["travaille", "travaille", "travaillons", "travaillez", "travaillent"], "travailler", NONE, 0, HABIT | WILL),
    verb(["sing", "sings", ""], "", ["chante", "chante", "chantons", "chantez", "chantent"], "chanter", NONE, 0, HABIT | WILL),
];

/// Verbs of moving, whose perfect takes *être*.
#[rustfmt::skip]
pub(super) static MOVING: &[Verb] = &[
    verb(["arrive", "arrives", "arrived"], "", ["arrive", "arrive", "arrivons", "arrivez", "arrivent"], "arriver", ["arrivé", "arrivée", "arrivés", "arrivées"], 0, BEING | WILL),
    verb(["leave", "leaves", "left"], "", ["pars", "part", "partons", "partez", "partent"], "partir", ["parti", "partie", "partis", "parties"], 0, BEING | WILL),
];

/// Verbs that French makes reflexive.
#[rustfmt::skip]
pub(super) static REFLEXIVE: &[Verb] = &[
    verb(["get", "gets", ""], "up", ["lève", "lève", "levons", "levez", "lèvent"], "lever", NONE, 0, SELF | WILL | HABIT),
    verb(["wake", "wakes", ""], "up", ["réveille", "réveille", "réveillons", "réveillez", "réveillent"], "réveiller", NONE, 0, SELF | WILL | HABIT),
    verb(["rest", "rests", ""], "", ["repose", "repose", "reposons", "reposez", "reposent"], "reposer", NONE, 0, SELF | WILL | HABIT),
];

/// To go (also the future).
#[rustfmt::skip]
pub(super) static GO: Verb =
    verb(["go", "goes", ""], "", ["vais", "va", "allons", "allez", "vont"], "aller", NONE, 0, HABIT | WILL);
/// To come.
#[rustfmt::skip]
pub(super) static COME: Verb =
    verb(["come", "comes", ""], "", ["viens", "vient", "venons", "venez", "viennent"], "venir", NONE, 0, HABIT);
/// To live somewhere.
#[rustfmt::skip]
pub(super) static LIVE: Verb =
    verb(["live", "lives", ""], "", ["habite", "habite", "habitons", "habitez", "habitent"], "habiter", NONE, 0, WILL);
/// To give.
#[rustfmt::skip]
pub(super) static GIVE: Verb =
    verb(["give", "gives", ""], "", ["donne", "donne", "donnons", "donnez", "donnent"], "donner", NONE, HOLD | EDIBLE, WILL);
/// To speak; its object is indirect.
#[rustfmt::skip]
pub(super) static SPEAK: Verb =
    verb(["speak", "speaks", ""], "", ["parle", "parle", "parlons", "parlez", "parlent"], "parler", NONE, 0, WILL | HABIT);
/// To be, *être*.
pub(super) static BE_ETRE: Verb =
    verb(["be", "is", ""], "", ["suis", "est", "sommes", "êtes", "sont"], "être", NONE, 0, BE);
/// To be where French has: *avoir faim*, *avoir dix ans*.
pub(super) static BE_AVOIR: Verb =
    verb(["be", "is", ""], "", ["ai", "a", "avons", "avez", "ont"], "avoir", NONE, 0, BE);

/// *can* and *must*; English adds no ending and no *do*.
#[rustfmt::skip]
pub(super) static MODALS: &[Verb] = &[
    verb(["can", "can", ""], "", ["peux", "peut", "pouvons", "pouvez", "peuvent"], "pouvoir", NONE, 0, 0),
    verb(["must", "must", ""], "", ["dois", "doit", "devons", "devez", "doivent"], "devoir", NONE, 0, 0),
];
/// *want to*.
#[rustfmt::skip]
pub(super) static WANT_TO: Verb =
    verb(["want", "wants", ""], "to", ["veux", "veut", "voulons", "voulez", "veulent"], "vouloir", NONE, 0, 0);

impl Verb {
    /// Whether it has any of the traits.
    pub(super) fn has(&self, traits: u32) -> bool {
        self.traits & traits != 0
    }

    /// The English present for a third person singular or any other.
    pub(super) fn present(&self, third: bool) -> &'static str {
        let [base, with_s, _] = self.en;
        if third { with_s } else { base }
    }

    /// The English past; empty where the corpus does not use it.
    pub(super) fn past(&self) -> &'static str {
        let [_, _, past] = self.en;
        past
    }
}

/// The row entry for a slot (`je`, `il`, `nous`, `vous`, `ils`); the last beyond the end.
pub(super) fn conjugate(forms: &[&'static str; 5], slot: usize) -> &'static str {
    let [first, third, we, you, they] = *forms;
    match slot {
        0 => first,
        1 => third,
        2 => we,
        3 => you,
        _ => they,
    }
}
