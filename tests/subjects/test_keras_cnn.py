"""The subject keras_cnn: it learns, is reproducible, reads what Keras reads, and fails with clear errors.

TensorFlow stays out of the process of the tests, which it would fill with threads; one other process does all of it.
"""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from support.subject_scripts import audited, load_script, run_script, runs_apart, script, variables

SCRIPT = script("keras_cnn")
MISSING = [name for name in ("keras", "tensorflow", "sklearn") if importlib.util.find_spec(name) is None]
EPOCH = re.compile(
    r"^epoch +(\d+)/(\d+)  train loss (\S+)  test accuracy (\d\.\d{4}) \((?P<value>\d+)/(?P<of>\d+)\)$", re.MULTILINE
)

pytestmark = [
    pytest.mark.keras,
    pytest.mark.xdist_group("keras_cnn"),
    pytest.mark.skipif(bool(MISSING), reason=f"{' and '.join(MISSING)} not installed"),
]

TINY = "--filters 2 --epochs 2 --batch-size 200 --dataset mnist --data-dir datasets"
TRAININGS = {
    "tiny": TINY,
    "again": TINY,
    "seed": f"{TINY} --seed 2",
    "learning rate": f"{TINY} --learning-rate 0.1",
    "batch size": f"{TINY} --batch-size 100",
    "dropout": f"{TINY} --dropout 0.9",
    "filters": f"{TINY} --filters 3",
    "diverging": f"{TINY} --learning-rate 1e30",
    "gpu": f"{TINY} --device cuda",
}
DRIVER = """
import contextlib, importlib.util, io, json, sys
import numpy as np

spec = importlib.util.spec_from_file_location("train", sys.argv.pop(1))
train = importlib.util.module_from_spec(spec)
spec.loader.exec_module(train)

def run(words):
    sys.argv[1:] = words.split()
    status = 0
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        try:
            train.main()
        except SystemExit as end:
            status = end.code
    return {"status": status, "out": out.getvalue(), "err": err.getvalue()}

found = {"trainings": {name: run(words) for name, words in json.load(sys.stdin).items()}}

import keras
from keras.src.utils import file_utils


file_utils.validate_file = lambda *_, **__: True  # Keras takes only the file with the checksum of the real one
(images, labels), (test_images, test_labels) = keras.datasets.mnist.load_data()
learnt, judged = train.load_mnist("datasets")
found["as Keras"] = bool(
    (learnt.images[..., 0] == np.float32(images) / np.float32(255)).all()
    and (judged.images[..., 0] == np.float32(test_images) / np.float32(255)).all()
    and (learnt.labels == labels).all()
    and (judged.labels == test_labels).all()
)
found["weights"] = {filters: train.build(filters, 0.5).count_params() for filters in (16, 32)}
found["rates"] = [layer.rate for layer in train.build(2, 0.3).layers if isinstance(layer, keras.layers.Dropout)]
found["shape"] = list(train.build(2, 0.5)(np.zeros((5, 28, 28, 1))).shape)
json.dump(found, sys.stdout)
"""


def write_mnist(folder: Path) -> None:
    """300 training and 50 test images in the format of Keras' mnist.npz: the label is how many rows are bright."""
    rng = np.random.default_rng(1)
    arrays: dict[str, Any] = {}
    for part, count in (("train", 300), ("test", 50)):
        labels = np.arange(count, dtype=np.uint8) % 10
        images = rng.integers(0, 100, size=(count, 28, 28), dtype=np.uint8)
        images[np.arange(28) < 2 * labels[:, None]] += 155
        arrays |= {f"x_{part}": images, f"y_{part}": labels}
    folder.mkdir()
    np.savez(folder / "mnist.npz", **arrays)


