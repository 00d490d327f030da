"""Miniatures of the five published programs: their flags, output and failures, without any training.

Each has the path of the program in its clone, prints the same lines to the same stream, and ends in the same way with
the values that made the real one fail.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from support.paths import ROOT

EXAMPLES = ROOT / "examples" / "upstream"

MNIST = """\
import argparse, os, sys
parser = argparse.ArgumentParser()
for flag, kind, default in (("--epochs", int, 14), ("--lr", float, 1.0), ("--gamma", float, 0.7), ("--seed", int, 1)):
    parser.add_argument(flag, type=kind, default=default)
parser.add_argument("--batch-size", type=int, default=64)
args = parser.parse_args()
assert os.path.isdir("../data"), "no data"
for epoch in range(1, args.epochs + 1):
    print(f"Train Epoch: {epoch} [0/1437 (0%)]\\tLoss: 2.300900")
    if 1437 % args.batch_size == 1:
        raise ValueError("Expected more than 1 value per channel when training, got input size torch.Size([1, 64])")
    loss, correct = ("nan", 36) if args.lr > 1e20 else (f"{0.72 / epoch:.4f}", 300 + epoch)
    print(f"\\nTest set: Average loss: {loss}, Accuracy: {correct}/360 ({100 * correct / 360:.0f}%)\\n")
"""

FORWARD_FORWARD = """\
import argparse, os
parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=1000)
parser.add_argument("--lr", type=float, default=0.03)
parser.add_argument("--threshold", type=float, default=2)
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--train_size", type=int, default=50000)
parser.add_argument("--test_size", type=int, default=10000)
args = parser.parse_args()
assert os.path.isdir("./data"), "no data"
for layer in range(2):
    print("training layer: ", layer)
    for epoch in range(0, args.epochs, 10):
        print("Loss: ", float("nan") if args.lr > 1e20 else 0.5)
print("train error:", 0.04749995470046997)
print("test error:", 0.12222224473953247 if args.threshold == 2 else 0.3916666507720947)
"""

RESNET = """\
import argparse, os
parser = argparse.ArgumentParser()
parser.add_argument("--arch"), parser.add_argument("--save-dir")
parser.add_argument("-j", "--workers", type=int, default=4)
parser.add_argument("-b", "--batch-size", type=int, default=128)
parser.add_argument("--epochs", type=int, default=200)
parser.add_argument("--lr", "--learning-rate", type=float, default=0.1)
parser.add_argument("--weight-decay", "--wd", type=float, default=1e-4)
args = parser.parse_args()
assert os.path.isdir("./data"), "no data"
os.makedirs(args.save_dir)
for epoch in range(args.epochs):
    loss = "nan (nan)" if args.lr > 1e6 else "1.7342 (1.9017)"
    for what in (f"Epoch: [{epoch}][0/10]", "Test: [0/1]"):
        print(f"{what}\\tTime 0.112 (0.112)\\tLoss {loss}\\tPrec@1 {20 + epoch}.000 ({20 + epoch}.000)")
    print(f" * Prec@1 {30 + epoch}.000")
open(os.path.join(args.save_dir, "model.th"), "w").close()
"""

REID = """\
import argparse, os, shutil, sys

parser = argparse.ArgumentParser()
parser.add_argument("--use_hr", action="store_true"), parser.add_argument("--name")
parser.add_argument("--batchsize", type=int, default=32)
parser.add_argument("--total_epoch", type=int, default=60)
parser.add_argument("--lr", type=float, default=0.05)
parser.add_argument("--weight_decay", type=float, default=5e-4)
args = parser.parse_args()
assert os.path.isdir("../Market"), "no data"
os.mkdir(f"./model/{args.name}")
shutil.copyfile("./train.py", f"./model/{args.name}/train.py")
print("Epoch 0/9\\nft_net_hr(" + "\\n  (conv1): Conv2d(3, 64)" * 1000)
def bar(done, phase, loss, accuracy):
    figures = f"phase={phase}, Loss={loss}, Acc={accuracy:.4f}"
    sys.stderr.write(f"\\r{25 * done}%|█| {done}/4 [00:00<00:00,  9.52it/s, {figures}]")
for epoch in range(args.total_epoch):
    for phase in ("train", "val"):
        for batch in range(1, 5):
            bar(batch, phase, "12.5000", 1.0)
        bar(4, phase, "nan" if args.lr > 1e6 else "1611774.7500", 0.25 + 0.01 * epoch if phase == "val" else 1.0)
        sys.stderr.write("\\n")
    if epoch % 10 == 9:
        last_model_wts = True
print(last_model_wts)
"""

PROGRAMS = {
    "mnist": ("mnist/main.py", "data", MNIST),
    "mnist_forward_forward": ("mnist_forward_forward/main.py", "data", FORWARD_FORWARD),
    "siamese_network": ("siamese_network/main.py", "data", MNIST),
    "pytorch_resnet_cifar10": ("trainer.py", "data", RESNET),
    "person_reid": ("train.py", "Market", REID),
}


def write_miniature(name: str, folder: Path) -> Path:
    """Write the folder of an example: its `subject.toml`, and the miniature in place of the cloned program."""
    file, data, source = PROGRAMS[name]
    program = folder / name / "program" / file
    program.parent.mkdir(parents=True)
    program.write_text(source)
    (folder / name / data).mkdir()
    (folder / name / "program" / "model").mkdir()
    shutil.copy(EXAMPLES / name / "subject.toml", folder / name)
    return folder / name
