"""Which modules a piece of code imports, seen in a process of its own."""

import os
import subprocess
import sys


def modules_after(code: str) -> set[str]:
    """Names of all modules that are loaded once the code has run. Coverage, which loads some, does not follow it."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    words = [sys.executable, "-c", f"import sys\n{code}\nprint(*sys.modules)"]
    done = subprocess.run(words, env=variables, capture_output=True, text=True, check=True)
    return set(done.stdout.split())
