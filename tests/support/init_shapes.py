"""Training programs in many styles, with the values that `mutegreen init` must find in each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

FIT = """\
import math
import random


def fit(epochs, learning_rate, seed=0):
    noise = random.Random(seed)
    points = [(noise.gauss(side, 1), side > 0) for side in (-1, 1) * 30]
    weight = 0.0
    for epoch in range(epochs):
        errors = [1 / (1 + math.exp(-weight * x)) - label for x, label in points]
        weight -= learning_rate * sum(error * x for error, (x, _) in zip(errors, points)) / len(points)
        yield sum(error * error for error in errors) / 60, sum(abs(error) < 0.5 for error in errors) / 60
"""
"""A training in pure Python that yields the loss and the accuracy of each epoch."""


@dataclass(frozen=True)
class ProgramShape:
    """A program and its expected values.

    Args:
        script: The source of train.py.
        settings: The hyperparameters that must be found, with their values.
        printed: The performance that it prints at its end; None: it is not run.
        goal: Whether a larger or a smaller performance is better.
        words: Further arguments of `init`.
        files: Other files.
        start: Arguments of the interpreter in a run by hand.
    """

    script: str
    settings: Mapping[str, object]
    printed: float | None = None
    goal: str = "maximize"
    words: Sequence[str] = ()
    files: Mapping[str, str | bytes] = field(default_factory=dict)
    start: Sequence[str] = ("train.py",)


def _prints(statement: str, **names: float | str) -> ProgramShape:
    """Return a program of constants that ends in a print or log statement."""
    given = "".join(f"{name} = {value}\n" for name, value in names.items())
    lines = "import logging\nimport sys\n\nEPOCHS = 8\nLR = 0.5\nfor epoch in range(EPOCHS):\n    rate = LR\n"
    return ProgramShape(f"{lines}{given}{statement}\n", {"epochs": 8, "learning_rate": 0.5})


def _ends(statement: str, value: float, goal: str = "maximize", **names: float | str) -> ProgramShape:
    shape = _prints(statement, **names)
    return ProgramShape(shape.script, shape.settings, value, goal)


STATEMENTS: dict[str, ProgramShape] = {
    "arguments of print": _ends('print("Test accuracy:", acc)', 0.875, acc=0.875),
    "separator": _ends('print("val acc", acc, "n", 7, sep=" = ")', 0.875, acc=0.875),
    "f-string": _ends('print(f"epoch {epoch}: val_acc={acc:.4f} in {1.5:.1f} s")', 0.875, acc=0.875),
    "f-string that names itself": _ends('print(f"{test_acc=}")', 0.875, test_acc=0.875),
    "format": _ends('print("Test set: Average loss: {:.4f}, Accuracy: {:6.2f}%".format(l, a))', 87.5, l=0.3, a=87.5),
    "format by index": _ends('print("loss {1:.3f} test accuracy {0:.3f}".format(a, l))', 0.875, a=0.875, l=0.3),
    "format by name": _ends('print("val_f1: {f1:.3f} lr: {r}".format(f1=f, r=rate))', 0.625, f=0.625),
    "braces of its own": _ends('print("{{x}} test accuracy: {}".format(a))', 0.875, a=0.875),
    "percent": _ends('print("valid loss %.3f, valid ppl %8.2f" % (l, p))', 17.5, "minimize", l=2.0, p=17.5),
    "percent sign": _ends('print("Test Acc: %d%% (best %d%%)" % (a, a + 1))', 87.0, a=87),
    "a fraction": _ends('print("Test set: Accuracy: {}/{} ({:.0f}%)".format(c, n, 100 * c / n))', 0.875, c=35, n=40),
    "concatenation": _ends('print("Testing Accuracy= " + "{:.3f}".format(a) + " of " + str(60))', 0.875, a=0.875),
    "logging": _ends(
        'logging.basicConfig(level=20)\nlogging.info("epoch %d validation loss %.4f", epoch, l)',
        0.25,
        "minimize",
        l=0.25,
    ),
    "logging a text": _ends(
        'logging.basicConfig(level=20)\nlogging.getLogger("x").info(f"Test accuracy: {a:.3f}")', 0.875, a=0.875
    ),
    "a text made before": _ends('message = f"test error {e:.3f}"\nprint(message)', 0.125, "minimize", e=0.125),
    "written to stdout": _ends('sys.stdout.write("\\rtest accuracy %.3f\\n" % a)', 0.875, a=0.875),
    "a dict": _ends('print({"epoch": epoch, "val_accuracy": a, "val_loss": l})', 0.875, a=0.875, l=0.3),
    "JSON": _ends('import json\nprint(json.dumps({"test_acc": a, "step": 3}))', 0.875, a=0.875),
    "several lines": _ends('print(f"""\nTest\n  test loss: {l}\n  test BLEU: {b}\n""")', 31.5, l=0.3, b=31.5),
    "training and test in a line": _ends('print("train acc %.3f test acc %.3f" % (t, a))', 0.875, t=0.99, a=0.875),
    "two names in a row": _ends('print("Test loss, accuracy: ({:.3f}, {:.3f})".format(l, a))', 0.875, l=0.3, a=0.875),
    "phases": _ends(
        'for phase in ["train", "val"]:\n    print("{} Loss: {:.4f} Acc: {:.4f}".format(phase, l, a))\n'
        'print("train Loss: 9 Acc: 0.1")',
        0.875,
        l=0.3,
        a=0.875,
    ),
    "a nan": _ends('print("val loss:", l)', float("nan"), "minimize", l="float('nan')"),
    "exponents": _ends('print("test mse: %e" % l)', 1.25e-05, "minimize", l=1.25e-05),
    "the unit behind": _ends('print("%.2f%% test accuracy" % a)', 87.5, a=87.5),
    "without words": _ends("print(epoch, test_accuracy)", 0.875, test_accuracy=0.875),
    "the function's name": _ends(
        'def train():\n    print("Accuracy %.3f" % 0.99)\n\n\ndef test():\n    print("*  Accuracy %.3f" % a)\n\n\n'
        "train()\ntest()",
        0.875,
        a=0.875,
    ),
    "training printed last": _ends(
        'print("val loss: %.3f" % l)\nprint("train accuracy: %.3f" % a)', 0.25, "minimize", l=0.25, a=0.99
    ),
    "the best printed last": _ends('print(f"test acc: {a}")\nprint(f"best test acc: {b}")', 0.875, a=0.875, b=0.9),
    "a longer name of a metric": _ends('print("test dice score: %.3f, test score: %.1f" % (d, 3))', 0.875, d=0.875),
    "a file's name": _ends('open(f"test_acc_{a}.pt", "w")\nprint(f"test loss: {l}")', 0.25, "minimize", l=0.25, a=0.9),
    "colours": _ends('print("\\x1b[32mTest accuracy:\\x1b[0m %.3f" % a)', 0.875, a=0.875),
}
"""Programs that print their performance in different ways."""

_TENSOR = "class Tensor(float):\n    def __str__(self):\n        return f'tensor({float(self)})'\n"
STATEMENTS["a tensor"] = ProgramShape(
    'import torch\nEPOCHS = 8\nlr = 0.5\nacc = torch.Tensor(0.875)\nprint("test acc %s" % acc)\n',
    {},
    0.875,
    files={"torch.py": _TENSOR},
)

ARGUMENTS = """\
import argparse

