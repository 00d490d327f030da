"""The programs to check: repository and commit, arguments of `init`, operators, manual edits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Edit:
    """A manual change of the drafted `subject.toml`."""

    old: str
    new: str


@dataclass(frozen=True)
class UpstreamProgram:
    """A public training program.

    Attributes:
        name: Its name in this check.
        repository: Its repository on GitHub; the clone has the repository's name.
        commit: The tested commit.
        needs: Modules that it imports.
        folder: The folder in the clone in which MuteGreen is started and the `subject.toml` is written.
        init: Words after `mutegreen init`; `{clones}` is the folder of all clones.
        operators: The operators of two hyperparameters, each with one mutant.
        edits: The manual changes.
        variables: Environment variables of the program, as its users set them.
    """

    name: str
    repository: str
    commit: str
    needs: tuple[str, ...]
    folder: str
    init: str
    operators: str
    edits: tuple[Edit, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)


def _started_in(folder: str) -> tuple[Edit, ...]:
    return (Edit(f'command = "{{python}} {folder}/main.py', f'workdir = "{folder}"\ncommand = "{{python}} main.py'),)


_TORCHVISION = ("torch", "torchvision")
_EXAMPLES = "77f55b912142e11fcfdf5b530231fb9c52f181e8"
_KERAS = {"KERAS_HOME": "{clones}/keras-home", "TF_CPP_MIN_LOG_LEVEL": "2"}

PROGRAMS = (
    UpstreamProgram(
        name="mnist",
        repository="pytorch/examples",
        commit=_EXAMPLES,
        needs=_TORCHVISION,
        folder=".",
        init=". --script mnist/main.py -- --epochs 4",
        operators="epochs,learning_rate",
        edits=_started_in("mnist"),
    ),
    UpstreamProgram(
        name="mnist_forward_forward",
        repository="pytorch/examples",
        commit=_EXAMPLES,
        needs=_TORCHVISION,
        folder="mnist_forward_forward",
        init="main.py -- --epochs 60 --train_size 400 --test_size 100",
        operators="learning_rate,threshold",
    ),
    UpstreamProgram(
        name="siamese_network",
        repository="pytorch/examples",
        commit=_EXAMPLES,
        needs=_TORCHVISION,
        folder=".",
        init=". --script siamese_network/main.py -- --epochs 1",
        operators="learning_rate,gamma",
        edits=_started_in("siamese_network"),
    ),
    UpstreamProgram(
        name="pytorch_resnet_cifar10",
        repository="akamaster/pytorch_resnet_cifar10",
        commit="d5489e8995e81e91ce6b1d69dcc98ad579b0b153",
        needs=_TORCHVISION,
        folder=".",
        init="trainer.py -- --arch resnet20 --epochs 4 -j 0",
        operators="epochs,learning_rate",
    ),
    UpstreamProgram(
        name="Person_reID_baseline_pytorch",
        repository="layumi/Person_reID_baseline_pytorch",
        commit="82ff40fb11b7353400dc8670dcec620d97285096",
        needs=(*_TORCHVISION, "timm", "pretrainedmodels", "efficientnet_pytorch", "pytorch_metric_learning"),
        folder=".",
        init="train.py -- --data_dir {clones}/Market/pytorch --total_epoch 10 --batchsize 4",
        operators="learning_rate,weight_decay",
    ),
    UpstreamProgram(
        name="demo_mnist_convnet",
        repository="keras-team/keras",
        commit="3422977a5e38fb2f7709aaa9a08e47f0c43d0f60",
        needs=("keras", "tensorflow"),
        folder="examples",
        init="demo_mnist_convnet.py",
        operators="batch_size,dropout",
        variables=_KERAS,
    ),
    UpstreamProgram(
        name="neural_network",
        repository="aymericdamien/TensorFlow-Examples",
        commit="6dcbe14649163814e72a22a999f20c5e247ce988",
        needs=("keras", "tensorflow", "matplotlib", "nbconvert"),
        folder="tensorflow_v2/notebooks/3_NeuralNetworks",
        init="neural_network.ipynb",
        operators="batch_size,learning_rate",
        variables=_KERAS,
    ),
    UpstreamProgram(
        name="nanoGPT",
        repository="karpathy/nanoGPT",
        commit="3adf61e154c3fe3fca428ad6bc3818b27a3b8291",
        needs=("torch",),
        folder=".",
        init="train.py -- --dataset=shakespeare_char --device=cpu --compile=False --eval_iters=5 --eval_interval=10 "
        "--gradient_accumulation_steps=1 --block_size=32 --batch_size=8 --n_layer=2 --n_head=2 --n_embd=64 "
        "--max_iters=20 --lr_decay_iters=20 --warmup_iters=5",
        operators="epochs,learning_rate",
        edits=(
            Edit("\nbatch_size = { source", "\n# batch_size = { source"),
            Edit("\nmax_iters = { source", "\n# max_iters = { source"),
            Edit('flag = "--batch_size"', 'flag = "--batch_size="'),
            Edit('flag = "--max_iters"', 'flag = "--max_iters="'),
        ),
    ),
)
