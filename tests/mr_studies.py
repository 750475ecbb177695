"""A study of MR of a phantom, and networks that know it."""

from types import SimpleNamespace

import numpy as np
import pytest
from marrow_phantom import T1, T2, Marrow, ball, parts_at

from spinemets import series_assessment
from spinemets.errors import NoSpineFoundError
from spinemets.inference.segment import SpineSegmentation
from spinemets.measure.spine_from_mask import spine_from_mask
from spinemets.pipeline import examine
from spinemets.volume import Series, Study, Volume

FRAME, OTHER = "1.2.3", "9.9"
TUMOUR = ball((2, 23, 0), 9)
SAGITTAL = (3.0, 0.9, 0.9)
ADC = {"muscle": 1400.0, "marrow": 450.0, "lesion": 850.0, "disc": 1500.0, "csf": 3000.0, "fat": 300.0}
SEQUENCES = {"t1": T1, "t2": T2, "adc": ADC}


def card(name):
    return SimpleNamespace(name=name, version="0.1.0", licence="CC-BY-SA-4.0", sha256=name * 2)


CT_MODELS = SimpleNamespace(locator_card=card("locator"), spine_card=card("spine"))


def shipping(spine_mr, lesion_mr=None):
    return SimpleNamespace(spine=CT_MODELS, spine_mr=spine_mr, lesion=None, lesion_mr=lesion_mr, canal=None)


WITHOUT = shipping(None)
WITH = shipping(SimpleNamespace(card=card("spine_mr")))


def true_parts(volume):
    """Vertebrae and subregions of the phantom on the grid of an image."""
    world = volume.world(np.moveaxis(np.indices(volume.shape), 0, -1))
    x, y, z = np.moveaxis(world, -1, 0)
    number, parts = parts_at(x, y, z)
    return np.where(parts > 0, number + 19, 0).astype(np.uint8), parts.astype(np.uint8)


@pytest.fixture
def networks(monkeypatch):
    """Networks that know the phantom; the roles that were asked, with the anchor. A role in `blind` shows no spine."""
    asked = SimpleNamespace(calls=[], blind=set())

    def knowing(kind):
        def segment(volume, models, *, anchor, report):
            role = asked.role_of[id(volume)]
            asked.calls.append((kind, role, anchor))
            if role in asked.blind:
                raise NoSpineFoundError(f"no spine found on {role}")
            ids, parts = true_parts(volume)
            found = volume.with_array(ids)
            canal = volume.with_array(np.zeros_like(ids))
            return SpineSegmentation(found, volume.with_array(parts), canal, spine_from_mask(found), {"segment": 1.0})

        return segment

    monkeypatch.setattr(series_assessment, "segment_mr_spine", knowing("mr"))
    monkeypatch.setattr(series_assessment, "segment_spine", knowing("ct"))
    return asked


def scene(sequences=SEQUENCES, *, frame=FRAME, spacing=SAGITTAL):
    painted = Marrow(TUMOUR)
    for role, tissues in sequences.items():
        painted.paint(role, tissues, spacing=spacing, extent=(108.0, 116.0, 204.0), centre=(0, 6, 0))
    return [
        Series(role, Volume(volume.array, volume.affine, frame), f"{role}.nii")
        for role, volume in painted.series.items()
    ]


def a_ct(frame=FRAME):
    home = Marrow(TUMOUR).vertebrae
    hu = np.where(home.array > 0, 300, -50).astype(np.float32)
    return Series("ct", Volume(hu, home.affine, frame), "ct.nii")


def examined(networks, *series, models=WITH, **options):
    networks.role_of = {id(one.volume): one.role for one in series}
    return examine(Study(series), models=models, **options)


def listed(found):
    return {entry.role or entry.name: entry.reason if not entry.used else "used" for entry in found.report.inputs}


def lesions_on(series):
    x, y, z = np.moveaxis(series.volume.world(np.moveaxis(np.indices(series.volume.shape), 0, -1)), -1, 0)
    inside = TUMOUR(x, y, z) & (true_parts(series.volume)[0] > 0)
    return series.volume.with_array(inside.astype(np.uint8))
