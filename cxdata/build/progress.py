"""What a build tells while it runs; the command line decides how it is shown."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Told about each unit of work."""

    def expect(self, units: int) -> None:
        """So many more units are to come."""
        ...

    def done(self, unit: str, detail: str) -> None:
        """A unit is finished: written or found finished."""
        ...

    def note(self, text: str) -> None:
        """Something that a user should know, in one line, without any report text."""
        ...


class Silent:
    """Tells nothing."""

    def expect(self, units: int) -> None:
        """Ignore."""

    def done(self, unit: str, detail: str) -> None:
        """Ignore."""

    def note(self, text: str) -> None:
        """Ignore."""


def told(progress: Progress, step: str, detail: str) -> None:
    """Tell of a step that was not expected when the build began, and is done."""
    progress.expect(1)
    progress.done(step, detail)
