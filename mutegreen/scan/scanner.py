"""What are the hyperparameters of a script? `lr = 0.1` in line 1: learning_rate, 0.1, constant, site `train.py:lr`.

The steps: `Project` finds the files, `ReachableCode` selects what the script uses of them, the forms collect mentions,
`Flow` follows these to literals, and `decision` says which literals are hyperparameters.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from mutegreen.errors import UsageError
from mutegreen.scan import configs
from mutegreen.scan.decision import MentionedLiteral, decide, mentioned_literals
from mutegreen.scan.finding import Finding, Scan
from mutegreen.scan.forms import calls, clips, expressions, flags, loops, names, parsers
from mutegreen.scan.mention import Mention
from mutegreen.scan.names.meaning import Meaning
from mutegreen.scan.reachable_code import ReachableCode
from mutegreen.scan.source.flow import Flow
from mutegreen.scan.source.module import Module
from mutegreen.scan.source.project import Project
from mutegreen.scan.source.value import literal_value


def scan(script: Path) -> Scan:
    """Find the hyperparameters of a training script without importing or running it.

    Raises:
        UsageError: The script cannot be read, or is not Python 3.
    """
    try:
        return _scan(script)
    except RecursionError as error:
        raise UsageError(f"{script}: nested too deeply to be read") from error


def _scan(script: Path) -> Scan:
    project = Project(script)
    reachable = ReachableCode(project)
    mentions = [mention for module in reachable.modules for mention in _mentions(module, project)]
    options = [(m.name, m.module, m.node) for m in mentions if m.flag is not None]
    findings = [
        _finding(literal, *decision)
        for literal in mentioned_literals(mentions, Flow(project, reachable.modules, options))
        if (decision := decide(literal)) is not None and _is_used(reachable, literal, decision[0])
    ]
    findings += configs.findings(project, reachable.modules)
    findings.sort(key=lambda f: (f.file != project.script.file, f.file, f.line, f.column))
    sure = tuple(finding for finding in findings if finding.why is None)
    return Scan(str(script), sure, tuple(finding for finding in findings if finding.why is not None))


def _mentions(module: Module, project: Project) -> Iterator[Mention]:
    yield from parsers.mentions(module)
    yield from flags.mentions(module)
    yield from loops.mentions(module)
    yield from expressions.mentions(module)
    yield from clips.mentions(module)
    yield from calls.mentions(module, project)
    yield from names.mentions(module)


def _is_used(reachable: ReachableCode, literal: MentionedLiteral, mention: Mention) -> bool:
    return reachable.contains(mention) or any(use.strong and reachable.contains(use) for use in literal.uses)


def _flag_of(literal: MentionedLiteral) -> str | None:
    """Return the option whose default is this constant, as in `add_argument("--lr", default=LR)`."""
    return next((use.flag for use in literal.uses if use.flag and isinstance(use.node, ast.Name)), None)


def _finding(literal: MentionedLiteral, mention: Mention, meaning: Meaning) -> Finding:
    module, node = literal.module, literal.node
    line, column = module.place(node)
    assert meaning.kind is not None
    return Finding(
        name=mention.name,
        kind=meaning.kind,
        value=literal_value(node),
        file=module.file,
        line=line,
        column=column,
        form=mention.form,
        flag=mention.flag or _flag_of(literal),
        site=f"{module.file}:{module.paths[node]}",
        source=module.text.lines[line - 1].rstrip(),
        why=meaning.why,
    )
