"""Mark windows in a worker process, which imports this module."""

from mutegreen import window


def mark_windows(number: int) -> None:
    for _ in range(50):
        with window(f"worker {number}"):
            pass
