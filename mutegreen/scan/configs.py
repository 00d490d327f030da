"""Which keys of the configuration files that a script names are hyperparameters? `lr: 0.1` in `conf.yaml`: one."""

from __future__ import annotations

import ast
import json
import os
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from mutegreen.errors import MutationError, MuteGreenError
from mutegreen.model import ConfigSite, Kind
from mutegreen.mutation import configfile
from mutegreen.mutation.text import TextFile
from mutegreen.scan.finding import Finding, Form
from mutegreen.scan.names.meaning import Meaning
from mutegreen.scan.names.vocabulary import meaning
from mutegreen.scan.names.words import words
from mutegreen.scan.source.calls import called_name, text_of
from mutegreen.scan.source.module import Module
from mutegreen.scan.source.project import Project

_ENDINGS = (".yaml", ".yml", ".json", ".toml")
_LARGEST_BYTES = 200_000
_SCHEDULES = frozenset({"sched", "scheduler", "schedule", "lr"})
_NORMS = frozenset({"bn", "norm", "ema"})
_Keyed = tuple[tuple[str, ...], Any]


def findings(project: Project, modules: list[Module]) -> list[Finding]:
    """Return the hyperparameters in the configuration files that these modules name; an unreadable file has none."""
    paths = dict.fromkeys(path.resolve() for module in modules for path in _named(project, module))
    return [finding for path in paths for finding in _of_file(path, project.folder)]


def _named(project: Project, module: Module) -> Iterator[Path]:
    folders = [module.path.resolve().parent, *project.roots]
    for node in module.nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.endswith(_ENDINGS):
            yield from _existing(folders, node.value)
        elif isinstance(node, ast.Call) and called_name(node) in {"main", "compose"}:
            yield from _hydra(folders[0], node)


def _existing(folders: list[Path], name: str) -> Iterator[Path]:
    if len(name) < 200 and "\0" not in name:
        yield from [path for folder in folders if (path := folder / name).is_file()][:1]


def _hydra(folder: Path, call: ast.Call) -> Iterator[Path]:
    """Yield the configuration of `@hydra.main(config_path=..., config_name=...)` and the groups in its defaults."""
    keywords = {word.arg: text_of(word.value) for word in call.keywords}
    if keywords.get("config_name"):
        root = folder / keywords.get("config_path", "")
        waiting = [root / keywords["config_name"].removesuffix(".yaml")]
        while waiting:
            path = waiting.pop(0).with_suffix(".yaml")
            if path.is_file():
                yield path
                waiting += _defaults(path)


def _defaults(path: Path) -> list[Path]:
    """Return the files that Hydra's `defaults` list names: `- model`, `- optimizer: adam`."""
    document = _load(path)
    defaults = document.get("defaults", []) if isinstance(document, dict) else []
    paths = []
    for item in defaults if isinstance(defaults, list) else []:
        if isinstance(item, str) and item != "_self_":
            paths.append(path.parent / item)
        elif isinstance(item, dict):
            paths += [
                path.parent / str(group).split(" ")[-1].split("@")[0] / str(name).removesuffix(".yaml")
                for group, name in item.items()
            ]
    return paths


def _load(path: Path) -> Any:
    """Return the file's content; None: it cannot be read."""
    import yaml

    try:
        text = TextFile.read(path).text if path.stat().st_size <= _LARGEST_BYTES else ""
        if path.suffix == ".toml":
            return tomllib.loads(text)
        return json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    except (MuteGreenError, yaml.YAMLError, ValueError, RecursionError):
        return None


def _of_file(path: Path, folder: Path) -> Iterator[Finding]:
    file = Path(os.path.relpath(path, folder)).as_posix()
    text = TextFile.read(path).text
    for keys, value in _values(_load(path), ()):
        key_meaning = _meaning(keys, value)
        if key_meaning.kind is not None and not any("." in key for key in keys):
            # A value that YAML merges from another key (`<<`) is found under that other key.
            with suppress(MutationError):
                yield _finding(text, ConfigSite(file, ".".join(keys)), keys, value, key_meaning)


def _values(node: Any, keys: tuple[str, ...]) -> Iterator[_Keyed]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _values(value, (*keys, str(key)))
    elif isinstance(node, (bool, int, float, str)):
        yield keys, node


def _meaning(keys: tuple[str, ...], value: Any) -> Meaning:
    """Return what a key means, in `lr: {value: 0.1}` the key `lr`; the keys above decide if the key is ambiguous."""
    path = [key for key in keys if key not in {"value", "default"}]
    if not path:
        return Meaning(None)
    above = {word for key in path[:-1] for word in words(key)}
    own = meaning(path[-1], value)
    if path[-1] in {"gamma", "factor", "decay_rate"} and above & _SCHEDULES and not isinstance(value, str):
        return Meaning(Kind.GAMMA)
    if own.kind is Kind.MOMENTUM and above & _NORMS:
        return Meaning(None)
    if own.kind is Kind.BATCH_SIZE and "eval" in above:
        return Meaning(Kind.EVAL_BATCH_SIZE)
    return own


def _finding(text: str, site: ConfigSite, keys: tuple[str, ...], value: Any, key_meaning: Meaning) -> Finding:
    line, column = configfile.place(text, site)
    assert key_meaning.kind is not None
    return Finding(
        name=keys[-1],
        kind=key_meaning.kind,
        value=value,
        file=site.file,
        line=line,
        column=column,
        form=Form.MAPPING,
        flag=None,
        site=f"{site.file}:{site.key}",
        source=text.splitlines()[line - 1].rstrip(),
        why=key_meaning.why,
    )
