"""Shims in real Python processes: against tiny modules of the same names, and against the real libraries."""

import ast
import configparser
import json
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mutegreen import config
from mutegreen.errors import ConfigError, UsageError
from mutegreen.harness.observe.evidence import PROBE_FOLDER, ProbeReport, probe_environment
from mutegreen.harness.opening import Paths, create, restore_plan
from mutegreen.harness.plan import plan, shims
from mutegreen.harness.plan.launch import launch
from mutegreen.model import Compat, EnvSite, Limits, PlanOptions, Preset, ShimReport, Subject
from mutegreen.store.store import Store
from support.commands import Run
from support.limits import EVENT_S
from support.paths import ROOT
from support.tiny import SUBJECT, TRAIN, environment, write_subject

TORCH = """\
class Tensor:
    def cuda(self, *place):
        if not cuda.is_available():
            raise RuntimeError("Found no NVIDIA driver on your system")
        return "on the GPU"

class cuda:
    @staticmethod
    def is_available():
        return {gpu}

class nn:
    class Module:
        cuda = Tensor.cuda
"""


def act(folder: Path, program: str, *asked: Compat, **variables: str) -> tuple[str, tuple[ShimReport, ...]]:
    """What a program prints with these shims, and what they did."""
    (folder / "train.py").write_text(program)
    out = folder / "probe.out"
    out.unlink(missing_ok=True)
    own = environment(**variables)
    own |= probe_environment([], folder, out, own, asked)
    done = subprocess.run(
        [sys.executable, "train.py"], cwd=folder, env=own, capture_output=True, text=True, timeout=EVENT_S
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, shims.reports_of(asked, ProbeReport.read(out, folder))


def package(folder: Path, name: str, source: str) -> None:
    """A module of a dotted name, in packages that are empty."""
    *parents, last = name.split(".")
    for parent in parents:
        folder /= parent
        folder.mkdir(exist_ok=True)
        (folder / "__init__.py").touch()
    (folder / f"{last}.py").write_text(source)


def test_every_name_has_its_file_and_every_file_its_name() -> None:
    files = (PROBE_FOLDER / "shims").glob("*.py")
    assert {file.stem for file in files} == set(Compat)


def test_the_wheel_contains_them() -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    held = setup["options.package_data"]["mutegreen.harness"].split()
    package = PROBE_FOLDER.parent
    assert {file for pattern in held for file in package.glob(pattern)} == set(PROBE_FOLDER.rglob("*.py"))


@pytest.mark.parametrize("file", sorted(PROBE_FOLDER.rglob("*.py")), ids=lambda file: file.stem)
def test_an_old_python_can_read_what_is_put_into_it(file: Path) -> None:
    ast.parse(file.read_text(), feature_version=(3, 6))


def test_cuda_stays_where_it_is_without_a_gpu(tmp_path: Path) -> None:
    package(tmp_path, "torch", TORCH.format(gpu=False))
    program = "import torch\nt, m = torch.Tensor(), torch.nn.Module()\nprint(t.cuda(0) is t, m.cuda() is m)\n"
    printed, (cuda,) = act(tmp_path, program, Compat.CUDA)
    assert printed == "True True\n"
    assert cuda == ShimReport(Compat.CUDA, True, "there is no GPU, and .cuda() did nothing")


def test_cuda_is_not_changed_where_there_is_a_gpu(tmp_path: Path) -> None:
    package(tmp_path, "torch", TORCH.format(gpu=True))
    program = "import torch\nprint(torch.Tensor().cuda(), torch.nn.Module().cuda(), torch.Tensor.cuda.__name__)\n"
    printed, (cuda,) = act(tmp_path, program + "print(torch.Tensor.cuda is torch.nn.Module.cuda)\n", Compat.CUDA)
    assert printed == "on the GPU on the GPU cuda\nTrue\n"
    assert cuda == ShimReport(Compat.CUDA, False, "there is a GPU, and .cuda() is torch's own")


def test_a_shim_that_is_not_needed_did_not_act(tmp_path: Path) -> None:
    package(tmp_path, "torch", TORCH.format(gpu=False))
    assert act(tmp_path, "import torch\n", Compat.CUDA)[1] == (ShimReport(Compat.CUDA, False, "not needed"),)


def test_a_module_that_cannot_be_changed_runs_unchanged(tmp_path: Path) -> None:
    package(tmp_path, "torch", "Tensor = None\n")
    printed, (cuda,) = act(tmp_path, "import torch\nprint('on')\n", Compat.CUDA)
    assert (printed, cuda.acted) == ("on\n", False)
    assert "torch could not be changed" in cuda.how


def test_a_process_that_cannot_be_seen(tmp_path: Path) -> None:
    (cuda,) = shims.reports_of((Compat.CUDA,), ProbeReport.read(tmp_path / "nothing", tmp_path))
    assert cuda == ShimReport(Compat.CUDA, False, "no Python process of the training could be observed")


@pytest.mark.parametrize(
    ("module", "check", "whose"),
    [
        ("torchvision.datasets.utils", "check_integrity", "torchvision"),
        ("keras.src.utils.file_utils", "validate_file", "Keras"),
        ("keras.utils.data_utils", "validate_file", "Keras"),
    ],
)
def test_files_are_taken_if_they_exist(tmp_path: Path, module: str, check: str, whose: str) -> None:
    package(tmp_path, module, f"def {check}(fpath, checksum=None, **options):\n    return checksum == 'right'\n")
    call = f"from {module} import {check} as check\nprint(check('train.py', {{!r}}), check('missing', 'wrong'))\n"
    printed, (checksums,) = act(tmp_path, call.format("wrong"), Compat.CHECKSUMS)
    assert printed == "True False\n"
    assert checksums == ShimReport(
        Compat.CHECKSUMS, True, f"files were accepted that have other checksums than {whose} knows"
    )
    assert not act(tmp_path, call.format("right"), Compat.CHECKSUMS)[1][0].acted


HUB = "def load_state_dict_from_url(url, **options):\n    raise OSError('no network')\n"
MODULE = """\
class _IncompatibleKeys(tuple):
    def __new__(cls, missing, unexpected):
        return tuple.__new__(cls, (missing, unexpected))

class Module:
    def load_state_dict(self, state_dict, strict=True):
        return f"loaded {dict(state_dict)}"
"""


def test_networks_start_from_random_weights(tmp_path: Path) -> None:
    package(tmp_path, "torch.hub", HUB)
    package(tmp_path, "torch.nn.modules.module", MODULE)
    program = """\
from torch.hub import load_state_dict_from_url
from torch.nn.modules.module import Module
downloaded = load_state_dict_from_url("https://x.org/net-1.pth", progress=True)
del downloaded["fc.weight"]
print(downloaded.pop("fc.bias"), Module().load_state_dict(downloaded["model"]))
print(Module().load_state_dict({"own": 1}))
"""
    printed, (weights,) = act(tmp_path, program, Compat.WEIGHTS)
    assert printed == "None ([], [])\nloaded {'own': 1}\n"
    assert weights == ShimReport(Compat.WEIGHTS, True, "random weights instead of net-1.pth")


def test_a_file_of_weights_that_the_program_names_is_loaded(tmp_path: Path) -> None:
    package(tmp_path, "timm.models._builder", "def load_pretrained(model, pretrained_cfg=None):\n    print('loaded')\n")
    program = "from timm.models._builder import load_pretrained\nload_pretrained('net', {!r})\n"
    printed, (weights,) = act(tmp_path, program.format({"file": "own.pth"}), Compat.WEIGHTS)
    assert (printed, weights.acted) == ("loaded\n", False)
    printed, (weights,) = act(tmp_path, program.format({"architecture": "net18"}), Compat.WEIGHTS)
    assert (printed, weights.how) == ("", "random weights instead of timm's for net18")


def test_random_numbers_begin_at_the_seed(tmp_path: Path) -> None:
    program = "import random, numpy\nprint(random.random(), float(numpy.random.rand()))\n"
    printed, (seed,) = act(tmp_path, program, Compat.SEED, MUTEGREEN_SEED="5")
    assert printed.split() == [str(random.Random(5).random()), str(float(np.random.RandomState(5).rand()))]
    assert seed == ShimReport(Compat.SEED, True, "random seeded; numpy seeded")
    assert act(tmp_path, program, Compat.SEED, MUTEGREEN_SEED="6")[0] != printed


REAL_TORCH = """\
import torch
print(torch.initial_seed())
layer = torch.nn.Linear(2, 2)
print(layer.cuda() is layer, layer.weight.cuda() is layer.weight)
from torch.utils.model_zoo import load_url
print(layer.load_state_dict(load_url("https://example.org/linear.pth")))
"""


@pytest.mark.torch
def test_real_torch(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    asked = (Compat.CUDA, Compat.WEIGHTS, Compat.SEED)
    printed, did = act(tmp_path, REAL_TORCH, *asked, MUTEGREEN_SEED="7", CUDA_VISIBLE_DEVICES="")
    assert printed == "7\nTrue True\n<All keys matched successfully>\n"
    assert [shim.acted for shim in did] == [True, True, True]
    assert did[1].how == "random weights instead of linear.pth"


REAL_VISION = """\
import pickle, torch
from torchvision.datasets import CIFAR10
from torchvision.models import resnet18
from pathlib import Path
for name in [*(f"data_batch_{n}" for n in range(1, 6)), "test_batch", "batches.meta"]:
    file = Path("cifar-10-batches-py", name)
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(pickle.dumps({"data": [[0] * 3072], "labels": [3], "label_names": ["cat"]}))
print(len(CIFAR10(".", train=True, download=True)))
print(resnet18(weights="DEFAULT").fc.weight.abs().sum() > 0)
import timm
print(timm.create_model("resnet18", pretrained=True, num_classes=5).fc.weight.shape)
"""


@pytest.mark.torch
def test_real_torchvision_and_timm(tmp_path: Path) -> None:
    for library in ("torchvision", "timm"):
        pytest.importorskip(library)
    printed, did = act(tmp_path, REAL_VISION, Compat.CHECKSUMS, Compat.WEIGHTS, HF_HUB_OFFLINE="1")
    assert printed == "5\ntensor(True)\ntorch.Size([5, 512])\n"
    assert did[0].acted
    assert (
        did[1].how == "random weights instead of resnet18-f37072fd.pth; random weights instead of timm's for resnet18"
    )


REAL_KERAS = """\
import numpy, os
os.makedirs("datasets", exist_ok=True)
numpy.savez("datasets/mnist.npz", x_train=[[1.0], [2.0]], y_train=[0, 1], x_test=[[3.0]], y_test=[0])
import keras
(x, y), _ = keras.datasets.mnist.load_data()
model = keras.Sequential([keras.layers.Dense(8), keras.layers.Dropout(0.5), keras.layers.Dense(1)])
model.compile("sgd", "mse")
model.fit(x, y, epochs=2, batch_size=1, verbose=0)
print(float(model.predict(x, verbose=0).sum()))
"""


@pytest.mark.keras
@pytest.mark.slow
def test_real_keras(tmp_path: Path) -> None:
    pytest.importorskip("keras")
    pytest.importorskip("tensorflow")
    known = {"KERAS_HOME": str(tmp_path), "KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}
    asked = (Compat.CHECKSUMS, Compat.SEED)
    printed, did = act(tmp_path, REAL_KERAS, *asked, **known, MUTEGREEN_SEED="3")
    assert did[0].how == "files were accepted that have other checksums than Keras knows"
    assert did[1].how == "random seeded; numpy seeded; tensorflow seeded"
    assert act(tmp_path, REAL_KERAS, *asked, **known, MUTEGREEN_SEED="3")[0] == printed


def subject_of(folder: Path, toml: str) -> Subject:
    return config.load(write_subject(folder, toml=toml))


def test_the_preset_overrides_the_subject_and_the_user_overrides_both(tmp_path: Path) -> None:
    subject = subject_of(
        tmp_path,
        'compat = ["cuda", "weights"]\n' + SUBJECT + "[presets.small]\ncompat = []\n[presets.large]\nmutants = 2\n",
    )
    small, large = subject.presets["small"], subject.presets["large"]
    assert shims.choose(subject, Preset(""), None) == ("cuda", "weights")
    assert shims.choose(subject, large, None) == ("cuda", "weights")
    assert shims.choose(subject, small, None) == ()
    assert shims.choose(subject, small, (Compat.SEED,)) == ("seed",)
    assert shims.choose(subject, large, ()) == ()


def test_a_wrong_name_is_reported_with_the_valid_ones(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        subject_of(tmp_path, 'compat = ["cpu"]\n' + SUBJECT + '[presets.small]\ncompat = ["wieghts"]\n')
    assert len(caught.value.faults) == 2
    for fault in caught.value.faults:
        assert all(f"'{name}'" in fault for name in Compat)
    with pytest.raises(UsageError, match="shim cpu does not exist") as usage:
        shims.parse_names(["cuda", "cpu"])
    assert usage.value.hint is not None
    assert "cuda, checksums, weights, seed" in usage.value.hint


def test_the_shim_seeds_a_program_that_takes_no_seed(tmp_path: Path) -> None:
    without = SUBJECT.replace('seed = { flag = "--seed" }\n', "")
    subject = subject_of(tmp_path, without)
    seeded = plan.make(subject, PlanOptions(compat=(Compat.SEED,), operators=("epochs",)))
    seeds = [trial.seed for trial in seeded.trials]
    assert None not in seeds
    assert launch(seeded, seeded.mutants[0], seeds[0]).variables == {"MUTEGREEN_SEED": str(seeds[0])}
    assert {trial.seed for trial in plan.make(subject, PlanOptions(operators=("epochs",))).trials} == {None}


def test_its_variable_is_no_seed_where_nothing_reads_it(tmp_path: Path) -> None:
    subject = subject_of(tmp_path, SUBJECT.replace('flag = "--seed" }', 'env = "MUTEGREEN_SEED" }', 1))
    assert subject.seed == EnvSite("MUTEGREEN_SEED")
    assert not shims.takes_seed(subject, (Compat.CUDA,))
    assert shims.takes_seed(subject, (Compat.SEED,))
    with pytest.raises(UsageError, match="--same-seed"):
        plan.make(subject, PlanOptions(same_seed=True))


NEEDY = TRAIN.replace("import argparse, math, random, time\n", "import argparse, math, random, time, torch\n").replace(
    "w = 0.0\n", "w = 0.0\ntorch.Tensor().cuda()\n"
)


@pytest.fixture
def needy(subject: Path) -> Path:
    """A training that fails without a GPU."""
    write_subject(subject, NEEDY)
    (subject / "torch.py").write_text(TORCH.format(gpu=False))
    return subject


RUN = ("--operators", "epochs", "--mutants", 1, "--repetitions", 1, "--cooldown", 0, "--meter", "estimate")


def test_an_audit_keeps_and_says_what_shim_reports(needy: Path, mutegreen: Run) -> None:
    done = mutegreen("run", needy, *RUN, "--compat", "cuda,weights", "--json")
    assert done.returncode == 0, done.stderr
    assert "shim cuda acted: there is no GPU, and .cuda() did nothing" in done.stderr
    assert "shim weights did not act: not needed" in done.stderr
    shown = mutegreen("show").stdout
    assert "shim cuda: acted in 2 of 2 trials" in shown
    assert "shim weights: acted in 0 of 2 trials" in shown
    assert "shim cuda acted: there is no GPU" in mutegreen("show", 1).stdout


def test_a_preflight_that_fails_for_want_of_a_gpu_says_what_helps(needy: Path, mutegreen: Run) -> None:
    done = mutegreen("run", needy, *RUN, "--compat", "")
    assert done.returncode == 1
    assert "to train on the CPU although the program asks for a GPU: --compat cuda" in done.stderr


@pytest.mark.parametrize(
    ("last", "wanted"),
    [
        ("AssertionError: Torch not compiled with CUDA enabled", "--compat seed,cuda"),
        (
            "RuntimeError: Dataset not found or corrupted. You can use download=True to download it",
            "--compat seed,checksums",
        ),
        ("urllib.error.URLError: <urlopen error [Errno -2] Name or service not known>", "--compat seed,checksums"),
        ("huggingface_hub.errors.LocalEntryNotFoundError: Cannot find the requested files", "--compat seed,weights"),
        ("ValueError: optimizer got an empty parameter list", None),
    ],
)
def test_what_a_failed_training_says_it_lacks(last: str, wanted: str | None) -> None:
    advice = shims.advice(["  File train.py", last], (Compat.SEED,))
    assert advice is None if wanted is None else advice is not None and advice.endswith(wanted)
    assert shims.advice([last], tuple(Compat)) is None


def test_a_dry_run_shows_the_shims(needy: Path, mutegreen: Run) -> None:
    assert (
        "shims: cuda (see `mutegreen help compatibility`)"
        in mutegreen("run", needy, "--dry-run", "--compat", "cuda").stdout
    )
    document = json.loads(mutegreen("run", needy, "--dry-run", "--compat", "cuda", "--json").stdout)
    assert document["compat"] == ["cuda"]


def test_an_audit_that_is_resumed_has_the_same_shims(needy: Path, tmp_path: Path) -> None:
    with Store.create(tmp_path / "audits.sqlite") as store:
        options = PlanOptions(operators=("epochs",), compat=(Compat.CUDA,))
        audit = create(store, config.load(needy), options, Limits())
        again = restore_plan(store, store.audit(audit), Paths.of(store.path, audit))
    assert again.compat == (Compat.CUDA,)
