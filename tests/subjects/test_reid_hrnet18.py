"""The subject reid_hrnet18: it is judged as published, learns, repeats itself, reads Market-1501, and fails clearly."""

from __future__ import annotations

import importlib.util
import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from support.paths import SUBJECTS
from support.subject_scripts import audited, load_script, one_torch_thread, run_script, runs_apart

FOLDER = SUBJECTS / "reid_hrnet18"
SIBLINGS = ("figures", "pictures", "ranking")
SMALL = ("--backbone", "small")
TINY = (*SMALL, "--people", "6", "--epochs", "2")
EPOCH = re.compile(
    r"^epoch +\d+/\d+  train loss (?P<loss>\S+)"
    r"  rank-1 (?P<rank1>[01]\.\d{4}) \((?P<first>\d+)/(?P<asked>\d+)\)"
    r"  mAP (?P<map>[01]\.\d{4})  val accuracy (?P<accuracy>[01]\.\d{4}) \((?P<known>\d+)/(?P<shown>\d+)\)$",
    re.MULTILINE,
)

pytestmark = [
    pytest.mark.torch,
    pytest.mark.xdist_group("reid_hrnet18"),
    pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not installed"),
]
needs_torchvision = pytest.mark.skipif(
    importlib.util.find_spec("torchvision") is None, reason="torchvision is not installed"
)
needs_timm = pytest.mark.skipif(importlib.util.find_spec("timm") is None, reason="timm is not installed")

Run = Callable[..., str]


@pytest.fixture(scope="module")
def train() -> Iterator[ModuleType]:
    """The script as a module that can import the modules of its folder."""
    with one_torch_thread():
        sys.path.insert(0, str(FOLDER))
        yield load_script("reid_hrnet18")
        sys.path.remove(str(FOLDER))
        for sibling in SIBLINGS:
            sys.modules.pop(sibling, None)


@pytest.fixture(scope="module")
def pictures(train: ModuleType) -> ModuleType:
    return importlib.import_module("pictures")


@pytest.fixture(scope="module")
def ranking(train: ModuleType) -> ModuleType:
    return importlib.import_module("ranking")


