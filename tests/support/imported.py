"""Find the modules that a piece of code imports, in a separate process."""

import os
import subprocess
import sys


def modules_after(code: str) -> set[str]:
    """Return the names of all modules that are loaded after the code has run, without coverage, which loads some."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    words = [sys.executable, "-c", f"import sys\n{code}\nprint(*sys.modules)"]
    done = subprocess.run(words, env=variables, capture_output=True, text=True, check=True)
    return set(done.stdout.split())
