"""A `subject.toml` with any of its keys is loaded as it was written."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st

from mutegreen import config, model
from mutegreen.model import Compat, Data, Goal, Kind

characters = st.characters(exclude_categories=["Cs"])
texts = st.text(characters, min_size=1, max_size=6)
names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_-]{0,5}", fullmatch=True).filter(
    lambda n: n not in {"original", "identity"}
)
scalars = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | st.booleans() | texts
seconds = st.floats(1e-3, 1e6) | st.integers(1, 99)
not_negative = st.floats(0, 1e6)
counts = st.integers(1, 99)
goals = st.sampled_from(list(Goal))
patterns = st.sampled_from([r"acc=(\S+)", r"(?P<value>\d+)/(?P<of>\d+)", "é 漢 '(.)\"", "(\\n|\\t)"])
words = st.lists(st.just("{args}") | texts.filter(lambda t: "{args}" not in t), min_size=1, max_size=4)
sites = st.one_of(
    st.fixed_dictionaries({"flag": texts}),
    st.fixed_dictionaries({"env": texts}),
    st.builds(
        lambda name, line: {"source": {"file": "train.py", "name": name} | line},
        texts,
        st.sampled_from([{}, {"line": 3}]),
    ),
    st.builds(
        lambda key, file: {"config": {"file": file, "key": key}}, texts, st.sampled_from(["c.toml", "in/c.yaml"])
    ),
)
hyperparameters = st.builds(
    lambda site, keys: site | keys,
    sites,
    st.fixed_dictionaries(
        {"default": scalars, "kind": st.sampled_from(list(Kind)).map(str)},
        optional={"operator": texts, "evidence": st.just("--lr") | patterns},
    ),
)
data = texts | st.fixed_dictionaries({"name": texts}, optional={"generated": st.booleans()})
extra_metrics = st.dictionaries(
    st.from_regex(r"[A-Za-z0-9_-]{1,5}", fullmatch=True),
    patterns
    | st.fixed_dictionaries({"pattern": patterns}, optional={"goal": goals.map(str), "tolerance": not_negative}),
    max_size=2,
)
performances = st.fixed_dictionaries(
    {"pattern": patterns},
    optional={"goal": goals.map(str), "tolerance": not_negative, "loss": patterns, "also": extra_metrics},
) | st.fixed_dictionaries({"file": st.just("out/r.json"), "key": texts}, optional={"goal": goals.map(str)})


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """What a `subject.toml` says."""
    settable = draw(st.dictionaries(names, hyperparameters, min_size=1, max_size=3))
    preset = st.fixed_dictionaries(
        {},
        optional={
            "description": texts,
            "arguments": st.lists(texts, max_size=2),
            "defaults": st.dictionaries(st.sampled_from(list(settable)), scalars, max_size=2),
            "duration_s": seconds,
            "timeout_s": seconds,
            "cooldown_s": not_negative,
            "mutants": counts,
            "repetitions": counts,
            "operators": st.lists(texts, max_size=2),
            "order": counts,
            "data": data,
            "compat": st.lists(st.sampled_from(list(Compat)).map(str), max_size=2),
        },
    )
    keys = st.fixed_dictionaries(
        {"command": words, "performance": performances, "hyperparameters": st.just(settable)},
        optional={
            "name": st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,5}", fullmatch=True),
            "description": texts,
            "workdir": st.just("in"),
            "data": data,
            "compat": st.lists(st.sampled_from(list(Compat)).map(str), max_size=2),
            "duration_s": seconds,
            "timeout_s": seconds,
            "environment": st.dictionaries(texts, texts, max_size=2),
            "seed": sites,
            "workspace": st.fixed_dictionaries({}, optional={"exclude": st.lists(texts, max_size=2)}),
            "presets": st.dictionaries(texts, preset, max_size=2),
        },
    )
    return draw(keys)


@contextmanager
def written(document: dict[str, Any]) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "in").mkdir()
        for name in ("train.py", "c.toml", "in/c.yaml"):
            (root / name).touch()
        (root / "subject.toml").write_text(tomlkit.dumps(document), encoding="utf-8", newline="")
        yield root


def site_of(raw: dict[str, Any]) -> model.Site:
    if "flag" in raw:
        return model.FlagSite(raw["flag"])
    if "env" in raw:
        return model.EnvSite(raw["env"])
    return model.SourceSite(**raw["source"]) if "source" in raw else model.ConfigSite(**raw["config"])


def data_of(raw: Any) -> Data | None:
    return Data(raw) if isinstance(raw, str) else Data(**raw) if raw else None


def extra_metric_of(name: str, raw: Any) -> model.ExtraMetric:
    return model.ExtraMetric(name, **({"pattern": raw} if isinstance(raw, str) else raw))


def preset_of(name: str, raw: dict[str, Any]) -> model.Preset:
    tuples: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in raw.items()}
    return model.Preset(name, **tuples | {"data": data_of(raw.get("data"))})


@settings(max_examples=25)
@given(documents())
def test_what_is_written_is_loaded(document: dict[str, Any]) -> None:
    with written(document) as folder:
        subject = config.load(folder)
        assert subject.folder == folder.resolve()
        assert subject.name == document.get("name", folder.name)
    assert subject.command == tuple(document["command"])
    assert subject.description == document.get("description", "")
    assert subject.workdir == document.get("workdir", ".")
    assert subject.environment == document.get("environment", {})
    assert (subject.duration_s, subject.timeout_s) == (document.get("duration_s"), document.get("timeout_s"))
    assert subject.compat == tuple(document.get("compat", ()))
    assert subject.data == data_of(document.get("data"))
    assert subject.seed == (site_of(document["seed"]) if "seed" in document else None)
    assert subject.exclude == tuple(document.get("workspace", {}).get("exclude", ()))
    also = document["performance"].get("also", {})
    expected = {"also": tuple(extra_metric_of(name, raw) for name, raw in also.items())}
    assert subject.performance == model.Performance(**document["performance"] | expected)
    assert subject.presets == {name: preset_of(name, raw) for name, raw in document.get("presets", {}).items()}
    for found, (name, raw) in zip(subject.hyperparameters, document["hyperparameters"].items(), strict=True):
        assert (found.name, found.kind, found.site) == (name, raw["kind"], site_of(raw))
        assert (found.operator, found.evidence) == (raw.get("operator"), raw.get("evidence"))
        assert repr(found.default) == repr(raw["default"])
