"""Lesions as MR shows them: with the tumour in the marrow of a collapsed body that has destroyed no bone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from spinemets.anatomy import LesionLabel
from spinemets.measure.lesion_pieces import type_of
from spinemets.simulate.disease import Disease, LesionTruth
from spinemets.simulate.disease_canvas import DiseaseCanvas
from spinemets.simulate.lesion import region_shares
from spinemets.simulate.mr_fracture import is_infiltrated, mr_signs
from spinemets.simulate.tissues import Tissue
from spinemets.simulate.vertebra_site import VertebraSite


def as_mr_shows(disease: Disease, seed: int) -> Disease:
    """A disease whose lesions hold all marrow that is tumour on MR; images are rendered from the one that is given.

    Parameters
    ----------
    disease : Disease
        As CT shows it.
    seed : int
        Of the signs of its fractures, `mr_fracture.mr_signs`.

    Returns
    -------
    Disease
        On the same anatomy. A body that is infiltrated throughout is lytic where it was not labelled, and has one
        record in place of those of its level, which keeps the pattern and the place of the first.
    """
    levels = {one.level for one in disease.fractures if is_infiltrated(one, mr_signs(one, seed))}
    if not levels:
        return disease
    lesions, truth = disease.lesions.copy(), [one for one in disease.lesion_truth if one.level not in levels]
    canvas = DiseaseCanvas(disease.anatomy)
    body = disease.anatomy.tissue == Tissue.VERTEBRAL_BODY
    for level in levels:
        lesions[(disease.anatomy.vertebra == level.verse_id) & body & (lesions == 0)] = LesionLabel.LYTIC
        own = [one for one in disease.lesion_truth if one.level is level]
        truth.append(_counted(canvas.site(level), own, lesions))
    return replace(disease, lesions=lesions, lesion_truth=tuple(truth))


def _counted(site: VertebraSite, own: Sequence[LesionTruth], lesions: NDArray[np.uint8]) -> LesionTruth:
    """One record of all lesions of a level, which had records of its `own`, counted anew."""
    labels = np.where(site.bone, lesions[site.box], 0)
    shares = region_shares(site, labels > 0)
    return replace(
        own[0],
        type=type_of(labels[labels > 0]).value,
        volume_ml=round(int((labels > 0).sum()) * site.voxel_ml, 4),
        body_fraction=shares.get("body", 0.0),
        regions=shares,
        cortex_broken=any(one.cortex_broken for one in own),
        epidural_ml=sum(one.epidural_ml for one in own),
        paravertebral_ml=sum(one.paravertebral_ml for one in own),
    )
