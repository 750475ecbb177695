"""The spine network for MR on real images that no network has learnt from: bodies against masks of bodies.

The masks hold bodies only and run about 15 % large, so that a right body has a Dice below 1; they may leave out bodies
that the image shows, so that one beyond their range is not called invented. The sense of left and right of the lumbar
images is not known. The lowest label of two of them is probably S1, which is no body of this network.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinemets.anatomy import LEVEL_OF_VERSE_ID, Subregion
from spinemets.errors import NoSpineFoundError
from spinemets.formats.study import read_mask, read_study
from spinemets.inference.segment import MrSpineModel, SpineSegmentation, segment_mr_spine
from spinemets.volume import Volume
from verification.real import data_root

IN_BODY = (Subregion.BODY_BORDER, Subregion.BODY)


@dataclass(frozen=True)
class Case:
    """A real image: its role, whether its labels are VerSe ids, and the label of a body that is none of ours."""

    name: str
    role: str
    has_names: bool = True
    of_sacrum: int = 0


CASES = (
    *(Case(f"lumbar_t2_{number}", "t2") for number in ("02", "04", "05", "06")),
    *(Case(f"lumbar_dixon_{number}", "in_phase") for number in ("01", "02", "03", "04")),
    Case("lumbar_t1_06", "t1", has_names=False, of_sacrum=9),
    Case("lumbar_tirm_07", "stir", has_names=False, of_sacrum=9),
    Case("c6_crop_t2", "t2"),
)


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Every image: Dice of bodies, which were found and which invented, and their names."""
    model = MrSpineModel.load()
    if model is None:
        print("models/spine_mr is not there: nothing to measure")
        return {"not_assessable": "no_model"}
    rows = {case.name: one(case, model) for case in CASES}
    total = {name: sum(row[name] for row in rows.values()) for name in ("bodies", "found", "invented")}
    print(f"all: {total['found']} of {total['bodies']} bodies found, {total['invented']} invented")
    return {"rows": rows, "total": total}


def one(case: Case, model: MrSpineModel) -> dict[str, Any]:
    """How one image went."""
    folder = data_root() / "mr"
    image = read_study([f"{case.role}={folder / case.name}.nii.gz"]).series[0].volume
    reference = reference_bodies(case, image)
    try:
        found = segment_mr_spine(image, model)
    except NoSpineFoundError as error:
        bodies = len(np.unique(reference.array)) - 1 - (case.of_sacrum > 0)
        print(f"{case.name}: {error}")
        return {"bodies": bodies, "found": 0, "invented": 0, "dice": 0.0, "said": str(error)}
    row = agreement(case, reference, found)
    row["flags"], row["seconds"] = found.spine.flags, {name: round(s, 1) for name, s in found.seconds.items()}
    print(
        f"{case.name}: Dice {row['dice']:.3f}, {row['found']} of {row['bodies']} bodies, {row['invented']} invented, "
        f"{row['levels']}{', ambiguous' if row['level_ambiguous'] else ''}\n  {row['by_body']}"
    )
    return row


def reference_bodies(case: Case, image: Volume) -> Volume:
    """Labels of bodies on the grid of an image."""
    folder = data_root() / "mr"
    if (folder / f"{case.name}_body.nii.gz").exists():
        labels = read_mask(folder / f"{case.name}_body.nii.gz").array
    else:
        base = case.name.removesuffix("_t2")
        labels, parts = (read_mask(folder / f"{base}_{ending}.nii.gz").array for ending in ("vert", "subreg"))
        labels = np.where(np.isin(parts, IN_BODY) & (labels < 100), labels, 0)
    if labels.shape != image.shape:
        raise SystemExit(f"{case.name}: labels of shape {labels.shape} for an image of {image.shape}")
    return image.with_array(labels.astype(np.uint8))


def agreement(case: Case, reference: Volume, found: SpineSegmentation) -> dict[str, Any]:
    """Each body of the reference with the found body that covers most of it, and what was found where none is."""
    true = reference.array
    own = np.where(np.isin(found.subregions.array, IN_BODY), found.vertebrae.array, 0)
    labels = [int(label) for label in np.unique(true) if label and label != case.of_sacrum]
    by_body = _once({label: _matched(true == label, own) for label in labels})
    within = _within_range(reference)
    # The sacrum of the reference counts neither way.
    counted = within & (true != case.of_sacrum) if case.of_sacrum else within
    both, sizes = ((own > 0) & (true > 0) & counted).sum(), ((own > 0) & counted).sum() + ((true > 0) & counted).sum()
    invented = [n for n in np.unique(own) if n and within[own == n].mean() > 0.5 and not (true[own == n] > 0).any()]
    right = [label for label, match in by_body.items() if match["found"] and match["id"] == label]
    return {
        "dice": float(2 * both / sizes) if sizes else 0.0,
        "bodies": len(labels),
        "found": sum(match["found"] for match in by_body.values()),
        "named_right": len(right) if case.has_names else None,
        "invented": len(invented),
        "levels": " ".join(f"{v.level}{'*' if v.partly_visible else ''}" for v in found.spine.vertebrae),
        "level_ambiguous": found.spine.level_ambiguous,
        "by_body": {_name(case, label): _told(match) for label, match in by_body.items()},
    }


def _matched(body: NDArray[np.bool_], own: NDArray[Any]) -> dict[str, Any]:
    """The found body that covers most of one of the reference; found if that is half of it or more."""
    counts = np.bincount(own[body], minlength=256)
    counts[0] = 0
    best = int(counts.argmax())
    share = counts[best] / body.sum()
    dice = 2 * counts[best] / (body.sum() + (own == best).sum()) if counts[best] else 0.0
    return {"id": best, "found": bool(share >= 0.5), "dice": float(dice), "share": float(share)}


def _once(by_body: dict[int, dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """Matches in which a found body stands for one of the reference alone, that of which it covers most."""
    most = {
        match["id"]: max(m["share"] for m in by_body.values() if m["id"] == match["id"]) for match in by_body.values()
    }
    return {
        label: {**match, "found": match["found"] and match["share"] == most[match["id"]]}
        for label, match in by_body.items()
    }


def _within_range(reference: Volume) -> NDArray[np.bool_]:
    """Voxels no higher than the highest and no lower than the lowest of the reference."""
    index = np.moveaxis(np.indices(reference.shape), 0, -1)
    height = index @ reference.affine[2, :3] + reference.affine[2, 3]
    inside = height[reference.array > 0]
    return (height >= inside.min()) & (height <= inside.max())


def _name(case: Case, label: int) -> str:
    return str(LEVEL_OF_VERSE_ID[label]) if case.has_names else f"body {label}"


def _told(match: dict[str, Any]) -> str:
    level = LEVEL_OF_VERSE_ID.get(match["id"])
    return f"{level}{'' if match['found'] else ' (missed)'} {match['dice']:.2f}" if level else "nothing"
