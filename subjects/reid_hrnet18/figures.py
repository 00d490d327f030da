"""Generated figures: simple drawings of people in the street, to re-identify where there is no Market-1501.

Who somebody is shows in the colours and shapes of hair, clothes and bag. Every camera has its own light and its own
street behind the people, so that pictures of one camera are more alike than pictures of one person.
"""

from __future__ import annotations

import colorsys
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

CAMERAS = 4
WIDTH, HEIGHT = 64, 128  # the pictures of Market-1501 have this size
CAMERAS_SEED = 0  # never --seed: all trainings see the people through the same cameras

Colour = tuple[int, int, int]
Pixels = NDArray[np.uint8]


class Person(NamedTuple):
    """What tells one person from another."""

    skin: Colour
    hair: Colour
    top: Colour
    stripes: Colour
    legs: Colour
    pattern: str  # of the top: plain, striped or halved
    below: str  # trousers, shorts or skirt
    bag: Colour | None
    hat: bool


class Camera(NamedTuple):
    """What the pictures of one camera have in common."""

    wall: Colour
    ground: Colour
    horizon: int  # where the wall ends, in pixels from the top
    light: NDArray[np.float64]  # factors of red, green and blue


def photograph(people: int, shots: int, rng: np.random.Generator) -> tuple[Pixels, NDArray[np.int64], NDArray[np.int64]]:
    """New people, each taken `shots` times by each camera.

    Returns:
        Pictures (people * CAMERAS * shots, 128, 64, 3), and who and which camera each is of, sorted by these two.
    """
    cameras = draw_cameras()
    pixels = [
        picture(person, camera, rng)
        for person in [draw_person(rng) for _ in range(people)]
        for camera in cameras
        for _ in range(shots)
    ]
    numbers = np.arange(len(pixels))
    return np.stack(pixels), numbers // (CAMERAS * shots), numbers // shots % CAMERAS


def draw_person(rng: np.random.Generator) -> Person:
    """Somebody new."""
    hair, top, stripes, legs, bag = (draw_colour(rng) for _ in range(5))
    tone = rng.uniform(0.4, 1.0)
    return Person(
        (round(240 * tone), round(195 * tone), round(165 * tone)),
        hair,
        top,
        stripes,
        legs,
        pattern=str(rng.choice(["plain", "striped", "halved"])),
        below=str(rng.choice(["trousers", "shorts", "skirt"])),
        bag=bag if rng.random() < 0.5 else None,
        hat=bool(rng.random() < 0.3),
    )


def draw_cameras() -> list[Camera]:
    """The cameras, the same in every training."""
    rng = np.random.default_rng(CAMERAS_SEED)
    return [
        Camera(draw_colour(rng), draw_colour(rng), int(rng.integers(50, 100)), rng.uniform(0.5, 1.1, size=3))
        for _ in range(CAMERAS)
    ]


def draw_colour(rng: np.random.Generator) -> Colour:
    """Any colour, grey ones and dark ones included."""
    red, green, blue = colorsys.hsv_to_rgb(rng.random(), rng.random() ** 0.5, rng.uniform(0.2, 1))
    return round(255 * red), round(255 * green), round(255 * blue)


def picture(person: Person, camera: Camera, rng: np.random.Generator) -> Pixels:
    """A picture (128, 64, 3) of the person as the camera sees it: never twice at the same place in the same light."""
    image = Image.new("RGB", (WIDTH, HEIGHT), camera.wall)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, camera.horizon + int(rng.integers(-6, 7)), WIDTH, HEIGHT), fill=camera.ground)
    draw_body(draw, person, WIDTH // 2 + int(rng.integers(-6, 7)), int(rng.integers(4, 17)), int(rng.integers(2, 9)))
    light = camera.light * rng.uniform(0.8, 1.2)
    noise = rng.normal(scale=8, size=(HEIGHT, WIDTH, 3))
    return np.clip(np.asarray(image) * light + noise, 0, 255).astype(np.uint8)


def draw_body(draw: ImageDraw.ImageDraw, person: Person, x: int, y: int, stride: int) -> None:
    """The person with the middle at x, the top of the head at y, and feet that far from the middle."""
    for foot in (x - stride, x + stride):
        draw.line((x, y + 60, foot, y + 108), fill=person.skin if person.below != "trousers" else person.legs, width=9)
    if person.below == "shorts":
        draw.rectangle((x - 11, y + 56, x + 11, y + 76), fill=person.legs)
    if person.below == "skirt":
        draw.polygon(((x - 9, y + 54), (x + 9, y + 54), (x + 16, y + 86), (x - 16, y + 86)), fill=person.legs)
    draw.rectangle((x - 18, y + 22, x + 18, y + 50), fill=person.top)  # arms and all
    draw.rectangle((x - 12, y + 20, x + 12, y + 60), fill=person.top)
    if person.pattern == "halved":
        draw.rectangle((x - 12, y + 40, x + 12, y + 60), fill=person.stripes)
    if person.pattern == "striped":
        for stripe in range(y + 24, y + 60, 10):
            draw.rectangle((x - 12, stripe, x + 12, stripe + 4), fill=person.stripes)
    draw.ellipse((x - 9, y, x + 9, y + 20), fill=person.hair)
    draw.ellipse((x - 6, y + 6, x + 6, y + 20), fill=person.skin)
    if person.hat:
        draw.rectangle((x - 14, y + 3, x + 14, y + 7), fill=person.hair)
    if person.bag is not None:
        draw.rectangle((x + 14, y + 34, x + 24, y + 58), fill=person.bag)