from fitting import fit

parser = argparse.ArgumentParser()
{options}
parser.add_argument("--epochs", "-e", type=int, default=8)
parser.add_argument("--lr", type=float, default="0.5")
parser.add_argument("--seed", type=int)
parser.add_argument("--verbose", action="store_true")
options = parser.parse_args()
for loss, accuracy in fit(options.epochs, options.lr, seed=options.seed or 0):
    print("loss %.4f val_accuracy %.4f" % (loss, accuracy))
"""
_FOUND = {"epochs": 8, "learning_rate": 0.5}
_FITTING = {"fitting.py": FIT}

PROGRAMS: dict[str, ProgramShape] = {
    "argparse": ProgramShape(ARGUMENTS.format(options=""), _FOUND, files=_FITTING),
    "arguments given": ProgramShape(
        ARGUMENTS.format(options='parser.add_argument("data")'),
        {"epochs": 6, "learning_rate": 0.5},
        words=["--", "points", "-e", "6", "--verbose"],
        files=_FITTING,
        start=("train.py", "points"),
    ),
    "constants": ProgramShape(
        "from fitting import fit\nEPOCHS, LR = 8, 0.5\nfor loss, accuracy in fit(EPOCHS, LR):\n"
        '    print("test accuracy", accuracy)\n',
        _FOUND,
        files=_FITTING,
    ),
    "a configuration file": ProgramShape(
        "import json\nfrom fitting import fit\nwith open('config.json') as file:\n    config = json.load(file)\n"
        "for loss, accuracy in fit(config['train']['epochs'], config['train']['lr']):\n"
        "    print(f'val_loss: {loss:.4f}')\n",
        _FOUND,
        goal="minimize",
        files=_FITTING | {"config.json": '{"train": {"epochs": 8, "lr": 0.5}}\n'},
    ),
    "a byte-order mark and CRLF": ProgramShape(
        "", _FOUND, files={"train.py": b'\xef\xbb\xbfEPOCHS = 8\r\nlr = 0.5\r\nprint("test acc", lr)\r\n'}
    ),
    "Latin-1": ProgramShape(
        "",
        _FOUND,
        files={"train.py": b'# -*- coding: latin-1 -*-\nEPOCHS = 8\nlr = 0.5\nprint("pr\xe9cision, test acc", lr)\n'},
    ),
}
"""Programs that are configured and started in different ways."""
