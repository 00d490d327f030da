"""Text in LaTeX: no character of it is taken for a command."""

from __future__ import annotations

import re

_COMMANDS = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
        '"': r"\symbol{34}",
        "`": r"\textasciigrave{}",
        "×": r"$\times$",
        "\N{MICRO SIGN}": r"$\mu$",
    }
    | {character: f"\\{character}" for character in "&%$#_{}"}
)
_MINUS = re.compile(r"(?<![\w.}-])-(?=\d)")
_LIGATURE = re.compile(r"(?<=-)-|(?<=,),")
"""A second dash or comma, with which LaTeX would make another sign of both."""
_EM = (
    dict.fromkeys(".,:;!|[]'ijl", 0.28)
    | dict.fromkeys(" tfrsI()/", 0.38)
    | dict.fromkeys("mwMWCOQ%+-<>=×", 0.8)
    | dict.fromkeys("ABDEFGHJKLNPRSTUVXYZ", 0.7)
)
_OTHER_EM = 0.53
"""Of digits, and most letters."""


def escaped(text: str) -> str:
    """The text as it is to be read, on one line; a sign before a number becomes a minus."""
    plain = "".join(character for character in " ".join(text.split()) if character.isprintable())
    return _MINUS.sub("$-$", _LIGATURE.sub(r"{}\g<0>", plain.translate(_COMMANDS)))


def slug(text: str) -> str:
    """Small letters, digits and dashes, as labels have them."""
    return "-".join(re.findall(r"[a-z0-9]+", text.lower())) or "table"


def width_em(text: str) -> float:
    """About how wide a text is, in ems of Computer Modern Roman."""
    return sum(_EM.get(character, _OTHER_EM) for character in text)
