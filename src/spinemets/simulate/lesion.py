"""A metastasis drawn into a vertebra: its shape, its matter, its labels and its truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.anatomy import Level
from spinemets.measure.lesion_pieces import type_of
from spinemets.measure.region_labels import RegionLabel
from spinemets.simulate.disease import LesionTruth
from spinemets.simulate.disease_canvas import EPIDURAL, PARAVERTEBRAL, DiseaseCanvas
from spinemets.simulate.implicit import Array
from spinemets.simulate.irregular import Growth, grain, grown
from spinemets.simulate.lesion_matter import PATTERNS, Matter
from spinemets.simulate.lesion_plan import POSTERIOR_THIRD_SHARE, SMALLEST_ML, LesionPlan
from spinemets.simulate.tumour_spread import Spread, spread
from spinemets.simulate.vertebra_site import VertebraSite

DIFFUSE_SHARE = (0.45, 0.85)
"""Part of a body that diffuse sclerosis takes (ours)."""
IN_BODY_ONLY_MM = 7.0
"""A lesion that begins in the body reaches the processes as if they were so much further away, so that it grows
through the pedicles and not across the canal (ours)."""


def draw_lesion(
    canvas: DiseaseCanvas, plan: LesionPlan, rng: np.random.Generator, spreads: tuple[Spread, ...] = ()
) -> LesionTruth:
    """Draw a metastasis, and tumour that leaves the bone with it.

    Parameters
    ----------
    canvas : DiseaseCanvas
        The patient.
    plan : LesionPlan
        What to draw.
    rng : numpy Generator
        Of its form and texture.
    spreads : tuple of Spread
        Soft tissue outside the bone.

    Returns
    -------
    LesionTruth
        Counted on the grid of the canvas; kept there as well.

    Raises
    ------
    ValueError
        If the canvas shows nothing of that level or part.
    """
    site = canvas.site(plan.level)
    shape = lesion_shape(site, plan, rng)
    matter = PATTERNS[plan.pattern](site, shape, rng, cortex_broken=plan.cortex_broken)
    canvas.add(matter.deposits)
    labels = canvas.lesions[site.box]
    labels[shape.mask] = matter.labels[shape.mask]
    outside = spread(canvas, site, shape, spreads, rng)
    truth = _truth(site, plan, shape, matter, outside)
    canvas.lesion_truth.append(truth)
    return truth


def lesion_shape(site: VertebraSite, plan: LesionPlan, rng: np.random.Generator) -> Growth:
    """Where a lesion lies: round a point of its part, or through the body where the pattern is diffuse."""
    part = site.part(plan.place) if plan.place != "body" else site.body
    if not part.any():
        raise ValueError(f"{plan.level} shows no {plan.place}")
    if plan.pattern == "ivory":
        return whole_body(site, rng)
    if plan.pattern == "diffuse":
        return patches(site, rng)
    volume = min(plan.volume_ml, max(0.9 * int(site.bone.sum()) * site.voxel_ml, SMALLEST_ML))
    away = np.where(site.bone & ~part, np.float32(IN_BODY_ONLY_MM if plan.place == "body" else 1.0), np.float32(0.0))
    return grown(site, start_point(site, part, plan.place, rng), site.bone, volume, rng, penalty_mm=away)


def start_point(site: VertebraSite, part: NDArray[np.bool_], place: str, rng: np.random.Generator) -> Array:
    """(3,) a point of a part; in a body, of its posterior third in `POSTERIOR_THIRD_SHARE` of cases."""
    points = site.points(part)
    if place == "body":
        back = np.quantile(points[:, 1], 1 / 3)
        behind = rng.random() < POSTERIOR_THIRD_SHARE
        points = points[(points[:, 1] <= back) == behind]
    return np.asarray(points[rng.integers(len(points))])


def whole_body(site: VertebraSite, rng: np.random.Generator) -> Growth:
    """All of the body, in half of cases with the pedicles."""
    mask = site.body.copy()
    if rng.random() < 0.5:
        mask |= np.isin(site.regions, (RegionLabel.PEDICLE_LEFT, RegionLabel.PEDICLE_RIGHT))
    return Growth(np.where(mask, 0.0, 10.0).astype(np.float32), 5.0, mask)


def patches(site: VertebraSite, rng: np.random.Generator) -> Growth:
    """Confluent patches through the body; as many as a random share of it."""
    field = grain(site.bone.shape, rng, rng.uniform(9.0, 16.0), site.edge_mm)
    limit = float(np.quantile(field[site.body], 1.0 - rng.uniform(*DIFFUSE_SHARE)))
    # A unit of the noise is a few millimetres of its way: good enough for an edge that is blurred anyway.
    radius = np.where(site.body, -4.0 * field, 99.0).astype(np.float32)
    return Growth(radius, -4.0 * limit, site.body & (field >= limit))


def region_shares(site: VertebraSite, mask: NDArray[np.bool_]) -> dict[str, float]:
    """Share of every part that a mask takes, by the names of ``report.json``; untouched parts are left out."""
    shares = {"body": float((mask & site.body).sum() / max(int(site.body.sum()), 1))}
    for label in RegionLabel:
        own = site.regions == label
        if label is not RegionLabel.BODY and own.any():
            shares[label.report_name] = float((mask & own).sum() / own.sum())
    return {name: round(share, 4) for name, share in shares.items() if share > 0}


def _truth(
    site: VertebraSite, plan: LesionPlan, shape: Growth, matter: Matter, outside: NDArray[np.uint8]
) -> LesionTruth:
    shares = region_shares(site, shape.mask)
    return LesionTruth(
        level=plan.level,
        type=type_of(matter.labels[shape.mask]).value,
        pattern=plan.pattern,
        place=plan.place,
        volume_ml=round(int(shape.mask.sum()) * site.voxel_ml, 4),
        body_fraction=shares.get("body", 0.0),
        regions=shares,
        cortex_broken=plan.cortex_broken,
        epidural_ml=round(int((outside == EPIDURAL).sum()) * site.voxel_ml, 4),
        paravertebral_ml=round(int((outside == PARAVERTEBRAL).sum()) * site.voxel_ml, 4),
    )


def join_lesions(canvas: DiseaseCanvas, level: Level) -> None:
    """Make one record of all lesions of a level that were drawn into one another, counted anew.

    Pattern and place are those of the first; soft tissue is added up.
    """
    site = canvas.site(level)
    own = [one for one in canvas.lesion_truth if one.level is level]
    labels = np.where(site.bone, canvas.lesions[site.box], 0)
    pieces, count = ndimage.label(labels > 0, structure=np.ones((3, 3, 3)))
    if len(own) < 2 or count != 1:
        return
    shares = region_shares(site, pieces > 0)
    joined = replace(
        own[0],
        type=type_of(labels[labels > 0]).value,
        volume_ml=round(int((pieces > 0).sum()) * site.voxel_ml, 4),
        body_fraction=shares.get("body", 0.0),
        regions=shares,
        cortex_broken=any(one.cortex_broken for one in own),
        epidural_ml=sum(one.epidural_ml for one in own),
        paravertebral_ml=sum(one.paravertebral_ml for one in own),
    )
    canvas.lesion_truth[:] = [one for one in canvas.lesion_truth if one.level is not level] + [joined]
