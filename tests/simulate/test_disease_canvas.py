from dataclasses import replace

import numpy as np
import pytest

from spinemets.anatomy import Level
from spinemets.measure.vertebra_regions import vertebra_regions
from spinemets.simulate import fracture_disease
from spinemets.simulate.disease_canvas import DiseaseCanvas
from spinemets.simulate.fracture import Collapse
from spinemets.simulate.fracture_disease import collapse_levels, draw_fracture
from spinemets.simulate.sign_frequencies import FractureClass
from spinemets.simulate.tissues import Tissue
from spinemets.volume import Volume


def ending_at(spine, level):
    """A patient with the vertebrae down to a level, as a label map that holds no more."""
    below = spine.vertebra > level.verse_id
    arrays = {"tissue": np.where(below, np.uint8(Tissue.MUSCLE), spine.tissue)}
    arrays |= {name: np.where(below, np.uint8(0), getattr(spine, name)) for name in ("vertebra", "subregion")}
    return replace(spine, **arrays)


def test_a_fracture_of_the_outermost_body_is_drawn_however_little_is_left_of_it(spine, monkeypatch):
    canvas = DiseaseCanvas(ending_at(spine, Level.L2))
    assert canvas.levels[-1] is Level.L2
    intact = canvas.axes[Level.L2]
    monkeypatch.setattr(fracture_disease, "random_collapse", lambda *_, **__: Collapse(0.9, 0.9, 0.9))
    rng = np.random.default_rng(0)
    collapse_levels(canvas, {Level.L2: FractureClass.OSTEOPOROTIC}, rng)
    ids, parts = (Volume(getattr(canvas.anatomy, name), spine.affine) for name in ("vertebra", "subregion"))
    assert Level.L2 not in vertebra_regions(ids, parts).axes  # it passes for a body that the field of view cuts
    draw_fracture(canvas, canvas.fractures[0], rng)
    assert canvas.deposits
    assert canvas.axes[Level.L2].centre_mm == pytest.approx(intact.centre_mm)
