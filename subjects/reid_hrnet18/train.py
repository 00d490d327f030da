"""Train a network to recognise people in the pictures of other cameras: person re-identification.

A backbone (HRNet-W18) and a bottleneck turn each picture into 512 features. They are trained to classify the people of
the training pictures, and tested on other people: every query ranks a gallery of pictures by the similarity of the
features, and the pictures of its own person should come first.

    python train.py                                                            # generated figures, see figures.py
    python train.py --dataset market --data-dir DIR --height 256 --pretrained  # Market-1501; use a GPU

Every epoch prints one line. Nothing is written to disk.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
from typing import NoReturn

import torch
from pictures import DataError, ReidData, ReidPictures, draw_figures, load_market
from ranking import Described, Ranking, rank
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - the name it has everywhere

BACKBONES = ("hrnet_w18", "hrnet_w18_small", "small")
BACKBONE_RATE = 0.1  # the backbone's share of the learning rate
BOTTLENECK = 512
HEIGHTS = (64, 128, 256)  # HRNet halves each side five times, and the width is half the height
IMAGENET_MEAN, IMAGENET_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # as pretrained weights need
EXAM_BATCH = 128
DATASETS = {"figures": "figures (generated)", "market": "market"}
EXIT_USAGE, EXIT_DIVERGED = 2, 3


def main() -> None:
    """Train, and print how well people are recognised after every epoch."""
    args = parse_arguments()
    device = choose_device(args.device)
    train, held_out, query, gallery = load(args).to(device)

    torch.manual_seed(args.seed)  # the first weights, dropout, and the order, shifts and flips of the pictures
    model = build_network(args, people=int(train.people.max()) + 1).to(device)
    optimizer = build_optimizer(model, args)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=max(args.epochs * 2 // 3, 1), gamma=args.gamma)
    settings = vars(args) | {"dataset": DATASETS[args.dataset]}
    print("settings:", *(f"{name}={value}" for name, value in settings.items()), flush=True)
    for epoch in range(1, args.epochs + 1):
        loss = train_epoch(model, optimizer, train, args.batch_size)
        scheduler.step()
        report(epoch, args.epochs, loss, rank(describe(model, query), describe(model, gallery)), know(model, held_out))


def load(args: argparse.Namespace) -> ReidData:
    """Return the pictures of --dataset."""
    try:
        if args.dataset == "market":
            return load_market(args.data_dir, args.height)
        return draw_figures(args.people, args.seed, args.height)
    except DataError as error:
        fail(str(error))


def report(epoch: int, epochs: int, loss: float, ranking: Ranking, known: Tensor) -> None:
    """Print the epoch's line; end the training if its loss is not finite, as no later epoch can repair that."""
    print(
        f"epoch {epoch:>{len(str(epochs))}}/{epochs}",
        f"train loss {loss:.4f}",
        f"rank-1 {share(ranking.first)}",
        f"mAP {ranking.precision.mean():.4f}",
        f"val accuracy {share(known)}",
        sep="  ",
        flush=True,
    )
    if not math.isfinite(loss):
        fail(f"training diverged in epoch {epoch}: the loss is {loss}; try a lower --learning-rate", EXIT_DIVERGED)


def share(right: Tensor) -> str:
    """Return the share of right ones, with the counts."""
    return f"{right.double().mean():.4f} ({right.sum()}/{len(right)})"


def fail(message: str, status: int = EXIT_USAGE) -> NoReturn:
    """End the program with one line on stderr."""
    print(f"train.py: error: {message}", file=sys.stderr)
    sys.exit(status)


