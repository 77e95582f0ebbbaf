#!/usr/bin/env python3
"""Writes bleu.json beside itself: random small corpora with sacreBLEU's own corpus BLEU.

Needs sacrebleu (2.6.0 made the committed file). The corpora hold what makes an implementation go
wrong: empty hypotheses and references, sentences too short for a four-gram, repeated words, no
match at all, runs of spaces, white space that only Python splits at. Half of them are of ordinary
text, with what tokenisation 13a looks at: punctuation of ASCII and of other scripts, numbers,
entities, hyphens and line breaks.
"""
import json, os, random
import sacrebleu

random.seed(20260131)
WORDS = ["a", "b", "c", "d", "the", "chat", "été", "日本", ".", ",", "<unk>", "Don't", "3.5"]
TEXT = [
    "Don't", "well-known", "3.5", "1,000.50", "10-12", "x-2", "-7", ".5", "No.", "etc.,", "(so)", "[sic]",
    "{a}", "a/b", "50%", "$3", "#1", "@you", "e=mc^2", "C++", "a_b", "~9", "|", "\\", "`q`", "who?!", "...",
    "a..b", "..5", "5..", ",,", "&amp;", "&quot;yes&quot;", "&lt;b&gt;", "&amp;lt;", "&copy;", "&", "<skipped>",
    "été", "«Où?»", "l’ami", "“so”", "—", "…", "日本語。", "東京、", "¿Qué?", "кот,", "пёс.", "٣.٤", "３．５", "1．5",
    "नमस्ते।", "שלום.", "👍🏽", "e\u0301", "a\u200bb", "\ufeffx", "½", "x²", "'tis", "''", "-", "--", "a-", "-\n",
    "end-\nline", "two\nlines", "-\r\n", "<unk>",
]
SPACES = [" "] * 12 + ["  ", "\t", "\u00a0", "\u3000", "\u2028", "\x1c", "\x1f", "\x85", "\u200b"]


def join(words, odd):
    text = ""
    for w in words:
        text += w + (random.choice(SPACES) if odd else " ")
    return text if odd else text.strip()


def corpus(vocabulary):
    words = random.sample(vocabulary, random.randint(1, min(30, len(vocabulary))))
    longest = random.choice([1, 3, 4, 6, 12, 12, 20])
    noise = random.choice([0.0, 0.1, 0.1, 0.3, 0.6, 1.0])
    odd = random.random() < 0.2
    hyps, refs = [], []
    for _ in range(random.choice([1, 1, 2, 3, 8])):
        ref = [random.choice(words) for _ in range(random.randint(0, longest))]
        hyp = [w if random.random() > noise else random.choice(vocabulary) for w in ref]
        if random.random() < 0.3 * noise:
            hyp = hyp[: random.randint(0, len(hyp))]
        if random.random() < 0.3 * noise:
            hyp += [random.choice(words)] * random.randint(0, 4)
        hyps.append(join(hyp, odd)); refs.append(join(ref, odd))
    score = lambda tok: sacrebleu.corpus_bleu(hyps, [refs], tokenize=tok, force=True).score
    return dict(hyps=hyps, refs=refs, bleu_none=score("none"), bleu_13a=score("13a"))


rows = [corpus(WORDS) for _ in range(200)] + [corpus(TEXT) for _ in range(300)]
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bleu.json")
with open(path, "w") as f:
    f.write('{"sacrebleu": "%s", "rows": [\n' % sacrebleu.__version__)
    f.write(",\n".join(json.dumps(r, ensure_ascii=False) for r in rows))
    f.write("\n]}\n")
