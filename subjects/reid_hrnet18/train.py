"""Train a network that recognises people again in the pictures of other cameras: person re-identification.

A backbone (HRNet-W18) and a bottleneck turn each picture into 512 features. They learn by telling apart the people of
the training pictures, and are judged on people never seen before: each query picture ranks a gallery of pictures by how
alike their features are, and those of the same person should come first.

    python train.py                                                             # generated figures, see figures.py
    python train.py --dataset market --data-dir DIR --height 256 --pretrained   # Market-1501; wants a GPU

Every epoch prints one line. Nothing is written to disk.
"""

from __future__ import annotations

import argparse
import math
import os
import re
import sys
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - the name it has everywhere

BACKBONE_RATE = 0.1  # what the backbone gets of the learning rate
BOTTLENECK = 512
HEIGHTS = (64, 128, 256)  # HRNet halves a picture five times, and its width is half the height
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, as pretrained weights expect it
EXAM_SEED = 0  # never --seed: all trainings on generated figures are judged by the same people
EXAM_PEOPLE, SHOTS = 25, 2
EXAM_BATCH = 128
MARKET_PARTS = ("train", "val", "query", "gallery")
MARKET_NAME = re.compile(r"(?P<person>-1|\d+)_c(?P<camera>\d+)")  # 0002_c1s1_000451_03.jpg: person 2, camera 1
JUNK = -1  # Market-1501's number for pictures that count neither for nor against
EXIT_USAGE, EXIT_DIVERGED = 2, 3


