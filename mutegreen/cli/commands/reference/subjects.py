"""`mutegreen subjects`: the list of subjects that are installed."""

from __future__ import annotations

from dataclasses import asdict

import click

from mutegreen import catalog, config
from mutegreen.cli import common
from mutegreen.model import Subject


@click.command("subjects")
@common.json_option
def command(as_json: bool) -> int:
    """List the subjects that come with MuteGreen or with plug-ins.

    A subject is a training program with a subject.toml. `mutegreen run SUBJECT` audits one.
    """
    subjects = [config.load(folder) for folder in catalog.subjects().values()]
    if as_json:
        common.write_json([_document(subject) for subject in subjects])
        return 0
    from rich import box
    from rich.table import Table

    table = Table("subject", "description", "hyperparameters", "presets", box=box.SIMPLE_HEAD)
    for subject in subjects:
        names = ", ".join(f"{h.name} {h.default}" for h in subject.hyperparameters)
        table.add_row(subject.name, _about(subject), names, ", ".join(subject.presets))
    common.results().print(table)
    for problem in catalog.problems():
        common.messages().print(f"warning: {problem}", style="yellow", soft_wrap=True)
    return 0


def _about(subject: Subject) -> str:
    """Return the description, and the data of the subject and of the presets with other data."""
    others = {preset.name: preset.data for preset in subject.presets.values() if preset.data}
    datasets = [str(subject.data)] if subject.data else []
    data = "; ".join([*datasets, *(f"{name}: {data}" for name, data in others.items())])
    return subject.description + (f"\nData: {data}" if data else "")


def _document(subject: Subject) -> dict[str, object]:
    return {
        "name": subject.name,
        "description": subject.description,
        "folder": str(subject.folder),
        "data": asdict(subject.data) if subject.data else None,
        "hyperparameters": {h.name: h.default for h in subject.hyperparameters},
        "presets": {p.name: p.description for p in subject.presets.values()},
        "presets_data": {p.name: asdict(p.data) for p in subject.presets.values() if p.data},
    }
