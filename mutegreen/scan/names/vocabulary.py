"""Which kind does a name mean, given its value and its help text? `--eta`, 0.3, "learning rate": learning_rate."""

from __future__ import annotations

import re

from mutegreen.model import Kind
from mutegreen.scan.names.meaning import EXCLUDED, UNKNOWN, Meaning, is_number, plausible
from mutegreen.scan.names.rules import RULES
from mutegreen.scan.names.shapes import size_meaning, weight_meaning
from mutegreen.scan.names.tables import table_meaning
from mutegreen.scan.names.words import word_set, words

_SWITCHES = word_set(
    "use with enable disable is has do no not apply add type mode name policy scheduler schedule sched scaler "
    "strategy method file path dir fn func function finder find auto noise id key offset"
)
_FLAGS_OF_OPTIMIZERS = frozenset({("nesterov",), ("amsgrad",)})


def meaning(name: str, value: object, help_text: str = "") -> Meaning:
    """Return what a name means.

    Args:
        name: The flag, variable, argument, field or key; only the last part of a dotted name counts.
        value: Its value; a kind that cannot have this value is ruled out.
        help_text: An option's help, for names without a meaning of their own.
    """
    parts = words(name.rpartition(".")[2])
    if isinstance(value, bool):
        return Meaning(Kind.OTHER) if parts in _FLAGS_OF_OPTIMIZERS else EXCLUDED
    own = _by_name(parts, value)
    if help_text and own.kind is Kind.TRAIN_STEPS and _by_help(help_text, value) == Meaning(Kind.EPOCHS):
        return Meaning(Kind.EPOCHS)
    if help_text and not own.sure and own is not EXCLUDED:
        return _by_help(help_text, value) or own
    return own


def kind_named(name: str) -> Kind | None:
    """Return the kind that a name has with any value; None for `epoch` and `batch`, which may mean a single one."""
    parts = words(name)
    if parts[-1:] in {("epoch",), ("batch",)} and len(parts) < 3:
        return None
    meanings = (meaning(name, value) for value in (0.1, 10))
    return next((one.kind for one in meanings if one.sure), None)


def excluded(name: str) -> bool:
    """Return whether a name is known to be no hyperparameter: `start_epoch`, `log_interval`."""
    return all(meaning(name, value) is EXCLUDED for value in (0.1, 10))


def _by_name(parts: tuple[str, ...], value: object) -> Meaning:
    has = frozenset(parts)
    if "schedule" in has and isinstance(value, list) and value and all(is_number(item, 1) for item in value):
        return Meaning(Kind.MILESTONES)
    if "offset" in has or (_SWITCHES & has and not isinstance(value, float)):
        return table_meaning(parts, value) if isinstance(value, str) else EXCLUDED
    for rule in RULES:
        by_rule = rule(parts, has, value)
        if by_rule is not None:
            return by_rule
    by_table = table_meaning(parts, value)
    if by_table.kind is not None:
        return by_table
    return size_meaning(parts, has, value) or weight_meaning(parts, has, value) or by_table


_LR = r"(learning.?rate|lr)"
_HELP = [
    (re.compile(pattern, re.IGNORECASE), kind)
    for pattern, kind in (
        (r"early.stop|patience|toleran|between|warm.?up|accumul|discount|resum|every|interval|bandwidth|kernel", None),
        (r"start(ing)? epoch|epoch to (start|resume)|manual epoch", None),
        (r"before (the )?(first|second|third|1st|2nd|3rd).{0,20}(decay|decrease|drop)", Kind.MILESTONES),
        (r"momentum (term )?of adam|adam.{0,20}(beta|momentum|b1)|beta.?1", Kind.BETA1),
        (r"second.order momentum|beta.?2", Kind.BETA2),
        (r"(weight decay|l2) |weight.?decay$|l2.(penalty|regulari)", Kind.WEIGHT_DECAY),
        (r"(number|num|amount|maximum|max|total|#) ?(of )?((training|train|total) )?epochs", Kind.EPOCHS),
        (r"^ *(the )?(train(ing)? )?epochs?$", Kind.EPOCHS),
        (r"epochs to (train|run)|how many epochs|number of (full )?passes", Kind.EPOCHS),
        (
            rf"(factor|gamma|rate).{{0,30}}{_LR}|{_LR}.{{0,20}}(decay|step|drop|gamma).{{0,12}}(factor|gamma|rate)",
            Kind.GAMMA,
        ),
        (r"decay (rate|factor)", Kind.GAMMA),
        (rf"{_LR}.{{0,40}}(multipli|decay|gamma|reduc)|(multipli|decay).{{0,40}}\b{_LR}\b", Kind.GAMMA),
        (
            rf"^ *(the )?(initial |base |starting |maximum |adam:? |sgd )?{_LR}\b"
            r"(?!.{0,12}(decay|schedul|warm|polic|step|drop))",
            Kind.LEARNING_RATE,
        ),
        (r"^ *(the )?(input |training |train |mini.?|meta.?|global |total |effective )?batch.?size", Kind.BATCH_SIZE),
        (r"(test|eval\w*|valid\w*) batch.?size", Kind.EVAL_BATCH_SIZE),
        (r"^ *(the )?(sgd |optimi[sz]er )?momentum", Kind.MOMENTUM),
        (r"\bdropout\b", Kind.DROPOUT),
    )
]


def _by_help(text: str, value: object) -> Meaning | None:
    """Return what the first pattern means that matches an option's help."""
    for pattern, kind in _HELP:
        if pattern.search(text):
            if kind is Kind.GAMMA and not is_number(value, 0.01, 1):
                return None
            return UNKNOWN if kind is None else Meaning(kind) if plausible(kind, value) else None
    return None
