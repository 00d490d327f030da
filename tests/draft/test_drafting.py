"""`mutegreen init`: its drafts for programs of many shapes load, can be planned, and read the right performance."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mutegreen import config
from mutegreen.harness.observe.output import ESCAPE_CODES
from mutegreen.harness.observe.performance import OutputReader
from mutegreen.harness.opening import check_sites
from mutegreen.harness.process.command import OutputLine
from mutegreen.model import FlagSite, Performance, SourceSite, Subject
from support.commands import Ended, Run
from support.init_shapes import ARGUMENTS, FIT, PROGRAMS, STATEMENTS, ProgramShape


def invoke(*words: object, stdin: str = "") -> Ended:
    return Run(Path.cwd()).inside(*words, stdin=stdin, COLUMNS="1000")


def write(folder: Path, shape: ProgramShape) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in ({"train.py": shape.script} | dict(shape.files)).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def drafted(folder: Path, *words: str) -> Subject:
    """The subject that `init` drafts; it must load, agree with the source, and be planned as it is."""
    result = invoke("init", folder, *words)
    assert result.returncode == 0, result.stdout + result.stderr
    subject = config.load(folder)
    check_sites(subject)
    planned = invoke("run", folder, "--dry-run", "--json", "--store", folder.parent / "store.sqlite")
    assert planned.returncode == 0, planned.stdout + planned.stderr
    return subject


def read(performance: Performance, output: str) -> float | None:
    reader = OutputReader(performance)
    for text in output.replace("\r", "\n").splitlines():
        reader.feed(OutputLine(0.0, "out", ESCAPE_CODES.sub("", text)))
    return reader.result


def by_hand(folder: Path, *start: str) -> str:
    """What the program prints where its user starts it."""
    return subprocess.run(
        [sys.executable, *start], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True
    ).stdout


@pytest.mark.parametrize("name", STATEMENTS)
def test_the_performance_is_found_however_it_is_printed(name: str, tmp_path: Path) -> None:
    shape = STATEMENTS[name]
    subject = drafted(write(tmp_path / "subject", shape), *shape.words)
    found = read(subject.performance, by_hand(subject.folder, "train.py"))
    assert shape.printed is not None
    assert found == shape.printed or (math.isnan(shape.printed) and found is not None and math.isnan(found))
    assert subject.performance.goal == shape.goal


@pytest.mark.parametrize("name", PROGRAMS)
def test_hyperparameters_and_command_fit_the_program(name: str, tmp_path: Path) -> None:
    shape = PROGRAMS[name]
    folder = write(tmp_path / "subject", shape)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    subject = drafted(folder, *shape.words)
    assert {h.name: h.default for h in subject.hyperparameters} == shape.settings
    assert all(path.read_bytes() == content for path, content in before.items())
    output = by_hand(folder, *shape.start)
    assert read(subject.performance, output) == float(output.split()[-1])
    assert subject.performance.goal == shape.goal


def test_an_argument_of_the_user_is_neither_required_nor_passed_twice(tmp_path: Path) -> None:
    shape = PROGRAMS["arguments given"]
    subject = drafted(write(tmp_path / "subject", shape), *shape.words)
    assert subject.command == ("{python}", "train.py", "points", "--verbose")
    assert subject.seed == FlagSite("--seed")


def test_a_required_argument_becomes_a_placeholder_with_a_note(tmp_path: Path) -> None:
    options = (
        'parser.add_argument("data", help="where the points are")\n'
        'parser.add_argument("more", nargs="*")\n'
        'parser.add_argument("--size", required=True, choices=["small", "large"])'
    )
    script = ARGUMENTS.format(options=options).replace('"--seed", type=int', '"--seed", type=int, required=True')
    folder = write(tmp_path / "subject", ProgramShape(script, {}, files={"fitting.py": FIT}))
    result = invoke("init", folder)
    assert config.load(folder).command == ("{python}", "train.py", "--size", "<size>", "<data>")
    assert "<data> must be filled in: where the points are" in (result.stdout + result.stderr)
    assert "<size> must be filled in: one of small, large" in (result.stdout + result.stderr)
    tried = invoke("init", folder, "--force", "--try")
    assert tried.returncode == 2
    assert "a test run needs <size>, <data>" in tried.stderr


CLICK = """\
import click