def main() -> None:
    """Train, and print how well people are recognised after every epoch."""
    args = parse_arguments()
    device = choose_device(args.device)
    size = (args.height, args.height // 2)
    data = load_market(args.data_dir, size) if args.dataset == "market" else draw_figures(args.people, args.seed, size)
    train, held_out, query, gallery = (part.to(device) for part in data)

    torch.manual_seed(args.seed)  # the first weights, the order of the pictures, their shifts and flips, dropout
    model = build_model(args, int(train.people.max()) + 1).to(device)
    optimizer = build_optimizer(model, args)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=max(args.epochs * 2 // 3, 1), gamma=args.gamma)
    print("settings:", *settings(args), flush=True)
    for epoch in range(1, args.epochs + 1):
        loss = train_epoch(model, optimizer, train, args.batch_size)
        scheduler.step()
        ranking = judge_ranking(extract(model, query), query, extract(model, gallery), gallery)
        report(f"{epoch:>{len(str(args.epochs))}}/{args.epochs}", loss, ranking, count_known(model, held_out))


class Pictures(NamedTuple):
    """Pictures (n, height, width, 3) of bytes, who they show (n,) and the camera that took each (n,)."""

    pixels: Tensor
    people: Tensor
    cameras: Tensor

    def to(self, device):
        return Pictures(*(part.to(device) for part in self))

    def __getitem__(self, index):
        return Pictures(*(part[index] for part in (self.pixels, self.people, self.cameras)))


def draw_figures(people, seed, size):
    from figures import photograph
    learnt = as_pictures(*photograph(people, SHOTS, np.random.default_rng(seed)), size)
    exam = as_pictures(*photograph(EXAM_PEOPLE, SHOTS, np.random.default_rng(EXAM_SEED + 10**6)), size)
    shot = torch.arange(len(learnt.people)) % 8
    held = shot == learnt.people % 8
    first = torch.arange(len(exam.people)) % SHOTS == 0
    pick = lambda d, m: Pictures(*(p[m] for p in d))
    return pick(learnt, ~held), pick(learnt, held), pick(exam, first), pick(exam, ~first)


def as_pictures(pixels, people, cameras, size):
    x = torch.from_numpy(pixels)
    if size != (128, 64):
        x = F.interpolate(x.permute(0,3,1,2).float(), size, mode="bilinear", antialias=True).permute(0,2,3,1).round().to(torch.uint8)
    return Pictures(x, torch.from_numpy(people), torch.from_numpy(cameras))

class SmallBackbone(nn.Module):
    def __init__(self, w=32):
        super().__init__()
        self.stem = nn.Sequential(conv(3, w, 2), conv(w, w, 2))
        self.fine1, self.coarse1 = conv(w, w, 1), conv(w, 2*w, 2)
        self.up = nn.Sequential(nn.Conv2d(2*w, w, 1, bias=False), nn.BatchNorm2d(w), nn.Upsample(scale_factor=2))
        self.down = conv(w, 2*w, 2)
        self.fine2, self.coarse2 = conv(w, 2*w, 2), conv(2*w, 2*w, 1)
        self.last = conv(4*w, 4*w, 2)
        self.outputs = 4*w
    def forward(self, x):
        x = self.stem(x)
        f, c = self.fine1(x), self.coarse1(x)
        f, c = F.relu(f + self.up(c)), F.relu(c + self.down(f))
        x = self.last(torch.cat([self.fine2(f), self.coarse2(c)], 1))
        return x.mean((2,3))

def conv(i, o, s):
    return nn.Sequential(nn.Conv2d(i, o, 3, s, 1, bias=False), nn.BatchNorm2d(o), nn.ReLU())

class Net(nn.Module):
    def __init__(self, backbone, features, people, dropout):
        super().__init__()
        self.backbone = backbone
        self.bottleneck = nn.Sequential(nn.Linear(features, 512), nn.BatchNorm1d(512))
        self.classifier = nn.Sequential(nn.Dropout(dropout), nn.Linear(512, people))
        nn.init.kaiming_normal_(self.bottleneck[0].weight, mode="fan_out"); nn.init.zeros_(self.bottleneck[0].bias)
        nn.init.normal_(self.classifier[1].weight, std=0.001); nn.init.zeros_(self.classifier[1].bias)
    def embed(self, x):
        return self.bottleneck(self.backbone(x))
    def forward(self, x):
        return self.classifier(self.embed(x))

def build_model(args, people):
    if args.backbone == "small":
        b = SmallBackbone(); n = b.outputs
    else:
        import timm
        b = timm.create_model(args.backbone, pretrained=False, num_classes=0); n = 2048
    return Net(b, n, people, args.dropout)

def build_optimizer(model, args):
    head = [*model.bottleneck.parameters(), *model.classifier.parameters()]
    return torch.optim.SGD([{"params": model.backbone.parameters(), "lr": args.bf*args.learning_rate}, {"params": head}], lr=args.learning_rate, momentum=args.momentum, weight_decay=args.weight_decay, nesterov=True)

def normalise(px):
    return ((px.permute(0,3,1,2).float()/255) - px.new_tensor(MEAN, dtype=torch.float).view(3,1,1)) / px.new_tensor(DEVIATION, dtype=torch.float).view(3,1,1)

def shift_and_flip(pixels):
    n, h, w, _ = pixels.shape
    m = round(10*h/256)
    padded = F.pad(pixels, (0,0,m,m,m,m))
    rows = torch.randint(2*m+1,(n,1)) + torch.arange(h)
    cols = torch.randint(2*m+1,(n,1)) + torch.arange(w)
    cols = torch.where(torch.rand(n,1) < 0.5, cols, cols.flip(1))
    return padded[torch.arange(n)[:,None,None], rows[:,:,None], cols[:,None,:]]

def train_epoch(model, optimizer, data, bs):
    model.train()
    total = 0
    for b in torch.randperm(len(data.people)).split(bs):
        loss = F.cross_entropy(model(normalise(shift_and_flip(data.pixels[b]))), data.people[b])
        optimizer.zero_grad(); loss.backward(); optimizer.step()
        total += loss.detach()*len(b)
    return (total/len(data.people)).item()

@torch.no_grad()
def extract(model, data):
    model.eval()
    return torch.cat([model.embed(normalise(b)) for b in data.pixels.split(EXAM_BATCH)])

@torch.no_grad()
def count_known(model, data):
    f = extract(model, data)
    return f"{(model.classifier(f).argmax(1)==data.people).float().mean():.3f}"

def judge_ranking(qf, q, gf, g):
    sim = F.normalize(qf) @ F.normalize(gf).T
    order = sim.argsort(dim=1, descending=True, stable=True)
    same = g.people[order] == q.people[:,None]
    kept = ~(same & (g.cameras[order] == q.cameras[:,None]))
    hits = same & kept
    pos = kept.cumsum(1).clamp(min=1)
    ap = (hits.cumsum(1)/pos*hits).sum(1)/hits.sum(1)
    r1 = (hits & (pos==1)).any(1)
    return r1.float().mean().item(), ap.mean().item()

def report(e, loss, r, k):
    print(e, f"{loss:.3f}", r, k, flush=True)

def settings(args): return (f"{a}={b}" for a,b in vars(args).items())
def choose_device(n): return torch.device("cpu")

def parse_arguments():
    p = argparse.ArgumentParser()
    p.add_argument("--epochs", type=int, default=60)
    p.add_argument("--learning-rate", type=float, default=0.05)
    p.add_argument("--weight-decay", type=float, default=5e-4)
    p.add_argument("--batch-size", type=int, default=32)
    p.add_argument("--momentum", type=float, default=0.9)
    p.add_argument("--gamma", type=float, default=0.1)
    p.add_argument("--bf", type=float, default=0.1)
    p.add_argument("--dropout", type=float, default=0.5)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--height", type=int, default=64)
    p.add_argument("--people", type=int, default=32)
    p.add_argument("--backbone", default="hrnet_w18")
    p.add_argument("--dataset", default="figures")
    p.add_argument("--device", default="auto")
    return p.parse_args()

main()