@pytest.fixture(scope="module")
def driven(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What one process found in which TensorFlow was imported once, for many short trainings.

    It takes half a minute. The first test that uses it is marked slow, so pytest-xdist begins with it.
    """
    folder = tmp_path_factory.mktemp("keras")
    write_mnist(folder / "datasets")
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, SCRIPT],
        cwd=folder,
        env=variables(KERAS_HOME=str(folder), CUDA_VISIBLE_DEVICES="-1"),
        input=json.dumps(TRAININGS),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == "", "nothing but our own lines"
    return json.loads(done.stdout)


@pytest.fixture
def training(driven: Any) -> Callable[[str], SimpleNamespace]:
    return lambda name: SimpleNamespace(**driven["trainings"][name])


Training = Callable[[str], SimpleNamespace]


@pytest.fixture(scope="module")
def train() -> ModuleType:
    """The script as a module; it imports Keras only when it trains."""
    before = set(sys.modules)  # other tests may have imported it
    module = load_script("keras_cnn")
    assert "tensorflow" not in set(sys.modules) - before
    return module


@pytest.fixture
def refused(
    train: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Runs the script's main, which must end with status 2 before Keras is imported; returns what it says."""

    def run_main(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["train.py", *arguments])
        monkeypatch.setitem(sys.modules, "keras", None)
        for name in ("KERAS_BACKEND", "TF_CPP_MIN_LOG_LEVEL", "TF_ENABLE_ONEDNN_OPTS", "CUDA_VISIBLE_DEVICES"):
            monkeypatch.setenv(name, "")  # set by the script, and then as before again
        with pytest.raises(SystemExit, match="2"):
            train.main()
        return capsys.readouterr().err

    return run_main


@runs_apart
@pytest.mark.slow
def test_an_audit_of_the_smoke_preset_learns_and_sees_a_learning_rate_that_ruins_it(tmp_path: Path) -> None:
    done = audited(tmp_path, "keras_cnn", "learning_rate=0.00001")
    assert done.performance() > 0.9
    assert done.performance("learning_rate=1e-05") < 0.6


@pytest.mark.slow  # TensorFlow starts again, in addition to the process of `driven`, which trains nine times
def test_a_fresh_process_prints_the_same_and_writes_nothing(training: Training, tmp_path: Path) -> None:
    write_mnist(tmp_path / "datasets")
    done = run_script("keras_cnn", tmp_path, *TINY.split(), "--device", "auto", CUDA_VISIBLE_DEVICES="-1")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == training("tiny").out
    assert [str(path.relative_to(tmp_path)) for path in sorted(tmp_path.rglob("*"))] == [
        "datasets",
        "datasets/mnist.npz",
    ]


def test_the_seed_decides_everything(training: Training) -> None:
    assert training("again").out == training("tiny").out
    assert EPOCH.findall(training("seed").out) != EPOCH.findall(training("tiny").out)


def test_every_option_reaches_the_training(training: Training) -> None:
    names = ("tiny", "learning rate", "batch size", "dropout", "filters")
    assert {training(name).status for name in names} == {0}
    losses = {EPOCH.findall(training(name).out)[0][2] for name in names}
    assert len(losses) == len(names)


def test_output_is_the_options_and_a_line_per_epoch(training: Training) -> None:
    settings, *epochs = training("dropout").out.splitlines()
    assert settings == (
        "settings: epochs=2 learning_rate=0.001 batch_size=200 dropout=0.9 seed=1 filters=2 "
        "dataset=mnist data_dir=datasets device=auto backend=tensorflow"
    )
    found = [EPOCH.fullmatch(line) for line in epochs]
    assert [match and match[1] for match in found] == ["1", "2"]
    assert all(match and match["of"] == "50" for match in found)
    assert all(match and float(match[4]) == int(match["value"]) / 50 for match in found)


def test_a_learning_rate_far_too_high_diverges(training: Training) -> None:
    diverging = training("diverging")
    assert diverging.status == 3
    assert [(found[1], found[3]) for found in EPOCH.finditer(diverging.out)][-1][1] in ("nan", "inf")
    assert re.fullmatch(r"train.py: error: training diverged in epoch \d: .*--learning-rate\n", diverging.err)


def test_missing_gpu_is_one_line(training: Training) -> None:
    assert (training("gpu").status, training("gpu").out) == (2, "")
    assert re.fullmatch(r"train.py: error: --device cuda: tensorflow finds no GPU here; .*\n", training("gpu").err)


def test_network_has_the_published_weights(driven: Any) -> None:
    """34,826 are those that the summary in Keras' own example shows; both counts follow from the layers."""
    assert driven["weights"] == {"16": 12_810, "32": 34_826}
    for filters, weights in driven["weights"].items():
        first, second = int(filters), 2 * int(filters)
        assert weights == first * (9 + 1) + second * (9 * first + 1) + 10 * (5 * 5 * second + 1)
    assert driven["shape"] == [5, 10]
    assert driven["rates"] == [0.3]


def test_mnist_is_read_as_keras_reads_it(driven: Any) -> None:
    assert driven["as Keras"]


def test_no_image_is_both_for_training_and_for_testing(train: ModuleType) -> None:
    learnt, judged = train.load_digits()
    assert len(learnt.labels) + len(judged.labels) == 1797
    assert learnt.images.shape[1:] == judged.images.shape[1:] == (28, 28, 1)
    assert not {image.tobytes() for image in learnt.images} & {image.tobytes() for image in judged.images}
    shares = np.bincount(judged.labels) / (np.bincount(learnt.labels) + np.bincount(judged.labels))
    assert shares == pytest.approx(np.full(10, 0.2), abs=0.005)


def test_bundled_digits_are_those_of_scikit_learn(train: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    from_file = train.read_digits()
    monkeypatch.setattr(train, "DIGITS_FILE", "not/there")
    from_library = train.read_digits()
    assert from_file[0].shape == (1797, 8, 8)
    assert (from_file[0] == from_library[0]).all()
    assert (from_file[1] == from_library[1]).all()


def test_enlarged_digits_are_the_digits_in_a_black_frame(train: ModuleType) -> None:
    digits, _ = train.read_digits()
    large = train.as_input(train.enlarge(digits), white=16)
    assert large.shape == (1797, 28, 28, 1)
    assert (large[:, 3:26:3, 3:26:3, 0] * 16 == digits).all()
    assert large.sum() * 16 == pytest.approx(9 * digits.sum())
    assert (large.min(), large.max()) == (0, 1)
    assert not large[:, [0, 1, -2, -1]].any()


@pytest.mark.parametrize(
    "setting",
    [
        *("--epochs 0", "--learning-rate nan", "--batch-size 0", "--filters 0"),
        *("--dropout 1", "--dropout -0.1", "--seed -1", "--seed 4294967296"),
    ],
)
def test_values_out_of_range_are_rejected(refused: Callable[..., str], setting: str) -> None:
    assert f"{setting.split(maxsplit=1)[0]} must be" in refused(*setting.split())


def test_missing_keras_is_one_line(refused: Callable[..., str]) -> None:
    assert re.fullmatch(r"train.py: error: .*; try: pip install 'mutegreen\[tensorflow\]'\n", refused())


def test_missing_scikit_learn_is_one_line(
    train: ModuleType, refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train, "find_spec", lambda _name: None)
    assert re.fullmatch(r"train.py: error: .*try: pip install scikit-learn\n", refused())


def test_missing_mnist_is_one_line_and_nothing_is_downloaded(refused: Callable[..., str], tmp_path: Path) -> None:
    message = refused("--dataset", "mnist", "--data-dir", str(tmp_path))
    assert re.fullmatch(r"train.py: error: no .*mnist\.npz; .*load_data\(\)\"\n", message)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", [b"", b"PK no archive", b"no archive"])
def test_another_file_is_one_line_and_stays(refused: Callable[..., str], tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "mnist.npz"
    file.write_bytes(content)
    message = refused("--dataset", "mnist", "--data-dir", str(tmp_path))
    assert re.fullmatch(r"train.py: error: .*mnist\.npz is not Keras' mnist\.npz: .*\n", message)
    assert file.read_bytes() == content


def test_an_archive_of_other_arrays_is_one_line(refused: Callable[..., str], tmp_path: Path) -> None:
    np.savez(tmp_path / "mnist.npz", images=np.zeros(3))
    message = refused("--dataset", "mnist", "--data-dir", str(tmp_path))
    assert re.fullmatch(r"train.py: error: .*is not Keras' mnist\.npz: .*x_train.*\n", message)
