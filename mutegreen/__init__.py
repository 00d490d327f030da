"""MuteGreen audits the energy of deep-learning training the way mutation testing audits a test suite."""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

from mutegreen.phase import window

__all__ = ["__version__", "window"]
__version__ = "0.1.0"


class _CheckoutFinder:
    """Finds `mutegreen.operators` and `mutegreen.subjects` next to `mutegreen/` in a checkout that is not installed.

    In an installed MuteGreen they are real sub-packages, and this finder, the last one, is not used.
    """

    _checkout = Path(__file__).resolve().parent.parent

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:
        package, _, name = fullname.rpartition(".")
        if package != __name__ or name not in {"operators", "subjects"}:
            return None
        found = PathFinder.find_spec(name, [str(self._checkout)])
        if found is None or found.origin is None:
            return None
        from importlib.util import spec_from_file_location

        folder = str(Path(found.origin).parent)
        return spec_from_file_location(fullname, found.origin, submodule_search_locations=[folder])


sys.meta_path.append(_CheckoutFinder())
