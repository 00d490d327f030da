"""Accept existing files of data sets although torchvision or Keras know another checksum.

The checksum is still computed, so its energy is spent; a file that fails the check is accepted all the same.
"""

import os


def _torchvision(module, report):
    passes = module.check_integrity

    def check_integrity(fpath, md5=None, *arguments, **options):
        return passes(fpath, md5, *arguments, **options) or _accepted(fpath, "torchvision", report)

    module.check_integrity = check_integrity


def _keras(module, report):
    passes = module.validate_file

    def validate_file(fpath, *arguments, **options):
        return passes(fpath, *arguments, **options) or _accepted(fpath, "Keras", report)

    module.validate_file = validate_file


def _accepted(path, library, report):
    exists = os.path.isfile(path)
    if exists:
        report("files were accepted that have other checksums than {} knows".format(library))
    return exists


CHANGES = {
    # Data sets import the function from there, so they get the changed one.
    "torchvision.datasets.utils": _torchvision,
    "keras.src.utils.file_utils": _keras,
    # Keras 2
    "keras.src.utils.data_utils": _keras,
    "keras.utils.data_utils": _keras,
}
