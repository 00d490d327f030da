"""Marks windows in a worker process, which must be able to import what it runs."""

from mutegreen import window


def mark_windows(number: int) -> None:
    for _ in range(50):
        with window(f"worker {number}"):
            pass
