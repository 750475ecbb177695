"""What is rare in a sclerotic metastasis: destroyed cortex, or a mass in the soft tissue.

The review (Montoya-Bordón 2023, l.248-252) has words only; the numbers are ours. A reader looks again where the sign is
present: the lesion may be of another kind, or not only sclerotic. A periosteal reaction, which the same sentence
mentions, is not told: new bone on a body looks like an osteophyte, the head of a rib or a vessel with contrast.
"""

from __future__ import annotations

from collections.abc import Iterable

from spinemets.findings import Finding
from spinemets.rules.fracture_signs import DESTROYED_FROM
from spinemets.rules.presence import Sign, any_of, at_least

SOURCE = "the review, l.248-252: rare in sclerotic metastases; numbers ours"
MASS_ML = 0.5
"""So much of a lesion outside the bone is a mass."""


def unusual(beyond_bone_ml: Finding, cortex_missing: Iterable[Finding]) -> Sign:
    """Whether a sclerotic lesion goes with a mass in the soft tissue, or with destroyed cortex.

    Parameters
    ----------
    beyond_bone_ml : Finding
        What of the lesions lies outside the bone.
    cortex_missing : iterable of Finding
        By quarter of the wall, beyond what neighbours miss.
    """
    destroyed = (at_least(share, DESTROYED_FROM) for share in cortex_missing)
    return any_of(at_least(beyond_bone_ml, MASS_ML), *destroyed)
