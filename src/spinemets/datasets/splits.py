"""What may be learnt from and what may only be measured on, fixed before the first training."""

from __future__ import annotations

from spinemets.errors import StudyError

SEEDS: dict[str, range] = {
    "train": range(100_000),
    "validation": range(100_000, 110_000),
    "test": range(200_000, 210_000),
}
"""Seeds of simulated patients; the ranges share none."""

TRAINING_LABEL_MAPS = (
    "torso_s0327_labels",
    "torso_s0328_labels",
    "gl003_vert",
    "verse004_vert",
    "verse010_vert",
    "sample001_vert",
)
"""Label maps of real anatomy that a shipped network has learnt from."""

HELD_OUT_NAMES = frozenset(
    {
        "verse0007_vert",
        "gl017_vert",
        "abdomen_ct",
        "abdomen_vert",
        "abdomen_dicom",
        "abdomen_dicom_totalseg",
        "l3_crop_ct",
        "l3_crop_vert",
        "l3_crop_subreg",
        "lytic_lumbar_ct",
        "c6_crop_t2",
        "c6_crop_vert",
        "c6_crop_subreg",
        "cervical_t1",
        "cervical_t1_cord",
        "cervical_t2",
        "cervical_t2_cord",
        *(f"lumbar_t2_{n}{kind}" for n in ("02", "04", "05", "06") for kind in ("", "_body")),
        *(f"lumbar_dixon_{n}{kind}" for n in ("01", "02", "03", "04") for kind in ("", "_body")),
        *(f"lumbar_t1_06{kind}" for kind in ("", "_body")),
        *(f"lumbar_tirm_07{kind}" for kind in ("", "_body")),
    }
)
"""Real cases that measure what has been learnt: no network learns from them and no threshold is fitted to them. What
was decided after one of them had been looked at is named in README under *Measured*."""


def split_of_seed(seed: int) -> str:
    """``train``, ``validation`` or ``test``.

    Raises
    ------
    ValueError
        If the seed belongs to none of the ranges.
    """
    for name, seeds in SEEDS.items():
        if seed in seeds:
            return name
    raise ValueError(f"seed {seed} belongs to no split; train is 0 to 99999, validation 100000 on, test 200000 on")


def require_trainable(name: str) -> None:
    """Raise `StudyError` if the case called `name` is held out for measuring."""
    if name.removesuffix(".nii.gz").removesuffix(".nii") in HELD_OUT_NAMES:
        raise StudyError(f"'{name}' is held out for measuring; training on it is refused")
