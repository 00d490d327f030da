"""Which bounds clip gradients or weights? `p.grad.clamp_(-1, 1)` and `np.clip(grad, -5, 5)`: clip, both bounds."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mutegreen.model import Kind
from mutegreen.scan.finding import Form
from mutegreen.scan.mention import Mention
from mutegreen.scan.names.meaning import Meaning
from mutegreen.scan.names.words import word_set, words
from mutegreen.scan.source.calls import called_name, dotted
from mutegreen.scan.source.module import Module

_CLIPPING = word_set("clamp clamp_ clip clip_ clip_by_value")
_MODULES = word_set("torch np numpy jnp tf K keras.ops ops keras.backend cp F")
_GRADIENTS = word_set("grad grads gradient gradients dparam")
_BOUNDS = word_set("min max a_min a_max min_value max_value clip_value_min clip_value_max")


def mentions(module: Module) -> Iterator[Mention]:
    """Yield the bounds of all calls that clip gradients, or weights in place as in a Wasserstein critic."""
    for node in module.nodes:
        if isinstance(node, ast.Call) and called_name(node) in _CLIPPING:
            clipped, bounds = _arguments(node)
            if clipped is not None and _is_trained(clipped, node):
                yield from (_bound(module, value, form) for value, form in bounds)


def _arguments(call: ast.Call) -> tuple[ast.expr | None, list[tuple[ast.expr, Form]]]:
    """Return the clipped expression, and the bounds with their forms."""
    arguments = list(call.args)
    clipped: ast.expr | None = call.func.value if isinstance(call.func, ast.Attribute) else None
    if clipped is None or dotted(clipped) in _MODULES:
        clipped = arguments.pop(0) if arguments else None
    keywords = [(word.value, Form.KEYWORD) for word in call.keywords if word.arg in _BOUNDS]
    return clipped, [*((value, Form.POSITIONAL) for value in arguments[:2]), *keywords]


def _is_trained(clipped: ast.expr, call: ast.Call) -> bool:
    """Whether an expression is a gradient, or the data of a weight that is clamped in place."""
    if _GRADIENTS & set(words(dotted(clipped))):
        return True
    lower = call.args[0] if call.args else None
    return called_name(call) == "clamp_" and dotted(clipped).endswith(".data") and isinstance(lower, ast.UnaryOp)


def _bound(module: Module, value: ast.expr, form: Form) -> Mention:
    return Mention(module, value, "clip", form, Meaning(Kind.CLIP), strong=True)