@click.command()
@click.argument("data")
@click.option("--out", required=True)
@click.option("--epochs", default=8)
@click.option("--fast/--slow", default=True)
def main(data, out, epochs, fast):
    print("val_acc", 0.875)
"""
ABSL = """\
from absl import app, flags

flags.DEFINE_string("data", None, "where the data is")
flags.DEFINE_integer("epochs", 8, "how long")
flags.mark_flag_as_required("data")
"""
TYPER = """\
import typer

def main(data: str, out: str = typer.Option(...), epochs: int = 8):
    print("val_acc", 0.875)

typer.run(main)
"""
FIRE = """\
import fire

def main(data, epochs=8):
    print("val_acc", 0.875)

fire.Fire(main)
"""
TRAINER = """\
from transformers import HfArgumentParser, Trainer, TrainingArguments

@dataclass
class Data:
    path: str
    length: int = 128

@dataclass
class Collator:
    tokenizer: object

data, training = HfArgumentParser((Data, TrainingArguments)).parse_args_into_dataclasses()
trainer = Trainer(args=training)
trainer.evaluate()
"""
COMMANDS = """\
import argparse
parser = argparse.ArgumentParser()
commands = parser.add_subparsers()
train = commands.add_parser("train")
train.add_argument("--data", required=True)
train.add_argument("--epochs", type=int, default=8)
test = commands.add_parser("eval")
test.add_argument("--model", required=True)
"""
BARE = "import sys\nepochs = 8\nlr = 0.5\nfor epoch in range(epochs):\n    print(sys.argv[1], sys.argv[2])\n"


@pytest.mark.parametrize(
    ("source", "words", "given"),
    [
        (CLICK, ("--out", "<out>", "<data>"), ()),
        (ABSL, ("--data", "<data>"), ()),
        (COMMANDS, ("train", "--data", "<data>"), ()),
        (COMMANDS, ("train", "--data", "d"), ("--", "train", "--data", "d")),
        (TYPER, ("--out", "<out>", "<data>"), ()),
        (FIRE, ("--data", "<data>"), ()),
        (BARE, ("<argument-1>", "<argument-2>"), ()),
        (BARE, ("first", "<argument-2>"), ("--", "first")),
        (TRAINER, ("--path", "<path>", "--output_dir", "<output_dir>"), ("--", "--num_train_epochs", "8")),
    ],
)
def test_placeholders_of_other_parsers(
    source: str, words: tuple[str, ...], given: tuple[str, ...], tmp_path: Path
) -> None:
    subject = drafted(write(tmp_path / "subject", ProgramShape(source, {})), *given)
    assert subject.command == ("{python}", "train.py", *words)
    assert subject.hyperparameters[0].default == 8


def test_options_of_a_library_are_hyperparameters_once_they_are_given(tmp_path: Path) -> None:
    words = ("--", "--path", "p", "--output_dir=o", "--learning_rate", "5e-5", "--num_train_epochs", "8")
    subject = drafted(write(tmp_path / "subject", ProgramShape(TRAINER, {})), *words)
    assert subject.command == ("{python}", "train.py", "--path", "p", "--output_dir=o")
    found = {h.name: (h.site, h.default) for h in subject.hyperparameters}
    assert found["learning_rate"] == (FlagSite("--learning_rate"), 5e-5)
    assert found["epochs"] == (FlagSite("--num_train_epochs"), 8)


KERAS = """\
import keras

model = keras.Sequential([keras.layers.Dense(10)])
model.compile(optimizer="adam", loss="mse", metrics=["accuracy"])
model.fit(x, y, epochs=8, batch_size=64, validation_split=0.1)
"""
KERAS_OUTPUT = (
    "Epoch 8/8\n\x1b[1m1/29\x1b[0m \x1b[32m━\x1b[0m\x1b[37m━━━\x1b[0m \x1b[1m0s\x1b[0m 20ms/step - "
    "accuracy: 0.9375 - loss: 0.31\n"
    "\x1b[1m29/29\x1b[0m \x1b[32m━━━\x1b[0m \x1b[1m0s\x1b[0m 4ms/step - accuracy: 0.9200 - loss: 0.3012 - "
    "val_accuracy: 0.9500 - val_loss: 0.2511\n"
)
LIGHTNING = """\
import lightning as L
import torch

