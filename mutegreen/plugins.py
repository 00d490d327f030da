"""Export everything that an operator, a meter or a subject of a plug-in imports.

These names stay where they are; other modules of MuteGreen may move. The contract suites are in `mutegreen.testing`.
"""

from mutegreen.clock import Clock
from mutegreen.errors import MeterLost, MeterPermissionError, MeterUnavailable, UsageError
from mutegreen.meters.base import Meter, Reading
from mutegreen.model import (
    DOMAIN_CLASSES,
    Flag,
    Kind,
    Quality,
    Unavailable,
    Value,
    domain_class,
    domain_device,
    is_domain,
)
from mutegreen.mutation.factor import FactorOperator
from mutegreen.mutation.numeric_values import fraction, number, positive, rounded, whole, within
from mutegreen.mutation.operator import ChoiceOperator, DrawOperator, Example, Operator
from mutegreen.phase import window

__all__ = [
    "DOMAIN_CLASSES",
    "ChoiceOperator",
    "Clock",
    "DrawOperator",
    "Example",
    "FactorOperator",
    "Flag",
    "Kind",
    "Meter",
    "MeterLost",
    "MeterPermissionError",
    "MeterUnavailable",
    "Operator",
    "Quality",
    "Reading",
    "Unavailable",
    "UsageError",
    "Value",
    "domain_class",
    "domain_device",
    "fraction",
    "is_domain",
    "number",
    "positive",
    "rounded",
    "whole",
    "window",
    "within",
]
