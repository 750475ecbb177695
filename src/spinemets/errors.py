"""Everything that spinemets refuses, as one family of exceptions.

A `SpinemetsError` is a sentence for the person at the keyboard: it says what was
got, what is needed and, where there is one, what to do. The command line prints it
on one line and exits with 2; a traceback is shown only with ``--debug``.
"""


class SpinemetsError(Exception):
    """Base of every error that a user can put right."""


class StudyError(SpinemetsError):
    """The study cannot be used: unreadable, incomplete, or not an image of one patient."""


class GeometryMismatchError(StudyError):
    """Two volumes that must share a grid do not sample the same points."""


class NoSpineFoundError(StudyError):
    """No vertebra was found in the image."""


class ModelError(SpinemetsError):
    """A model file or its card is missing, damaged, or does not fit this version."""


class MissingExtraError(SpinemetsError):
    """An optional dependency is not installed."""

    def __init__(self, extra: str, purpose: str) -> None:
        super().__init__(f"{purpose} needs an optional dependency: pip install 'spinemets[{extra}]'")
        self.extra = extra