@pytest.fixture
def run(train: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the script's main in this process and returns its output: no seconds for importing torch again."""

    def run_main(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["train.py", "--device", "cpu", *arguments])
        train.main()
        return capsys.readouterr().out

    return run_main


@pytest.fixture
def refused(run: Run, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the script where it must end with status 2, and returns its one line of error."""

    def run_refused(*arguments: str) -> str:
        with pytest.raises(SystemExit, match=r"^2$"):
            run(*arguments)
        shown = capsys.readouterr()
        line = shown.err.splitlines()[-1]
        assert line.startswith("train.py: error: ")
        assert "settings" not in shown.out
        return line

    return run_refused


def epochs_of(output: str) -> list[dict[str, str]]:
    return [found.groupdict() for found in EPOCH.finditer(output)]


# How it is judged


def judged_one_by_one(similarity: Any, query: Any, gallery: Any) -> tuple[list[bool], list[float]]:
    """As the definition reads, with a loop for each query: rank-1 and average precision of those with an answer."""
    first, precision = [], []
    for scores, (person, camera) in zip(similarity, query, strict=True):
        ranked = [gallery[place] for place in np.argsort(-scores, kind="stable")]
        kept = [seen for seen in ranked if seen != (person, camera)]
        hits = [place for place, (who, _) in enumerate(kept, start=1) if who == person]
        if hits:
            first.append(hits[0] == 1)
            precision.append(sum(number / place for number, place in enumerate(hits, start=1)) / len(hits))
    return first, precision


def judge(ranking: ModuleType, similarity: Any, query: Any, gallery: Any) -> tuple[list[bool], list[float]]:
    import torch

    (people, cameras), (others, places) = torch.tensor(query).T, torch.tensor(gallery).T
    same = (people[:, None] == others, cameras[:, None] == places)
    first, precision = ranking.judge(torch.from_numpy(similarity), *same)
    return first.tolist(), precision.tolist()


@pytest.mark.parametrize(
    ("gallery", "first", "precision"),
    [
        ([(1, 2), (9, 1)], True, 1),
        ([(9, 2), (1, 2)], False, 1 / 2),
        ([(1, 1), (1, 2), (9, 2)], True, 1),  # its own camera's picture is no answer, and no mistake
        ([(1, 1), (9, 1), (1, 2)], False, 1 / 2),
        ([(9, 1), (1, 1), (1, 2)], False, 1 / 2),  # and takes no place
        ([(9, 1), (1, 2)], False, 1 / 2),  # others by the query's camera are mistakes like all
        ([(1, 2), (9, 2), (1, 3), (9, 3), (1, 4)], True, (1 + 2 / 3 + 3 / 5) / 3),
        ([(1, 2), (1, 3), (9, 2)], True, 1),
    ],
)
def test_a_ranking_is_judged_as_by_hand(
    ranking: ModuleType, gallery: list[tuple[int, int]], first: bool, precision: float
) -> None:
    """The gallery is given as it is ranked; the query shows person 1 by camera 1."""
    similarity = np.linspace(1, -1, len(gallery))[None]
    shown = judge(ranking, similarity, [(1, 1)], gallery)
    assert shown == ([first], [pytest.approx(precision)])


def test_a_query_without_an_answer_is_left_out(ranking: ModuleType) -> None:
    query = [(1, 1), (2, 1), (3, 1)]
    gallery = [(1, 1), (2, 2), (9, 2)]  # of person 1 only a picture by the query's own camera, of person 3 none
    assert judge(ranking, np.eye(3), query, gallery) == ([True], [1.0])


def test_judged_as_one_by_one_and_as_scikit_learn_does(train: ModuleType, ranking: ModuleType) -> None:
    """More queries than are judged at once; the features' lengths do not matter, only their directions."""
    import torch

    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(3)
    features = [rng.normal(size=(count, 8)) * rng.uniform(0.1, 9, size=(count, 1)) for count in (300, 90)]
    seen = [rng.integers(0, (12, 3), size=(count, 2)) for count in (300, 90)]
    first, precision = ranking.rank(
        *(ranking.Described(torch.tensor(f), *torch.tensor(s).T) for f, s in zip(features, seen, strict=True))
    )
    similarity = metrics.pairwise.cosine_similarity(*features)
    expected = judged_one_by_one(similarity, *([*map(tuple, people.tolist())] for people in seen))
    assert (first.tolist(), precision.tolist()) == (expected[0], pytest.approx(expected[1]))
    assert len(first) == 300
    for query, scores, found in zip(seen[0], similarity, precision, strict=True):
        kept = (seen[1] != query).any(axis=1)
        right = seen[1][kept, 0] == query[0]
        assert found == pytest.approx(metrics.average_precision_score(right, scores[kept]))


# The generated figures


def test_each_generated_person_is_asked_for_once_by_each_camera(pictures: ModuleType) -> None:
    """And one picture of each person trained on is held out."""
    train, held_out, query, gallery = pictures.draw_figures(people=5, seed=1, height=64)
    assert held_out.people.tolist() == [0, 1, 2, 3, 4]
    assert train.people.bincount().tolist() == [7] * 5
    for exam in (query, gallery):
        shown = {*zip(exam.people.tolist(), exam.cameras.tolist(), strict=True)}
        assert len(shown) == len(exam.people) == 25 * 4
    assert train.pixels.shape == (35, 64, 32, 3)


def test_no_picture_is_both_learnt_and_judged(pictures: ModuleType) -> None:
    """Not even where as many people are drawn from the number that is the exam's seed."""
    parts = pictures.draw_figures(people=25, seed=0, height=64)
    drawn = [picture.numpy().tobytes() for part in parts for picture in part.pixels]
    assert len({*drawn}) == len(drawn) == 2 * 25 * 8


def test_the_exam_depends_on_no_seed_but_the_training_figures_do(pictures: ModuleType) -> None:
    first, again, other = (pictures.draw_figures(people=3, seed=seed, height=64) for seed in (1, 1, 2))
    assert all(
        (a == b).all() for part, other in zip(first, again, strict=True) for a, b in zip(part, other, strict=True)
    )
    assert (first.query.pixels == other.query.pixels).all()
    assert (first.gallery.pixels == other.gallery.pixels).all()
    assert (first.train.pixels != other.train.pixels).any()


def test_pictures_of_a_camera_are_more_alike_than_those_of_a_person(pictures: ModuleType) -> None:
    """A comparison of only the pixels finds the camera, not the person: there is something to learn."""
    import torch

    _, _, query, gallery = pictures.draw_figures(people=1, seed=1, height=64)
    apart = torch.cdist(query.pixels.flatten(1).float(), gallery.pixels.flatten(1).float())
    camera = query.cameras[:, None] == gallery.cameras
    person = query.people[:, None] == gallery.people
    assert apart[camera & ~person].mean() < 0.8 * apart[person & ~camera].mean()


# The network and its training


@needs_timm
def test_hrnet_has_the_published_number_of_weights(train: ModuleType) -> None:
    """21,299,004 of which 2048 x 1000 + 1000 are its own classifier's; then the bottleneck's and the classifier's."""
    args = SimpleNamespace(backbone="hrnet_w18", pretrained=False, dropout=0.5)
    network = train.build_network(args, people=751)
    weights = 21_299_004 - 2_049_000 + (2048 * 512 + 512) + 2 * 512 + (512 * 751 + 751)
    assert sum(weight.numel() for weight in network.parameters()) == weights


@needs_timm
def test_residual_blocks_pass_on_their_input_at_first(train: ModuleType) -> None:
    """No other layer is zeroed: the network would have no output."""
    import torch

    hrnet = train.build_hrnet("hrnet_w18_small", pretrained=False).eval()
    blocks = [block for block in hrnet.modules() if type(block).__name__ in ("BasicBlock", "Bottleneck")]
    plain = [block for block in blocks if block.downsample is None]
    assert len(plain) > 10
    for block in plain:
        shown = torch.rand(1, block.conv1.in_channels, 4, 2)
        assert torch.equal(block(shown), shown)
    silent = [m for m in hrnet.modules() if isinstance(m, torch.nn.BatchNorm2d) and not m.weight.any()]
    assert len(silent) == len(blocks)


@pytest.mark.parametrize("height", [64, 128, 256])
def test_small_network_maps_every_height(train: ModuleType, height: int) -> None:
    import torch

    network = train.build_network(SimpleNamespace(backbone="small", dropout=0.5), people=9)
    pixels = torch.randint(256, (2, height, height // 2, 3), dtype=torch.uint8)
    assert network.backbone(torch.rand(2, 3, height, height // 2)).shape == (2, 64)
    assert network.features(pixels).shape == (2, 512)
    assert network(pixels).shape == (2, 9)


def test_the_backbone_sees_pictures_normalised_as_imagenet_s(train: ModuleType) -> None:
    import torch

    seen: list[Any] = []
    network = train.Network(torch.nn.Identity(), 1, people=2, dropout=0.0).eval()
    network.backbone.register_forward_hook(lambda _module, inputs, _output: seen.append(inputs[0]))
    network.bottleneck = torch.nn.Identity()
    network.features(torch.tensor([[[[0, 128, 255]]]], dtype=torch.uint8))
    expected = [(0 - 0.485) / 0.229, (128 / 255 - 0.456) / 0.224, (1 - 0.406) / 0.225]
    assert seen[0].shape == (1, 3, 1, 1)
    assert seen[0].flatten().tolist() == pytest.approx(expected)


def recorded(train: ModuleType, run: Run, *arguments: str) -> list[SimpleNamespace]:
    """Record what each epoch trains with, without training or testing."""
    epochs: list[SimpleNamespace] = []

    def note(_model: object, optimizer: Any, _train: object, batch_size: int) -> float:
        groups = [
            {key: group[key] for key in ("lr", "momentum", "weight_decay", "nesterov")}
            for group in optimizer.param_groups
        ]
        weights = [sum(weight.numel() for weight in group["params"]) for group in optimizer.param_groups]
        epochs.append(SimpleNamespace(groups=groups, weights=weights, batch_size=batch_size))
        optimizer.step()  # changes nothing without gradients, but the scheduler insists on it
        return 0.0

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train, "train_epoch", note)
        for name in ("describe", "know", "rank", "report"):
            patch.setattr(train, name, lambda *_: None)
        run(*TINY, *arguments)
    return epochs


def test_hyperparameters_reach_the_training(train: ModuleType, run: Run) -> None:
    options = "--epochs 7 --learning-rate 0.4 --gamma 0.5 --weight-decay 0.01 --momentum 0.8 --batch-size 5"
    epochs = recorded(train, run, *options.split())
    rates = [0.4] * 4 + [0.2] * 3  # two thirds of 7 epochs are 4 whole ones
    assert [epoch.groups[1]["lr"] for epoch in epochs] == pytest.approx(rates)
    assert [epoch.groups[0]["lr"] for epoch in epochs] == pytest.approx([rate / 10 for rate in rates])
    for group in epochs[0].groups:
        assert (group["momentum"], group["weight_decay"], group["nesterov"]) == (0.8, 0.01, True)
    assert {epoch.batch_size for epoch in epochs} == {5}
    head = (64 * 512 + 512) + 2 * 512 + (512 * 6 + 6)
    assert epochs[0].weights[1] == head


def test_the_rate_falls_after_two_thirds_of_the_published_epochs(train: ModuleType, run: Run) -> None:
    rates = [epoch.groups[1]["lr"] for epoch in recorded(train, run, "--epochs", "60")]
    assert rates == pytest.approx([0.05] * 40 + [0.005] * 20)


def test_dropout_reaches_the_network(train: ModuleType) -> None:
    import torch

    network = train.build_network(SimpleNamespace(backbone="small", dropout=0.25), people=3)
    hidden = torch.ones(400, 512)
    assert (network.classifier[0](hidden) == 0).double().mean() == pytest.approx(0.25, abs=0.01)


def test_at_first_all_people_are_equally_likely(train: ModuleType, pictures: ModuleType) -> None:
    """The loss before any step is the logarithm of the number of people."""
    import torch

    torch.manual_seed(1)
    data = pictures.draw_figures(people=7, seed=1, height=64)
    network = train.build_network(SimpleNamespace(backbone="small", dropout=0.5), people=7)
    still = torch.optim.SGD(network.parameters(), lr=0.0)
    assert train.train_epoch(network, still, data.train, batch_size=49) == pytest.approx(np.log(7), abs=0.05)


@pytest.mark.parametrize(
    ("count", "batch_size", "sizes"), [(7, 3, [3, 3]), (8, 3, [3, 3, 2]), (3, 99, [3]), (6, 2, [2] * 3)]
)
def test_no_batch_holds_one_picture(train: ModuleType, count: int, batch_size: int, sizes: list[int]) -> None:
    batches = train.draw_batches(count, batch_size)
    assert [len(batch) for batch in batches] == sizes
    numbers = [int(number) for batch in batches for number in batch]
    assert len({*numbers}) == len(numbers)
    assert {*numbers} <= {*range(count)}


@pytest.mark.parametrize(
    "batch_size", ["2", "41", "1000"]
)  # 42 pictures: batches of two, a single one left, and one batch
def test_any_batch_size_works(run: Run, batch_size: str) -> None:
    assert len(epochs_of(run(*TINY, "--epochs", "1", "--batch-size", batch_size))) == 1


def test_loss_is_the_mean_over_pictures(train: ModuleType, pictures: ModuleType) -> None:
    """Also where the last batch is smaller. An untouched model without batch statistics makes all sizes agree."""
    import torch

    torch.manual_seed(1)
    pixels = (
        torch.full((5, 25, 12, 3), 255, dtype=torch.uint8) * torch.arange(5, dtype=torch.uint8)[:, None, None, None]
    )
    data = pictures.ReidPictures(pixels, torch.tensor([0, 1, 1, 0, 2]), torch.zeros(5))
    weight = torch.nn.Parameter(torch.tensor([1.0, -2.0, 0.5]))

    class Middle(torch.nn.Module):
        def forward(self, shown: Any) -> Any:
            return (
                shown[:, 12, 6, :1] / 255 * weight
            )  # the middle stays whatever the shift, as a picture has one colour

    logits = pixels[:, :1, 0, 0].numpy() / 255 * weight.detach().numpy()
    chosen = np.exp(logits[np.arange(5), data.people.numpy()]) / np.exp(logits).sum(axis=1)
    for batch_size in (2, 3, 5):
        losses = [train.train_epoch(Middle(), torch.optim.SGD([weight], lr=0.0), data, batch_size) for _ in range(60)]
        exact = -np.log(chosen).mean()
        assert np.mean(losses) == pytest.approx(exact, rel=0.05)
        if batch_size != 2:
            assert losses == pytest.approx([exact] * 60)


def test_pictures_are_shifted_and_mirrored(train: ModuleType) -> None:
    """Every pixel has a colour of its own; so each shows where the picture was put, and which way round."""
    import torch

    torch.manual_seed(1)
    height, width, margin = 64, 32, 2
    rows, columns = np.indices((height, width)) + 1
    picture = np.stack([rows, columns, np.zeros_like(rows)], axis=2).astype(np.uint8)
    framed = np.pad(picture, ((margin, margin), (margin, margin), (0, 0)))
    possible = {
        framed[top : top + height, left : left + width][:, ::step].tobytes(): (top, left, step)
        for top in range(5)
        for left in range(5)
        for step in (1, -1)
    }
    shown = train.shift_and_flip(torch.from_numpy(picture).expand(800, -1, -1, -1))
    found = [possible[each.numpy().tobytes()] for each in shown]
    assert {*found} == {*possible.values()}
    assert np.mean([step == -1 for _, _, step in found]) == pytest.approx(0.5, abs=0.07)


@needs_timm
@pytest.mark.slow
def test_hrnet_trains(run: Run) -> None:
    output = run("--backbone", "hrnet_w18_small", "--people", "2", "--epochs", "1")
    assert [epoch["shown"] for epoch in epochs_of(output)] == ["2"]


# From end to end


@runs_apart
@pytest.mark.slow
def test_smoke_preset_learns_and_a_low_learning_rate_hurts(tmp_path: Path) -> None:
    """An audit by the harness, which also reads mAP and the validation accuracy."""
    done = audited(tmp_path, "reid_hrnet18", "learning_rate=0.005")
    original, slow = done.rows["original"], done.rows["learning_rate=0.005"]
    assert original["data"] == "generated: figures of people"
    assert original["performance"] > 0.6
    assert original["performance_mAP"] > 0.6
    assert original["performance_val_accuracy"] > 0.8
    assert slow["performance"] < original["performance"] - 0.3


def test_one_line_per_epoch_and_nothing_on_disk(run: Run, tmp_path: Path) -> None:
    """In a separate process, where the same seed prints the same, byte for byte."""
    done = run_script("reid_hrnet18", tmp_path, *TINY)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == run(*TINY)
    assert not list(tmp_path.iterdir())
    settings, *lines = done.stdout.splitlines()
    assert "dataset=figures (generated)" in settings
    assert len(lines) == len(epochs_of(done.stdout)) == 2
    for epoch in epochs_of(done.stdout):
        assert (epoch["asked"], epoch["shown"]) == ("100", "6")
        assert epoch["rank1"] == f"{int(epoch['first']) / 100:.4f}"
        assert epoch["accuracy"] == f"{int(epoch['known']) / 6:.4f}"


def test_another_seed_prints_other_numbers(run: Run) -> None:
    first, second, first_again = (EPOCH.findall(run(*TINY, "--seed", seed)) for seed in "121")
    assert first == first_again
    assert first != second


def test_a_learning_rate_far_too_high_diverges(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match=r"^3$"):
        run(*TINY, "--learning-rate", "1e30", "--batch-size", "4")
    shown = capsys.readouterr()
    assert [epoch["loss"] for epoch in epochs_of(shown.out)] == ["nan"], "no further epoch is trained"
    assert int(epochs_of(shown.out)[0]["first"]) < 20, "nan recognises people only by chance"
    assert re.fullmatch(r"train.py: error: training diverged in epoch 1: .*--learning-rate\n", shown.err)


def test_preset_paper_is_the_study_s(train: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    subject = tomllib.loads((FOLDER / "subject.toml").read_text())
    paper = subject["presets"]["paper"]
    defaults = {name: given["default"] for name, given in subject["hyperparameters"].items()} | paper["defaults"]
    flags = [
        str(word) for name, value in defaults.items() for word in (subject["hyperparameters"][name]["flag"], value)
    ]
    monkeypatch.setattr(sys, "argv", ["train.py", *paper["arguments"], *flags])
    args = train.parse_arguments()
    study = {"epochs": 60, "learning_rate": 0.05, "weight_decay": 5e-4, "batch_size": 32}
    fixed = {"gamma": 0.1, "dropout": 0.5, "momentum": 0.9}  # in the program that the study trained
    network = {"backbone": "hrnet_w18", "pretrained": True, "height": 256, "dataset": "market"}
    expected = study | fixed | network
    assert {name: getattr(args, name) for name in expected} == expected


# Market-1501


def write_market(folder: Path, **parts: list[str]) -> Path:
    """Pictures in folders of people, as the study's program arranges them; the name decides the colour."""
    image = pytest.importorskip("PIL.Image")
    for part, names in parts.items():
        for name in names:
            place = folder / part / name.split("_")[0]
            place.mkdir(parents=True, exist_ok=True)
            image.new("RGB", (64, 128), colour_of(name)).save(place / name, quality=95)
    return folder


def colour_of(name: str) -> tuple[int, int, int]:
    digits = [int(digit) for digit in re.findall(r"\d", name)]
    return 20 * digits[3], 20 * digits[4], 20 * digits[-1]


MARKET = {
    "train": [
        "0002_c1s1_000451_03.jpg",
        "0002_c2s1_000776_01.jpg",
        "0007_c3s3_077419_03.jpg",
        "0007_c2s3_071002_05.jpg",
    ],
    "val": ["0002_c6s1_000401_01.jpg", "0007_c1s6_028546_01.jpg"],
    "query": ["0001_c1s1_001051_00.jpg", "0001_c2s1_000301_00.jpg", "1500_c3s3_000000_04.jpg"],
    "gallery": [
        "-1_c1s1_000401_03.jpg",
        "0000_c2s1_000151_01.jpg",
        "0001_c1s1_001051_03.jpg",
        "0001_c2s1_000976_01.jpg",
        "1500_c3s3_000451_03.jpg",
    ],
}


@needs_torchvision
def test_market_is_read_from_its_folders(pictures: ModuleType, tmp_path: Path) -> None:
    data = pictures.load_market(str(write_market(tmp_path, **MARKET)), height=128)
    people, cameras = ([getattr(part, name).tolist() for part in data] for name in ("people", "cameras"))
    assert people == [[0, 0, 1, 1], [0, 1], [1, 1, 1500], [0, 1, 1, 1500]], "numbered from 0 to train; no junk"
    assert cameras == [[1, 2, 2, 3], [6, 1], [1, 2, 3], [2, 1, 2, 3]]
    assert data.train.pixels.shape == (4, 128, 64, 3)
    expected = [colour_of(name) for name in ["0002_c1s1_000451_03.jpg", "0002_c2s1_000776_01.jpg"]]
    assert data.train.pixels[:2, 60, 30].numpy() == pytest.approx(np.array(expected), abs=3)


@needs_torchvision
def test_market_trains_and_is_evaluated(run: Run, tmp_path: Path) -> None:
    """Of three queries two have an answer: person 1500 is in the gallery by one camera only."""
    folder = write_market(tmp_path, **MARKET)
    output = run(*SMALL, "--epochs", "1", "--dataset", "market", "--data-dir", str(folder))
    assert "dataset=market" in output
    assert "generated" not in output
    (epoch,) = epochs_of(output)
    assert (epoch["asked"], epoch["shown"]) == ("2", "2")
    other = run(*SMALL, "--epochs", "1", "--dataset", "market", "--data-dir", str(folder), "--seed", "2")
    assert epochs_of(other)[0]["loss"] != epoch["loss"], "the pictures are the same, but the weights and shifts are not"


@needs_torchvision
def test_pictures_are_brought_to_the_height_by_bicubic_interpolation(pictures: ModuleType) -> None:
    import torch

    image = importlib.import_module("PIL.Image")
    transforms = importlib.import_module("torchvision.transforms")
    noise = image.fromarray(np.random.default_rng(1).integers(0, 256, (128, 64, 3), dtype=np.uint8))
    for height in (64, 256):
        theirs = transforms.Resize((height, height // 2), interpolation=transforms.InterpolationMode.BICUBIC)(noise)
        ours = pictures.to_pictures([(noise, 1, 1)], height).pixels[0]
        assert (ours == torch.from_numpy(np.array(theirs))).all()


@needs_torchvision
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"val": []}, r"no Market-1501 in .*val.*; see --data-dir"),
        ({"train": ["0002_c1s1_000451_03.jpg"], "val": ["0002_c2s1_000776_01.jpg"]}, "one picture only"),
        ({"train": ["0002_12_13_first.jpg"]}, r"0002_12_13_first.jpg has no name of Market-1501, such as"),
        ({"val": ["0009_c1s1_000451_03.jpg"]}, "val shows people of whom train has no picture"),
        ({"query": ["1500_c3s3_000000_04.jpg"]}, "gallery shows nobody of query as seen by another camera"),
    ],
)
def test_folders_that_are_not_market_are_one_line(
    refused: Run, tmp_path: Path, change: dict[str, list[str]], message: str
) -> None:
    folder = write_market(tmp_path, **MARKET | change)
    assert re.search(message, refused("--dataset", "market", "--data-dir", str(folder)))


@needs_torchvision
def test_a_broken_picture_is_one_line(refused: Run, tmp_path: Path) -> None:
    folder = write_market(tmp_path, **MARKET)
    (folder / "query" / "0001" / "0001_c1s1_001051_00.jpg").write_bytes(b"no picture")
    assert "0001_c1s1_001051_00.jpg" in refused("--dataset", "market", "--data-dir", str(folder))


@needs_torchvision
def test_missing_market_is_one_line(refused: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MARKET_DIR", str(tmp_path / "nowhere"))
    assert f"no Market-1501 in {tmp_path}/nowhere" in refused("--dataset", "market")


# What is refused


@pytest.mark.parametrize(
    "setting",
    [
        *("--epochs 0", "--learning-rate 0", "--learning-rate nan", "--gamma -1", "--weight-decay -1", "--people 0"),
        *("--batch-size 1", "--dropout 1", "--dropout nan", "--momentum 0", "--momentum 1", "--seed -1"),
    ],
)
def test_values_out_of_range_are_rejected(refused: Run, setting: str) -> None:
    assert f"{setting.split(maxsplit=1)[0]} must be" in refused(*setting.split())


@pytest.mark.parametrize(
    ("module", "arguments", "package"),
    [
        ("timm", ("--people", "2"), "timm"),
        ("torchvision.datasets", ("--dataset", "market"), "torchvision"),
        ("figures", (), "pillow"),
    ],
)
def test_a_missing_library_is_one_line(
    refused: Run, monkeypatch: pytest.MonkeyPatch, module: str, arguments: tuple[str, ...], package: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    assert refused(*arguments).endswith(f"try: pip install {package}")


def test_missing_gpu_is_one_line(train: ModuleType, refused: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train.torch.cuda, "is_available", lambda: False)
    assert "--device cuda: torch finds no GPU" in refused("--device", "cuda")


def test_the_small_backbone_has_no_pretrained_weights(refused: Run) -> None:
    assert "--pretrained: there are no weights for --backbone small" in refused(*SMALL, "--pretrained")


# Pretrained weights


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty cache of downloaded weights, without a network."""
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    return tmp_path


@needs_timm
def test_missing_weights_are_one_line(refused: Run, hub: Path) -> None:
    line = refused("--people", "2", "--pretrained")
    assert "the weights of hrnet_w18 are not here; download them once with: python -c" in line


@needs_timm
def test_downloaded_weights_are_used(train: ModuleType, hub: Path) -> None:
    """They are in the folder that a download writes to."""
    import torch

    name = "hrnet_w18_small"
    timm, safetensors = importlib.import_module("timm"), importlib.import_module("safetensors.torch")
    theirs = timm.create_model(name)
    repository = hub / ("models--" + timm.create_model(name).pretrained_cfg["hf_hub_id"].replace("/", "--"))
    (repository / "snapshots" / "1").mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("1")
    safetensors.save_file(theirs.state_dict(), repository / "snapshots" / "1" / "model.safetensors")
    ours = train.build_hrnet(name, pretrained=True)
    assert all(torch.equal(weight, theirs.state_dict()[key]) for key, weight in ours.state_dict().items())
    assert len(ours.state_dict()) == len(theirs.state_dict()) - 2
