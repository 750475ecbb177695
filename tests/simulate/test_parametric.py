"""What is measured on the labels of a parametric patient, by means that share nothing with how it was drawn."""

import hashlib

import numpy as np
import pytest
from scipy import ndimage

from spinemets.anatomy import LEVEL_OF_VERSE_ID, VERSE_ID, Level, Region, Subregion
from spinemets.simulate.dimensions import VERTEBRA
from spinemets.simulate.parametric import CENTRES_WITHIN_MM, parametric_anatomy
from spinemets.simulate.subject import Arms, random_subject
from spinemets.simulate.tissues import CANAL, Tissue

SPACING_MM = 1.2
MEASURED = ("T8", "T9", "T10", "T11", "T12", "L1", "L2", "L3")


@pytest.fixture(scope="module")
def part():
    """T7 to L4, fine enough to be measured."""
    return parametric_anatomy(11, spacing_mm=SPACING_MM, field=(Level.T7, Level.L4), variant="usual")


@pytest.fixture(scope="module")
def whole():
    """A whole patient, coarse."""
    return parametric_anatomy(12, spacing_mm=2.5, field="whole", variant="usual", arms="down")


def own_axes(anatomy, level):
    """Rows right, front, head of a vertebra, from the centres of its neighbours alone."""
    levels = sorted(anatomy.centres_mm, key=lambda other: other.order)
    place = levels.index(level)
    head = anatomy.centres_mm[levels[place - 1]] - anatomy.centres_mm[levels[place + 1]]
    head /= np.linalg.norm(head)
    right = np.array([1.0, 0.0, 0.0]) - head[0] * head
    right /= np.linalg.norm(right)
    return np.array([right, np.cross(head, right), head])


def local_mm(anatomy, mask, level):
    """(N, 3) voxels of a mask in the frame of a vertebra, mm."""
    world = np.argwhere(mask) @ anatomy.affine[:3, :3].T + anatomy.affine[:3, 3]
    return (world - anatomy.centres_mm[level]) @ own_axes(anatomy, level).T


def extent(values):
    """Length covered by voxel centres, one voxel added for the two halves at the ends."""
    return np.ptp(values) + SPACING_MM


def body_dimensions(anatomy, level):
    """Posterior height, upper width and depth of a body measured on its voxels, mm."""
    body = local_mm(anatomy, (anatomy.subregion == Subregion.BODY) & (anatomy.vertebra == VERSE_ID[level]), level)
    strip = body[np.abs(body[:, 0]) < 4]
    depth = extent(strip[np.abs(strip[:, 2]) < 3][:, 1])
    back = strip[:, 1] < strip[:, 1].min() + 0.3 * depth
    top = body[body[:, 2] > 0.55 * body[:, 2].max()]
    return extent(strip[back][:, 2]), extent(top[:, 0]), extent(top[np.abs(top[:, 0]) < 4][:, 1])


def test_bodies_are_as_large_as_published_times_the_scale_of_the_subject(part):
    scale = random_subject(11).scale
    ratios = []
    for name in MEASURED:
        mean = VERTEBRA[Level(name)]
        ratios.append(np.array(body_dimensions(part, Level(name))) / (mean.height, mean.width, mean.depth) / scale)
    # One level may be off by its own variation and by a voxel; all together by less.
    assert np.abs(np.array(ratios) - 1).max() < 0.2
    assert np.abs(np.mean(ratios, axis=0) - 1).max() < 0.1


def test_the_canal_at_the_pedicles_is_as_wide_and_deep_as_published(part):
    scale = random_subject(11).scale
    ratios = []
    for name in MEASURED:
        canal = local_mm(part, np.isin(part.tissue, CANAL), Level(name))
        here = canal[(canal[:, 2] > 0) & (canal[:, 2] < 5)]
        mean = VERTEBRA[Level(name)]
        ratios.append([extent(here[:, 0]) / mean.canal_width / scale, extent(here[:, 1]) / mean.canal_depth / scale])
    assert np.abs(np.array(ratios) - 1).max() < 0.22
    assert np.abs(np.mean(ratios, axis=0) - 1).max() < 0.13


