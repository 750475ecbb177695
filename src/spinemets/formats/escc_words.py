"""What an ESCC grade means, in words, and the millimetres that stand for them here."""

from __future__ import annotations

from collections.abc import Mapping

from spinemets.rules.escc_slice import EsccThresholds, Grade

MEANING = {
    Grade.G0: "tumour of the bone only",
    Grade.G1A: "tumour in the epidural space, sac not deformed",
    Grade.G1B: "sac deformed, cord not touched",
    Grade.G1C: "sac deformed and cord touched, not compressed",
    Grade.G2: "cord compressed, CSF visible round it",
    Grade.G3: "cord compressed, no CSF visible round it",
}
"""The words of Bilsky 2010."""


def grade_meaning(grade: str) -> str:
    """What a grade means.

    Raises
    ------
    ValueError
        If it is no grade of the scale.

    Examples
    --------
    >>> grade_meaning("1b")
    'sac deformed, cord not touched'
    """
    return MEANING[Grade(grade)]


def shares_of_grades(distribution: Mapping[str, float]) -> str:
    """The shares of a distribution in per cent, the largest first.

    Examples
    --------
    >>> shares_of_grades({"1b": 0.31, "1c": 0.685, "2": 0.005})
    '1c 68 %, 1b 31 %, 2 under 1 %'
    """
    ordered = sorted(distribution.items(), key=lambda one: one[1], reverse=True)
    return ", ".join(f"{grade} {f'{100 * share:.0f}' if share >= 0.01 else 'under 1'} %" for grade, share in ordered)


def limits_in_words() -> str:
    """The limits of the grades, as the rule has them: nobody published millimetres."""
    limit = EsccThresholds()
    return (
        f"The words are Bilsky's, the limits ours: the sac is deformed from {limit.indentation_mm:g} mm or a loss of "
        f"{100 * limit.sac_loss:.0f} % of its area on; the cord touched where at most {limit.abutment_mm:g} mm lie "
        "between (a pixel more where it has lost its shape), and compressed from a loss of "
        f"{100 * limit.mscc:.0f} % of a diameter or {100 * limit.cord_loss:.0f} % of its area, a dent, or a "
        f"displacement of {limit.shift_mm:g} mm on; CSF is visible from "
        f"{100 * limit.csf_ring:.0f} % of the millimetre round it on, or in a pool of {limit.csf_pool_mm2:g} mm² that "
        f"is {limit.csf_pool_mm:g} mm wide."
    )
