"""Names of metrics of performance in texts, patterns and keys, and which direction of each is better."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mutegreen.model.kinds import Goal


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
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_VALUE = re.compile(r"\(\?P<value>|(?<!\\)\((?!\?)")
"""Where the value of a pattern begins: the group `value`, else the first group."""


def words_of(text: str) -> str:
    """Return a text with a space between the words of its names: `valLoss` becomes `val Loss`."""
    return _CAMEL.sub(" ", text).replace("_", " ")


def metrics_in(text: str) -> list[Metric]:
    """Return the metrics that a text names, in order; a longer name hides the shorter ones in it."""
    plain = words_of(text)
    matches = [(m.start(), -m.end(), metric) for pattern, metric in METRICS for m in pattern.finditer(plain)]
    metrics: list[Metric] = []
    covered = -1
    for start, end, metric in sorted(matches, key=lambda one: one[:2]):
        if start >= covered:
            metrics.append(metric)
            covered = -end
    return metrics


def lower_is_better(text: str) -> bool:
    """Return whether a name, a key or a pattern calls its value a loss, an error or the like.

    Where a pattern names several metrics, the last one before its value counts: in `loss: .+, accuracy: (.+)` the
    accuracy.
    """
    head = _VALUE.split(text, maxsplit=1)[0]
    named = metrics_in(head) or metrics_in(text)
    return bool(named) and named[-1].goal is Goal.MINIMIZE
