"""Which files, functions and classes of its project does a script use? Only their hyperparameters count."""

from __future__ import annotations

import ast
from collections import defaultdict

from mutegreen.scan.finding import Form
from mutegreen.scan.mention import Mention
from mutegreen.scan.source.module import Module
from mutegreen.scan.source.project import Project


class ReachableCode:
    """The script, the definitions that it refers to, and those that they refer to."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._names: dict[Module, set[str]] = defaultdict(set)
        self._visit(project.script, project.script.tree)

    @property
    def modules(self) -> list[Module]:
        """The files that are used; the script is the first."""
        return [self.project.script, *(m for m in self._names if m is not self.project.script)]

    def contains(self, mention: Mention) -> bool:
        """Return whether a mention is in code that is used; a constant that nothing refers to is not."""
        module = mention.module
        if module is self.project.script:
            return True
        top = _top(module, mention.node)
        if isinstance(top, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            return top.name in self._names[module]
        return mention.form in (Form.ARGPARSE, Form.FLAG) or bool(_assigned_names(top) & self._names[module])

    def _visit(self, module: Module, part: ast.AST) -> None:
        waiting = [(module, part)]
        while waiting:
            module, part = waiting.pop()
            for node in ast.walk(part):
                if isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Load):
                    waiting += self._refer(module, node)

    def _refer(self, module: Module, node: ast.Name | ast.Attribute) -> list[tuple[Module, ast.AST]]:
        target = self.project.target(module, node)
        if target is None or target[1] in self._names[target[0]]:
            return []
        other, name = target
        self._names[other].add(name)
        if other is self.project.script:
            return []
        definition = other.definitions.get(name)
        parts = [definition] if definition is not None else other.bindings.get((other.tree, name), [])
        return [(other, part) for part in parts]


def _top(module: Module, node: ast.AST) -> ast.AST:
    """Return the top-level statement that contains a node."""
    below = node
    for above in module.ancestors(node):
        if isinstance(above, ast.Module):
            return below
        below = above
    return below


def _assigned_names(statement: ast.AST) -> set[str]:
    """Return the names that a statement assigns."""
    return {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
