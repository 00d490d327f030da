"""Names are followed through the files of a project, and the configuration files that a script names are read."""

from __future__ import annotations

from pathlib import Path

import pytest

from mutegreen.scan.finding import Form
from mutegreen.scan.scanner import scan
from support.marked import Expected, found, unmarked


def project(folder: Path, files: dict[str, str]) -> dict[str, list[Expected]]:
    """Write a project of marked files; return what is marked in each."""
    expected = {}
    for name, text in files.items():
        source, expected[name] = unmarked(text)
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(source, encoding="utf-8")
    return expected


PROJECTS = {
    "settings in a package": {
        "train.py": "from conf import settings\nfor epoch in range(settings.EPOCH): train()\n",
        "conf/__init__.py": "import conf.values as settings\n",
        "conf/values.py": "EPOCH = ⟦epochs: 200⟧\nUNUSED_LR = 0.1\n",
    },
    "a parser elsewhere": {
        "train.py": "from opts import get_args\nargs = get_args()\nfit(args.lr)\n",
        "opts.py": (
            "import argparse\ndef get_args():\n    parser = argparse.ArgumentParser()\n"
            "    parser.add_argument('--lr', default=⟦learning_rate: 0.1⟧)\n    return parser.parse_args()\n"
            "def other():\n    epochs = 3\n"
        ),
    },
    "a parser at the top of a module": {
        "train.py": "from opts import args\nfit(args.lr)\n",
        "opts.py": (
            "import argparse\nparser = argparse.ArgumentParser()\n"
            "parser.add_argument('--epochs', default=⟦epochs: 5⟧)\nargs = parser.parse_args()\n"
        ),
    },
    "only the model that is used": {
        "main.py": "",
        "train.py": "from models import *\nnet = Small()\n",
        "models/__init__.py": "from .small import *\nfrom .large import Large\n",
        "models/small.py": "from torch import nn\nclass Small:\n"
        "    def __init__(self): self.d = nn.Dropout(⟦dropout: 0.3⟧)\n",
        "models/large.py": "from torch import nn\nclass Large:\n    def __init__(self): self.d = nn.Dropout(0.6)\n",
    },
    "a use in another file": {
        "train.py": "from build import make\noptimizer = make(net, ⟦learning_rate: 0.2⟧, x=⟦momentum: 0.8⟧)\n",
        "build.py": "import torch\ndef make(net, rate, x):\n"
        "    return torch.optim.SGD(net.parameters(), rate, momentum=x)\n",
    },
    "a folder above": {
        "pyproject.toml": "",
        "tools/train.py": "from core.config import LR\nimport torch\ntorch.optim.SGD(p, lr=LR)\n",
        "core/config.py": "LR = ⟦learning_rate: 0.4⟧\n",
    },
}


@pytest.mark.parametrize("name", PROJECTS)
def test_a_project_is_read_as_far_as_the_script_uses_it(tmp_path: Path, name: str) -> None:
    expected = project(tmp_path, PROJECTS[name])
    script = next(file for file in PROJECTS[name] if file.endswith("train.py"))
    result = scan(tmp_path / script)
    depth = script.count("/")
    for file, marks in expected.items():
        from_script = Path(file).name if file == script else "../" * depth + file
        assert found(result, from_script) == marks, file


CONFIGS = {
    "conf.yaml": """
optimizer:
  name: sgd
  lr: 1e-3        # a text to YAML 1.1
  momentum: 0.9
bn: {momentum: 0.1}
scheduler: {factor: 0.5}
train: {batch_size: 32, epochs: 10}
val: {batch_size: 64}
lr_list: [0.1, 0.2]
""",
    "conf.json": '{"optimizer": {"lr": 0.1},\n "epochs": 3, "log_interval": 10}\n',
    "conf.toml": '[optimizer]\nlr = 0.1  # rate\nname = "é"\n[train]\nepochs = 3\nbatch_size=8\n',
}


def test_configs_that_a_script_names_are_read(tmp_path: Path) -> None:
    for name, text in CONFIGS.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "unnamed.yaml").write_text("lr: 3\n")
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "train.py").write_text(
        "for n in ('conf.yaml', 'conf.json', 'conf.toml', 'broken.json', 'no.toml'): load(n)\n"
    )
    result = scan(tmp_path / "train.py")
    assert {f.site: f.kind.value for f in result.hyperparameters} == {
        "conf.yaml:optimizer.lr": "learning_rate",
        "conf.yaml:optimizer.momentum": "momentum",
        "conf.yaml:scheduler.factor": "gamma",
        "conf.yaml:train.batch_size": "batch_size",
        "conf.yaml:train.epochs": "epochs",
        "conf.yaml:val.batch_size": "eval_batch_size",
        "conf.json:optimizer.lr": "learning_rate",
        "conf.json:epochs": "epochs",
        "conf.toml:optimizer.lr": "learning_rate",
        "conf.toml:train.epochs": "epochs",
        "conf.toml:train.batch_size": "batch_size",
    }
    for finding in result.hyperparameters:
        line = CONFIGS[finding.file].splitlines()[finding.line - 1]
        assert line[finding.column :].startswith(str(finding.value)), finding
        assert finding.form is Form.MAPPING


def test_hydra_composes_its_groups(tmp_path: Path) -> None:
    project(
        tmp_path,
        {
            "train.py": "import hydra\n@hydra.main(config_path='conf', config_name='config')\ndef main(cfg): ...\n",
            "conf/config.yaml": "defaults:\n  - _self_\n  - optimizer: adam\n  - override data: mnist\nepochs: 4\n",
            "conf/optimizer/adam.yaml": "lr: 0.001\n",
            "conf/optimizer/sgd.yaml": "lr: 0.1\n",
            "conf/data/mnist.yaml": "batch_size: 64\n",
        },
    )
    sites = [finding.site for finding in scan(tmp_path / "train.py").hyperparameters]
    assert sites == ["conf/config.yaml:epochs", "conf/data/mnist.yaml:batch_size", "conf/optimizer/adam.yaml:lr"]


def test_an_unreadable_file_of_the_project_is_ignored(tmp_path: Path) -> None:
    project(tmp_path, {"train.py": "import old\nold.main()\nepochs = 3\n", "old.py": "print 'python 2'\n"})
    assert [finding.name for finding in scan(tmp_path / "train.py").hyperparameters] == ["epochs"]
