"""Maximum spinal cord compression.

Miyanji F et al. Acute cervical traumatic spinal cord injury: MR imaging findings correlated with neurologic outcome.
Radiology 2007;243(3):820-827; the same formula is in the Spinal Cord Toolbox (sct_compute_compression).
"""

from __future__ import annotations

SOURCE = "Miyanji 2007, Radiology 243:820-827"


def mscc(above_mm: float, below_mm: float, at_mm: float) -> float:
    """Fraction of the cord's anteroposterior diameter that is lost; negative where it is wider.

    Parameters
    ----------
    above_mm, below_mm : float
        Diameter at the nearest normal level above and below, mm.
    at_mm : float
        Diameter at the compressed level, mm.

    Raises
    ------
    ValueError
        If a normal diameter is not positive or the other is negative.

    Examples
    --------
    >>> round(mscc(6.2, 5.8, 4.8), 6)
    0.2
    """
    if not (above_mm > 0 and below_mm > 0 and at_mm >= 0):
        raise ValueError(f"diameters must be positive, got {above_mm} and {below_mm} normal, {at_mm} compressed")
    return 1 - at_mm / ((above_mm + below_mm) / 2)
