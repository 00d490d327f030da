"""The nouns of MuteGreen: frozen, validated at construction, and importing nothing of ours.

Units are joules, watts and seconds everywhere. `None` means "not measured", never 0.
"""

from mutegreen.model.colocation import BackgroundRun, Beside, Company
from mutegreen.model.domains import DOMAIN_CLASSES, GPU_CLASS, domain_class, domain_device, is_domain, is_gpu
from mutegreen.model.energy import DomainEnergy, Measurement, Span, Timeline, Unavailable
from mutegreen.model.kinds import Compat, Flag, Goal, Kind, Outcome, Quality, Seeding, Verdict
from mutegreen.model.names import (
    DOMAIN_OF_METRIC,
    ENERGY_METRICS,
    EPOCH,
    FIRST_EPOCH,
    IDENTITY,
    JOINT,
    METRICS,
    ORIGINAL,
    ROW_COLUMNS,
    SEED_VARIABLE,
    TOTAL,
    Value,
)
from mutegreen.model.plan import Change, Mutant, Trial
from mutegreen.model.result import Epoch, Evidence, Phase, StandIn, TrialResult
from mutegreen.model.subject import (
    ConfigSite,
    Data,
    EnvSite,
    Figure,
    FlagSite,
    Hyperparameter,
    Performance,
    Preset,
    Site,
    SourceSite,
    Subject,
)

__all__ = [
    "DOMAIN_CLASSES",
    "DOMAIN_OF_METRIC",
    "ENERGY_METRICS",
    "EPOCH",
    "FIRST_EPOCH",
    "GPU_CLASS",
    "IDENTITY",
    "JOINT",
    "METRICS",
    "ORIGINAL",
    "ROW_COLUMNS",
    "SEED_VARIABLE",
    "TOTAL",
    "BackgroundRun",
    "Beside",
    "Change",
    "Company",
    "Compat",
    "ConfigSite",
    "Data",
    "DomainEnergy",
    "EnvSite",
    "Epoch",
    "Evidence",
    "Figure",
    "Flag",
    "FlagSite",
    "Goal",
    "Hyperparameter",
    "Kind",
    "Measurement",
    "Mutant",
    "Outcome",
    "Performance",
    "Phase",
    "Preset",
    "Quality",
    "Seeding",
    "Site",
    "SourceSite",
    "Span",
    "StandIn",
    "Subject",
    "Timeline",
    "Trial",
    "TrialResult",
    "Unavailable",
    "Value",
    "Verdict",
    "domain_class",
    "domain_device",
    "is_domain",
    "is_gpu",
]
