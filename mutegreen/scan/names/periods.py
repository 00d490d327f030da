"""Is the value of a schedule's name a list of milestones, a period or a factor? `lr_decay=[30, 60]`, `30`, `0.1`.

| value | `period` | `decay` |
| --- | --- | --- |
| a list | milestones | milestones |
| 0.01 to 1 | `otherwise`, or step size for 1 | gamma |
| whole number, from 5 | step size | step size, unsure |
| whole number, 2 to 4 | step size | gamma, unsure |
| another number | `otherwise` | gamma, unsure |
| anything else | `otherwise` | excluded |
"""

from __future__ import annotations

from mutegreen.model import Kind
from mutegreen.scan.names.meaning import EXCLUDED, Meaning, is_number


def period(value: object, otherwise: Meaning) -> Meaning:
    """Return what a name of a period means, such as `lr_step`."""
    if isinstance(value, (list, tuple)):
        return Meaning(Kind.MILESTONES)
    return Meaning(Kind.STEP_SIZE) if is_number(value, 1, whole=True) else otherwise


def decay(value: object) -> Meaning:
    """Return what a name of a factor means, such as `lr_decay`."""
    if isinstance(value, (list, tuple)):
        return Meaning(Kind.MILESTONES)
    if is_number(value, 0.01, 1):
        return Meaning(Kind.GAMMA)
    if is_number(value, 5, whole=True):
        return Meaning(Kind.STEP_SIZE, "a period, or a divisor of the learning rate")
    return Meaning(Kind.GAMMA, "a factor outside 0.01 to 1") if is_number(value) else EXCLUDED
