//! Nouns and adjectives with their forms, and which adjective suits which noun.

/// Grammatical gender of a French noun or of whom a pronoun stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gender {
    /// Masculine.
    M,
    /// Feminine.
    F,
}

use Gender::{F, M};

/// A noun: forms are singular, plural; an empty plural means that it is never used.
#[derive(Debug)]
pub(super) struct Noun {
    pub(super) en: [&'static str; 2],
    pub(super) fr: [&'static str; 2],
    pub(super) gender: Gender,
    /// What it is, as a set of the `kind` constants.
    pub(super) kinds: u32,
    /// The adjectives it may take, as a set of the `adj` constants.
    pub(super) fits: u32,
}

/// An adjective: French forms are masculine, feminine, then both plurals.
#[derive(Debug)]
pub(super) struct Adjective {
    /// Its constant in `adj`.
    pub(super) bit: u32,
    pub(super) en: &'static str,
    /// `more`, a comparative of its own such as `bigger`, or empty where it is not compared.
    pub(super) comparative: &'static str,
    pub(super) fr: [&'static str; 4],
    /// The masculine singular before a vowel where it differs (`bel`), else empty.
    pub(super) before_vowel: &'static str,
    /// Whether it stands before the noun.
    pub(super) before: bool,
}

/// Semantic kinds of nouns.
pub(super) mod kind {
    pub(in super::super) const PERSON: u32 = 1;
    pub(in super::super) const KIN: u32 = 1 << 1;
    pub(in super::super) const ANIMAL: u32 = 1 << 2;
    /// Food that is counted.
    pub(in super::super) const EDIBLE: u32 = 1 << 3;
    /// Food that is measured.
    pub(in super::super) const FOOD: u32 = 1 << 4;
    pub(in super::super) const DRINK: u32 = 1 << 5;
    pub(in super::super) const READ: u32 = 1 << 6;
    pub(in super::super) const WRITE: u32 = 1 << 7;
    pub(in super::super) const WEAR: u32 = 1 << 8;
    pub(in super::super) const OPEN: u32 = 1 << 9;
    /// What one carries, gives, loses and finds.
    pub(in super::super) const HOLD: u32 = 1 << 10;
    pub(in super::super) const VEHICLE: u32 = 1 << 11;
    /// A building or plot that one can buy.
    pub(in super::super) const ESTATE: u32 = 1 << 12;
    /// One is *in* it.
    pub(in super::super) const IN: u32 = 1 << 13;
    /// One goes *to* it and is *at* it.
    pub(in super::super) const AT: u32 = 1 << 14;
    /// Things lie on it and under it.
    pub(in super::super) const SURFACE: u32 = 1 << 15;
    /// Things lie in it.
    pub(in super::super) const CASE: u32 = 1 << 16;
    /// Living things stand near, before and behind it.
    pub(in super::super) const LANDMARK: u32 = 1 << 17;
    /// One can live in it.
    pub(in super::super) const HOME: u32 = 1 << 18;
    /// One says its age.
    pub(in super::super) const AGED: u32 = 1 << 19;
    /// What is looked at for its own sake.
    pub(in super::super) const SIGHT: u32 = 1 << 20;
    /// What is bought and sold besides food, clothes and vehicles.
    pub(in super::super) const WARE: u32 = 1 << 21;
    /// Where animals are.
    pub(in super::super) const OUTSIDE: u32 = 1 << 22;
    /// Animals that eat what people eat.
    pub(in super::super) const PET: u32 = 1 << 23;
    /// Belongs to nobody in particular: takes no possessive.
    pub(in super::super) const FREE: u32 = 1 << 24;
}

/// Adjectives as set members.
pub(super) mod adj {
    pub(in super::super) const BIG: u32 = 1;
    pub(in super::super) const SMALL: u32 = 1 << 1;
    pub(in super::super) const OLD: u32 = 1 << 2;
    pub(in super::super) const NEW: u32 = 1 << 3;
    pub(in super::super) const FINE: u32 = 1 << 4;
    pub(in super::super) const YOUNG: u32 = 1 << 5;
    pub(in super::super) const GOOD: u32 = 1 << 6;
    pub(in super::super) const RED: u32 = 1 << 7;
    pub(in super::super) const BLACK: u32 = 1 << 8;
    pub(in super::super) const WHITE: u32 = 1 << 9;
    pub(in super::super) const GREEN: u32 = 1 << 10;
    pub(in super::super) const BLUE: u32 = 1 << 11;
    pub(in super::super) const DEAR: u32 = 1 << 12;
    pub(in super::super) const EMPTY: u32 = 1 << 13;
    pub(in super::super) const HEAVY: u32 = 1 << 14;
    pub(in super::super) const HOT: u32 = 1 << 15;
    pub(in super::super) const COLD: u32 = 1 << 16;
    pub(in super::super) const RICH: u32 = 1 << 17;
    pub(in super::super) const TIRED: u32 = 1 << 18;
    pub(in super::super) const HAPPY: u32 = 1 << 19;
    pub(in super::super) const SAD: u32 = 1 << 20;
    pub(in super::super) const SICK: u32 = 1 << 21;
    pub(in super::super) const SMART: u32 = 1 << 22;
    pub(in super::super) const INTERESTING: u32 = 1 << 23;
    /// The colours, which may follow another adjective in English.
    pub(in super::super) const COLOR: u32 = RED | BLACK | WHITE | GREEN | BLUE;
    /// What a person can be said to be.
    pub(in super::super) const STATE: u32 = TIRED | HAPPY | SAD | SICK | RICH | SMART;
    /// What suits most things.
    pub(in super::super) const THING: u32 = OLD | NEW | FINE | DEAR;
    /// Big and small.
    pub(in super::super) const SIZE: u32 = BIG | SMALL;
}

use adj::{
    BIG, BLACK, BLUE, COLD, COLOR, DEAR, EMPTY, FINE, GOOD, GREEN, HAPPY, HEAVY, HOT, INTERESTING,
    NEW, OLD, RED, RICH, SAD, SICK, SIZE, SMALL, SMART, STATE, THING, TIRED, WHITE, YOUNG,
};
use kind::{
    AGED, ANIMAL, AT, CASE, DRINK, EDIBLE, ESTATE, FOOD, FREE, HOLD, HOME, IN, KIN, LANDMARK, OPEN,
    OUTSIDE, PERSON, PET, READ, SIGHT, SURFACE, VEHICLE, WARE, WEAR, WRITE,
};

const fn noun(
    en: [&'static str; 2],
    fr: [&'static str; 2],
    gender: Gender,
    kinds: u32,
    fits: u32,
) -> Noun {
    Noun { en, fr, gender, kinds, fits }
}

/// Every noun.
#[rustfmt::skip]
pub(super) static NOUNS: &[Noun] = &[
    noun(["man", "men"], ["homme", "hommes"], M, PERSON | FREE, OLD | YOUNG | STATE),
    noun(["woman", "women"], ["femme", "femmes"], F, PERSON | FREE, OLD | YOUNG | FINE | STATE),
    noun(["boy", "boys"], ["garçon", "garçons"], M, PERSON | AGED, SMALL | YOUNG | STATE),
    noun(["girl", "girls"], ["fille", "filles"], F, PERSON | AGED, SMALL | YOUNG | FINE | (STATE & !RICH)),
    noun(["child", "children"], ["enfant", "enfants"], M, PERSON | AGED, SMALL | YOUNG | FINE | (STATE & !RICH)),
    noun(["friend", "friends"], ["ami", "amis"], M, PERSON, OLD | NEW | GOOD | STATE),
    noun(["teacher", "teachers"], ["professeur", "professeurs"], M, PERSON, OLD | YOUNG | NEW | GOOD | STATE),
    noun(["doctor", "doctors"], ["médecin", "médecins"], M, PERSON, OLD | YOUNG | NEW | GOOD | STATE),
    noun(["neighbor", "neighbors"], ["voisin", "voisins"], M, PERSON, OLD | YOUNG | NEW | STATE),
    noun(["student", "students"], ["étudiant", "étudiants"], M, PERSON, YOUNG | NEW | GOOD | STATE),
    noun(["nurse", "nurses"], ["infirmière", "infirmières"], F, PERSON, OLD | YOUNG | NEW | GOOD | STATE),
    noun(["brother", "brothers"], ["frère", "frères"], M, KIN | AGED, STATE),
    noun(["sister", "sisters"], ["sœur", "sœurs"], F, KIN | AGED, STATE),
    noun(["father", ""], ["père", ""], M, KIN, STATE | OLD),
    noun(["mother", ""], ["mère", ""], F, KIN, STATE | OLD),
    noun(["cat", "cats"], ["chat", "chats"], M, ANIMAL | PET | AGED, SMALL | OLD | FINE | BLACK | WHITE | SICK | TIRED),
    noun(["dog", "dogs"], ["chien", "chiens"], M, ANIMAL | PET | AGED, SIZE | OLD | FINE | BLACK | WHITE | SICK | TIRED | SMART),
    noun(["bird", "birds"], ["oiseau", "oiseaux"], M, ANIMAL | SIGHT, SIZE | OLD | FINE | COLOR | SICK),
    noun(["horse", "horses"], ["cheval", "chevaux"], M, ANIMAL | AGED | SIGHT, BIG | OLD | YOUNG | FINE | BLACK | WHITE | SICK | TIRED),
    noun(["cow", "cows"], ["vache", "vaches"], F, ANIMAL, OLD | FINE | BLACK | WHITE | SICK | TIRED),
    noun(["apple", "apples"], ["pomme", "pommes"], F, EDIBLE, SMALL | FINE | GOOD | RED | GREEN),
    noun(["orange", "oranges"], ["orange", "oranges"], F, EDIBLE, SMALL | FINE | GOOD),
    noun(["cake", "cakes"], ["gâteau", "gâteaux"], M, EDIBLE, SMALL | FINE | GOOD | DEAR),
    noun(["egg", "eggs"], ["œuf", "œufs"], M, EDIBLE, SMALL | GOOD),
    noun(["bread", ""], ["pain", ""], M, FOOD, GOOD | HOT | WHITE | BLACK),
    noun(["cheese", ""], ["fromage", ""], M, FOOD, GOOD | DEAR),
    noun(["meat", ""], ["viande", ""], F, FOOD, GOOD | DEAR | COLD | HOT),
    noun(["soup", ""], ["soupe", ""], F, FOOD, GOOD | COLD | HOT),
    noun(["water", ""], ["eau", ""], F, DRINK, COLD | HOT),
    noun(["milk", ""], ["lait", ""], M, DRINK, GOOD | COLD | HOT),
    noun(["coffee", ""], ["café", ""], M, DRINK, GOOD | COLD | HOT | BLACK),
    noun(["tea", ""], ["thé", ""], M, DRINK, GOOD | COLD | HOT | GREEN | BLACK),
    noun(["book", "books"], ["livre", "livres"], M, READ | WRITE | HOLD | WARE, THING | SMALL | GOOD | HEAVY | INTERESTING | RED | BLUE),
    noun(["letter", "letters"], ["lettre", "lettres"], F, READ | WRITE | HOLD, OLD | FINE | INTERESTING),
    noun(["newspaper", "newspapers"], ["journal", "journaux"], M, READ | HOLD | WARE, OLD | NEW | INTERESTING | GOOD),
    noun(["story", "stories"], ["histoire", "histoires"], F, READ | WRITE, OLD | NEW | FINE | GOOD | SAD | INTERESTING),
    noun(["hat", "hats"], ["chapeau", "chapeaux"], M, WEAR | HOLD, THING | SIZE | COLOR),
    noun(["dress", "dresses"], ["robe", "robes"], F, WEAR | HOLD, THING | COLOR),
    noun(["shirt", "shirts"], ["chemise", "chemises"], F, WEAR | HOLD, THING | COLOR),
    noun(["coat", "coats"], ["manteau", "manteaux"], M, WEAR | HOLD, THING | BIG | HEAVY | BLACK | RED | BLUE | GREEN),
    noun(["key", "keys"], ["clé", "clés"], F, HOLD, SMALL | OLD | NEW),
    noun(["phone", "phones"], ["téléphone", "téléphones"], M, HOLD | WARE, OLD | NEW | SMALL | DEAR | BLACK | WHITE),
    noun(["bag", "bags"], ["sac", "sacs"], M, HOLD | WARE | CASE, THING | SIZE | HEAVY | EMPTY | COLOR),
    noun(["box", "boxes"], ["boîte", "boîtes"], F, OPEN | CASE | HOLD | WARE, OLD | FINE | SIZE | HEAVY | EMPTY | COLOR),
    noun(["door", "doors"], ["porte", "portes"], F, OPEN | LANDMARK, SIZE | OLD | NEW | HEAVY | COLOR),
    noun(["window", "windows"], ["fenêtre", "fenêtres"], F, OPEN, SIZE | OLD | NEW),
    noun(["car", "cars"], ["voiture", "voitures"], F, VEHICLE | LANDMARK, THING | EMPTY | HEAVY | SIZE | COLOR),
    noun(["bicycle", "bicycles"], ["vélo", "vélos"], M, VEHICLE, THING | HEAVY | SMALL | COLOR),
    noun(["boat", "boats"], ["bateau", "bateaux"], M, VEHICLE | SIGHT, EMPTY | HEAVY | THING | SIZE | WHITE | RED | BLUE),
    noun(["house", "houses"], ["maison", "maisons"], F, ESTATE | IN | LANDMARK | HOME | SIGHT, THING | SIZE | EMPTY | WHITE | RED),
    noun(["garden", "gardens"], ["jardin", "jardins"], M, ESTATE | IN | OUTSIDE | SIGHT, OLD | FINE | SIZE),
    noun(["hotel", ""], ["hôtel", ""], M, IN | LANDMARK | HOME | AT | SIGHT, THING | SIZE | GOOD | EMPTY),
    noun(["restaurant", ""], ["restaurant", ""], M, FREE | LANDMARK | AT, THING | SMALL | GOOD | EMPTY),
    noun(["church", ""], ["église", ""], F, LANDMARK | AT | IN | SIGHT, OLD | FINE | SIZE | WHITE | EMPTY),
    noun(["school", ""], ["école", ""], F, LANDMARK | AT, OLD | NEW | SIZE | GOOD),
    noun(["station", ""], ["gare", ""], F, FREE | LANDMARK | AT, OLD | NEW | BIG | SMALL),
    noun(["market", ""], ["marché", ""], M, FREE | LANDMARK | AT, BIG | SMALL | OLD | NEW),
    noun(["beach", ""], ["plage", ""], F, FREE | AT | SIGHT, BIG | SMALL | FINE),
    noun(["village", ""], ["village", ""], M, FREE | IN | OUTSIDE | HOME | SIGHT, SIZE | OLD | FINE),
    noun(["kitchen", ""], ["cuisine", ""], F, IN, SIZE | NEW | FINE),
    noun(["park", ""], ["parc", ""], M, FREE | IN | OUTSIDE | AT | LANDMARK, SIZE | OLD | FINE),
    noun(["table", ""], ["table", ""], F, SURFACE, THING | SIZE | HEAVY | WHITE),
    noun(["chair", ""], ["chaise", ""], F, SURFACE, THING | SMALL | HEAVY | RED | GREEN | WHITE),
    noun(["bed", ""], ["lit", ""], M, SURFACE, BIG | SMALL | OLD | NEW),
    noun(["tree", "trees"], ["arbre", "arbres"], M, LANDMARK | SIGHT, SIZE | OLD | FINE | GREEN),
];

const fn adjective(
    bit: u32,
    en: [&'static str; 2],
    fr: [&'static str; 4],
    before_vowel: &'static str,
    before: bool,
) -> Adjective {
    let [en, comparative] = en;
    Adjective { bit, en, comparative, fr, before_vowel, before }
}

/// Every adjective.
#[rustfmt::skip]
pub(super) static ADJECTIVES: &[Adjective] = &[
    adjective(BIG, ["big", "bigger"], ["grand", "grande", "grands", "grandes"], "", true),
    adjective(SMALL, ["small", "smaller"], ["petit", "petite", "petits", "petites"], "", true),
    adjective(OLD, ["old", "older"], ["vieux", "vieille", "vieux", "vieilles"], "vieil", true),
    adjective(NEW, ["new", ""], ["nouveau", "nouvelle", "nouveaux", "nouvelles"], "nouvel", true),
    adjective(FINE, ["beautiful", "more"], ["beau", "belle", "beaux", "belles"], "bel", true),
    adjective(YOUNG, ["young", "younger"], ["jeune", "jeune", "jeunes", "jeunes"], "", true),
    adjective(GOOD, ["good", ""], ["bon", "bonne", "bons", "bonnes"], "", true),
    adjective(RED, ["red", ""], ["rouge", "rouge", "rouges", "rouges"], "", false),
    adjective(BLACK, ["black", ""], ["noir", "noire", "noirs", "noires"], "", false),
    adjective(WHITE, ["white", ""], ["blanc", "blanche", "blancs", "blanches"], "", false),
    adjective(GREEN, ["green", ""], ["vert", "verte", "verts", "vertes"], "", false),
    adjective(BLUE, ["blue", ""], ["bleu", "bleue", "bleus", "bleues"], "", false),
    adjective(DEAR, ["expensive", "more"], ["cher", "chère", "chers", "chères"], "", false),
    adjective(EMPTY, ["empty", ""], ["vide", "vide", "vides", "vides"], "", false),
    adjective(HEAVY, ["heavy", ""], ["lourd", "lourde", "lourds", "lourdes"], "", false),
    adjective(HOT, ["hot", ""], ["chaud", "chaude", "chauds", "chaudes"], "", false),
    adjective(COLD, ["cold", ""], ["froid", "froide", "froids", "froides"], "", false),
    adjective(RICH, ["rich", "richer"], ["riche", "riche", "riches", "riches"], "", false),
    adjective(TIRED, ["tired", "more"], ["fatigué", "fatiguée", "fatigués", "fatiguées"], "", false),
    adjective(HAPPY, ["happy", "happier"], ["heureux", "heureuse", "heureux", "heureuses"], "", false),
    adjective(SAD, ["sad", ""], ["triste", "triste", "tristes", "tristes"], "", false),
    adjective(SICK, ["sick", ""], ["malade", "malade", "malades", "malades"], "", false),
    adjective(SMART, ["intelligent", "more"], ["intelligent", "intelligente", "intelligents", "intelligentes"], "", false),
    adjective(INTERESTING, ["interesting", "more"], ["intéressant", "intéressante", "intéressants", "intéressantes"], "", false),
];

impl Noun {
    /// Whether it is any of the kinds.
    pub(super) fn is(&self, kinds: u32) -> bool {
        self.kinds & kinds != 0
    }

    /// Whether it is used in the plural.
    pub(super) fn counts(&self) -> bool {
        let [_, plural] = self.en;
        !plural.is_empty()
    }
}

/// The form of a French row `[m, f, mp, fp]`.
pub(super) fn agree(forms: &[&'static str; 4], gender: Gender, plural: bool) -> &'static str {
    let [m, f, mp, fp] = *forms;
    match (gender, plural) {
        (M, false) => m,
        (F, false) => f,
        (M, true) => mp,
        (F, true) => fp,
    }
}

/// The form of a row `[singular, plural]`.
pub(super) fn number(forms: &[&'static str; 2], plural: bool) -> &'static str {
    let [one, many] = *forms;
    if plural { many } else { one }
}
