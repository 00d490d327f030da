"""Each kind of site in a file: exactly one literal changes, every other byte stays."""

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from mutegreen.errors import MutationError
from mutegreen.model import ConfigSite, EnvSite, FlagSite, Site, SourceSite, Value
from mutegreen.mutation import configfile, site_values, source

SOURCES = {
    "assignment": ("LR = 0.1  # rate\n", 0.1),
    "annotated": ("LR: float = 0.1\n", 0.1),
    "negative": ("LR = -0.5\n", -0.5),
    "tuple": ("EPOCHS, LR = 3, 0.1\n", 0.1),
    "chained": ("a = LR = 0.1\n", 0.1),
    "keyword": ("opt = SGD(p, LR=0.1, momentum=0.9)\n", 0.1),
    "parameter": ("def f(a, LR=0.1, *, b=2): pass\n", 0.1),
    "keyword_only": ("def f(*, LR=0.1): pass\n", 0.1),
    "mapping": ("conf = {'LR': 0.1, 'b': 2}\n", 0.1),
    "item": ("conf['LR'] = 0.1\n", 0.1),
    "attribute": ("class A:\n\tdef f(self):\n\t\tself.LR = 0.1\n", 0.1),
    "after_wide_characters": ("é = 'ü'; LR = 0.1; z = '漢'\n", 0.1),
    "crlf_without_final_newline": ("x = 1\r\nLR = 0.1\r\ny = 2", 0.1),
    "form_feed": ("x = 1\n\x0cLR = 0.1\n", 0.1),
    "text": ("LR = 'adam'\n", "adam"),
    "underscores": ("LR = 1_000\n", 1000),
}


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_only_the_literal_of_a_source_changes(tmp_path: Path, name: str, bom: bytes) -> None:
    text, value = SOURCES[name]
    file = tmp_path / "train.py"
    file.write_bytes(bom + text.encode())
    site = SourceSite("train.py", "LR")
    assert source.read(tmp_path, site) == value
    literal = next(spelling for spelling in ("-0.5", "0.1", "'adam'", "1_000") if spelling in text)
    source.write(tmp_path, site, 0.25)
    assert file.read_bytes() == bom + text.replace(literal, "0.25").encode()
    assert source.read(tmp_path, site) == 0.25


def test_a_source_in_latin_1_stays_in_latin_1(tmp_path: Path) -> None:
    text = "# -*- coding: latin-1 -*-\nname = 'é'; LR = 0.1\n"
    (tmp_path / "train.py").write_bytes(text.encode("latin-1"))
    source.write(tmp_path, SourceSite("train.py", "LR"), 3)
    assert (tmp_path / "train.py").read_bytes() == text.replace("0.1", "3").encode("latin-1")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1\n", "no literal is assigned to LR"),
        ("LR = f()\n", "no literal is assigned to LR"),
        ("LR = 1\nLR = 2\n", "2 times, in lines 1, 2"),
        ("LR = (\n", "not Python source"),
    ],
)
def test_a_missing_or_ambiguous_site_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "train.py").write_text(text)
    with pytest.raises(MutationError, match=message):
        source.write(tmp_path, SourceSite("train.py", "LR"), 2)
    assert (tmp_path / "train.py").read_text() == text


def test_a_line_settles_an_ambiguity(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("LR = 1\nLR = 2\n")
    source.write(tmp_path, SourceSite("train.py", "LR", 2), 5)
    assert (tmp_path / "train.py").read_text() == "LR = 1\nLR = 5\n"


CONFIGS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "c.toml": ('# top\n[optim]\nlr = 0.1 # rate\nsizes = [1, 2]\nname = "é"\n', tomllib.loads),
    "c.json": ('\n\t{ "x": [true, null],\n\t"optim": {"lr":0.1 , "sizes": [1, 2]}}', json.loads),
    "c.yaml": ("# top\noptim:\n  lr: 0.1   # rate\n  sizes: [1, 2]\n  name: é\n", yaml.safe_load),
}


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("value", [0.25, 1e-05, 1e22, 3])
def test_only_the_value_of_a_config_changes(tmp_path: Path, name: str, value: float) -> None:
    text, load = CONFIGS[name]
    file = tmp_path / name
    file.write_text(text, newline="")
    site = ConfigSite(name, "optim.lr")
    assert configfile.read(tmp_path, site) == 0.1
    configfile.write(tmp_path, site, value)
    after = file.read_text()
    head, tail = text.split("0.1")
    assert after.startswith(head)
    assert after.endswith(tail)
    found = load(after)["optim"]["lr"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("name", CONFIGS)
def test_items_of_lists_have_keys_too(tmp_path: Path, name: str) -> None:
    text, load = CONFIGS[name]
    (tmp_path / name).write_text(text)
    configfile.write(tmp_path, ConfigSite(name, "optim.sizes.1"), 7)
    assert load((tmp_path / name).read_text())["optim"]["sizes"] == [1, 7]


@pytest.mark.parametrize("name", CONFIGS)
def test_a_missing_key_names_the_existing_keys(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(CONFIGS[name][0])
    with pytest.raises(MutationError, match=r"no key optim\.rate") as caught:
        configfile.read(tmp_path, ConfigSite(name, "optim.rate"))
    assert caught.value.hint is not None
    assert "lr, sizes" in caught.value.hint
    with pytest.raises(MutationError, match="not a plain value"):
        configfile.write(tmp_path, ConfigSite(name, "optim"), 1)


@pytest.mark.parametrize("name", ["c.toml", "c.json", "c.yaml"])
def test_a_config_that_cannot_be_parsed_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("{ a = [")
    with pytest.raises(MutationError, match=f"{name}: not"):
        configfile.read(tmp_path, ConfigSite(name, "a"))


def test_flags_and_variables() -> None:
    sites: dict[Site, Value] = {
        FlagSite("--lr"): 0.1,
        FlagSite("--gamma="): 1e-05,
        FlagSite("model.depth="): 3,
        EnvSite("T"): 2,
    }
    assert site_values.arguments(sites) == ["--lr", "0.1", "--gamma=1e-05", "model.depth=3"]
    assert site_values.environment(sites) == {"T": "2"}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (1, 1.0, True),
        ("1e-4", 0.0001, True),
        ("adam", "adam", True),
        (0.1, 0.2, False),
        ("x", 1, False),
        (True, "true", True),
    ],
)
def test_same_value(one: object, other: object, same: bool) -> None:
    assert site_values.same_value(one, other) is same
