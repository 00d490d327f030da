"""Which of the project's classes a method that is called belongs to."""

from __future__ import annotations

import ast

from mutegreen.scan.source.module import Module
from mutegreen.scan.source.project import Project


def receiver_classes(module: Module, project: Project, call: ast.Call) -> list[ast.ClassDef]:
    """The class that an object is seen to be made of (`net = Network(3)`), if it defines the method itself."""
    if not (isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name)):
        return []
    name, method = call.func.value, call.func.attr
    made = (value for scope in module.scopes(name) for value in module.bindings.get((scope, name.id), []))
    targets = [project.target(module, value.func) for value in made if isinstance(value, ast.Call)]
    found = (target[0].definitions.get(target[1]) for target in targets if target is not None)
    return [owner for owner in found if isinstance(owner, ast.ClassDef) and _defines(owner, method)]


def _defines(owner: ast.ClassDef, method: str) -> bool:
    return any(isinstance(item, ast.FunctionDef) and item.name == method for item in owner.body)