class Model(L.LightningModule):
    def test_step(self, batch, index):
        self.log("test_acc", 0.5)

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=0.02)

trainer = L.Trainer(max_epochs=8)
trainer.fit(Model())
trainer.test(Model())
"""
LIGHTNING_OUTPUT = (
    "┏━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━━━━┓\n"
    "┃        Test metric        ┃       DataLoader 0        ┃\n"
    "│         test_acc          │    0.8750000596046448     │\n"
)
TRAINER_OUTPUT = "{'eval_loss': 0.4375, 'eval_runtime': 1.5, 'epoch': 1.0}\n{'train_runtime': 9.2, 'train_loss': 0.6}\n"
REPORT = """\
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import classification_report

model = SGDClassifier(max_iter=1000, eta0=0.1, learning_rate="constant").fit(x, y)
print(classification_report(z, model.predict(w)))
"""
REPORT_OUTPUT = (
    "              precision    recall\n\n    accuracy                           0.97       450\n"
    "   macro avg       0.95       0.95       450\n"
)
TQDM = """\
from tqdm import tqdm

EPOCHS = 8
lr = 0.5
with tqdm(range(EPOCHS)) as bar:
    for epoch in bar:
        shown = {}
        for phase in ["train", "val"]:
            shown["phase"] = phase
            shown["loss"] = lr / 2
            bar.set_postfix(ordered_dict=shown)
