"""What may look like a metastasis at a disc: discitis, Schmorl's node, discogenic change.

The review (Montoya-Bordón 2023, l.424-438): metastases do not normally cross the disc space; discitis erodes the
endplates, with fluid in the disc and patchy enhancement; a Schmorl's node is disc in the body; discogenic changes lie
on both sides of a disc. It gives no number; those here are ours (`clinical.md` §1.7, X10 and X12).
"""

from __future__ import annotations

from spinemets.findings import Finding, NotApplicable
from spinemets.rules.presence import Presence, Sign, all_of, at_least, more_than, opposite

SOURCE = "the review, l.424-438; numbers ours"
BRIDGE_MM2 = 12.0
"""A lesion crosses a disc whose narrowest cross-section within it is as large as a circle 4 mm wide."""
FLUID_FROM = 0.7
"""Signal of a disc by that of CSF from which it holds fluid (`clinical.md` §1.7, X10, [D])."""
ENHANCES_FROM = 0.20
"""A disc enhances where a ninth of its middle rises by this share more than discs of unaffected levels do: the limit
that a mass has (`clinical.md` §1.2, MR7, [D])."""
DEFECT_MM2 = 15.0
"""An endplate is eroded, or has a defect, where so much of it in one piece is lost."""
CONTACT_FROM = 0.3
"""Share of a lesion's surface against the endplate (`clinical.md` §1.7, X12, [D])."""
FOCAL_UP_TO = 0.5
"""A defect of more than this share of an endplate is not focal."""


def crosses_disc(bridge_mm2: Finding) -> Sign:
    """Whether a lesion joins two bodies through the disc between them."""
    return at_least(bridge_mm2, BRIDGE_MM2)


def eroded_on_both_sides(above_mm2: Finding, below_mm2: Finding) -> Sign:
    """Whether both endplates of a disc have lost a piece."""
    return all_of(at_least(above_mm2, DEFECT_MM2), at_least(below_mm2, DEFECT_MM2))


def disc_fluid(disc_to_csf: Finding) -> Sign:
    """Whether a disc is about as bright as CSF on T2 or STIR."""
    return at_least(disc_to_csf, FLUID_FROM)


def disc_enhances(uptake: Finding) -> Sign:
    """Whether some part of a disc takes up contrast medium; degenerate discs may, too, where vessels grow in."""
    return at_least(uptake, ENHANCES_FROM)


def schmorl_node(contact: Finding, defect_mm2: Finding, defect_share: Finding) -> Sign:
    """Whether a lesion is disc that has broken into the body.

    Parameters
    ----------
    contact : Finding
        Share of the lesion's surface against the endplate.
    defect_mm2, defect_share : Finding
        The endplate's defect above the lesion, and the share of the endplate that it takes.
    """
    focal = opposite(more_than(defect_share, FOCAL_UP_TO))
    return all_of(at_least(contact, CONTACT_FROM), at_least(defect_mm2, DEFECT_MM2), focal)


def discogenic(contact_above: Finding, contact_below: Finding, bridge_mm2: Finding) -> Sign:
    """Whether lesions lie against both endplates of one disc without crossing it."""
    if isinstance(contact_above, NotApplicable) or isinstance(contact_below, NotApplicable):
        return Presence.ABSENT
    paired = [at_least(one, CONTACT_FROM) for one in (contact_above, contact_below)]
    return all_of(*paired, opposite(crosses_disc(bridge_mm2)))
