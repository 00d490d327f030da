"""The nouns of MuteGreen: frozen, validated at construction, and importing nothing of ours.

Units are joules, watts and seconds everywhere. `None` means "not measured", never 0.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

Value = bool | int | float | str
"""A hyperparameter's value. It travels with every mutant, trial and row, never by position or file name."""


class Kind(StrEnum):
    """What a hyperparameter means; operators are chosen by it."""

    EPOCHS = "epochs"
    LEARNING_RATE = "learning_rate"
    GAMMA = "gamma"
    BATCH_SIZE = "batch_size"
    MOMENTUM = "momentum"
    WEIGHT_DECAY = "weight_decay"
    DROPOUT = "dropout"
    TRAIN_STEPS = "train_steps"
    STEP_SIZE = "step_size"
    MILESTONES = "milestones"
    WARMUP = "warmup"
    OPTIMIZER = "optimizer"
    BETA1 = "beta1"
    BETA2 = "beta2"
    EPSILON = "epsilon"
    CLIP = "clip"
    LABEL_SMOOTHING = "label_smoothing"
    THRESHOLD = "threshold"
    TEMPERATURE = "temperature"
    HIDDEN = "hidden"
    DEPTH = "depth"
    SEED = "seed"
    EVAL_BATCH_SIZE = "eval_batch_size"
    THREADS = "threads"
    OTHER = "other"


class Outcome(StrEnum):
    """How a trial ended."""

    OK = "ok"
    FAILED = "failed"
    TIMEOUT = "timeout"
    OUT_OF_MEMORY = "out_of_memory"
    DIVERGED = "diverged"
    INTERRUPTED = "interrupted"
    NOT_APPLIED = "not_applied"


class Quality(StrEnum):
    """How a figure of energy was come by, best first. A sum is as good as its worst part."""

    COUNTER = "counter"
    INTEGRATED = "integrated"
    ATTRIBUTED = "attributed"
    ESTIMATED = "estimated"

    @staticmethod
    def worst(qualities: Iterable[Quality]) -> Quality | None:
        """The quality of a sum over figures of these qualities; None for no figure at all."""
        order = list(Quality)
        return max(qualities, key=order.index, default=None)


class Flag(StrEnum):
    """Something that a reader of a measurement must know."""

    COUNTER_RESET = "counter_reset"
    COUNTER_WRAPPED = "counter_wrapped"
    SHORT_WINDOW = "short_window"
    SAMPLER_GAP = "sampler_gap"
    DEVICE_LOST = "device_lost"
    CROSSCHECK_FAILED = "crosscheck_failed"
    WHOLE_DEVICE = "whole_device"
    """The figure is of the whole device, though the training may use only a part of it (a MIG instance)."""
    OTHER_LOAD = "other_load"
    """Other programs, or helpers that the training did not wait for, kept the machine busy at the same time."""


class Goal(StrEnum):
    """Which direction of the performance is better."""

    MAXIMIZE = "maximize"
    MINIMIZE = "minimize"


class Verdict(StrEnum):
    """A mutant against the original, for one metric."""

    WIN = "win"
    TIE = "tie"
    LOSS = "loss"
    UNDECIDED = "undecided"


class Seeding(StrEnum):
    """What decides the chance in the trainings of an audit: first weights, order of the data, dropout."""

    OWN = "own"
    """Each repetition has its own seed, which all mutants share: repetitions show what chance does."""
    SAME = "same"
    """All trainings have one seed: repetitions show only what the seed does not decide."""
    NONE = "none"
    """The program takes no seed: every training is left to chance."""

    @classmethod
    def of(cls, seeds: Collection[int | None]) -> Seeding:
        """From the seed of each repetition."""
        if None in seeds:
            return cls.NONE
        return cls.SAME if len(set(seeds)) < len(seeds) else cls.OWN


ENERGY_METRICS = ("package_j", "dram_j", "gpu_j")
METRICS = (*ENERGY_METRICS, "duration_s", "performance")
TOTAL = "total_j"
"""The sum of the energy metrics measured, where there are several: a result of statistics, in no row."""
ROW_COLUMNS = (
    "subject",
    "background",
    "mutant",
    "hyperparameter",
    "value",
    "default",
    "repetition",
    *METRICS,
)
"""The columns that every file of rows has, in this order; further ones may follow."""

