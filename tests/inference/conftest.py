import pytest


@pytest.fixture(scope="session")
def lumbar_patient():
    """A simulated patient whose field of view cuts a thoracic vertebra at its top and the sacrum at its end."""
    from spinemets.simulate.parametric import parametric_anatomy

    return parametric_anatomy(200000, spacing_mm=2.0, field="lumbar", variant="usual")
