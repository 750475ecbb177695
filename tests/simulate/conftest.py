"""A small healthy patient to make ill: the spine of a lumbar field of view and what lies close to it."""

import numpy as np
import pytest

from spinemets.anatomy import Level
from spinemets.simulate.parametric import parametric_anatomy
from spinemets.simulate.tissues import LabelledAnatomy

HALF_MM = 55.0


@pytest.fixture(scope="session")
def spine():
    whole = parametric_anatomy(7, spacing_mm=1.5, field=(Level.T12, Level.L3), variant="usual")
    middle = np.argwhere(whole.vertebra > 0).mean(axis=0)[:2]
    low = np.maximum(middle - HALF_MM / 1.5, 0).astype(int)
    high = (middle + HALF_MM / 1.5).astype(int)
    affine = whole.affine.copy()
    affine[:2, 3] += 1.5 * low
    part = (slice(low[0], high[0]), slice(low[1], high[1]))
    arrays = [getattr(whole, name)[part].copy() for name in ("tissue", "vertebra", "subregion")]
    return LabelledAnatomy(*arrays, affine, whole.centres_mm, "small spine")
