"""Sphinx configuration of the documentation site: `make docs` builds it with warnings as errors.

The pages are docs/*.md. The reference of commands is made from the command line's own help, the reference of the
source code from its docstrings.
"""

from __future__ import annotations

import pkgutil
import re
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import mutegreen
from mutegreen.cli.topics import replace_links

sys.path.insert(0, str(Path(__file__).parent))
from docstrings import restructured

if TYPE_CHECKING:
    from sphinx.application import Sphinx

DOCS = Path(__file__).resolve().parent.parent
API = DOCS / "api"

NOT_IMPORTABLE = ("mutegreen.subjects.", "mutegreen.harness.probe")
"""Scripts that need a framework, and the probe, which acts when it is imported."""

project = "MuteGreen"
author = "The MuteGreen authors"
project_copyright = f"2026, {author}"
version = release = mutegreen.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_click", "sphinx_copybutton"]
exclude_patterns = ["site"]
html_theme = "furo"
html_title = f"MuteGreen {version}"
html_static_path: list[str] = []

myst_heading_anchors = 4
# Literal blocks without a language are drawings and equations.
highlight_language = "none"
# Names in single backticks are code, as in Markdown.
default_role = "code"

autodoc_default_options = {
    "members": True,
    "show-inheritance": True,
    "member-order": "bysource",
    # What a module exports from others is described where it is defined; `_exports` links to it.
    "ignore-module-all": True,
}
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_type_aliases = {"Floats": "Floats", "Flags": "Flags", "Ints": "Ints"}
autodoc_preserve_defaults = True
add_module_names = False
python_maximum_signature_line_length = 100
# Fields of dataclasses are lists in the docstring of their class, not objects of their own.
napoleon_use_ivar = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False


def setup(app: Sphinx) -> None:
    """Connect the functions below to the events of Sphinx."""
    app.connect("builder-inited", _write_api_pages)
    # Before napoleon, whose priority is 500.
    app.connect("autodoc-process-docstring", _restructure, priority=400)
    app.connect("autodoc-process-signature", _parsable_signature)
    app.connect("source-read", _unlink_source_files)
    app.connect("include-read", _unlink_in_included)
    app.connect("sphinx-click-process-epilog", _examples_as_code)


def _write_api_pages(_: Sphinx) -> None:
    """Write one page for each package, with its modules, and an index."""
    pages = {package: _page(package, modules) for package, modules in _packages().items()}
    pages["index"] = _index(list(pages))
    API.mkdir(exist_ok=True)
    for old in API.glob("*.rst"):
        if old.stem not in pages:
            old.unlink()
    for name, text in pages.items():
        file = API / f"{name}.rst"
        if not file.is_file() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")


def _packages() -> dict[str, list[str]]:
    """Return the modules of each package, by its dotted name."""
    packages: dict[str, list[str]] = {"mutegreen": []}
    for module in pkgutil.walk_packages(mutegreen.__path__, "mutegreen."):
        if module.name.startswith(NOT_IMPORTABLE) or module.name.endswith("__main__"):
            continue
        if module.ispkg:
            packages[module.name] = []
        else:
            packages[module.name.rpartition(".")[0]].append(module.name)
    return packages


def _page(package: str, modules: list[str]) -> str:
    sections = [_heading(package, "="), _automodule(package), _exports(package)]
    for module in modules:
        sections += [_heading(module, "-"), _automodule(module), _exports(module)]
    return "\n".join(section for section in sections if section)


def _heading(title: str, line: str) -> str:
    return f"{title}\n{line * len(title)}\n"


def _automodule(name: str) -> str:
    return f".. automodule:: {name}\n"


def _exports(name: str) -> str:
    """Return a list of links to what a module exports from other modules."""
    module = import_module(name)
    names = sorted(getattr(module, "__all__", ()))
    homes = {item: getattr(getattr(module, item), "__module__", name) for item in names}
    links = [f"* :py:obj:`{item} <{home}.{item}>`" for item, home in homes.items() if home != name]
    return "Exports:\n\n" + "\n".join(links) + "\n" if links else ""


def _index(packages: list[str]) -> str:
    entries = "\n".join(f"   {package}" for package in packages)
    return f"{_heading('Source code', '=')}\n.. toctree::\n   :maxdepth: 1\n\n{entries}\n"


def _restructure(_: Sphinx, what: str, name: str, item: object, options: object, lines: list[str]) -> None:
    """Replace a docstring by its reStructuredText."""
    lines[:] = restructured(lines)


_ALIAS = re.compile(r"TypeAliasForwardRef\('(\w+)'\)")


def _parsable_signature(
    _: Sphinx, what: str, name: str, item: object, options: object, signature: str | None, returns: str | None
) -> tuple[str | None, str | None]:
    """Write defaults that a factory makes as `...`; Sphinx cannot parse Python's `<factory>`."""
    return signature and _ALIAS.sub(r"\1", signature).replace("<factory>", "..."), returns


def _examples_as_code(_: Sphinx, context: object, lines: list[str]) -> None:
    """Write the examples at the end of a help text as a block of code, which can be copied."""
    text = [line.removeprefix("|").removeprefix(" ") for line in lines if line]
    if text and text[0].endswith(":"):
        lines[:] = [text[0], "", ".. code-block:: text", "", *(f"   {line.strip()}" for line in text[1:]), ""]


def _unlink_source_files(_: Sphinx, name: str, source: list[str]) -> None:
    """Turn links to files of the repository, which are not on the site, into their text."""
    source[0] = _with_links_of_the_site(source[0])


def _unlink_in_included(_: Sphinx, path: Path, parent: str, source: list[str]) -> None:
    """Do the same in the README, which is the first page and links to pages as `docs/PAGE.md`."""
    source[0] = _with_links_of_the_site(source[0])


def _with_links_of_the_site(text: str) -> str:
    """Return a page whose links lead to pages of the site; links to other files become their text."""
    return replace_links(text, _link_or_text)


def _link_or_text(text: str, target: str) -> str:
    page = target.removeprefix("docs/").partition("#")[0]
    if "://" in target or target.startswith("#"):
        return f"[{text}]({target})"
    return f"[{text}]({target.removeprefix('docs/')})" if "/" not in page and (DOCS / page).is_file() else text
