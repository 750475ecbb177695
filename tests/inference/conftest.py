"""Fixtures for what the networks are used for."""

import pytest
from knowing_networks import KnownPatient, knowing_models, oblique_grid
from oblique import STORED


@pytest.fixture(scope="module")
def plain(lumbar_patient):
    """A coarse image on the patient's own grid, and models for it."""
    grid = oblique_grid(lumbar_patient, STORED[0], spacing_mm=(3.0, 3.0, 3.0))
    return KnownPatient(lumbar_patient).image(grid), knowing_models(lumbar_patient, spine_mm=3.0, window=(40, 40, 40))
