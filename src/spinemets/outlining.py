"""Which series networks outline, and which are measured under the masks of another.

Of series in the same coordinates one is outlined: a CT, or without it the MR that shows bone best. What else is
measured lies beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from spinemets.errors import MissingExtraError, NoSpineFoundError, StudyError
from spinemets.findings import NotAssessed, Reason
from spinemets.inference.models import Models
from spinemets.series_assessment import SeriesResult
from spinemets.series_images import (
    OUTLINED_MR_ROLES,
    SEGMENTED_ROLES,
    by_preference,
    is_beside,
    lies_on,
    shares_world,
    why_not_outlined,
)
from spinemets.volume import Series, Study, Volume

Unread = Sequence[tuple[Series, NotAssessed]]
"""Series that show no spine, or cannot be outlined, with the reason."""
Look = Callable[[Sequence[Series], bool], SeriesResult]
"""What is found on the first of some series, and on the others under its masks; whether it is the first to be asked."""


def outlined_by_networks(
    study: Study, given: Sequence[Volume], done: Sequence[Series], models: Models, look: Look
) -> tuple[list[SeriesResult], Unread]:
    """What networks find: on every CT, then on one MR of each group in the same coordinates that has none.

    Where an MR shows no spine, the next of its group is asked.

    Parameters
    ----------
    study : Study
        All series.
    given : sequence of Volume
        Masks; the MR on whose grid one lies stands for its group, so that the mask is used.
    done : sequence of Series
        Those that are measured by masks that were given.
    models : Models
        The networks.
    look : callable
        Asks one.

    Raises
    ------
    MissingExtraError
        If nothing is measured yet and what runs networks is not installed.
    """
    results: list[SeriesResult] = []
    unread: list[tuple[Series, NotAssessed]] = []
    used = list(done)

    def ask(candidates: Sequence[Series]) -> None:
        for home in candidates:
            beside = [one for one in study.series if is_beside(one, home) and not _among(used, one)]
            try:
                results.append(look((home, *beside), not results))
            except NoSpineFoundError as error:
                unread.append((home, NotAssessed(Reason.OUT_OF_FIELD, str(error))))
                continue
            used.extend((home, *beside))
            return

    for ct in study.series:
        if ct.role in SEGMENTED_ROLES and not _among(used, ct):
            ask([ct])
    waiting = [one for one in study.series if one.role in OUTLINED_MR_ROLES and not _among(used, one)]
    fit, unfit = _fit_for_network(waiting, models, needed=not used)
    unread.extend(unfit)
    for group in _in_same_world(by_preference(fit, given)):
        ask(group)
    return results, unread


def require_lesions_used(given: Mapping[str, Volume], results: Sequence[SeriesResult], blind: Unread) -> None:
    """Raise `StudyError` where a lesion mask lies on no series that vertebrae are outlined or measured on.

    Where no vertebra was found at all, that is what has to be said.
    """
    measured = [one for result in results for one in (result.series, *result.beside)]
    if "lesions" not in given or any(lies_on(one, given["lesions"]) for one in measured) or (blind and not results):
        return
    where = f"give it on the grid of {' or '.join(one.name for one in measured)}"
    without = "give --vertebrae with it, or say --bone-metastasis yes"
    raise StudyError(
        "the lesions mask lies on a series that no vertebra is outlined or measured on; "
        f"{where if measured else without}"
    )


def unmeasured(results: Sequence[SeriesResult]) -> list[tuple[str, NotAssessed]]:
    """That nothing is said of the vertebrae that only the masks of further series show."""
    told = "its vertebrae are outlined and not measured; what is reported was measured on"
    why = (f"{one.series.name}: {told} {results[0].series.name}" for one in results[1:])
    return [("vertebrae", NotAssessed(Reason.NO_REFERENCE, one)) for one in why]


def _among(some: Sequence[Series], series: Series) -> bool:
    return any(one is series for one in some)


def _fit_for_network(
    waiting: Sequence[Series], models: Models, *, needed: bool
) -> tuple[list[Series], list[tuple[Series, NotAssessed]]]:
    """MR series that the network may be asked about, and why it may not be asked about others; none without it."""
    if not waiting:
        return [], []
    try:
        model = models.spine_mr
    except MissingExtraError as error:
        if needed:
            raise
        return [], [(one, NotAssessed(Reason.NO_MODEL, str(error))) for one in waiting]
    if model is None:
        return [], []
    reasons = [(one, why_not_outlined(one)) for one in waiting]
    return [one for one, why in reasons if why is None], [(one, why) for one, why in reasons if why is not None]


def _in_same_world(ordered: Sequence[Series]) -> list[list[Series]]:
    """Series in groups that share their coordinates, each in the order given."""
    groups: list[list[Series]] = []
    for one in ordered:
        own = next((group for group in groups if shares_world(group[0], one)), None)
        if own is None:
            groups.append([one])
        else:
            own.append(one)
    return groups
