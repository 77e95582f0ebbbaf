#!/usr/bin/env python3
"""Writes scores.json beside itself: corpora with the scores of sacreBLEU.

Needs sacrebleu (2.6.0 made the committed file). `rows` are small corpora of what makes an
implementation go wrong, each with every score: BLEU with each tokenizer, smoothing and letter case,
chrF, chrF++ and TER. `tests` are larger random corpora of two systems, each with the confidence
interval of both and the p-value of the paired bootstrap test.
"""
import json, logging, os, random
import sacrebleu
from sacrebleu.metrics import BLEU, CHRF, TER
from sacrebleu.significance import PairedTest

logging.disable(logging.WARNING)
random.seed(20261128)

LONG = " ".join(f"word{i % 37}" for i in range(400))
PAIRS = [
    ("", ""),
    ("", "a reference without an output"),
    ("an output without a reference", ""),
    ("word", "word"),
    ("word", "Word"),
    ("one two three", "one two three"),
    ("The cat sat on the mat.", "The cat sat on the mat."),
    ("a b c d e f g", "h i j k l m n"),
    ("the the the the the the", "the cat"),
    ("where is the station ?", "Where is the train station?"),
    ("on the mat the cat sat , yesterday .", "Yesterday, the cat sat on the mat."),
    ("e f g h a b c d", "a b c d e f g h"),
    ("b a d c f e h g", "a b c d e f g h"),
    ("k l a b c d e f g h i j", "a b c d e f g h i j k l"),
    ("我喜欢学习新的语言。", "我 喜欢 学习 新语言 。"),
    ("東京へ行きます", "東京に行きました"),
    ("안녕하세요 세계", "안녕하세요, 세계!"),
    ("👍🏽 good 👨‍👩‍👧 family", "👍 good 👨‍👩‍👧 families 🇫🇷"),
    ("cafe\u0301 e\u0301te\u0301 na\u0308ive", "café été naïve"),
    ("ΟΔΟΣ İstanbul STRASSE ǅ", "οδός istanbul straße ǆ"),
    ("Wait... what?!?! -- no", "Wait … what?! — No!!!"),
    ("(so) [sic] {a} <b> \"q\" 'r' `s`", "so sic a b q r s"),
    ("It costs 1,000.50 $ (5 %) in 2024.", "It costs $1,000.50 (5%) in 2024."),
    ("3.5-fold 10-12 x-2 -7 .5 5.", "3.5 fold 10 - 12 x -2 - 7 0.5 5"),
    ("٣.٤ ３．５ ½ x² Ⅷ", "3.4 3.5 1/2 x2 VIII"),
    ("a\tb  c   d", "a b c d"),
    ("  leading and trailing  ", "leading and trailing"),
    ("no\u00a0break\u3000wide\u2028line", "no break wide line"),
    ("zero\u200bwidth \ufeffmark", "zero width mark"),
    ("&quot;yes&quot; &amp;lt; &copy;", "\"yes\" &lt; ©"),
    ("hello <unk> <unk> world", "hello big wide world"),
    ("l’ami d'été «Où?» “so”", "l'ami d’été « Où ? » \"so\""),
    (LONG, LONG.replace("word3 ", "other ")),
    (LONG[2000:] + " " + LONG[:1999], LONG),
    ("x " * 150, "y " * 3),
    ("y y y", "x y " * 120),
]


def scores(hyps, refs):
    found = {}
    for tokenize in ["13a", "none", "intl", "char"]:
        for smooth in ["none", "floor", "add-k", "exp"]:
            for lowercase in [False, True]:
                bleu = BLEU(tokenize=tokenize, smooth_method=smooth, lowercase=lowercase, force=True)
                case = "lc" if lowercase else "mixed"
                found[f"{tokenize} {smooth} {case}"] = bleu.corpus_score(hyps, [refs]).score
    found["chrf"] = CHRF().corpus_score(hyps, [refs]).score
    found["chrf_pp"] = CHRF(word_order=2).corpus_score(hyps, [refs]).score
    found["ter"] = TER().corpus_score(hyps, [refs]).score
    return {name: round(score, 9) for name, score in found.items()}


def test(sentences, noise):
    words = [f"w{i}" for i in range(40)] + ["the", "a", ".", ",", "Dog", "cats!"]
    refs = [" ".join(random.choice(words) for _ in range(random.randint(1, 14))) for _ in range(sentences)]

    def system(share):
        noisy = lambda w: random.choice(words) if random.random() < share else w
        return [" ".join(noisy(w) for w in r.split() if random.random() > share / 4) for r in refs]

    first, second = system(noise[0]), system(noise[1])
    metrics = {"bleu": BLEU(), "chrf": CHRF(), "chrf_pp": CHRF(word_order=2), "ter": TER()}
    _, results = PairedTest([("a", first), ("b", second)], metrics, [refs], test_type="bs")()
    found = {}
    for name, (a, b) in zip(metrics, list(results.values())[1:]):
        values = [a.mean, a.ci, b.mean, b.ci, b.p_value]
        found[name] = [round(float(value), 6) for value in values]
    return dict(first=first, second=second, refs=refs, scores=found)


corpora = [([h], [r]) for h, r in PAIRS]
for _ in range(30):
    some = random.sample(PAIRS, random.randint(2, 6))
    corpora.append(([h for h, _ in some], [r for _, r in some]))
rows = [dict(hyps=h, refs=r, scores=scores(h, r)) for h, r in corpora]
tests = [test(n, noise) for n, noise in [(2, (.1, .9)), (30, (.2, .3)), (60, (.3, .3)), (120, (.2, .22))]]
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "scores.json")
with open(path, "w") as f:
    dump = lambda all: ",\n".join(json.dumps(r, ensure_ascii=False) for r in all)
    f.write('{"sacrebleu": "%s", "rows": [\n' % sacrebleu.__version__)
    f.write(dump(rows) + '\n], "tests": [\n' + dump(tests) + "\n]}\n")