"""
TQDM_OUTPUT = (
    " 50%|█████     | 4/8 [00:00<00:00, 99it/s, phase=train, loss=0.125]\n"
    "100%|██████████| 8/8 [00:00<00:00, 99it/s, phase=val, loss=0.25]\n"
    " 50%|█████     | 4/8 [00:00<00:00, 99it/s, phase=train, loss=0.125]\n"
)


@pytest.mark.parametrize(
    ("source", "output", "value", "goal"),
    [
        (KERAS, KERAS_OUTPUT, 0.95, "maximize"),
        (LIGHTNING, LIGHTNING_OUTPUT, 0.8750000596046448, "maximize"),
        (TRAINER, TRAINER_OUTPUT, 0.4375, "minimize"),
        (REPORT, REPORT_OUTPUT, 0.97, "maximize"),
        (TQDM, TQDM_OUTPUT, 0.25, "minimize"),
    ],
    ids=["keras", "lightning", "transformers", "scikit-learn", "tqdm"],
)
def test_what_libraries_print_is_read(source: str, output: str, value: float, goal: str, tmp_path: Path) -> None:
    folder = write(tmp_path / "subject", ProgramShape(source, {}))
    assert invoke("init", folder / "train.py", "--", "--num_train_epochs", "8").returncode == 0
    performance = config.load(folder).performance
    assert read(performance, output) == value
    assert performance.goal == goal


def test_a_module_is_started_as_a_module(tmp_path: Path) -> None:
    files = {"trainer/__init__.py": "", "trainer/fitting.py": FIT}
    for place, workdir in (("", "."), ("src/", "src")):
        folder = tmp_path / f"in-{workdir}"
        script = ARGUMENTS.format(options="").replace("from fitting", "from trainer.fitting")
        write(
            folder,
            ProgramShape(
                "", {}, files={f"{place}{n}": t for n, t in files.items()} | {f"{place}trainer/go.py": script}
            ),
        )
        (folder / "train.py").unlink()
        subject = drafted(folder, "-m", "trainer.go")
        assert subject.command == ("{python}", "-m", "trainer.go")
        assert subject.workdir == workdir
    assert "no module trainer.gone" in invoke("init", folder, "-m", "trainer.gone", "--force").stderr


def test_a_script_with_imports_from_a_parent_folder_has_a_larger_folder(tmp_path: Path) -> None:
    script = (
        "import sys\nsys.path.append('..')\nfrom lib.fitting import fit\nEPOCHS = 8\nlr = 0.5\nlist(fit(EPOCHS, lr))\n"
    )
    files = {"requirements.txt": "", "lib/fitting.py": FIT, "tools/learn.py": script}
    write(tmp_path / "project", ProgramShape("", {}, files=files))
    (tmp_path / "project" / "train.py").unlink()
    assert invoke("init", tmp_path / "project" / "tools" / "learn.py").returncode == 0
    subject = config.load(tmp_path / "project")
    assert (subject.command, subject.workdir) == (("{python}", "learn.py"), "tools")
    assert subject.environment == {"PYTHONPATH": ".."}
    assert subject.hyperparameter("epochs").site == SourceSite("tools/learn.py", "EPOCHS")


def test_of_several_scripts_the_one_that_trains_is_taken(tmp_path: Path) -> None:
    files = {
        "fitting.py": FIT,
        "plot.py": "import matplotlib\nprint('figure')\n",
        "evaluate.py": "if __name__ == '__main__':\n    print('test accuracy', 0.5)\n",
        "tests/test_train.py": "epochs = 1\n",
    }
    folder = write(tmp_path / "subject", ProgramShape(ARGUMENTS.format(options=""), {}, files=files))
    assert drafted(folder).command == ("{python}", "train.py")


def test_a_script_that_says_what_else_it_does_is_not_the_one_that_trains(tmp_path: Path) -> None:
    source = STATEMENTS["f-string"].script
    folder = write(tmp_path / "subject", ProgramShape("", {}, files={"network.py": source, "evaluate.py": source}))
    (folder / "train.py").unlink()
    assert drafted(folder).command == ("{python}", "network.py")


def test_literals_with_the_same_name_get_different_names(tmp_path: Path) -> None:
    source = "import torch\na = torch.optim.SGD(p, lr=0.1)\nb = torch.optim.SGD(q, lr=0.2)\nprint('test acc', a)\n"
    subject = drafted(write(tmp_path / "subject", ProgramShape(source, {})))
    assert {h.name: h.default for h in subject.hyperparameters} == {"lr": 0.1, "lr_2": 0.2}


def test_nothing_is_guessed_if_several_scripts_may_train(tmp_path: Path) -> None:
    one, two = STATEMENTS["f-string"].script, STATEMENTS["percent"].script
    folder = write(tmp_path / "subject", ProgramShape(one, {}, files={"main.py": two}))
    result = invoke("init", folder)
    assert result.returncode == 2
    assert "several scripts may be the training script: main.py, train.py" in result.stderr
    assert not (folder / "subject.toml").exists()
    assert drafted(folder, "--script", "main.py").command == ("{python}", "main.py")


def test_at_a_terminal_the_user_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mutegreen.cli.commands.scripts.init._is_terminal", lambda: True)
    folder = write(tmp_path / "subject", ProgramShape(STATEMENTS["f-string"].script, {}))
    (folder / "main.py").write_text(STATEMENTS["percent"].script)
    assert invoke("init", folder, stdin="2\n").returncode == 0
    assert config.load(folder).command == ("{python}", "train.py")
    (folder / "subject.toml").write_text("mine")
    assert invoke("init", folder, "--script", "main.py", stdin="n\n").returncode == 1
    assert (folder / "subject.toml").read_text() == "mine"
    assert invoke("init", folder, "--script", "main.py", stdin="y\n").returncode == 0
    assert config.load(folder).command == ("{python}", "main.py")


def test_without_a_terminal_nothing_is_overwritten_unless_it_is_forced(tmp_path: Path) -> None:
    folder = write(tmp_path / "subject", PROGRAMS["constants"])
    (folder / "subject.toml").write_text("mine")
    result = invoke("init", folder)
    assert result.returncode == 2
    assert "subject.toml exists already\n  add --force to overwrite it" in result.stderr
    assert (folder / "subject.toml").read_text() == "mine"
    assert invoke("init", folder, "--force").returncode == 0
    check_sites(config.load(folder))


def test_a_launcher_comes_before_the_script(tmp_path: Path) -> None:
    source = "import torch\ntorch.distributed.init_process_group('gloo')\n" + STATEMENTS["f-string"].script
    folder = write(tmp_path / "subject", ProgramShape(source, {}))
    assert "--launcher 'torchrun --nproc_per_node=1'" in invoke("init", folder).stdout
    subject = drafted(folder, "--force", "--launcher", "torchrun --nproc_per_node=1")
    assert subject.command == ("torchrun", "--nproc_per_node=1", "train.py")


def test_a_default_that_every_call_replaces_is_not_mutated(tmp_path: Path) -> None:
    source = (
        "def used(lr=0.1):\n    print('test acc', lr)\n\n\ndef unused(lr=0.2):\n    pass\n\n\n"
        "def given(lr=0.3):\n    pass\n\n\nused()\ngiven(lr=float(input()))\n"
    )
    subject = drafted(write(tmp_path / "subject", ProgramShape(source, {})))
    assert [h.default for h in subject.hyperparameters] == [0.1]
    text = (subject.folder / "subject.toml").read_text()
    assert "nothing calls unused" in text
    assert "every call of given passes another value for lr" in text


def test_a_field_or_another_file_that_the_script_overrides_is_left_for_the_user(tmp_path: Path) -> None:
    source = (
        "from dataclasses import dataclass\nfrom nets import Net\n\n\n@dataclass\nclass Settings:\n"
        "    lr: float = 0.1\n    momentum: float = 0.9\n\n\nsettings = dict(lr=0.3)\ngiven = Settings(**settings)\n"
        "dropout = 0.5\nNet(dropout)\n"
    )
    nets = "class Net:\n    def __init__(self, rate):\n        self.dropout = 0.2\n"
    subject = drafted(
        write(tmp_path / "subject", ProgramShape(source, {}, files={"nets.py": nets})), "--script", "train.py"
    )
    assert {h.default for h in subject.hyperparameters} == {0.3, 0.9, 0.5}
    text = (subject.folder / "subject.toml").read_text()
    assert "every call of Settings passes another value for lr" in text
    assert "the script sets another one of this kind" in text


def test_no_hyperparameters_and_no_script_are_clear_errors(tmp_path: Path) -> None:
    (tmp_path / "hello.py").write_text("print('hello')\n")
    result = invoke("init", tmp_path / "hello.py")
    assert result.returncode == 2
    assert "no hyperparameters found" in result.stderr
    assert "no training script found" in invoke("init", tmp_path).stderr
    assert "no such file" in invoke("init", tmp_path / "gone.py").stderr
    assert not (tmp_path / "subject.toml").exists()


def test_a_missing_metric_is_reported_and_the_file_can_still_be_planned(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "subject", ProgramShape("EPOCHS = 8\nlr = 0.5\nfor epoch in range(EPOCHS):\n    print(epoch)\n", {})
    )
    drafted(folder)
    record = json.loads(invoke("init", folder, "--force", "--json").stdout)
    assert record["performance"] is None
    assert "No printed performance was found" in record["review"][0]["text"]


def test_a_folder_that_cannot_be_written_to_is_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write(tmp_path / "subject", PROGRAMS["constants"])
    monkeypatch.setattr("os.access", lambda path, mode: mode != os.W_OK)
    result = invoke("init", folder)
    assert f"{folder}: no permission to write" in result.stderr
    monkeypatch.undo()
    (folder / "subject.toml").mkdir()
    assert "subject.toml: cannot be written" in invoke("init", folder, "--force").stderr
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []


def test_data_is_linked_and_what_trainings_leave_is_excluded(tmp_path: Path) -> None:
    folder = write(tmp_path / "subject", PROGRAMS["constants"])
    for name in ("data/points.csv", "runs/1/log", "last.pt", "datasets/loader.py"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("")
    subject = drafted(folder)
    assert (subject.link, subject.exclude) == (("data",), ("runs", "*.pt"))


def test_json_has_the_keys_that_other_programs_read(tmp_path: Path) -> None:
    folder = write(tmp_path / "subject", PROGRAMS["argparse"])
    result = invoke("init", folder, "--json")
    record = json.loads(result.stdout)
    assert record["file"] == str(folder / "subject.toml")
    assert record["hyperparameters"][0] == {
        "name": "epochs",
        "kind": "epochs",
        "default": 8,
        "flag": "--epochs",
        "operator": "epochs",
        "place": "train.py:7",
    }
    assert (record["performance"]["goal"], record["performance"]["data"]) == ("maximize", "validation")
    assert isinstance(record["review"], list)


def test_a_test_run_confirms_a_pattern_or_finds_one(tmp_path: Path) -> None:
    source = "import os\nEPOCHS = 8\nlr = 0.5\nwords = ['test', 'accuracy']\nopen('left', 'w')\n"
    source += "for epoch in range(EPOCHS):\n    print(*words, (epoch + 1) / 16, flush=True)\n"
    folder = write(tmp_path / "subject", ProgramShape(source, {}))
    result = invoke("init", folder, "--try", "--json")
    assert result.returncode == 0, result.stdout + result.stderr
    assert json.loads(result.stdout)["performance"]["readings"] == [1 / 16]
    assert sorted(path.name for path in folder.iterdir()) == ["subject.toml", "train.py"]
    assert read(config.load(folder).performance, "test accuracy 0.25\n") == 0.25


def test_a_test_run_that_fails_or_hangs_is_reported_and_the_file_is_written(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "subject",
        ProgramShape(PROGRAMS["constants"].script + "import no_such_module\n", {}, files={"fitting.py": FIT}),
    )
    result = invoke("init", folder, "--try")
    assert result.returncode == 1
    assert "No module named 'no_such_module'" in result.stderr
    (folder / "train.py").write_text("import time\nEPOCHS = 8\nlr = 0.5\ntime.sleep(60)\nprint(f'test acc {lr}')\n")
    result = invoke("init", folder, "--try", "--timeout", "0.5", "--force")
    assert result.returncode == 1
    assert "before its time was up" in result.stderr
    check_sites(config.load(folder))


def test_a_notebook_becomes_a_script_in_its_folder(tmp_path: Path) -> None:
    pytest.importorskip("nbconvert")
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": "# A training"},
        {
            "cell_type": "code",
            "metadata": {},
            "execution_count": 1,
            "outputs": [],
            "source": "%matplotlib inline\n!ls\n" + FIT,
        },
        {
            "cell_type": "code",
            "metadata": {},
            "execution_count": 2,
            "outputs": [],
            "source": "%%time\nfor loss, acc in fit(epochs=8, learning_rate=0.5):\n    print(f'test acc: {acc}')",
        },
        {"cell_type": "code", "metadata": {}, "execution_count": 3, "outputs": [], "source": "%%bash\nrm -rf data"},
    ]
    document = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    (tmp_path / "train.ipynb").write_text(json.dumps(document))
    done = Run(tmp_path).process("init", tmp_path / "train.ipynb")
    assert done.returncode == 0, done.stderr
    subject = config.load(tmp_path)
    check_sites(subject)
    assert subject.command == ("{python}", "train_notebook.py")
    assert {h.name: h.default for h in subject.hyperparameters} == {"epochs": 8, "learning_rate": 0.5}
    output = by_hand(tmp_path, "train_notebook.py")
    assert read(subject.performance, output) == float(output.split()[-1])
    assert "Left out of the notebook: %matplotlib inline; !ls; %%time; %%bash" in done.stdout


def test_a_notebook_without_nbconvert_is_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "train.ipynb").write_text("{}")
    monkeypatch.setitem(sys.modules, "nbconvert", None)
    result = invoke("init", tmp_path / "train.ipynb")
    assert result.returncode == 2
    assert "a notebook needs the package nbconvert" in result.stderr


def test_from_a_script_to_statistics_in_three_commands(tmp_path: Path, mutegreen: Run) -> None:
    folder = write(tmp_path / "points", PROGRAMS["argparse"])
    assert mutegreen("init", folder / "train.py").returncode == 0
    options = ("--mutants", "1", "--repetitions", "2", "--cooldown", "0", "--json")
    ran = mutegreen("run", folder, *options)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout.splitlines()[-1])["trials"]["ok"] == 6
    analysed = mutegreen("stats", "--json")
    assert analysed.returncode == 0, analysed.stderr
    assert {row["hyperparameter"] for row in json.loads(analysed.stdout)["verdict"]} == {"epochs", "learning_rate"}


def test_the_error_message_of_a_failed_test_run_is_no_metric(tmp_path: Path) -> None:
    source = "EPOCHS = 8\nlr = 0.5\nprint(f'test accuracy {get()}')\n"
    source = "def get():\n    raise OSError(-3, 'urlopen error 104')\n" + source
    folder = write(tmp_path / "subject", ProgramShape(source, {}))
    result = invoke("init", folder, "--try")
    assert result.returncode == 1
    assert "accuracy" in (config.load(folder).performance.pattern or "")
    assert "urlopen" not in (folder / "subject.toml").read_text()
