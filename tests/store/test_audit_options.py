"""The options of an audit in the store: the text does not change, and keys that are missing or unknown are accepted."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from mutegreen.errors import StoreError
from mutegreen.model import AuditOptions, Compat, Goal, Limits, Metering, PlanOptions, Seeding
from mutegreen.store.audit_records import AuditRecord
from mutegreen.store.store import Store

FULL = AuditOptions(
    plan=PlanOptions(
        preset="smoke",
        operators=("epochs", "identity"),
        mutants=3,
        repetitions=4,
        values={"lr": ("0.1", "2")},
        order=2,
        seed=7,
        same_seed=True,
        compat=(Compat.CUDA, Compat.SEED),
    ),
    seeding=Seeding.SAME,
    limits=Limits(timeout_s=60.0, cooldown_s=0.0, warm_up_s=2.5, idle_s=0.25),
    metering=Metering(("estimate", "replay:a.csv"), ("cpu",)),
    jobs=0,
)
TEXT = (
    '{"plan": {"preset": "smoke", "operators": ["epochs", "identity"], "mutants": 3, "repetitions": 4, '
    '"values": {"lr": ["0.1", "2"]}, "order": 2, "seed": 7, "same_seed": true, "compat": ["cuda", "seed"]}, '
    '"seeding": "same", '
    '"limits": {"timeout_s": 60.0, "cooldown_s": 0.0, "warm_up_s": 2.5, "idle_s": 0.25}, '
    '"metering": {"meters": ["estimate", "replay:a.csv"], "require": ["cpu"]}, "jobs": 0}'
)
OF_SCHEMA_3 = {
    "plan": {
        "preset": None,
        "operators": None,
        "mutants": 3,
        "repetitions": 5,
        "values": {},
        "order": 2,
        "seed": 1,
        "same_seed": False,
        "compat": [],
    },
    "seeding": "own",
    "limits": {"timeout_s": None, "cooldown_s": 0.0, "warm_up_s": None},
    "metering": {"meters": [], "require": []},
    "jobs": None,
}
"""What an audit kept before idle power had an option."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mutegreen.sqlite"


def write(path: Path, options: AuditOptions) -> None:
    with Store.create(path) as store:
        store.add_audit(AuditRecord("a", "s", "/s", "0", Goal.MAXIMIZE, None, options, {}, (), "2026-01-01"), [], [])


def read_after(path: Path, document: Mapping[str, Any]) -> AuditOptions:
    """What is read where another version wrote this document."""
    write(path, AuditOptions())
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE audit SET options = ?", (json.dumps(document),))
    with Store.open(path) as store:
        return store.audit("a").options


def test_the_text_holds_every_option_and_is_read_back(path: Path) -> None:
    write(path, FULL)
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT options FROM audit").fetchone() == (TEXT,)
    with Store.open(path) as store:
        assert store.audit("a").options == FULL


def test_an_audit_of_before_is_read(path: Path) -> None:
    expected = AuditOptions(
        plan=PlanOptions(mutants=3, repetitions=5, order=2, compat=()),
        seeding=Seeding.OWN,
        limits=Limits(cooldown_s=0.0),
    )
    assert read_after(path, OF_SCHEMA_3) == expected


def without(document: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    first, *rest = keys
    if not rest:
        return {key: value for key, value in document.items() if key != first}
    return {**document, first: without(document[first], *rest)}


KEYS = [(key,) for key in OF_SCHEMA_3] + [("plan", key) for key in json.loads(TEXT)["plan"]]
KEYS += [(part, key) for part in ("limits", "metering") for key in json.loads(TEXT)[part]]


@pytest.mark.parametrize("keys", KEYS, ids=".".join)
def test_a_key_that_is_missing_has_its_default(keys: tuple[str, ...], path: Path) -> None:
    options = read_after(path, without(json.loads(TEXT), *keys))
    owner, default = options, AuditOptions()
    for key in keys[:-1]:
        owner, default = getattr(owner, key), getattr(default, key)
    assert getattr(owner, keys[-1]) == getattr(default, keys[-1])
    changed = [
        key for key in ("plan", "seeding", "limits", "metering", "jobs") if vars(options)[key] != vars(FULL)[key]
    ]
    assert changed == [keys[0]]


def test_an_unknown_key_is_ignored(path: Path) -> None:
    document = {key: {**part, "new": 1} if isinstance(part, dict) else part for key, part in json.loads(TEXT).items()}
    assert read_after(path, {**document, "new": {"more": 2}}) == FULL


@pytest.mark.parametrize("part", ["plan", "limits", "metering"])
def test_a_part_that_is_null_has_its_defaults(part: str, path: Path) -> None:
    assert getattr(read_after(path, {**json.loads(TEXT), part: None}), part) == getattr(AuditOptions(), part)


@pytest.mark.parametrize(
    "document",
    [
        {"plan": {"compat": ["of another version"]}},
        {"limits": {"timeout_s": 0}},
        {"seeding": "of another version"},
        {"plan": {"values": 3}},
        [],
    ],
    ids=str,
)
def test_options_that_cannot_be_read_are_one_line_that_names_the_audit(document: Any, path: Path) -> None:
    with pytest.raises(StoreError, match="audit a cannot be read") as caught:
        read_after(path, document)
    assert caught.value.hint
