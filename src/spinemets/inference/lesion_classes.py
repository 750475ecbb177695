"""What the lesion networks see and tell apart.

Their input lies on the isotropic RAS+ grid of the spine network: the windowed CT, or MR of up to three sequences
beside the signal of marrow, 1 inside any vertebra and 0 elsewhere, and for CT the window of marrow. Their output is one
logit a class. The numbers of the classes are those of `spinemets.anatomy.LesionLabel`; a lesion with both is mixed.
Tumour outside the bone is background.
"""

from __future__ import annotations

LESION_CLASSES = ("background", "lytic", "blastic")
"""Channels of the output, as logits."""

LESION_INPUTS = ("ct", "vertebra", "ct_marrow")
"""Channels of the input: HU through `CtWindow`, the vertebra mask, 0 or 1, and HU through `MARROW_WINDOW`.

A network of fewer channels has the first of them; its card names those that it has.

Training shows the sacrum now inside the mask and now not, and never ill.
"""

MR_LESION_INPUTS = ("t1", "vertebra", "t2", "stir")
"""The same for MR: the vertebra mask, and signals through `MarrowScale` of the sequences that the study has; others are
black throughout."""
