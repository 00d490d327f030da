"""Which class of the project has a called method? After `net = Network(3)`, `net.fit()` is `Network.fit`."""

from __future__ import annotations

import ast

from mutegreen.scan.source.module import Module
from mutegreen.scan.source.project import Project


def receiver_classes(module: Module, project: Project, call: ast.Call) -> list[ast.ClassDef]:
    """Return the classes that an object is created from (`net = Network(3)`), if they define the method themselves."""
    if not (isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name)):
        return []
    name, method = call.func.value, call.func.attr
    values = (value for scope in module.scopes(name) for value in module.bindings.get((scope, name.id), []))
    targets = [project.target(module, value.func) for value in values if isinstance(value, ast.Call)]
    owners = (target[0].definitions.get(target[1]) for target in targets if target is not None)
    return [owner for owner in owners if isinstance(owner, ast.ClassDef) and _defines(owner, method)]


def _defines(owner: ast.ClassDef, method: str) -> bool:
    return any(isinstance(item, ast.FunctionDef) and item.name == method for item in owner.body)
