"""How far the masks of a spine are to be believed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from spinemets.anatomy import Level
from spinemets.findings import Finding, Measured, NotAssessed
from spinemets.measure.lesions import Lesion
from spinemets.measure.outline_error import EXACT, OutlineError


@dataclass(frozen=True)
class Trust:
    """How far masks are to be believed.

    Attributes
    ----------
    outline : OutlineError
        What the outlines of vertebrae add to errors.
    blind_levels : mapping of Level to NotAssessed
        Where whoever made the lesion mask would see no lesion, and why.
    no_density : NotAssessed or None
        Why HU are not read inside the lesion mask, and so not what a lesion does to bone; None where they are.
    shows_all : bool
        Whether the lesion mask shows every lesion, as that of a network does not.
    """

    outline: OutlineError = EXACT
    blind_levels: Mapping[Level, NotAssessed] = field(default_factory=dict)
    no_density: NotAssessed | None = None
    shows_all: bool = True

    def lesions(self, found: Sequence[Lesion]) -> tuple[Lesion, ...]:
        """Lesions with the errors of the outlines, and without HU that the mask does not bear."""
        return tuple(
            replace(one, mean_hu=self._density(one.mean_hu), p99_hu=self._density(one.p99_hu))
            for one in self.outline.lesions(found)
        )

    def _density(self, found: Finding) -> Finding:
        return self.no_density if self.no_density is not None and isinstance(found, Measured) else found