ORIGINAL = "original"
"""The mutant column of the rows of the unchanged program."""

IDENTITY = "identity"
"""The operator, and the hyperparameter column, of the mutant that changes nothing: the A/A control."""

JOINT = ","
"""Joins the names and the values of a mutant that changes several hyperparameters at once; in no name of one."""

DOMAIN_OF_METRIC = {"package_j": "cpu", "dram_j": "dram", "gpu_j": "gpu"}
"""The class of domains (the part before the colon) that each energy metric sums."""


class Compat(StrEnum):
    """A stand-in, put into a training from outside, for what the machine or the program lacks."""

    CUDA = "cuda"
    """`.cuda()` does nothing where there is no GPU."""
    CHECKSUMS = "checksums"
    """Files of data sets are taken whatever their checksums."""
    WEIGHTS = "weights"
    """Networks start from random weights instead of downloaded ones."""
    SEED = "seed"
    """The program's random numbers begin at the training's seed, `SEED_VARIABLE`."""


SEED_VARIABLE = "MUTEGREEN_SEED"
"""Where the stand-in `seed` finds the seed of a training."""


@dataclass(frozen=True)
class FlagSite:
    """A hyperparameter set on the command line, such as `--lr`."""

    flag: str

    def __str__(self) -> str:
        return f"flag {self.flag}"


@dataclass(frozen=True)
class SourceSite:
    """A literal in a source file, found by the name that it is given to.

    Args:
        file: Path within the subject's folder.
        name: Name of the variable, keyword argument, parameter or mapping key with the literal as value.
        line: Line of the literal (from 1), needed only where the name is given a literal more than once.
    """

    file: str
    name: str
    line: int | None = None

    def __str__(self) -> str:
        return f"{self.name} in {self.file}" + (f", line {self.line}" if self.line else "")


@dataclass(frozen=True)
class ConfigSite:
    """A key in a TOML, JSON or YAML file; `key` is dotted, list items by their index."""

    file: str
    key: str

    def __str__(self) -> str:
        return f"{self.key} in {self.file}"


@dataclass(frozen=True)
class EnvSite:
    """An environment variable, such as `OMP_NUM_THREADS`."""

    variable: str

    def __str__(self) -> str:
        return f"${self.variable}"


Site = FlagSite | SourceSite | ConfigSite | EnvSite


@dataclass(frozen=True)
class Hyperparameter:
    """One hyperparameter of a subject.

    Args:
        name: Its name in tables and options.
        kind: What it means.
        default: The original's value.
        site: Where the value is set.
        operator: Name of the operator that mutates it; None: the one made for its kind.
        evidence: How it is seen that a value arrived, where the site does not say it: a flag (`--lr`) by which
            the program's own parser knows the value, or a regular expression over the output whose first group
            is the value in use.
    """

    name: str
    kind: Kind
    default: Value
    site: Site
    operator: str | None = None
    evidence: str | None = None


@dataclass(frozen=True)
class Figure:
    """A further figure of performance, kept beside the one that decides: mean average precision beside rank 1.

    Args:
        name: Its name in options, tables and columns.
        pattern: Regular expression over the output, as `Performance.pattern`; the last match is the figure.
        key: Dotted key in the performance's file; of a list there, the last. One of the two is given.
        goal: Which direction is better.
        tolerance: How much worse, in its own unit, is still as good; None: not said.
    """

    name: str
    pattern: str | None = None
    key: str | None = None
    goal: Goal = Goal.MAXIMIZE
    tolerance: float | None = None


@dataclass(frozen=True)
class Performance:
    """How a training's performance is read: from its output by `pattern`, or from a JSON `file` by `key`.

    Args:
        pattern: Regular expression. Its group `value` (or its first group) is the figure; divided by the group
            `of` where there is one (`308/360`). Each match is one epoch, the last is the result.
        file: JSON file written by the training, relative to its working folder.
        key: Dotted key in that file. A list there is one figure for each epoch, the last is the result.
        goal: Which direction is better.
        tolerance: How much worse, in the performance's own unit, is still as good; None: not said.
        loss: Regular expression for the loss in the output; a last loss that is not finite is a divergence.
        also: Further figures; a training may well end without them.
    """

    pattern: str | None = None
    file: str | None = None
    key: str | None = None
    goal: Goal = Goal.MAXIMIZE
    tolerance: float | None = None
    loss: str | None = None
    also: tuple[Figure, ...] = ()

    def __post_init__(self) -> None:
        if (self.pattern is None) == (self.file is None):
            raise ValueError("performance needs either a pattern or a file, not both")


