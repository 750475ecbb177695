import numpy as np
import pytest

from spinemets.simulate.bone_surface import add_cortex, layer_shares, surface_depth_mm
from spinemets.simulate.ct import render_ct
from spinemets.simulate.ct_acquisition import CtAcquisition
from spinemets.simulate.ct_disease import spared
from spinemets.simulate.ct_kernel import CtKernel
from spinemets.simulate.disease import Deposit
from spinemets.simulate.tissue_values import CORTEX_HU, CORTEX_MM
from spinemets.simulate.tissues import LabelledAnatomy, Tissue

SOFT = CtKernel.of_sharpness(0.0)


def plate(voxels, edge, tissue=Tissue.VERTEBRAL_BODY, around=Tissue.MUSCLE, total_mm=60.0):
    """A plate of a tissue, so many voxels thick, across the first axis; and where it begins, mm."""
    count = int(total_mm / edge)
    start = (count - voxels) // 2
    labels = np.full((count, 16, 16), around, np.uint8)
    labels[start : start + voxels] = tissue
    ids = np.where(labels == tissue, 20, 0).astype(np.uint8)
    anatomy = LabelledAnatomy(labels, ids, np.where(ids > 0, 50, 0).astype(np.uint8), np.diag([edge, edge, edge, 1.0]))
    return anatomy, (start - 0.5) * edge


@pytest.mark.parametrize("edge", [0.8, 1.0, 1.2, 1.5])
@pytest.mark.parametrize("age", [35.0, 75.0])
@pytest.mark.parametrize("sharpness", [0.0, 0.3, 0.6, 1.0])
def test_bone_looks_as_large_as_its_mask(edge, age, sharpness):
    anatomy, surface = plate(int(30 / edge), edge)
    scan = CtAcquisition(spacing_mm=(0.8, 0.8, 0.8), noise_hu=0.0, age=age, sharpness=sharpness)
    image = render_ct(anatomy, 7, scan)
    half = image.shape[1] // 2
    values = image.array[:, half - 4 : half + 4, half - 4 : half + 4].mean(axis=(1, 2))
    places = np.array([image.world(np.array([i, half, half], float))[0] for i in range(len(values))])
    fine = np.arange(surface - 8.0, surface + 6.0, 0.02)
    profile = np.interp(fine, places, values)
    soft = np.median(profile[fine < surface - 5.0])
    edge_at = fine[np.argmax(profile > (soft + profile.max()) / 2)]
    assert edge_at == pytest.approx(surface, abs=0.2)


@pytest.mark.parametrize("edge", [0.5, 1.0, 1.2, 2.0])
@pytest.mark.parametrize("sharpness", [0.0, 1.0])
def test_layers_hold_all_cortex_at_its_mean_depth(edge, sharpness):
    thickness = np.full(256, 0.5)
    depth = surface_depth_mm(edge, CtKernel.of_sharpness(sharpness))
    shares = layer_shares(thickness, edge, depth)
    middles = (np.arange(len(shares.cortex)) + 0.5) * edge
    assert (shares.cortex[:, 0] * edge).sum() == pytest.approx(0.5)
    assert (shares.cortex[:, 0] * middles).sum() / shares.cortex[:, 0].sum() == pytest.approx(depth + 0.25, abs=0.02)
    assert (shares.cortex[:, 0] + shares.outside <= 1 + 1e-9).all()


@pytest.mark.parametrize("voxels", [2, 3, 4, 10])
def test_a_thin_plate_keeps_its_cortex(voxels):
    """What a thin plate has no inner layer for stays in the last one, so that no lamina loses its bone."""
    anatomy, _ = plate(voxels, 1.2, Tissue.POSTERIOR_ELEMENTS)
    image = np.zeros(anatomy.tissue.shape, np.float32)  # no marrow and nothing around: all that appears is cortex
    add_cortex(image, anatomy, anatomy.tissue == Tissue.POSTERIOR_ELEMENTS, SOFT, np.random.default_rng(3))
    mean_mm = float(image.sum(axis=0).mean()) * 1.2 / CORTEX_HU.mean / 2
    assert mean_mm == pytest.approx(CORTEX_MM[Tissue.POSTERIOR_ELEMENTS], rel=0.35)  # people differ by 12 and 10 %


def test_lung_beside_a_rib_reaches_into_its_outermost_voxels():
    anatomy, _ = plate(6, 1.2, Tissue.RIB, around=Tissue.LUNG)
    image = np.where(anatomy.tissue == Tissue.LUNG, -850.0, 150.0).astype(np.float32)
    add_cortex(image, anatomy, anatomy.tissue == Tissue.RIB, SOFT, np.random.default_rng(3))
    first = np.argmax(anatomy.tissue[:, 8, 8] == Tissue.RIB)
    assert image[first, 8, 8] < image[first + 1, 8, 8] - 300
    assert (image[:first] == -850).all()


def test_a_deposit_that_spares_the_surface_spares_the_cortex_beneath_it():
    """A deposit of soft tissue in all but the outermost voxels, and one in all of them."""
    anatomy, _ = plate(20, 1.2)
    bone = anatomy.tissue == Tissue.VERTEBRAL_BODY
    image = np.where(bone, 150.0, 50.0).astype(np.float32)
    cortex = add_cortex(image, anatomy, bone, SOFT, np.random.default_rng(3))
    first = int(np.argmax(bone[:, 8, 8]))
    box = (slice(0, image.shape[0]), slice(0, 16), slice(0, 16))
    whole = bone.astype(np.float32)
    inner = np.where(cortex.surface, 0, whole).astype(np.float32)
    beneath = cortex.held[first + 1, 8, 8] * cortex.density
    assert beneath > 100
    for share, left in ((inner, beneath), (whole, 0.0)):
        spare = spared(Deposit(box, share, 40.0), cortex) * cortex.density
        assert spare[first + 1, 8, 8] == pytest.approx(left, abs=1.0)
        assert spare[first, 8, 8] == 0
        assert spare[first + 6, 8, 8] == 0
