"""Stands in for what a machine without a GPU and without a network lacks; the programs themselves stay as they are.

With this folder on PYTHONPATH, `.cuda()` does nothing where there is no GPU, the made data pass for those whose
checksums are known, and networks start from random weights instead of downloaded ones. MuteGreen has no part in it:
without MuteGreen, too, the programs need it on such a machine.
"""

import os
import sys
from importlib.machinery import PathFinder


def _torch(torch):
    if not torch.cuda.is_available():
        torch.Tensor.cuda = torch.nn.Module.cuda = lambda self, *place, **options: self


def _file_exists(path, *checksum, **options):
    return os.path.isfile(path)


def _cifar(module):
    module.check_integrity = _file_exists


def _keras_files(module):
    module.validate_file = _file_exists


def _timm(timm):
    create = timm.create_model

    def create_model(*words, **options):
        return create(*words, **{**options, "pretrained": False})

    timm.create_model = create_model


def _resnet(module):
    create = module.resnet50
    module.resnet50 = lambda **options: create()


_CHANGES = {
    "torch": _torch,
    "torchvision.datasets.cifar": _cifar,
    "keras.src.utils.file_utils": _keras_files,
    "timm": _timm,
    "torchvision.models.resnet": _resnet,
}


class _Changes:
    """Changes a module as soon as it has been executed."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        change = _CHANGES.pop(name, None)
        spec = PathFinder.find_spec(name, path, target) if change else None
        if spec is None:
            return None
        execute = spec.loader.exec_module

        def exec_module(module):
            execute(module)
            change(module)

        spec.loader.exec_module = exec_module
        return spec


sys.meta_path.insert(0, _Changes)
