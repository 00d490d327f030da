"""The topics of `mutegreen help`: the pages of the documentation, which are installed with the package."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import mutegreen

_PACKAGE = Path(mutegreen.__file__).parent

SITE_ONLY = {"commands", "index"}
"""Pages that only the documentation site can show."""

_LINK = re.compile(r"\[(?P<text>[^\]]+)\]\((?P<target>[^)\s]+)\)")


def pages() -> dict[str, Path]:
    """Return the Markdown file of each topic, by the topic's name, in alphabetical order.

    The files are in `mutegreen/docs` once installed, and in `docs` of a checkout.
    """
    installed = _PACKAGE / "docs"
    folder = installed if installed.is_dir() else _PACKAGE.parent / "docs"
    return {page.stem: page for page in sorted(folder.glob("*.md")) if page.stem not in SITE_ONLY}


def title(page: Path) -> str:
    """Return the first heading of a page."""
    return next(line.lstrip("# ") for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("#"))


def for_terminal(page: Path) -> str:
    """Return the Markdown of a page in which links to other pages are commands, as a terminal cannot follow links."""
    return replace_links(page.read_text(encoding="utf-8"), _as_command)


def replace_links(text: str, replacement: Callable[[str, str], str]) -> str:
    """Return a Markdown text with other links; code between fences stays as it is.

    Args:
        text: The text.
        replacement: Returns what replaces a link, from its text and its target.
    """
    # Every other part of a text that is split at its fences is code.
    parts = text.split("```")
    return "```".join(
        part if number % 2 else _LINK.sub(lambda link: replacement(link["text"], link["target"]), part)
        for number, part in enumerate(parts)
    )


def _as_command(text: str, target: str) -> str:
    if "://" in target:
        return f"{text} ({target})"
    topic = target.partition("#")[0].removesuffix(".md")
    if topic not in pages():
        return text
    command = f"`mutegreen help {topic}`"
    return command if text.endswith(".md") else f"{text} ({command})"
