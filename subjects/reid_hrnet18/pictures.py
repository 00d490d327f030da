"""Loads the training and the test pictures: generated figures, or Market-1501."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from PIL.Image import Image
    from torchvision.datasets import ImageFolder

SHOTS = 2  # generated pictures of each person by each camera
EXAM_PEOPLE = 25
EXAM_SEED = 0  # not --seed: all trainings on generated figures are tested on the same people
MARKET_PARTS = ("train", "val", "query", "gallery")
MARKET_NAME = re.compile(r"(?P<person>-1|\d+)_c(?P<camera>\d+)")  # 0002_c1s1_000451_03.jpg: person 2, camera 1
JUNK = -1  # the person number of pictures that Market-1501 excludes from every ranking
BICUBIC = 3  # as in the study


class DataError(Exception):
    """The pictures are not available; the message is one line that says what to do."""


class ReidPictures(NamedTuple):
    """Pictures (n, height, width, 3) of bytes, and the person (n,) and the camera (n,) of each."""

    pixels: Tensor
    people: Tensor
    cameras: Tensor

    def to(self, device: torch.device) -> ReidPictures:
        """Return these pictures on another device."""
        return ReidPictures(*(part.to(device) for part in self))

    def where(self, chosen: Tensor) -> ReidPictures:
        """Return the pictures for which `chosen` (n,) is true."""
        return ReidPictures(*(part[chosen] for part in self))


class ReidData(NamedTuple):
    """The pictures of a training.

    `train` and `held_out` show the same people, numbered from 0; `query` and `gallery` show others.
    """

    train: ReidPictures
    held_out: ReidPictures
    query: ReidPictures
    gallery: ReidPictures

    def to(self, device: torch.device) -> ReidData:
        """Return these data on another device."""
        return ReidData(*(part.to(device) for part in self))


def draw_figures(people: int, seed: int, height: int) -> ReidData:
    """Draw figures: for training, new ones for each seed; for testing, always the same ones."""
    try:
        from figures import CAMERAS, photograph
    except ImportError as error:
        raise DataError(f"figures are drawn with Pillow ({error}); try: pip install pillow") from error
    known = to_pictures(photograph(people, SHOTS, np.random.default_rng([1, seed])), height)
    exam = to_pictures(photograph(EXAM_PEOPLE, SHOTS, np.random.default_rng(EXAM_SEED)), height)
    each = CAMERAS * SHOTS
    held_out = torch.arange(len(known.people)) % each == known.people % each  # one of each person, by any camera
    asked = torch.arange(len(exam.people)) % SHOTS == 0  # one of each person by each camera, as in Market-1501
    return ReidData(known.where(~held_out), known.where(held_out), exam.where(asked), exam.where(~asked))


def load_market(folder: str, height: int) -> ReidData:
    """Return Market-1501, in folders of people as the study's program arranges it."""
    try:
        from torchvision.datasets import ImageFolder  # imported here: takes 2 s, and the figures do not need it
    except (ImportError, RuntimeError) as error:  # RuntimeError: it was built for another torch
        raise DataError(f"Market-1501 is read with torchvision ({error}); try: pip install torchvision") from error
    try:
        parts = [read_folder(ImageFolder(str(Path(folder, part))), height) for part in MARKET_PARTS]
    except OSError as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"no Market-1501 in {folder} ({reason}); see --data-dir in the README") from error
    return check(number_people(ReidData(*parts)))


def read_folder(folder: ImageFolder, height: int) -> ReidPictures:
    """Return all pictures in the sub-folders of a folder."""
    return to_pictures(((folder.loader(path), *parse_name(path)) for path, _ in folder.samples), height)


def parse_name(path: str) -> tuple[int, int]:
    """Return person and camera, from the file name of a picture of Market-1501."""
    match = MARKET_NAME.match(Path(path).name)
    if match is None:
        raise DataError(f"{path} has no name of Market-1501, such as 0002_c1s1_000451_03.jpg for person 2, camera 1")
    return int(match["person"]), int(match["camera"])


def to_pictures(photographs: Iterable[tuple[Image, int, int]], height: int) -> ReidPictures:
    """Return images with their person and camera, resized to this height and half of it in width."""
    pixels, people, cameras = [], [], []
    for image, person, camera in photographs:
        pixels.append(torch.from_numpy(np.array(image.resize((height // 2, height), BICUBIC))))
        people.append(person)
        cameras.append(camera)
    return ReidPictures(torch.stack(pixels), torch.tensor(people), torch.tensor(cameras))


def number_people(data: ReidData) -> ReidData:
    """Return the data with the training people numbered from 0, and without junk in the gallery."""
    numbers = data.train.people.unique()
    if not torch.isin(data.held_out.people, numbers).all():
        raise DataError("val shows people of whom train has no picture")
    train, held_out = (
        part._replace(people=torch.searchsorted(numbers, part.people)) for part in (data.train, data.held_out)
    )
    return ReidData(train, held_out, data.query, data.gallery.where(data.gallery.people != JUNK))


def check(data: ReidData) -> ReidData:
    """Return the data, if they are sufficient for training and testing."""
    if len(data.train.people) < 2:
        raise DataError("train has one picture only; batch normalisation needs two")
    same_person = data.query.people[:, None] == data.gallery.people
    if not (same_person & (data.query.cameras[:, None] != data.gallery.cameras)).any():
        raise DataError("gallery shows nobody of query as seen by another camera")
    return data
