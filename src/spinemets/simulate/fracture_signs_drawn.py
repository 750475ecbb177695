"""Which signs of Table 1 a simulated fracture shows on CT: drawn from the table of frequencies, then made possible."""

from __future__ import annotations

import numpy as np

from spinemets.simulate.sign_frequencies import SIGN_FREQUENCIES, FractureClass

EXCLUSIVE = (
    ("jigsaw", "cortex_destroyed"),
    ("retropulsion", "posterior_wall_bulge"),
    ("lamellar_haematoma", "paravertebral_mass"),
    ("fracture_line", "cancellous_bone_destroyed"),
)
"""Pairs of which a vertebra shows one at most; when both are drawn, that of its own class stays."""


def on_ct() -> tuple[str, ...]:
    """Names of the signs that CT shows."""
    return tuple(name for name, row in SIGN_FREQUENCIES.items() if not row.item.startswith("MR"))


def drawn_signs(cause: FractureClass, rng: np.random.Generator) -> dict[str, bool]:
    """Signs of one fracture, each present or absent.

    Signs are drawn one by one, as no series tells how they go together; `EXCLUSIVE` makes a pair's weaker sign a
    little rarer than its row says.
    """
    signs = {name: bool(rng.random() < SIGN_FREQUENCIES[name].of(cause)) for name in on_ct()}
    for pair in EXCLUSIVE:
        if all(signs[name] for name in pair):
            other = next(name for name in pair if SIGN_FREQUENCIES[name].favours is not cause)
            signs[other] = False
    return signs
