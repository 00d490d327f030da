"""Which words has a name? `numTrainEpochs`, `--num-train-epochs` and `NUM_TRAIN_EPOCHS`: num, train, epochs."""

from __future__ import annotations

import re
from functools import lru_cache

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_COUNT = r"(?:n|nb|no|num|max|min|tot|total|train|training|warmup|start|end|iter)"
_GLUED = [
    (re.compile(pattern), words)
    for pattern, words in (
        (rf"({_COUNT})(epochs?)", r"\1 epochs"),
        (r"epochnum", "num epochs"),
        (rf"({_COUNT})(iters?|iterations?|steps?)", r"\1 steps"),
        (r"(test|val|eval|train)(batch|bs)", r"\1 \2"),
        (r"batchs(?:i)?ze", "batch size"),
        (r"minibatch|mbatch", "mini batch"),
        (r"bsz?|bsize", "batch size"),
        (
            r"(train|test|val|valid|dev|eval)(set|loader|data|dataset|datasets|dataloader|dl|ds|gen|generator|iter)",
            r"\1 \2",
        ),
        (r"learn(?:ing)?rate|lrate", "lr"),
        (r"(base|init|initial|max|min|start|warmup|end|final)lr", r"\1 lr"),
        (r"lr(decay|gamma|step|steps|drop|min|max|rate|init|base|f)", r"lr \1"),
        (r"(?:weightdecay|wdecay)", "weight decay"),
        (r"wd", "weight decay"),
        (r"(?:dropoutrate|droprate)", "dropout"),
        (r"dropouts?", "dropout"),
        (r"(attn|resid|embd|embed|att|ffn|fc|input|emb)p?drop(?:out)?", r"\1 dropout"),
        (r"pdrop", "dropout"),
        (r"keepprob|keeprate", "keep prob"),
        (r"batchnorm", "bn"),
        (r"mom", "momentum"),
    )
]
_SAME = {
    "epoches": "epochs",
    "iters": "steps",
    "iter": "steps",
    "iterations": "steps",
    "iteration": "steps",
    "step": "steps",
    "updates": "steps",
    "milestone": "milestones",
    "number": "num",
    "nb": "num",
    "n": "num",
    "nr": "num",
    "tot": "total",
    "maximum": "max",
    "minimum": "min",
    "validation": "eval",
    "valid": "eval",
    "val": "eval",
    "vali": "eval",
    "test": "eval",
    "testing": "eval",
    "tst": "eval",
    "evaluation": "eval",
    "dev": "eval",
    "evaluate": "eval",
    "evaluating": "eval",
    "evaluator": "eval",
    "validate": "eval",
    "validating": "eval",
    "inference": "eval",
    "infer": "eval",
    "predict": "eval",
    "prediction": "eval",
    "pred": "eval",
    "training": "train",
    "initial": "init",
    "warm": "warmup",
    "rampup": "warmup",
    "rates": "rate",
    "sz": "size",
    "sizes": "size",
    "batches": "batch",
    "drops": "drop",
    "p": "prob",
    "probability": "prob",
    "probs": "prob",
    "coefficient": "coef",
    "coeff": "coef",
    "lambda": "coef",
    "lamda": "coef",
    "lmbda": "coef",
    "optim": "optimizer",
    "opt": "optimizer",
    "optimiser": "optimizer",
    "lrs": "lr",
    "frequency": "freq",
}


def word_set(text: str) -> frozenset[str]:
    """Return the words of a text as a set."""
    return frozenset(text.split())


@lru_cache(maxsize=4096)
def words(name: str) -> tuple[str, ...]:
    """Return the words of a name in lower case; `batchsize` is split, and synonyms become one word."""
    parts = [word.lower() for word in _WORD.findall(name)]
    unglued = [piece for part in parts for piece in _unglue(part).split()]
    same = tuple(_SAME.get(piece, piece) for piece in unglued)
    return tuple(_learning_rate(same))


def _unglue(part: str) -> str:
    for pattern, replacement in _GLUED:
        match = pattern.fullmatch(part)
        if match:
            return match.expand(replacement)
    return part


def _learning_rate(parts: tuple[str, ...]) -> list[str]:
    """Return the words with `learning rate` as `lr`."""
    joined: list[str] = []
    for part in parts:
        if part == "rate" and joined and joined[-1] in ("learning", "learn", "l"):
            joined[-1] = "lr"
        else:
            joined.append(part)
    return joined
