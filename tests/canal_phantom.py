"""An axial stack with epidural tumour, every tissue of one signal, and a network that knows these signals."""

from pathlib import Path

import numpy as np
from oblique import STORED, centred_affine

from spinemets.geometry import Grid
from spinemets.inference.canal import CanalModel
from spinemets.inference.canal_preprocess import SignalRange
from spinemets.inference.card import ModelCard
from spinemets.inference.preprocess import CtWindow
from spinemets.simulate.axial_tissues import CANAL_CLASSES
from spinemets.simulate.epidural import EpiduralCase
from spinemets.simulate.epidural_masks import epidural_masks
from spinemets.volume import Volume

CASE = EpiduralCase(indentation_mm=5.0, half_angle_deg=70.0, flattening=0.2, shift_mm=0.6, film_mm=0.2, length_mm=26.0)
SIGNAL = {"rest": 20.0, "cord": 170.0, "tumour": 290.0, "csf": 500.0}
EDGES = (-0.65, -0.15, 0.5)
"""Inputs of the network between the signals, whatever the contrast of a reading."""


def knowing(image):
    """Classes by signal alone: rest, cord, tumour, CSF in ascending order."""
    band = np.digitize(image[:, 0], EDGES)
    logits = np.zeros((len(image), len(CANAL_CLASSES), *image.shape[2:]), np.float32)
    for number, channel in enumerate((0, 1, 3, 2)):
        logits[:, channel] = np.where(band == number, 12.0, 0.0)
    return logits


def model():
    details = {"input": {"signal_range": vars(SignalRange())}}
    card = ModelCard("canal", "0", "none", Path("x"), "", 0.5, (80, 80, 8), CANAL_CLASSES, CtWindow(), details)
    return CanalModel(knowing, card)


def phantom(stored=0, pixel_mm=0.6, slice_mm=4.0, case=CASE):
    options = STORED[stored]
    along = options["axes"].index(2)
    spacing, shape = np.full(3, pixel_mm), [int(60 / pixel_mm)] * 3
    spacing[along], shape[along] = slice_mm, 16
    affine = centred_affine(tuple(shape), spacing_mm=tuple(spacing), angles_deg=(4, -3, 2), **options)
    masks = epidural_masks(case, Grid(tuple(shape), affine), centre_mm=np.array([5.0, -6.0, 0.0]), axes=np.eye(3))
    image = np.full(shape, SIGNAL["rest"], np.float32)
    for name, mask in (("csf", "sac"), ("tumour", "tumour"), ("cord", "cord")):
        image[masks[mask] > 0] = SIGNAL[name]
    return Volume(image, affine), masks
