"""A typical haemangioma: thick vertical trabeculae in a lesion that is else less dense than bone, and bright on T1.

The review (Montoya-Bordón 2023, l.426-431) gives the words; the numbers are ours (`clinical.md` §1.7, X11). One poor in
fat is dark on T1 and shows neither: its absence is no argument for a metastasis. That a lesion loses signal with fat
suppression told haemangiomas from metastases in 96 %, atypical ones in 92 % (Shi YJ et al. Oncotarget 2017;8:71095,
33 haemangiomas, 71 metastases); the cut-off is ours, and other tissue with fat loses signal as well.
"""

from __future__ import annotations

from spinemets.findings import Finding, Measured, NotApplicable
from spinemets.rules.presence import Presence, Sign, all_of, at_least, less_than, more_than

SOURCE = "the review, l.426-431; numbers ours"
DENSE_FROM = 0.05
"""Share of the lesion that is dense trabeculae."""
VERTICAL_FROM = 0.5
"""Share of these that is vertical; chance gives 0.06."""
BRIGHT_ABOVE = 1.0
"""T1 signal by that of healthy marrow."""

FAT_FROM = 0.20
"""Share of T1 signal that is lost with fat suppression: about the fat fraction of 0.183 that was published as a cut
between benign and malignant (`clinical.md` §1.7, X6)."""
SUPPRESSION_SOURCE = "after Shi 2017, Oncotarget 8:71095; cut-off ours"


def loses_fat(loss: Finding) -> Sign:
    """Whether fat suppression takes away enough of a lesion's T1 signal for the lesion to hold fat."""
    return at_least(loss, FAT_FROM)


def haemangioma(
    mean_hu: Finding, healthy_hu: float, dense_share: Finding, vertical_share: Finding, t1_ratio: Finding | None
) -> Sign:
    """Whether a lesion is a typical haemangioma.

    Parameters
    ----------
    mean_hu : Finding
        Of the lesion.
    healthy_hu : float
        Mean of healthy spongy bone.
    dense_share, vertical_share : Finding
        Of the lesion's voxels that are dense; of these that run along the body's axis.
    t1_ratio : Finding or None
        T1 signal of the lesion by healthy marrow; None where there is no T1, which then does not count.
    """
    if isinstance(vertical_share, NotApplicable) and isinstance(mean_hu, Measured):
        return Presence.ABSENT
    parts = [
        less_than(mean_hu, healthy_hu),
        at_least(dense_share, DENSE_FROM),
        at_least(vertical_share, VERTICAL_FROM),
    ]
    return all_of(*parts, *([] if t1_ratio is None else [more_than(t1_ratio, BRIGHT_ABOVE)]))