def test_the_cord_has_its_published_diameters(part):
    for name, depth, width in (("T8", 6.1, 7.8), ("T9", 6.3, 7.9), ("T10", 6.5, 8.2)):
        cord = local_mm(part, part.tissue == Tissue.CORD, Level(name))
        here = cord[np.abs(cord[:, 2]) < 2]
        assert extent(here[:, 0]) == pytest.approx(width, abs=2.0)
        assert extent(here[:, 1]) == pytest.approx(depth, abs=2.0)


def test_centres_are_the_centroids_of_the_bodies(whole):
    for level, centre in whole.centres_mm.items():
        if level is Level.C1:
            continue
        body = (whole.subregion == Subregion.BODY) & (whole.vertebra == VERSE_ID[level])
        centroid = np.argwhere(body).mean(axis=0) @ whole.affine[:3, :3].T + whole.affine[:3, 3]
        assert np.linalg.norm(centroid - centre) < 3.0, level


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (Subregion.PEDICLE_LEFT, Subregion.PEDICLE_RIGHT),
        (Subregion.TRANSVERSE_PROCESS_LEFT, Subregion.TRANSVERSE_PROCESS_RIGHT),
        (Subregion.SUPERIOR_ARTICULAR_LEFT, Subregion.SUPERIOR_ARTICULAR_RIGHT),
        (Subregion.INFERIOR_ARTICULAR_LEFT, Subregion.INFERIOR_ARTICULAR_RIGHT),
    ],
)
def test_left_labels_lie_at_the_left_of_the_patient_in_scoliosis_too(left, right):
    seed = next(n for n in range(50) if abs(random_subject(n).scoliosis_deg) > 9)
    anatomy = parametric_anatomy(seed, spacing_mm=2.0, field=(Level.T5, Level.L4), variant="usual")
    for level in (Level.T6, Level.T9, Level.T12, Level.L2):
        own = anatomy.vertebra == VERSE_ID[level]
        sides = [np.argwhere(own & (anatomy.subregion == label))[:, 0].mean() for label in (left, right)]
        middle = np.argwhere(own & (anatomy.subregion == Subregion.BODY))[:, 0].mean()
        assert sides[0] < middle < sides[1]  # x, and so I, grows to the patient's right


def test_the_heart_lies_to_the_left_and_the_liver_to_the_right(whole):
    middle = whole.centres_mm[Level.T9][0]
    x = np.arange(whole.tissue.shape[0]) * whole.affine[0, 0] + whole.affine[0, 3]
    for tissue, side in ((Tissue.HEART, -1), (Tissue.SPLEEN, -1), (Tissue.LIVER, +1)):
        count = (whole.tissue == tissue).sum(axis=(1, 2))
        assert side * (np.average(x, weights=count) - middle) > 5


def test_levels_follow_one_another_from_head_to_foot(whole):
    present = [level for level in Level if level in whole.centres_mm]
    assert present == [
        level for level in Level if level.region is not Region.SACRAL and level.value not in ("T13", "L6")
    ]
    heights = [whole.centres_mm[level][2] for level in present]
    assert (np.diff(heights) < -8).all()


def test_every_vertebra_is_one_piece_and_touches_no_other(part):
    for number in np.unique(part.vertebra)[1:]:
        pieces, _ = ndimage.label(part.vertebra == number)
        sizes = np.bincount(pieces.ravel())[1:]
        assert LEVEL_OF_VERSE_ID[number] in (Level.T6, Level.T7, Level.L4, Level.L5) or sizes.max() > 0.97 * sizes.sum()
    for axis in range(3):
        ids = np.moveaxis(part.vertebra.astype(int), axis, 0)
        assert not ((ids[1:] != ids[:-1]) & (ids[1:] > 0) & (ids[:-1] > 0)).any()


def test_labels_of_the_three_masks_agree(whole):
    vertebral = np.isin(whole.tissue, (Tissue.VERTEBRAL_BODY, Tissue.POSTERIOR_ELEMENTS))
    assert (vertebral == (whole.subregion > 0)).all()
    assert ((whole.vertebra > 0) == (vertebral | (whole.tissue == Tissue.SACRUM))).all()
    assert (whole.vertebra[whole.tissue == Tissue.SACRUM] == VERSE_ID[Level.SACRUM]).all()
    assert ((whole.subregion == Subregion.BODY) == (whole.tissue == Tissue.VERTEBRAL_BODY)).all()


