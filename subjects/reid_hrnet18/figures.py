"""Draws people in a street, as a generated replacement for Market-1501.

People differ in the colours and shapes of skin, hair, clothes and bag. Each camera has its own light and background, so
two pictures by one camera are more similar than two pictures of one person.
"""

from __future__ import annotations

import colorsys
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

WIDTH, HEIGHT = 64, 128  # as in Market-1501
CAMERAS = 4
CAMERAS_SEED = 0  # all trainings have the same cameras

Colour = tuple[int, int, int]


class Person(NamedTuple):
    """The appearance of a person."""

    skin: Colour
    hair: Colour
    top: Colour
    stripes: Colour
    legs: Colour
    bag: Colour
    pattern: str
    below: str
    has_bag: bool
    has_hat: bool


class Camera(NamedTuple):
    """Background and light of all pictures by one camera."""

    wall: Colour
    ground: Colour
    horizon: int  # where the wall meets the ground, in pixels from the top
    light: NDArray[np.float64]  # factors of red, green and blue


class Photograph(NamedTuple):
    """A picture of 128 x 64 pixels, and the numbers of the person and of the camera."""

    image: Image.Image
    person: int
    camera: int


def photograph(people: int, shots: int, rng: np.random.Generator) -> list[Photograph]:
    """Draw new people, each `shots` times by each camera."""
    cameras = invent_cameras()
    return [
        Photograph(draw_picture(person, camera, rng), person_number, camera_number)
        for person_number, person in enumerate([invent_person(rng) for _ in range(people)])
        for camera_number, camera in enumerate(cameras)
        for _ in range(shots)
    ]


def invent_cameras() -> list[Camera]:
    """Return the cameras, which are always the same."""
    rng = np.random.default_rng(CAMERAS_SEED)
    return [
        Camera(invent_colour(rng), invent_colour(rng), int(rng.integers(50, 100)), rng.uniform(0.5, 1.1, size=3))
        for _ in range(CAMERAS)
    ]


def invent_person(rng: np.random.Generator) -> Person:
    """Return a new random person."""
    tone = rng.uniform(0.4, 1)
    return Person(
        skin=(round(240 * tone), round(195 * tone), round(165 * tone)),
        hair=invent_colour(rng),
        top=invent_colour(rng),
        stripes=invent_colour(rng),
        legs=invent_colour(rng),
        bag=invent_colour(rng),
        pattern=str(rng.choice(["plain", "striped", "halved"])),
        below=str(rng.choice(["trousers", "shorts", "skirt"])),
        has_bag=bool(rng.random() < 0.5),
        has_hat=bool(rng.random() < 0.3),
    )


def invent_colour(rng: np.random.Generator) -> Colour:
    """Return a random colour, including pale and dark ones."""
    red, green, blue = colorsys.hsv_to_rgb(rng.random(), rng.random() ** 0.5, rng.uniform(0.2, 1))
    return round(255 * red), round(255 * green), round(255 * blue)


def draw_picture(person: Person, camera: Camera, rng: np.random.Generator) -> Image.Image:
    """Draw a person in front of a camera, with random place, stride, light and noise."""
    image = Image.new("RGB", (WIDTH, HEIGHT), camera.wall)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, camera.horizon + int(rng.integers(-6, 7)), WIDTH, HEIGHT), fill=camera.ground)
    draw_person(draw, person, WIDTH // 2 + int(rng.integers(-6, 7)), int(rng.integers(4, 17)), int(rng.integers(2, 9)))
    light = camera.light * rng.uniform(0.8, 1.2)
    noise = rng.normal(scale=8, size=(HEIGHT, WIDTH, 3))
    return Image.fromarray(np.clip(np.asarray(image) * light + noise, 0, 255).astype(np.uint8))


def draw_person(draw: ImageDraw.ImageDraw, person: Person, x: int, y: int, stride: int) -> None:
    """Draw a person with the top of the head at (x, y) and the feet `stride` to both sides; all in pixels."""
    for foot in (x - stride, x + stride):
        draw.line((x, y + 60, foot, y + 108), fill=person.legs if person.below == "trousers" else person.skin, width=9)
    if person.below == "shorts":
        draw.rectangle((x - 11, y + 56, x + 11, y + 76), fill=person.legs)
    if person.below == "skirt":
        draw.polygon(((x - 9, y + 54), (x + 9, y + 54), (x + 16, y + 86), (x - 16, y + 86)), fill=person.legs)
    draw_top(draw, person, x, y)
    draw.ellipse((x - 9, y, x + 9, y + 20), fill=person.hair)
    draw.ellipse((x - 6, y + 6, x + 6, y + 20), fill=person.skin)
    if person.has_hat:
        draw.rectangle((x - 14, y + 3, x + 14, y + 7), fill=person.hair)
    if person.has_bag:
        draw.rectangle((x + 14, y + 34, x + 24, y + 58), fill=person.bag)


def draw_top(draw: ImageDraw.ImageDraw, person: Person, x: int, y: int) -> None:
    """Draw the clothes above the belt, with their pattern."""
    draw.rectangle((x - 18, y + 22, x + 18, y + 50), fill=person.top)  # arms
    draw.rectangle((x - 12, y + 20, x + 12, y + 60), fill=person.top)
    if person.pattern == "halved":
        draw.rectangle((x - 12, y + 40, x + 12, y + 60), fill=person.stripes)
    if person.pattern == "striped":
        for stripe in range(y + 24, y + 60, 10):
            draw.rectangle((x - 12, stripe, x + 12, stripe + 4), fill=person.stripes)
