"""The public face for plug-ins: what it exports, how light it is, and that the documents use nothing else."""

import re
from types import ModuleType

from mutegreen import plugins
from support.imported import modules_after
from support.paths import ROOT

DOCS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PUBLIC = re.compile(r"mutegreen(\.plugins|\.testing\.(meters|operators|simulated))?")


def test_all_is_what_is_exported() -> None:
    public = {name for name, value in vars(plugins).items() if not name.startswith("_")}
    assert set(plugins.__all__) == {name for name in public if not isinstance(getattr(plugins, name), ModuleType)}
    assert len(plugins.__all__) == len(set(plugins.__all__))


def test_its_import_is_light_and_needs_no_pytest() -> None:
    loaded = modules_after("import mutegreen.plugins, mutegreen.testing.simulated")
    heavy = {"numpy", "pandas", "scipy", "pydantic", "rich", "sqlite3", "psutil", "statsmodels", "click", "pytest"}
    assert not loaded & heavy
    assert "mutegreen.meters.nvml" not in loaded


def test_documents_import_from_public_modules_only() -> None:
    for document in DOCS:
        text = document.read_text(encoding="utf-8")
        imported = re.findall(r"^\s*(?:from|import) (mutegreen(?:\.[\w.]*)?)(?=\s)", text, re.MULTILINE)
        assert [name for name in imported if not PUBLIC.fullmatch(name)] == [], document.name
