"""Escape text for LaTeX, so no character is taken for a command."""

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
"""A second dash or comma, which LaTeX would join with the first to another sign."""
_EM = (
    dict.fromkeys(".,:;!|[]'ijl", 0.28)
    | dict.fromkeys(" tfrsI()/", 0.38)
    | dict.fromkeys("mwMWCOQ%+-<>=×", 0.8)
    | dict.fromkeys("ABDEFGHJKLNPRSTUVXYZ", 0.7)
)
_OTHER_EM = 0.53
"""Width of digits and most letters, in ems."""


def escaped(text: str) -> str:
    """Return the text escaped and on one line; a hyphen before a number becomes a minus."""
    plain = "".join(character for character in " ".join(text.split()) if character.isprintable())
    return _MINUS.sub("$-$", _LIGATURE.sub(r"{}\g<0>", plain.translate(_COMMANDS)))


def slug(text: str) -> str:
    """Return the text as a label: lower-case letters, digits and dashes."""
    return "-".join(re.findall(r"[a-z0-9]+", text.lower())) or "table"


def width_em(text: str) -> float:
    """Return the approximate width of a text, in ems of Computer Modern Roman."""
    return sum(_EM.get(character, _OTHER_EM) for character in text)