class Network(nn.Module):
    """A backbone, the bottleneck whose features are compared, and a classifier to train them with.

    Features are compared after batch normalisation, as in strong baselines (Luo et al., arXiv 1903.07071, section 3.5).
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, backbone: nn.Module, features: int, people: int, dropout: float) -> None:
        super().__init__()
        shrink, classify = nn.Linear(features, BOTTLENECK), nn.Linear(BOTTLENECK, people)
        nn.init.kaiming_normal_(shrink.weight, mode="fan_out")
        nn.init.normal_(classify.weight, std=0.001)  # at first all people are equally likely
        nn.init.zeros_(shrink.bias)
        nn.init.zeros_(classify.bias)
        self.backbone = backbone
        self.bottleneck = nn.Sequential(shrink, nn.BatchNorm1d(BOTTLENECK))
        self.classifier = nn.Sequential(nn.Dropout(dropout), classify)
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN))
        self.register_buffer("deviation", torch.tensor(IMAGENET_DEVIATION))

    def features(self, pixels: Tensor) -> Tensor:
        """Return the features (n, 512) of pictures (n, height, width, 3) of bytes."""
        images = (pixels / 255 - self.mean) / self.deviation
        features: Tensor = self.bottleneck(self.backbone(images.permute(0, 3, 1, 2)))
        return features

    def forward(self, pixels: Tensor) -> Tensor:
        """Return the logits (n, people) of pictures (n, height, width, 3) of bytes."""
        logits: Tensor = self.classifier(self.features(pixels))
        return logits


class SmallBackbone(nn.Module):
    """HRNet's idea in small: a fine and a coarse stream in parallel, which exchange their features.

    For trainings of seconds.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(convolve(3, 16, stride=2), convolve(16, 16, stride=2))
        self.fine, self.coarse = convolve(16, 16), convolve(16, 32, stride=2)
        self.to_fine = nn.Sequential(convolve(32, 16), nn.Upsample(scale_factor=2))
        self.to_coarse = convolve(16, 32, stride=2)
        self.shrink_fine, self.end = convolve(16, 32, stride=2), convolve(64, 64, stride=2)

    def forward(self, images: Tensor) -> Tensor:
        """Return the features (n, 64) of images (n, 3, h, w)."""
        stem = self.stem(images)
        fine, coarse = self.fine(stem), self.coarse(stem)
        fine, coarse = fine + self.to_fine(coarse), coarse + self.to_coarse(fine)
        end: Tensor = self.end(torch.cat([self.shrink_fine(fine), coarse], dim=1))
        return end.mean(dim=(2, 3))


