"""Which literals are hyperparameters, and of which kind? `rate = 0.1; SGD(p, lr=rate)`: 0.1 is a learning rate.

A literal has mentions (names that it is given to) and uses (library arguments that take its value from elsewhere).
A use is stronger than a name: what `SGD` gets as `lr` is a learning rate whatever the variable is called.
"""

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
_LOOSE_NAMES = {Kind.STEP_SIZE: Kind.LEARNING_RATE, Kind.TRAIN_STEPS: Kind.EPOCHS}
"""Kinds whose names can mean another kind: jax's `step_size` is a learning rate, `niter` often counts epochs."""
_SINGLE = frozenset(Kind) - {Kind.MILESTONES, Kind.HIDDEN, Kind.OTHER}
"""Kinds whose value is no list."""


@dataclass
class MentionedLiteral:
    """A literal with its mentions and uses.

    Attributes:
        module: Its source file.
        node: The literal.
        mentions: The mentions whose value it is.
        parts: The mentions of expressions that contain it.
        uses: The mentions of expressions elsewhere that take its value.
    """

    module: Module
    node: ast.expr
    mentions: list[Mention] = field(default_factory=list)
    parts: list[Mention] = field(default_factory=list)
    uses: list[Mention] = field(default_factory=list)


def mentioned_literals(mentions: Iterable[Mention], flow: Flow) -> list[MentionedLiteral]:
    """Return every literal that a mention is, or takes its value from, in the order of the mentions."""
    by_node: dict[int, MentionedLiteral] = {}

    def at(module: Module, node: ast.expr) -> MentionedLiteral:
        return by_node.setdefault(id(node), MentionedLiteral(module, node))

    for mention in mentions:
        if is_literal(mention.node):
            at(mention.module, mention.node).mentions.append(mention)
        elif mention.meaning.kind is not None or mention.strong:
            for reached in _trace_to_literals(flow, mention):
                literal = at(reached.module, reached.node)
                if _contains(mention, reached):
                    literal.parts.append(_within(mention, reached.node))
                literal.uses.append(replace(mention, name=reached.name))
    return list(by_node.values())


def _trace_to_literals(flow: Flow, mention: Mention) -> list[ReachedLiteral]:
    """Return the literals that the value of a mention may come from, along names that may be of its kind."""
    wanted = mention.meaning.kind

    def may_carry(name: str) -> bool:
        return (kind_named(name) is None or names_kind(name)) and not excluded(name)

    def names_kind(name: str) -> bool:
        kind = kind_named(name)
        return kind is not None and (kind is wanted or {kind, wanted} == _BATCHES or _LOOSE_NAMES.get(kind) is wanted)

    return flow.literals(mention.module, mention.node, may_carry, names_kind, of_lists=wanted is Kind.MILESTONES)


def _contains(mention: Mention, reached: ReachedLiteral) -> bool:
    """Whether a literal is a part of the expression that is mentioned."""
    return reached.module is mention.module and mention.node in reached.module.ancestors(reached.node)


def _within(mention: Mention, node: ast.expr) -> Mention:
    """Return the mention of a literal in a value; its form is an expression unless only casts are around it."""
    for above in mention.module.ancestors(node):
        if not _is_transparent(above) and mention.form is not Form.RANGE:
            return replace(mention, node=node, form=Form.EXPRESSION)
        if above is mention.node:
            break
    return replace(mention, node=node)


def _is_transparent(node: ast.AST) -> bool:
    """Whether a node leaves the value of a literal in it as it is: a cast, a look-up, a declaration with a default."""
    if not isinstance(node, ast.Call):
        return isinstance(node, ast.keyword)
    declares = any(word.arg == "default" for word in node.keywords)
    return declares or called_name(node) in CASTS | LOOKUPS | {"Field"}


def decide(literal: MentionedLiteral) -> tuple[Mention, Meaning] | None:
    """Return the mention that names a literal, and what the literal means; None: it is no hyperparameter."""
    mentions = [*sorted(literal.mentions, key=_rank), *sorted(literal.parts, key=_rank)] or _from_uses(literal)
    if not mentions:
        return None
    meanings = [(mention, _settled(mention, literal)) for mention in mentions]
    mention, meaning = next((pair for pair in meanings if pair[1].kind is not None), meanings[0])
    if meaning.kind is None or not _can_be(literal.node, meaning.kind) or context.is_searched(mention):
        return None
    if meaning.kind is Kind.WEIGHT_DECAY and context.is_exempted_group(mention):
        meaning = Meaning(meaning.kind, "0 exempts these parameters")
    return mention, meaning


def _rank(mention: Mention) -> tuple[bool, bool, int]:
    """Sort key: uses first, then known kinds, then the forms that users set values by."""
    order = _FORMS_FIRST.index(mention.form) if mention.form in _FORMS_FIRST else len(_FORMS_FIRST)
    return not mention.strong, mention.meaning.kind is None, order


def _from_uses(literal: MentionedLiteral) -> list[Mention]:
    """Return a mention made from the first use, for a literal that no name mentions: an operand in an expression."""
    uses = [use for use in literal.uses if use.strong]
    return [Mention(literal.module, literal.node, use.name, Form.EXPRESSION, Meaning(None)) for use in uses[:1]]


def _settled(mention: Mention, literal: MentionedLiteral) -> Meaning:
    """Return what a mention means once the uses of its literal are known.

    | the name is | uses in libraries | meaning |
    | --- | --- | --- |
    | excluded, or a library's argument | any | its own |
    | a batch size, set only to draw samples | any | excluded |
    | sure | see `_checked` | its own, unless they contradict it |
    | unsure or unknown | with a kind | its own kind if among them, else the first of them |
    | unsure | only without a kind | excluded |
    | unsure or unknown | none, but other names | their kind if it is the same, or the only one |
    | unsure or unknown | none | see `_in_context` |
    """
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
    sure_kinds = {use.meaning.kind for use in literal.uses if use.meaning.sure}
    if own.kind in sure_kinds or (own.kind is None and len(sure_kinds) == 1):
        return Meaning(own.kind or sure_kinds.pop())
    return _in_context(mention, own)


def _checked(mention: Mention, own: Meaning, kinds: list[Kind], strong: list[Meaning]) -> Meaning:
    """Return what a sure name means, unless its uses contradict it."""
    used_as = _LOOSE_NAMES.get(own.kind) if own.kind is not None else None
    if used_as in kinds:
        return Meaning(used_as)
    if not kinds and any(meaning.kind is None for meaning in strong):
        return EXCLUDED
    if own.kind is Kind.MOMENTUM and not kinds and context.is_normalisation(mention):
        return EXCLUDED
    return own


def _in_context(mention: Mention, own: Meaning) -> Meaning:
    """Return what a name means by the code around it: the gamma of reinforcement learning is excluded."""
    if own.kind is Kind.GAMMA:
        if context.is_discount(mention):
            return EXCLUDED
        if context.has_schedule(mention) and mention.name.lower() != "decay":
            return Meaning(Kind.GAMMA)
    return own


def _can_be(node: ast.expr, kind: Kind) -> bool:
    """Whether a literal's value is possible for a kind."""
    value = literal_value(node)
    if value is None or (isinstance(value, bool) and kind is not Kind.OTHER):
        return False
    if isinstance(value, list):
        return kind not in _SINGLE
    if isinstance(value, str) and kind not in {Kind.OPTIMIZER, Kind.OTHER} and not plausible(kind, value):
        return False
    return plausible(kind, value)