@dataclass(frozen=True)
class Data:
    """What a subject trains on; `generated` says that the data were made up by a program."""

    name: str
    generated: bool = False

    def __str__(self) -> str:
        return f"generated {self.name}" if self.generated else self.name

    @property
    def label(self) -> str:
        """Both in one text, as rows hold it: `generated: coloured shapes`."""
        return f"{_GENERATED}{self.name}" if self.generated else self.name

    @classmethod
    def of(cls, label: str) -> Data:
        """The data of a label."""
        return cls(label.removeprefix(_GENERATED), label.startswith(_GENERATED))


_GENERATED = "generated: "


@dataclass(frozen=True)
class Preset:
    """A named way of running a subject: other arguments, other defaults, other sizes of the audit."""

    name: str
    description: str = ""
    arguments: tuple[str, ...] = ()
    defaults: dict[str, Value] = field(default_factory=dict)
    duration_s: float | None = None
    timeout_s: float | None = None
    cooldown_s: float | None = None
    mutants: int | None = None
    repetitions: int | None = None
    operators: tuple[str, ...] | None = None
    order: int | None = None
    data: Data | None = None
    compat: tuple[Compat, ...] | None = None


@dataclass(frozen=True)
class Subject:
    """A training program and what an audit must know about it.

    Args:
        name: Its name in rows and tables.
        folder: Folder with the program and its `subject.toml`; never written to.
        command: Program and arguments; `{python}` stands for the interpreter that runs MuteGreen.
        workdir: Working folder of the command, relative to `folder`.
        hyperparameters: In the order of the file.
        performance: How the result is read.
        seed: Site that takes the seed of a repetition; None: the program is not seeded.
        presets: By name.
        duration_s: About how long a training takes, as the subject's author found; used for estimates until a
            training has been timed here.
        timeout_s: Longest time a training may take; None: a multiple of the preflight's.
        environment: Variables set for every trial.
        link: Paths in the folder that are linked, not copied, into a trial's workspace (data sets).
        exclude: Patterns of paths that are left out of a workspace.
        data: What it trains on, unless a preset says otherwise; None: not declared.
        compat: Stand-ins that its trainings get, unless a preset says otherwise.
    """

    name: str
    folder: Path
    command: tuple[str, ...]
    hyperparameters: tuple[Hyperparameter, ...]
    performance: Performance
    workdir: str = "."
    seed: Site | None = None
    presets: dict[str, Preset] = field(default_factory=dict)
    duration_s: float | None = None
    timeout_s: float | None = None
    environment: dict[str, str] = field(default_factory=dict)
    link: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    description: str = ""
    data: Data | None = None
    compat: tuple[Compat, ...] = ()

    def hyperparameter(self, name: str) -> Hyperparameter:
        """The hyperparameter of that name; KeyError if there is none."""
        for hyperparameter in self.hyperparameters:
            if hyperparameter.name == name:
                return hyperparameter
        raise KeyError(name)


@dataclass(frozen=True)
class Change:
    """One hyperparameter at another value than the original's; `operator` gave the value."""

    hyperparameter: str
    value: Value
    default: Value
    operator: str


@dataclass(frozen=True)
class Mutant:
    """The subject with one hyperparameter changed, or with several at once: a mutant of higher order.

    `id` is `original`, `identity` or `<hyperparameter>=<value>`, once for each change; it is unique within an audit.
    """

    id: str
    changes: tuple[Change, ...] = ()

    @classmethod
    def of(cls, *changes: Change) -> Mutant:
        """The mutant that makes these changes, named after them."""
        return cls(JOINT.join(f"{change.hyperparameter}={change.value}" for change in changes), changes)

    @property
    def is_original(self) -> bool:
        """Whether this is the unchanged program, against which mutants are compared."""
        return self.id == ORIGINAL

    @property
    def order(self) -> int:
        """How many hyperparameters are changed at once; 0 for the original and for `identity`."""
        return len(self.changes)

    @property
    def operator(self) -> str:
        """The operator, those of several changes joined; empty for the original."""
        return JOINT.join(change.operator for change in self.changes) or ("" if self.is_original else IDENTITY)

    @property
    def hyperparameter(self) -> str | None:
        """What is changed, the names of several joined; None for the original."""
        return JOINT.join(change.hyperparameter for change in self.changes) or (None if self.is_original else IDENTITY)

    @property
    def value(self) -> Value | None:
        """The new value, those of several changes joined to a text; None where nothing is changed."""
        return _joint([change.value for change in self.changes])

    @property
    def default(self) -> Value | None:
        """The original's value, as `value`."""
        return _joint([change.default for change in self.changes])


