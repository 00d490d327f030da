"""Evaluates re-identification: each query ranks a gallery, without the person's pictures by the query's own camera."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - the name it has everywhere

QUERIES_AT_ONCE = 128  # all of Market-1501's at once would take gigabytes


class Ranking(NamedTuple):
    """The quality of each query's (n,) ranking of the gallery."""

    first: Tensor  # whether the first picture shows the query's person
    precision: Tensor  # average precision


class Described(NamedTuple):
    """The features (n, d) of pictures, and the person (n,) and the camera (n,) of each."""

    features: Tensor
    people: Tensor
    cameras: Tensor


def rank(query: Described, gallery: Described) -> Ranking:
    """Rank the gallery for each query by cosine similarity, evaluated as for Market-1501 (Zheng et al., ICCV 2015).

    The gallery's pictures of the query's person by the query's camera are ignored. A query without any other picture of
    its person is excluded.
    """
    similarity = F.normalize(query.features) @ F.normalize(gallery.features).T
    same_person = query.people[:, None] == gallery.people
    same_camera = query.cameras[:, None] == gallery.cameras
    parts = zip(*(part.split(QUERIES_AT_ONCE) for part in (similarity, same_person, same_camera)), strict=True)
    return Ranking(*(torch.cat(part) for part in zip(*(judge(*part) for part in parts), strict=True)))


def judge(similarity: Tensor, same_person: Tensor, same_camera: Tensor) -> Ranking:
    """Evaluate the ranking of each query that has an answer; all arguments are (queries, gallery).

    Average precision is the mean, over the right pictures, of the precision at their rank: the area under the steps of
    precision over recall, not under the trapezoids of Market-1501's own program.
    """
    order = similarity.argsort(dim=1, descending=True, stable=True)
    same_person, same_camera = same_person.gather(1, order), same_camera.gather(1, order)
    right = same_person & ~same_camera
    place = (~same_person | ~same_camera).cumsum(dim=1)  # from 1, in the ranking without the ignored pictures
    precision = (right * right.cumsum(dim=1) / place.clamp(min=1)).sum(dim=1) / right.sum(dim=1)
    first = (right & (place == 1)).any(dim=1)
    answered = right.any(dim=1)
    return Ranking(first[answered], precision[answered])
