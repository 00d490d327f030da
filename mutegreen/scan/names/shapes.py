"""Which names mean a size of the model, or a weight in its loss? `hidden_layer_width=64`, `loss_weight=0.5`."""

from __future__ import annotations

from mutegreen.model import Kind
from mutegreen.scan.names.meaning import Meaning, is_number
from mutegreen.scan.names.words import word_set

_INNER = word_set(
    "hidden embed embedding embeddings emb latent encoder decoder enc dec model lstm gru rnn mlp ffn fc attention "
    "attn layer inner bottleneck dist dense"
)
_SIZES = word_set("size dim dims dimension dimensions d width units nodes neurons channels features filters")
_COUNTED = word_set("hidden units filters heads neurons head")
_OUTSIDE = word_set(
    "input output in out img image vocab vocabulary dict class classes data dataset state action obs observation max "
    "min seq sequence position positions patch kernel window pool file memory mem eval frozen freeze unfreeze per "
    "batch step steps lr dropout drop key weight prob"
)
_REPLAY = word_set("memory mem replay buffer")


def size_meaning(parts: tuple[str, ...], has: frozenset[str], value: object) -> Meaning | None:
    """Return the meaning of widths and depths: `hidden_layer_width`, `n_conv_layers`, `NUM_FILTERS1`."""
    if has & _OUTSIDE or not _is_size(value):
        return None
    is_width = has & _INNER and has & _SIZES and parts != ("model", "size")
    if is_width or ("num" in has and has & _COUNTED and "layers" not in has):
        return Meaning(Kind.HIDDEN)
    if parts == ("dim",) and is_number(value, 8):
        return Meaning(Kind.HIDDEN)
    if isinstance(value, list):
        return Meaning(Kind.HIDDEN) if has & {"hidden", "filters"} or parts == ("features",) else None
    return Meaning(Kind.DEPTH) if {"num", "layers"} <= has else None


def _is_size(value: object) -> bool:
    """Whether a value is a whole number, or a list of whole numbers that are too large for indexes."""
    if isinstance(value, list):
        return bool(value) and all(is_number(item, 4, whole=True) and not isinstance(item, str) for item in value)
    return is_number(value, 1, whole=True)


def weight_meaning(parts: tuple[str, ...], has: frozenset[str], value: object) -> Meaning | None:
    """Return the kind `other` for weights of loss terms, patience, accumulation steps and replay memories."""
    is_weights = isinstance(value, list) and bool(value) and all(is_number(item) for item in value)
    if "loss" in has and has & {"weight", "weights", "coef"} and (is_weights or is_number(value)):
        return Meaning(Kind.OTHER)
    if not is_number(value):
        return None
    if "patience" in has or {"teacher", "forcing"} <= has or "layerdrop" in has or ("coef" in has and len(parts) > 1):
        return Meaning(Kind.OTHER)
    if (has & {"accumulate", "accumulation", "accum"} and has & {"steps", "batch", "grad", "gradient"}) or (
        has & _REPLAY and has & {"size", "capacity"} and not has & {"shuffle", "batch"}
    ):
        return Meaning(Kind.OTHER)
    return None