def _joint(values: Sequence[Value]) -> Value | None:
    if len(values) == 1:
        return values[0]
    return JOINT.join(map(str, values)) if values else None


@dataclass(frozen=True)
class Trial:
    """One planned training.

    Args:
        number: Its place in the audit's order, from 1.
        mutant: Id of the mutant.
        block: Block, from 0; a block holds one repetition of the original and of every mutant.
        position: Place within the block, from 0.
        repetition: Repetition of this mutant, from 0 (equal to the block).
        seed: Seed of the repetition, the same for all mutants of a block; None: the subject takes no seed.
    """

    number: int
    mutant: str
    block: int
    position: int
    repetition: int
    seed: int | None


@dataclass(frozen=True)
class DomainEnergy:
    """Energy of one domain over one window.

    Args:
        domain: `gpu:<uuid>`, `cpu:package-<n>`, `dram:package-<n>` or `psys`.
        meter: Name of the meter that read it.
        quality: How the figure was come by.
        energy_j: Gross energy, joules; None: not measured, `reason` says why.
        idle_w: Power of the idle machine in this domain, watts; None: not known.
        duration_s: Length of the window, seconds.
        flags: What a reader must know of this figure.
        reason: Why there is no figure.
    """

    domain: str
    meter: str
    quality: Quality
    energy_j: float | None
    duration_s: float
    idle_w: float | None = None
    flags: frozenset[Flag] = frozenset()
    reason: str | None = None

    def __post_init__(self) -> None:
        if self.energy_j is None and not self.reason:
            raise ValueError(f"{self.domain}: a missing figure needs a reason")
        if self.energy_j is not None and not (math.isfinite(self.energy_j) and self.energy_j >= 0):
            raise ValueError(f"{self.domain}: {self.energy_j} is not an energy")

    @property
    def net_j(self) -> float | None:
        """Energy above idle, joules; None where gross energy or idle power is not known."""
        if self.energy_j is None or self.idle_w is None:
            return None
        return self.energy_j - self.idle_w * self.duration_s


@dataclass(frozen=True)
class Unavailable:
    """A meter, or a class of domains, that could not be read, and what would mend it."""

    meter: str
    reason: str
    remedy: str | None = None


@dataclass(frozen=True)
class Measurement:
    """Energy of all domains over one window, and what could not be measured."""

    duration_s: float
    domains: tuple[DomainEnergy, ...] = ()
    unavailable: tuple[Unavailable, ...] = ()

    def of(self, domain_class: str) -> tuple[DomainEnergy, ...]:
        """The domains of a class (`cpu`, `dram`, `gpu`); `psys` contains others and is in no class."""
        return tuple(d for d in self.domains if d.domain.partition(":")[0] == domain_class)

    def total_j(self, domain_class: str) -> float | None:
        """Sum over a class of domains, joules; None if there is none or any of them is not measured."""
        return _sum_or_none(d.energy_j for d in self.of(domain_class))

    def net_total_j(self, domain_class: str) -> float | None:
        """Sum of net energies over a class of domains, joules; None as for `total_j`."""
        return _sum_or_none(d.net_j for d in self.of(domain_class))

    def quality(self, domain_class: str) -> Quality | None:
        """Quality of `total_j`."""
        return Quality.worst(d.quality for d in self.of(domain_class))


@dataclass(frozen=True)
class Evidence:
    """Whether one value reached the program, and how that is known or why it is doubted.

    `own_default` says that the program had the value of itself: no flag reached its parser. A mutant's value
    would not have either.
    """

    hyperparameter: str
    requested: Value
    arrived: bool
    how: str
    own_default: bool = False


@dataclass(frozen=True)
class StandIn:
    """What a stand-in that was asked for did in one training: whether it acted, and how or why not."""

    name: Compat
    acted: bool
    how: str


