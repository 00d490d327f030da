"""The documentation site: it builds without a warning, and nothing public is missing on it."""

from __future__ import annotations

import importlib.util
import inspect
import pkgutil
import shutil
import subprocess
import sys
import zlib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click
import pytest

import mutegreen
from mutegreen.cli.main import COMMANDS, cli
from support.limits import PROCESS_S
from support.paths import ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("site"),
    pytest.mark.skipif(importlib.util.find_spec("sphinx") is None, reason="Sphinx is not installed"),
]

NOT_ON_THE_SITE = ("mutegreen.subjects.", "mutegreen.harness.probe", "mutegreen.__main__")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the built site; its sources are a copy, as the build writes pages into them."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(ROOT / "docs", folder / "docs", ignore=shutil.ignore_patterns("api"))
    shutil.copy(ROOT / "README.md", folder)
    words = ("-q", "-W", "--keep-going", "-b", "html", "-c", folder / "docs" / "site", folder / "docs", folder / "html")
    build = [sys.executable, "-m", "sphinx", *map(str, words)]
    done = subprocess.run(build, capture_output=True, text=True, cwd=ROOT, timeout=PROCESS_S)
    assert done.returncode == 0, done.stderr
    return folder / "html"


@pytest.fixture(scope="module")
def objects(site: Path) -> set[str]:
    """The full names of all Python objects that the site describes, from its inventory."""
    data = (site / "objects.inv").read_bytes()
    body = data.split(b"\n", 4)[4]
    lines = zlib.decompress(body).decode().splitlines()
    return {line.split()[0] for line in lines if line.split()[1].startswith("py:")}


def public_names() -> Iterator[str]:
    """The full names of all public functions and classes, and of the public methods that say what they do."""
    for module in pkgutil.walk_packages(mutegreen.__path__, "mutegreen."):
        if module.name.startswith(NOT_ON_THE_SITE):
            continue
        for name, item in vars(import_module(module.name)).items():
            if name.startswith("_") or getattr(item, "__module__", None) != module.name:
                continue
            if inspect.isfunction(item) or inspect.isclass(item):
                yield f"{module.name}.{item.__qualname__}"
            if inspect.isclass(item):
                yield from (
                    f"{module.name}.{item.__qualname__}.{method}"
                    for method, function in vars(item).items()
                    if inspect.isfunction(function) and function.__doc__ and not method.startswith("_")
                )


def test_every_public_function_class_and_method_is_on_the_site(objects: set[str]) -> None:
    assert sorted(set(public_names()) - objects) == []


def options() -> Iterator[tuple[str, str]]:
    """Each command with each of its options."""
    context = click.Context(cli)
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        for parameter in command.params:
            if isinstance(parameter, click.Option) and not parameter.hidden:
                yield name, parameter.opts[-1]


def test_every_command_and_option_is_on_the_site(site: Path) -> None:
    page = (site / "commands.html").read_text(encoding="utf-8")
    missing = [
        (name, option)
        for name, option in options()
        if f'id="cmdoption-mutegreen-{name}-{option.strip("-")}"' not in page
    ]
    assert missing == []


def test_every_topic_of_the_help_is_on_the_site(site: Path) -> None:
    from mutegreen.cli import topics

    assert all((site / f"{name}.html").is_file() for name in topics.pages())
