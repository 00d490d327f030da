"""The words for metrics of performance, and for the data that they are computed on."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mutegreen.model import Goal


@dataclass(frozen=True)
class Metric:
    """A metric of performance.

    Attributes:
        name: Its name.
        goal: Whether a larger or a smaller value is better.
        weight: How much it says about the quality of the model (larger: more).
    """

    name: str
    goal: Goal
    weight: int


_TABLE = (
    (r"acc(?:uracy|uracies|s)?|acc@1|acc1|top-?1|prec(?:ision)?@1|hits?@\d+|recall@\d+", "accuracy", Goal.MAXIMIZE, 10),
    (r"error ?rate|err(?:or)?@1|top-?1 err(?:or)?", "error", Goal.MINIMIZE, 9),
    (r"f1|f-?score|f1-?score|auc|auroc|roc-?auc|mAP|map@?\d*|ap", "score", Goal.MAXIMIZE, 9),
    (r"m?iou|dice(?: (?:score|coef\w*))?|jaccard", "overlap", Goal.MAXIMIZE, 9),
    (r"(?:sacre|sp)?bleu|rouge-?[l12]?|meteor|cider|chrf", "score", Goal.MAXIMIZE, 9),
    (r"psnr|ssim|r2|r\^2|mcc|kappa|pearson|spearman|correlation|ndcg(?:@\d+)?|mrr", "score", Goal.MAXIMIZE, 9),
    (r"wer|cer|fid", "error", Goal.MINIMIZE, 9),
    (r"(?:ep(?:isode|isodic)? ?)?(?:reward|return)s?|ep_?r", "reward", Goal.MAXIMIZE, 8),
    (r"perplexity|ppl|bpc|bpb|bpd|bits.per.(?:char|byte|dim)\w*", "perplexity", Goal.MINIMIZE, 7),
    (r"rmse|mse|mae|mape|smape|errors?|err", "error", Goal.MINIMIZE, 6),
    (r"precision|recall|sensitivity|specificity", "score", Goal.MAXIMIZE, 6),
    (r"elbo|log.?likelihood", "likelihood", Goal.MAXIMIZE, 5),
    (r"loss(?:es)?|cost|nll|cross.?entropy|objective", "loss", Goal.MINIMIZE, 4),
    (r"score", "score", Goal.MAXIMIZE, 4),
)
_EDGE = r"(?<![A-Za-z]){}(?![A-Za-z@])"
METRICS = tuple(
    (re.compile(_EDGE.format(f"(?:{pattern})"), re.IGNORECASE), Metric(name, goal, weight))
    for pattern, name, goal, weight in _TABLE
)
_NOT_METRICS = re.compile(
    r"(?i)learning.?rate|mixed.?precision|starting|initial|\blr\b|time|elapsed|seconds|\beta\b|memory|grad\w*[ _]?norm"
)

TEST, VALIDATION, UNKNOWN, TRAINING = 4, 3, 1, 0
"""The data of a metric; a larger number says more about the quality of the model."""

_SPLITS = (
    (re.compile(r"(?i)(?<![a-z])(?:test(?:ing|set|s)?|te|eval(?:uat\w*)?)(?![a-z])"), TEST),
    (re.compile(r"(?i)(?<![a-z])(?:val(?:id(?:at\w*|s?)?)?|dev|held.?out|infer\w*|predict\w*)(?![a-z])"), VALIDATION),
    (re.compile(r"(?i)(?<![a-z])(?:train(?:ing|ed)?|tr|mini.?batch|running|fit)(?![a-z])"), TRAINING),
)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def metrics_in(text: str) -> list[Metric]:
    """Return the metrics that a text names, in order; a longer name hides the shorter ones in it."""
    plain = _CAMEL.sub(" ", text).replace("_", " ")
    matches = [(m.start(), -m.end(), metric) for pattern, metric in METRICS for m in pattern.finditer(plain)]
    metrics: list[Metric] = []
    covered = -1
    for start, end, metric in sorted(matches, key=lambda one: one[:2]):
        if start >= covered:
            metrics.append(metric)
            covered = -end
    return metrics


def is_list(text: str) -> bool:
    """Return whether a text lists metrics: `loss, accuracy`, `loss and accuracy`."""
    rest = text.replace("_", " ")
    for pattern, _ in METRICS:
        rest = pattern.sub("\0", rest)
    return re.search(r"\0[\s,/&|]*(?:and\s+)?(?:(?:test|val\w*|train\w*)\s+)?\0", rest) is not None


def is_no_metric(text: str) -> bool:
    """Return whether a text names a time, a rate or another number that is no metric."""
    return _NOT_METRICS.search(text) is not None


def split_in(text: str) -> int | None:
    """Return the data that a text names; the last one counts; None: it names none."""
    plain = _CAMEL.sub(" ", text).replace("_", " ")
    matches = [(match.start(), split) for pattern, split in _SPLITS for match in pattern.finditer(plain)]
    return max(matches)[1] if matches else None
