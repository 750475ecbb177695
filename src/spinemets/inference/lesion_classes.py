"""What the lesion networks see and tell apart.

Their input has two channels on the isotropic RAS+ grid of the spine network: the windowed CT, or the scaled MR, and
1 inside any vertebra, 0 elsewhere. Their output is one logit a class. The numbers of the classes are those of
`spinemets.anatomy.LesionLabel`; a lesion with both is mixed. Tumour outside the bone is background.
"""

from __future__ import annotations

LESION_CLASSES = ("background", "lytic", "blastic")
"""Channels of the output, as logits."""

LESION_INPUTS = ("ct", "vertebra")
"""Channels of the input: HU through `CtWindow`, and the vertebra mask, 0 or 1.

Training shows the sacrum now inside the mask and now not, and never ill.
"""

MR_LESION_INPUTS = ("mr", "vertebra")
"""The same for MR: signal through `SignalRange`, and the vertebra mask."""
