"""Decides what each literal is, from all its mentions and from the uses that lead to it."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from mutegreen.model import Kind
from mutegreen.mutation.sites import is_literal
from mutegreen.scan import context
from mutegreen.scan.finding import Form
from mutegreen.scan.mention import Mention
from mutegreen.scan.names.meaning import EXCLUDED, Meaning, plausible
from mutegreen.scan.names.vocabulary import excluded, kind_named
from mutegreen.scan.source.calls import called_name
from mutegreen.scan.source.flow import LOOKUPS, Flow, ReachedLiteral
from mutegreen.scan.source.module import Module
from mutegreen.scan.source.value import CASTS, literal_value

_FORMS_FIRST = (Form.ARGPARSE, Form.FLAG, Form.RANGE, Form.MAPPING, Form.EXPRESSION)
_BATCHES = {Kind.BATCH_SIZE, Kind.EVAL_BATCH_SIZE}
_STRETCHED = {Kind.STEP_SIZE: Kind.LEARNING_RATE, Kind.TRAIN_STEPS: Kind.EPOCHS}
"""Names that some give to another kind: jax's `step_size` is a learning rate, `niter` often counts epochs."""
_SINGLE = frozenset(Kind) - {Kind.MILESTONES, Kind.HIDDEN, Kind.OTHER}


@dataclass
class MentionedLiteral:
    """A literal, the mentions of which it is the value, and the uses that lead to it.

    Attributes:
        parts: The mentions of expressions that it is a part of.
        uses: The mentions of expressions elsewhere that take its value.
    """

    module: Module
    node: ast.expr
    mentions: list[Mention] = field(default_factory=list)
    parts: list[Mention] = field(default_factory=list)
    uses: list[Mention] = field(default_factory=list)


def mentioned_literals(mentions: Iterable[Mention], flow: Flow) -> list[MentionedLiteral]:
    """Every literal that is mentioned or led to, in the order of the mentions."""
    found: dict[int, MentionedLiteral] = {}

    def at(module: Module, node: ast.expr) -> MentionedLiteral:
        return found.setdefault(id(node), MentionedLiteral(module, node))

    for mention in mentions:
        if is_literal(mention.node):
            at(mention.module, mention.node).mentions.append(mention)
        elif mention.meaning.kind is not None or mention.strong:
            for reached in _trace_to_literals(flow, mention):
                one = at(reached.module, reached.node)
                if _contains(reached, mention):
                    one.parts.append(_within(mention, reached.node))
                one.uses.append(replace(mention, name=reached.name))
    return list(found.values())


def _trace_to_literals(flow: Flow, mention: Mention) -> list[ReachedLiteral]:
    wanted = mention.meaning.kind

    def may_carry(name: str) -> bool:
        return (kind_named(name) is None or names_kind(name)) and not excluded(name)

    def names_kind(name: str) -> bool:
        kind = kind_named(name)
        return kind is not None and (kind is wanted or {kind, wanted} == _BATCHES or _STRETCHED.get(kind) is wanted)

    return flow.literals(mention.module, mention.node, may_carry, names_kind, of_lists=wanted is Kind.MILESTONES)


def _contains(reached: ReachedLiteral, mention: Mention) -> bool:
    return reached.module is mention.module and mention.node in reached.module.ancestors(reached.node)


def _within(mention: Mention, node: ast.expr) -> Mention:
    """The mention of a literal that is a part of the value: an expression, unless there are only casts around it."""
    for above in mention.module.ancestors(node):
        if not _is_transparent(above) and mention.form is not Form.RANGE:
            return replace(mention, node=node, form=Form.EXPRESSION)
        if above is mention.node:
            break
    return replace(mention, node=node)


def _is_transparent(node: ast.AST) -> bool:
    """Whether a literal in it is the whole value: a cast, a look-up, a declaration with a default."""
    if not isinstance(node, ast.Call):
        return isinstance(node, ast.keyword)
    declares = any(word.arg == "default" for word in node.keywords)
    return declares or called_name(node) in CASTS | LOOKUPS | {"Field"}


def decide(literal: MentionedLiteral) -> tuple[Mention, Meaning] | None:
    """The mention that names a literal, and what it is; None: no hyperparameter."""
    mentions = [*sorted(literal.mentions, key=_rank), *sorted(literal.parts, key=_rank)] or _from_uses(literal)
    if not mentions:
        return None
    meanings = [(mention, _settled(mention, literal)) for mention in mentions]
    mention, meaning = next((pair for pair in meanings if pair[1].kind is not None), meanings[0])
    if meaning.kind is None or not _can_be(literal.node, meaning.kind) or context.is_searched(mention):
        return None
    if meaning.kind is Kind.WEIGHT_DECAY and context.is_exempted_group(mention):
        meaning = Meaning(meaning.kind, "0 only takes these parameters out")
    return mention, meaning


def _rank(mention: Mention) -> tuple[bool, bool, int]:
    order = _FORMS_FIRST.index(mention.form) if mention.form in _FORMS_FIRST else len(_FORMS_FIRST)
    return not mention.strong, mention.meaning.kind is None, order


def _from_uses(literal: MentionedLiteral) -> list[Mention]:
    """A mention for a literal that only uses lead to: an operand of something whose name tells nothing."""
    uses = [use for use in literal.uses if use.strong]
    return [Mention(literal.module, literal.node, use.name, Form.EXPRESSION, Meaning(None)) for use in uses[:1]]


def _settled(mention: Mention, literal: MentionedLiteral) -> Meaning:
    own = mention.meaning
    if mention.strong or own is EXCLUDED:
        return own
    strong = [use.meaning for use in literal.uses if use.strong]
    kinds = [meaning.kind for meaning in strong if meaning.kind is not None and meaning.sure]
    if own.kind is Kind.BATCH_SIZE and context.is_sampling(mention):
        return EXCLUDED
    if own.sure:
        return _checked(mention, own, kinds, strong)
    if kinds:
        return Meaning(own.kind if own.kind in kinds else kinds[0])
    if strong and own.kind is not None:
        return EXCLUDED
    named = {use.meaning.kind for use in literal.uses if use.meaning.sure}
    if own.kind in named or (own.kind is None and len(named) == 1):
        return Meaning(own.kind or named.pop())
    return _in_context(mention, own)


def _checked(mention: Mention, own: Meaning, kinds: list[Kind], strong: list[Meaning]) -> Meaning:
    """What a sure name means, unless its uses contradict it."""
    used_as = _STRETCHED.get(own.kind) if own.kind is not None else None
    if used_as in kinds:
        return Meaning(used_as)
    if not kinds and any(meaning.kind is None for meaning in strong):
        return EXCLUDED
    if own.kind is Kind.MOMENTUM and not kinds and context.is_normalisation(mention):
        return EXCLUDED
    return own


def _in_context(mention: Mention, own: Meaning) -> Meaning:
    if own.kind is Kind.GAMMA:
        if context.is_discount(mention):
            return EXCLUDED
        if context.has_schedule(mention) and mention.name.lower() != "decay":
            return Meaning(Kind.GAMMA)
    return own


def _can_be(node: ast.expr, kind: Kind) -> bool:
    value = literal_value(node)
    if value is None or (isinstance(value, bool) and kind is not Kind.OTHER):
        return False
    if isinstance(value, list):
        return kind not in _SINGLE
    if isinstance(value, str) and kind not in {Kind.OPTIMIZER, Kind.OTHER} and not plausible(kind, value):
        return False
    return plausible(kind, value)
