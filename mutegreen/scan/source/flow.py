"""From which literals may the value of an expression come? `SGD(p, lr=args.lr)`: from the default of `--lr`.

An expression is followed backwards through names, attributes, keys, and the arguments of callers:

    optimizer = make(0.1)           # 3. the literal that a caller passes
    def make(rate):                 # 2. a parameter: its default, and what callers pass
        return SGD(p, lr=rate)      # 1. the expression
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from mutegreen.mutation.sites import is_literal, parameter_defaults
from mutegreen.scan.names.words import word_set
from mutegreen.scan.source import receivers
from mutegreen.scan.source.calls import bound_arguments, called_name, parameters, text_of
from mutegreen.scan.source.module import Function, Module
from mutegreen.scan.source.operands import (
    ARITHMETIC,
    carrying_arguments,
    carrying_branches,
    flat_operands,
    is_unit,
    operand_name,
)
from mutegreen.scan.source.project import Project

_DEEPEST = 30
_TRANSPARENT_CALLS = word_set(
    "float int abs round str max min float32 float64 int32 int64 Variable tensor constant array asarray "
    "constant_schedule convert_to_tensor literal_eval eval sqrt"
)
LOOKUPS = frozenset({"get", "getattr", "getenv", "pop", "setdefault"})


@dataclass(frozen=True)
class ReachedLiteral:
    """A literal that a value may come from.

    Attributes:
        module: Its source file.
        node: The literal.
        name: The last name on the way to it; empty: it is in the expression itself.
    """

    module: Module
    node: ast.expr
    name: str = ""


@dataclass(frozen=True)
class _Field:
    """A value assigned to an attribute or a key; `owner` is the class whose `self` has the attribute."""

    module: Module
    value: ast.expr
    owner: ast.ClassDef | None


NamePredicate = Callable[[str], bool]


class Flow:
    """An index of the attributes, keys and calls of some modules.

    Args:
        project: The script's project.
        modules: The modules whose attributes, keys and calls are indexed.
        options: The defaults of parsers' options: name, module, expression.
    """

    def __init__(
        self, project: Project, modules: Sequence[Module], options: Sequence[tuple[str, Module, ast.expr]]
    ) -> None:
        self.project = project
        self.fields: dict[str, list[_Field]] = defaultdict(list)
        self.calls: dict[str, list[tuple[Module, ast.Call]]] = defaultdict(list)
        for name, module, value in options:
            self.fields[name].append(_Field(module, value, None))
        for module in modules:
            self._index(module)

    def literals(
        self,
        module: Module,
        node: ast.expr,
        may_carry: NamePredicate,
        names_kind: NamePredicate,
        of_lists: bool = False,
    ) -> list[ReachedLiteral]:
        """Return the literals that an expression's value may come from.

        Args:
            module: The file of the expression.
            node: The expression.
            may_carry: Whether an operand of that name may carry the value.
            names_kind: Whether an operand of that name surely carries it; then literals beside it are only factors.
            of_lists: Whether the items of a computed list carry it, as with milestones.
        """
        return list(_BackwardTrace(self, may_carry, names_kind, of_lists).run(module, node, "", 0))

    def _index(self, module: Module) -> None:
        for name, value, owner in named_fields(module):
            self.fields[name].append(_Field(module, value, owner))
        for node in module.nodes:
            if isinstance(node, ast.Call):
                self.calls[called_name(node)].append((module, node))


def named_fields(module: Module) -> Iterator[tuple[str, ast.expr, ast.ClassDef | None]]:
    """Yield (attribute or key, value, class) of a module; the class is that of `self`, else None."""
    for target, value in module.assignments:
        if isinstance(target, ast.Attribute):
            is_self = isinstance(target.value, ast.Name) and target.value.id == "self"
            yield target.attr, value, module.enclosing_class(target) if is_self else None
        elif isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
            yield str(target.slice.value), value, None
        elif isinstance(target, ast.Name) and isinstance(module.scope(target), ast.ClassDef):
            yield target.id, value, None
    for node in module.nodes:
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    yield key.value, value, None
        elif isinstance(node, ast.Call) and _is_record(node):
            yield from ((word.arg, word.value, None) for word in node.keywords if word.arg)


def _is_record(call: ast.Call) -> bool:
    """Whether a call makes a record of its keywords: `dict`, `Namespace`, a class whose name ends in `Config`."""
    name = called_name(call).lower()
    return name in {"dict", "namespace", "simplenamespace", "edict", "easydict", "attrdict", "munch", "configdict"} or (
        name.endswith(("config", "args", "arguments", "params", "hparams", "settings", "options"))
    )


class _BackwardTrace:
    """One walk from an expression back to literals; it visits each node once."""

    def __init__(self, flow: Flow, may_carry: NamePredicate, names_kind: NamePredicate, of_lists: bool) -> None:
        self.flow = flow
        self.of_lists = of_lists
        self.may_carry = may_carry
        self.names_kind = names_kind
        self.seen: set[int] = set()

    def run(self, module: Module, node: ast.expr, name: str, depth: int) -> Iterator[ReachedLiteral]:
        if id(node) in self.seen or depth > _DEEPEST:
            return
        self.seen.add(id(node))
        if is_literal(node):
            yield ReachedLiteral(module, node, name)
        elif isinstance(node, ast.BinOp):
            yield from self._operands(module, node, name, depth)
        elif isinstance(node, (ast.List, ast.Tuple, ast.ListComp)):
            items = [node.generators[0].iter] if isinstance(node, ast.ListComp) else node.elts
            for item in items if self.of_lists else ():
                yield from self.run(module, item, name, depth + 1)
        else:
            for source, value, through in self._sources(module, node):
                yield from self.run(source, value, through or name, depth + 1)

    def _sources(self, module: Module, node: ast.expr) -> Iterator[tuple[Module, ast.expr, str]]:
        if isinstance(node, ast.Name):
            yield from self._name(module, node)
        elif isinstance(node, ast.Attribute):
            yield from self._attribute(module, node)
        elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            yield from self._item(module, node)
        elif isinstance(node, ast.Subscript):
            yield from self._table(module, node.value)
        elif isinstance(node, ast.UnaryOp) and not isinstance(node.op, ast.Not):
            yield module, node.operand, ""
        elif isinstance(node, ast.Lambda):
            yield module, node.body, ""
        elif isinstance(node, ast.BoolOp):
            yield from ((module, value, "") for value in node.values)
        elif isinstance(node, ast.IfExp):
            yield from ((module, value, "") for value in carrying_branches(node))
        elif isinstance(node, ast.Call):
            yield from self._call(module, node)

    def _name(self, module: Module, node: ast.Name) -> Iterator[tuple[Module, ast.expr, str]]:
        for scope in module.scopes(node):
            values = module.bindings.get((scope, node.id), [])
            yield from ((module, value, node.id) for value in values)
            if isinstance(scope, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)) and node.id in parameters(scope):
                yield from self._parameter(module, scope, node.id)
                return
            if values:
                return
        yield from self._elsewhere(module, node, node.id)

    def _elsewhere(self, module: Module, node: ast.expr, name: str) -> Iterator[tuple[Module, ast.expr, str]]:
        target = self.flow.project.target(module, node)
        if target is not None:
            other, other_name = target
            yield from ((other, value, name) for value in other.bindings.get((other.tree, other_name), []))

    def _parameter(self, module: Module, scope: Function, name: str) -> Iterator[tuple[Module, ast.expr, str]]:
        yield from ((module, value, name) for own, value in parameter_defaults(scope.args) if own == name)
        if isinstance(scope, ast.Lambda):
            return
        owner = module.parents.get(scope)
        is_method = isinstance(owner, ast.ClassDef)
        called = owner.name if isinstance(owner, ast.ClassDef) and scope.name == "__init__" else scope.name
        for caller, call in self.flow.calls.get(called, []):
            if is_method and not self._may_be(caller, call, owner):
                continue
            value = bound_arguments(call, parameters(scope)[1:] if is_method else parameters(scope)).get(name)
            if value is not None:
                yield caller, value, name

    def _may_be(self, caller: Module, call: ast.Call, owner: ast.AST | None) -> bool:
        """Whether a method call may be of this class: not if the object is known to be of another class."""
        owners = receivers.receiver_classes(caller, self.flow.project, call)
        return not owners or owner in owners

    def _attribute(self, module: Module, node: ast.Attribute) -> Iterator[tuple[Module, ast.expr, str]]:
        elsewhere = list(self._elsewhere(module, node, node.attr))
        if elsewhere:
            yield from elsewhere
            return
        known = self.flow.fields.get(node.attr, [])
        fields = [f for f in known if f.owner is None] or known
        if isinstance(node.value, ast.Name) and node.value.id == "self":
            owner = module.enclosing_class(node)
            classes = [f for f in known if f.owner is not None or isinstance(f.module.scope(f.value), ast.ClassDef)]
            fields = [f for f in classes if owner in (f.owner, f.module.scope(f.value))] or classes
        yield from ((f.module, f.value, node.attr) for f in fields)

    def _item(self, module: Module, node: ast.Subscript) -> Iterator[tuple[Module, ast.expr, str]]:
        assert isinstance(node.slice, ast.Constant)
        key = node.slice.value
        if isinstance(key, str):
            yield from ((f.module, f.value, key) for f in self.flow.fields.get(key, []))
        elif isinstance(key, int):
            for source, value, name in self._sources(module, node.value):
                if isinstance(value, (ast.List, ast.Tuple)) and -len(value.elts) <= key < len(value.elts):
                    yield source, value.elts[key], name

    def _table(self, module: Module, node: ast.expr) -> Iterator[tuple[Module, ast.expr, str]]:
        """All values of a dict from which a variable selects one: `rates[args.dataset]`."""
        written = [(module, node, "")] if isinstance(node, ast.Dict) else self._sources(module, node)
        for source, value, _ in written:
            if isinstance(value, ast.Dict):
                yield from ((source, item, text_of(key)) for key, item in zip(value.keys, value.values, strict=True))

    def _call(self, module: Module, node: ast.Call) -> Iterator[tuple[Module, ast.expr, str]]:
        name = called_name(node)
        defaults = [word.value for word in node.keywords if word.arg == "default"]
        if defaults or name in _TRANSPARENT_CALLS:
            yield from ((module, value, "") for value in defaults or carrying_arguments(node, name))
        elif name == "Field" and node.args:
            yield module, node.args[0], ""
        elif name in LOOKUPS:
            keys = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
            for key in keys[:1]:
                yield from ((f.module, f.value, key) for f in self.flow.fields.get(key, []))
                yield from ((module, value, key) for value in node.args[-1:] if len(node.args) > 1)
            if not keys and isinstance(node.func, ast.Attribute):
                yield from self._table(module, node.func.value)
                yield from ((module, value, "") for value in node.args[1:])

    def _operands(self, module: Module, node: ast.BinOp, name: str, depth: int) -> Iterator[ReachedLiteral]:
        """Yield the literals of a product or sum: of the operands that may carry the value, else its first literal."""
        if not isinstance(node.op, ARITHMETIC):
            return
        operands = list(flat_operands(node))
        named = [o for o in operands if not is_literal(o) and self.may_carry(operand_name(o))]
        certain = [o for o in named if self.names_kind(operand_name(o))]
        # With two unknown factors, neither is the value: `batch = envs * steps`.
        followed = certain or (named if sum(not is_literal(o) for o in operands) == 1 else [])
        literals = [reached for o in followed for reached in self.run(module, o, name, depth + 1)]
        if not literals and not certain:
            numbers = [o for o in operands if is_literal(o) and not is_unit(o)]
            literals = [
                ReachedLiteral(module, o, name) for o in (numbers if len(operands) == len(numbers) else numbers[:1])
            ]
        yield from literals