def convolve(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """Return a convolution over 3 x 3 pixels with batch normalisation and ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
    )


def build_network(args: argparse.Namespace, people: int) -> Network:
    """Return the network with the backbone of --backbone, for this number of people."""
    if args.backbone == "small":
        return Network(SmallBackbone(), 64, people, args.dropout)
    return Network(build_hrnet(args.backbone, args.pretrained), 2048, people, args.dropout)


def build_hrnet(name: str, pretrained: bool) -> nn.Module:
    """Return timm's HRNet (Wang et al., arXiv 1908.07919) without classifier: images (n, 3, h, w) to (n, 2048)."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # a training downloads nothing
    try:
        from timm import create_model  # imported here: takes 2 s, and the small backbone does not need it
    except (ImportError, RuntimeError) as error:  # RuntimeError: torchvision was built for another torch
        fail(f"--backbone {name} is timm's, which cannot be imported ({error}); try: pip install timm")
    try:
        hrnet: nn.Module = create_model(name, pretrained=pretrained, num_classes=0)
    except (OSError, RuntimeError):
        download = f"import timm; timm.create_model({name!r}, pretrained=True)"
        fail(f'--pretrained: the weights of {name} are not here; download them once with: python -c "{download}"')
    return hrnet if pretrained else begin_shallow(hrnet)


def begin_shallow(network: nn.Module) -> nn.Module:
    """Make every residual block the identity at first (Goyal et al., arXiv 1706.02677, section 5.1).

    Otherwise a network this deep hardly learns within minutes from random weights.
    """
    for block in network.modules():
        if hasattr(block, "zero_init_last"):
            block.zero_init_last()
    return network


def build_optimizer(model: Network, args: argparse.Namespace) -> torch.optim.Optimizer:
    """Return SGD with Nesterov momentum and, as pretrained weights need, a lower rate for the backbone."""
    head = [*model.bottleneck.parameters(), *model.classifier.parameters()]
    return torch.optim.SGD(
        [{"params": model.backbone.parameters(), "lr": BACKBONE_RATE * args.learning_rate}, {"params": head}],
        lr=args.learning_rate,
        momentum=args.momentum,
        weight_decay=args.weight_decay,
        nesterov=True,
    )


def train_epoch(model: Network, optimizer: torch.optim.Optimizer, train: ReidPictures, batch_size: int) -> float:
    """Train one epoch on the pictures; return the mean loss of a picture."""
    model.train()
    total, count = torch.zeros((), device=train.pixels.device), 0  # summed there: reading losses keeps a GPU waiting
    for batch in draw_batches(len(train.people), batch_size):
        loss = F.cross_entropy(model(shift_and_flip(train.pixels[batch])), train.people[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total, count = total + loss.detach() * len(batch), count + len(batch)
    return total.item() / count


def draw_batches(count: int, batch_size: int) -> list[Tensor]:
    """Return batches of the numbers below `count` in random order, without a batch of one, which batch norm rejects."""
    return [batch for batch in torch.randperm(count).split(batch_size) if len(batch) > 1]


def shift_and_flip(pixels: Tensor) -> Tensor:
    """Shift each picture (n, h, w, 3) by up to 4 % of the height, with black at the edges, and mirror half of them."""
    count, height, width, _ = pixels.shape
    margin = round(height * 10 / 256)  # 10 pixels at the study's height
    rows = torch.randint(2 * margin + 1, (count, 1)) + torch.arange(height)
    columns = torch.randint(2 * margin + 1, (count, 1)) + torch.arange(width)
    columns = torch.where(torch.rand(count, 1) < 0.5, columns.flip(1), columns)
    framed = F.pad(pixels, (0, 0, margin, margin, margin, margin))
    return framed[torch.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]]


@torch.no_grad()
def describe(model: Network, pictures: ReidPictures) -> Described:
    """Return the features of the pictures, with their people and cameras."""
    model.eval()
    features = torch.cat([model.features(batch) for batch in pictures.pixels.split(EXAM_BATCH)])
    return Described(features, pictures.people, pictures.cameras)


@torch.no_grad()
def know(model: Network, pictures: ReidPictures) -> Tensor:
    """Return whether each picture (n,) is classified as its person, among the training people."""
    described = describe(model, pictures)
    return model.classifier(described.features).argmax(dim=1) == described.people


def parse_arguments() -> argparse.Namespace:
    """Return the options; the defaults from --epochs to --momentum are those of the study."""
    parser = argparse.ArgumentParser(
        description="Train a network to recognise people in the pictures of other cameras.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add_hyperparameters(parser)
    parser.add_argument("--seed", type=int, default=1, help="of the first weights, the training figures, their order")
    parser.add_argument("--backbone", choices=BACKBONES, default=BACKBONES[0], help="what turns pictures into features")
    parser.add_argument("--pretrained", action="store_true", help="start with timm's weights, which must be downloaded")
    parser.add_argument("--height", type=int, choices=HEIGHTS, default=64, help="of the pictures; half as wide")
    parser.add_argument("--people", type=int, default=64, help="generated figures to train on")
    parser.add_argument("--dataset", choices=list(DATASETS), default="figures", help="figures are generated")
    folder = os.environ.get("MARKET_DIR", "Market/pytorch")
    parser.add_argument("--data-dir", default=folder, metavar="DIR", help="holds train, val, ...; or set MARKET_DIR")
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto", help="auto: cuda if there is one")
    args = parser.parse_args()
    check_ranges(parser, args)
    return args


def add_hyperparameters(parser: argparse.ArgumentParser) -> None:
    """Add the hyperparameters, which may be mutated."""
    parser.add_argument("--epochs", type=int, default=60, help="how often all pictures are trained on")
    parser.add_argument("--learning-rate", type=float, default=0.05, help="at first; the backbone gets a tenth of it")
    parser.add_argument("--gamma", type=float, default=0.1, help="factor of the rate after two thirds of the epochs")
    parser.add_argument("--weight-decay", type=float, default=5e-4, help="pull of the weights towards 0")
    parser.add_argument("--batch-size", type=int, default=32, help="pictures in a training step")
    parser.add_argument("--dropout", type=float, default=0.5, help="share of the features hidden from the classifier")
    parser.add_argument("--momentum", type=float, default=0.9, help="of SGD, after Nesterov")


def check_ranges(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """End the program if a number is out of range."""
    for names, fits, range_ in (
        (("epochs", "learning_rate", "gamma", "people"), lambda value: 0 < value < math.inf, "above 0"),
        (("weight_decay", "seed"), lambda value: 0 <= value < math.inf, "0 or more"),
        (("batch_size",), lambda value: value >= 2, "2 or more, as batch normalisation needs two pictures"),
        (("dropout",), lambda value: 0 <= value < 1, "at least 0 and below 1"),
        (("momentum",), lambda value: 0 < value < 1, "between 0 and 1"),
    ):
        for name in names:
            if not fits(getattr(args, name)):
                parser.error(f"--{name.replace('_', '-')} must be {range_}, not {getattr(args, name)}")
    if args.pretrained and args.backbone == "small":
        parser.error("--pretrained: there are no weights for --backbone small")


def choose_device(name: str) -> torch.device:
    """Return the device of that name; "auto" is the GPU if torch can use one, else the CPU."""
    cuda = torch.cuda.is_available()
    if name == "cuda" and not cuda:
        fail("--device cuda: torch finds no GPU here; try: --device cpu")
    return torch.device("cuda" if cuda and name != "cpu" else "cpu")


if __name__ == "__main__":
    main()