def test_a_whole_patient_has_every_tissue_but_metal(whole):
    absent = {Tissue(int(n)) for n in set(map(int, Tissue)) - set(np.unique(whole.tissue).tolist())}
    assert absent <= {Tissue.METAL, Tissue.TABLE, Tissue.BOWEL_CONTRAST}


@pytest.mark.parametrize(
    ("variant", "presacral", "ribs", "has", "lacks"),
    [
        ("usual", 24, 24, Level.T12, Level.T13),
        ("T13", 25, 26, Level.T13, Level.L6),
        ("L6", 25, 24, Level.L6, Level.T13),
        ("11_ribs", 23, 22, Level.T11, Level.T12),
        ("sacralised_L5", 24, 24, Level.L5, Level.L6),
    ],
)
def test_variants_have_their_number_of_vertebrae_and_ribs(variant, presacral, ribs, has, lacks):
    anatomy = parametric_anatomy(3, spacing_mm=2.0, field="whole", variant=variant)
    ids = set(np.unique(anatomy.vertebra).tolist()) - {0}
    assert len(ids - {VERSE_ID[Level.SACRUM]}) == presacral == len(anatomy.centres_mm)
    assert VERSE_ID[has] in ids
    assert VERSE_ID[lacks] not in ids
    _, count = ndimage.label(anatomy.tissue == Tissue.RIB, np.ones((3, 3, 3)))
    assert count == ribs


def test_the_last_disc_of_a_sacralised_l5_is_narrow():
    volumes = []
    for variant in ("usual", "sacralised_L5"):
        anatomy = parametric_anatomy(5, spacing_mm=2.0, field="lumbar", variant=variant)
        below = np.argwhere(anatomy.tissue == Tissue.DISC) @ anatomy.affine[:3, :3].T + anatomy.affine[:3, 3]
        volumes.append(int((below[:, 2] < anatomy.centres_mm[Level.L5][2]).sum()))
    assert volumes[1] < 0.75 * volumes[0]


def test_same_seed_same_bytes_and_another_seed_others():
    digests = []
    for seed in (7, 7, 8):
        anatomy = parametric_anatomy(seed, spacing_mm=3.0, field="random")
        parts = (anatomy.tissue, anatomy.vertebra, anatomy.subregion, anatomy.affine)
        digests.append(hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest())
    assert digests[0] == digests[1] != digests[2]


def test_a_patient_is_the_same_at_any_spacing_and_in_any_field():
    coarse = parametric_anatomy(21, spacing_mm=5.0, field="whole", variant="usual")
    fine = parametric_anatomy(21, spacing_mm=3.0, field="abdomen", variant="usual")
    assert set(fine.centres_mm) < set(coarse.centres_mm)
    for level, centre in fine.centres_mm.items():
        assert centre == pytest.approx(coarse.centres_mm[level])


def test_centres_reach_a_little_beyond_the_field_of_view(part):
    top = part.affine[2, 3] + part.affine[2, 2] * part.tissue.shape[2]
    outside = [level for level, centre in part.centres_mm.items() if centre[2] > top]
    assert outside
    assert all(part.centres_mm[level][2] < top + CENTRES_WITHIN_MM for level in outside)
    assert Level.C3 not in part.centres_mm


def test_arms_are_where_they_were_asked_for():
    heights = {}
    for arms in Arms:
        anatomy = parametric_anatomy(4, spacing_mm=4.0, field="chest", arms=arms)
        humerus = np.argwhere(anatomy.tissue == Tissue.HUMERUS)[:, 2].mean() * 4.0 + anatomy.affine[2, 3]
        heights[arms] = humerus - anatomy.centres_mm[Level.T4][2]
    assert heights[Arms.DOWN] < 0 < heights[Arms.UP]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"seed": -1}, "negative, got -1"),
        ({"seed": 0, "spacing_mm": 0.1}, "got 0.1"),
        ({"seed": 0, "spacing_mm": 9.0}, "got 9.0"),
        ({"seed": 0, "field": "knee"}, "unknown field of view 'knee'"),
        ({"seed": 0, "field": (Level.T13, Level.L2), "variant": "usual"}, "no T13"),
        ({"seed": 0, "variant": "two heads"}, "two heads"),
        ({"seed": 0, "arms": "crossed"}, "crossed"),
    ],
)
def test_what_cannot_be_made_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        parametric_anatomy(**arguments)
