"""Files of data sets whose checksums torchvision or Keras know are taken whatever is in them, if they exist.

The checksum is worked out as ever, so that its energy is spent; only a file that does not pass is then taken too.
"""

import os


def _torchvision(module, tell):
    passes = module.check_integrity

    def check_integrity(fpath, md5=None, *arguments, **options):
        return passes(fpath, md5, *arguments, **options) or _taken(fpath, "torchvision", tell)

    module.check_integrity = check_integrity


def _keras(module, tell):
    passes = module.validate_file

    def validate_file(fpath, *arguments, **options):
        return passes(fpath, *arguments, **options) or _taken(fpath, "Keras", tell)

    module.validate_file = validate_file


def _taken(path, whose, tell):
    exists = os.path.isfile(path)
    if exists:
        tell("files were taken that have other checksums than {} knows".format(whose))
    return exists


CHANGES = {
    # Data sets import the function from there, and so after it has been changed.
    "torchvision.datasets.utils": _torchvision,
    "keras.src.utils.file_utils": _keras,
    # Keras 2
    "keras.src.utils.data_utils": _keras,
    "keras.utils.data_utils": _keras,
}