@dataclass(frozen=True)
class Epoch:
    """One figure of performance and when it was printed, seconds since the start (None: read from a file)."""

    performance: float
    time_s: float | None


Timeline = tuple[tuple[float, float], ...]
"""Power in steps: (end of the step in seconds since the beginning, mean power in watts)."""


@dataclass(frozen=True)
class Phase:
    """A part of a training: an epoch by its output's time stamps, or a window that the program marked.

    Attributes:
        begin_s, end_s: Seconds since the training began.
        energy_j: Joules by domain, cut from the timeline: a phase of a few samples is known to a sample's length.
    """

    name: str
    begin_s: float
    end_s: float
    energy_j: dict[str, float]


@dataclass(frozen=True)
class Beside:
    """A training that ran on the same machine while another one did: `trial 12`, or a background's name."""

    name: str
    overlap_s: float


@dataclass(frozen=True)
class BackgroundRun:
    """What a background training did during the window of a trial.

    Attributes:
        name: Its name, as in the rows' `background`.
        epochs: Epochs that it got through, parts of one by time; None: it prints no figure to count them by.
        slowdown: Its rate of epochs when it trains alone, over its rate here; None: one of the two is not known.
        cpu_s: CPU time of its processes, seconds; None: not known.
        restarts: How often it ended early and was started again.
    """

    name: str
    epochs: float | None
    slowdown: float | None
    cpu_s: float | None
    restarts: int


@dataclass(frozen=True)
class Company:
    """What shared the machine with a trial on purpose; a trial that trained alone has none.

    Attributes:
        beside: Each other training, and for how many seconds it ran beside this one.
        shares: With a background, the trial's own part of each domain, attributed; the measurement is the whole.
        backgrounds: With a background, what it did meanwhile.
        by_use: Part of the attributed joules that was shared out by measured use and not evenly, from 0 to 1, by
            domain; the rest is idle power, and what the devices told nothing of.
    """

    beside: tuple[Beside, ...] = ()
    shares: tuple[DomainEnergy, ...] = ()
    backgrounds: tuple[BackgroundRun, ...] = ()
    by_use: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Span:
    """An unbroken time in which trainings ran at the same time: the exact energy of the devices.

    Attributes:
        started_at: Wall-clock time, ISO 8601 in UTC.
        measurement: Of the whole devices, from the first training's start to the end of the last.
        attributed_j: Sum of the shares of all trainings in it, joules by domain.
        nobody_j: Joules of a domain that no training could use for a while, such as one of two GPUs.
    """

    started_at: str
    measurement: Measurement
    attributed_j: dict[str, float]
    nobody_j: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class TrialResult:
    """What one training came to.

    Attributes:
        outcome: How it ended; `reason` says why unless it is `ok`.
        started_at: Wall-clock time of the start, ISO 8601 in UTC: a label, never used to measure.
        duration_s: Wall time of the training process, seconds.
        cpu_s: CPU time of the training and of the descendants it waited for, seconds.
        peak_rss_bytes: Largest resident memory of any single process.
        status: Exit status; negative: the signal that ended it.
        performance: The last figure of performance; None if there was none.
        also: The last of each further figure, by name; those never printed are missing.
        epochs: All figures of performance.
        measurement: Energy over the training.
        evidence: Whether the mutated value arrived.
        timelines: Power over the training by domain.
        phases: Epochs and windows with their joules.
        company: What shared the machine with it on purpose; None: it trained alone.
        standins: What each stand-in that was asked for did.
    """

    outcome: Outcome
    reason: str | None
    started_at: str
    duration_s: float
    cpu_s: float
    peak_rss_bytes: int
    status: int
    performance: float | None
    epochs: tuple[Epoch, ...]
    measurement: Measurement
    evidence: tuple[Evidence, ...] = ()
    timelines: dict[str, Timeline] = field(default_factory=dict)
    phases: tuple[Phase, ...] = ()
    also: dict[str, float] = field(default_factory=dict)
    standins: tuple[StandIn, ...] = ()
    company: Company | None = None


def _sum_or_none(parts: Iterable[float | None]) -> float | None:
    known = list(parts)
    if not known or any(part is None for part in known):
        return None
    return math.fsum(part for part in known if part is not None)
