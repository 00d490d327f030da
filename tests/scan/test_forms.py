"""A finding has the right form, flag, name and site."""

from pathlib import Path

import pytest

from support.marked import scanned

CASES = {
    "several flags": (
        "p.add_argument('-b', '--batch-size', '--bs', default=8)",
        [("batch_size", "argparse", "--batch-size", "--batch-size")],
    ),
    "only a short flag": ("p.add_argument('-lr', default=0.1)", [("lr", "argparse", "-lr", "-lr")]),
    "another destination": (
        "p.add_argument('--rate', dest='lr', default=0.1)",
        [("lr", "argparse", "--rate", "--rate")],
    ),
    "a constant behind a flag": (
        "LR = 0.1\np.add_argument('--lr', default=LR)",
        [("LR", "constant", "--lr", "LR")],
    ),
    "defaults set later": (
        "def f():\n p.add_argument('--epochs', default=1)\n p.set_defaults(epochs=3)",
        [("epochs", "argparse", "--epochs", "f/set_defaults(epochs)")],
    ),
    "a helper that adds options": ("add_arg('lr', float, 0.1, 'rate')", [("lr", "argparse", None, "add_arg(lr 2)")]),
    "absl": ("flags.DEFINE_float('lr', 0.1, '')", [("lr", "flag", "--lr", "DEFINE_float(lr)")]),
    "click": (
        "@click.option('-e', '--n-epochs', 'epochs', default=3)\ndef main(epochs): ...",
        [("epochs", "flag", "--n-epochs", "main/--n-epochs")],
    ),
    "typer": (
        "import typer\ndef main(n_epochs: int = 3): ...\ntyper.run(main)",
        [("n_epochs", "flag", "--n-epochs", "main/def(n_epochs)")],
    ),
    "fire": ("import fire\ndef f(lr=0.1): ...\nfire.Fire(f)", [("lr", "parameter", "--lr", "f/def(lr)")]),
    "a dataclass that a parser reads": (
        "class A:\n  num_epochs: int = 3\nHfArgumentParser((A, B))",
        [("num_epochs", "field", "--num_epochs", "A/num_epochs")],
    ),
    "tyro": (
        "import tyro\nclass A:\n  num_epochs: int = 3\ntyro.cli(A)",
        [("num_epochs", "field", "--num-epochs", "A/num_epochs")],
    ),
    "a tuple": ("lr, epochs = 0.1, 3", [("lr", "constant", None, "lr"), ("epochs", "constant", None, "epochs")]),
    "a loop": ("for epoch in range(1, 11): train()", [("epochs", "range", None, "epoch=range(1)")]),
    "nested keys": ("c = {'optim': {'lr': 0.1}}", [("lr", "mapping", None, "c=[optim][lr]")]),
    "an operand": ("batch_size = 4 * gpus", [("batch_size", "expression", None, "batch_size")]),
    "a position": (
        "import torch\ndrop = torch.nn.Dropout(0.5)",
        [("p", "positional", None, "drop=Dropout(0)")],
    ),
    "twice the same": (
        "f(lr=0.1)\nf(lr=0.2)",
        [("lr", "keyword", None, "f(lr)#1of2"), ("lr", "keyword", None, "f(lr)#2of2")],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_finding_has_form_flag_name_and_site(tmp_path: Path, name: str) -> None:
    source, expected = CASES[name]
    result = scanned(tmp_path, source)
    assert [
        (f.name, f.form.value, f.flag, f.site.removeprefix("train.py:")) for f in result.hyperparameters
    ] == expected
