"""The pictures to train on and to be judged by: generated figures, or Market-1501."""

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
EXAM_SEED = 0  # never --seed: all trainings on generated figures are judged by the same people
MARKET_PARTS = ("train", "val", "query", "gallery")
MARKET_NAME = re.compile(r"(?P<person>-1|\d+)_c(?P<camera>\d+)")  # 0002_c1s1_000451_03.jpg: person 2, camera 1
JUNK = -1  # the person of pictures that Market-1501 leaves out of every ranking
BICUBIC = 3  # as in the study


class DataError(Exception):
    """The pictures cannot be had; the message is one line that says what to do."""


class ReidPictures(NamedTuple):
    """Pictures (n, height, width, 3) of bytes, and the person (n,) and the camera (n,) of each."""

    pixels: Tensor
    people: Tensor
    cameras: Tensor

    def to(self, device: torch.device) -> ReidPictures:
        """These pictures on another device."""
        return ReidPictures(*(part.to(device) for part in self))

    def where(self, chosen: Tensor) -> ReidPictures:
        """Those of these pictures for which `chosen` (n,) is true."""
        return ReidPictures(*(part[chosen] for part in self))


class ReidData(NamedTuple):
    """What a training needs.

    `train` and `held_out` show the same people, numbered from 0; `query` and `gallery` show others.
    """

    train: ReidPictures
    held_out: ReidPictures
    query: ReidPictures
    gallery: ReidPictures

    def to(self, device: torch.device) -> ReidData:
        """These data on another device."""
        return ReidData(*(part.to(device) for part in self))


def draw_figures(people: int, seed: int, height: int) -> ReidData:
    """Generated figures: new ones for each seed to train on, and always the same ones to be judged by."""
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
    """Market-1501, in folders of people as the study's program sorts it."""
    try:
        from torchvision.datasets import ImageFolder  # not at the top: it takes two seconds that the figures save
    except (ImportError, RuntimeError) as error:  # RuntimeError: it was built for another torch
        raise DataError(f"Market-1501 is read with torchvision ({error}); try: pip install torchvision") from error
    try:
        parts = [read_folder(ImageFolder(str(Path(folder, part))), height) for part in MARKET_PARTS]
    except OSError as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"no Market-1501 in {folder} ({reason}); see --data-dir in the README") from error
    return check(number_people(ReidData(*parts)))


def read_folder(folder: ImageFolder, height: int) -> ReidPictures:
    """All pictures of a folder of folders."""
    return to_pictures(((folder.loader(path), *parse_name(path)) for path, _ in folder.samples), height)


def parse_name(path: str) -> tuple[int, int]:
    """Person and camera, from the name that Market-1501 gives to a picture."""
    found = MARKET_NAME.match(Path(path).name)
    if found is None:
        raise DataError(f"{path} has no name of Market-1501, such as 0002_c1s1_000451_03.jpg for person 2, camera 1")
    return int(found["person"]), int(found["camera"])


def to_pictures(photographs: Iterable[tuple[Image, int, int]], height: int) -> ReidPictures:
    """Images with their person and camera, brought to this height and half of it in width."""
    pixels, people, cameras = [], [], []
    for image, person, camera in photographs:
        pixels.append(torch.from_numpy(np.array(image.resize((height // 2, height), BICUBIC))))
        people.append(person)
        cameras.append(camera)
    return ReidPictures(torch.stack(pixels), torch.tensor(people), torch.tensor(cameras))


def number_people(data: ReidData) -> ReidData:
    """These data with the people trained on numbered from 0, and without junk in the gallery."""
    numbers = data.train.people.unique()
    if not torch.isin(data.held_out.people, numbers).all():
        raise DataError("val shows people of whom train has no picture")
    train, held_out = (
        part._replace(people=torch.searchsorted(numbers, part.people)) for part in (data.train, data.held_out)
    )
    return ReidData(train, held_out, data.query, data.gallery.where(data.gallery.people != JUNK))


def check(data: ReidData) -> ReidData:
    """These data, if one can train on them and be judged by them."""
    if len(data.train.people) < 2:
        raise DataError("train has one picture only; batch normalisation needs two")
    same_person = data.query.people[:, None] == data.gallery.people
    if not (same_person & (data.query.cameras[:, None] != data.gallery.cameras)).any():
        raise DataError("gallery shows nobody of query as seen by another camera")
    return data
