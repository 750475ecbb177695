"""How large the parts of a spine are, level by level: published means as data.

Vertebrae: Panjabi MM et al. Spine 1991;16:861 (cervical) and 16:888 (thoracic),
1992;17:299 (lumbar), rounded to 0.5 mm. T13, L6 and C1 (whose canal alone is tabulated)
are not in these papers: T13 and L6 are interpolated or repeated from their neighbours.
Discs: CT of 1000 adults (cervical), CT of 128 (thoracic), MR of 106 (lumbar), levels
between those published interpolated. Cord and sac: normalised metrics of the PAM50
template of the Spinal Cord Toolbox (spine-generic, n = 203 and 58).
"""

from __future__ import annotations

from dataclasses import dataclass

from spinemets.anatomy import Level


@dataclass(frozen=True)
class VertebraSize:
    """Dimensions of one vertebra, mm.

    Attributes
    ----------
    height : float
        Posterior height of the body.
    width, depth : float
        Of the upper endplate; depth in the midsagittal plane.
    pedicle_width, pedicle_height : float
        Across the pedicle, in the axial and in the sagittal plane.
    canal_width, canal_depth : float
        Of the bony canal at the pedicles.
    wedge : float
        Anterior over posterior height of the body.
    """

    height: float
    width: float
    depth: float
    pedicle_width: float
    pedicle_height: float
    canal_width: float
    canal_depth: float
    wedge: float


@dataclass(frozen=True)
class DiscSize:
    """Heights of one disc, mm: in front, in the middle (between the hollows of the endplates), behind."""

    anterior: float
    middle: float
    posterior: float


@dataclass(frozen=True)
class CordSize:
    """Diameters of the cord and of the thecal sac, mm; a cord of 0 has ended above."""

    cord_depth: float
    cord_width: float
    sac_depth: float
    sac_width: float


VERTEBRA: dict[Level, VertebraSize] = {
    Level.C1: VertebraSize(11.0, 17.0, 12.0, 6.0, 8.0, 27.0, 20.0, 1.0),
    Level.C2: VertebraSize(18.0, 17.0, 16.0, 7.0, 9.0, 24.5, 21.0, 1.0),
    Level.C3: VertebraSize(11.5, 16.0, 15.0, 5.5, 7.5, 23.0, 16.0, 0.97),
    Level.C4: VertebraSize(11.5, 17.0, 15.5, 5.5, 7.5, 24.5, 17.5, 0.96),
    Level.C5: VertebraSize(11.5, 17.5, 15.0, 5.5, 7.0, 25.0, 17.5, 0.95),
    Level.C6: VertebraSize(11.0, 18.5, 16.5, 6.0, 7.5, 26.0, 18.0, 0.97),
    Level.C7: VertebraSize(13.0, 22.0, 18.0, 6.5, 7.5, 24.5, 15.0, 0.97),
    Level.T1: VertebraSize(14.0, 24.5, 18.5, 8.5, 9.5, 22.0, 16.5, 0.97),
    Level.T2: VertebraSize(15.5, 25.0, 19.5, 8.0, 11.5, 19.5, 16.0, 0.96),
    Level.T3: VertebraSize(15.5, 24.5, 22.5, 7.0, 12.0, 18.5, 16.0, 0.96),
    Level.T4: VertebraSize(16.0, 24.5, 23.5, 6.5, 12.0, 17.0, 16.0, 0.95),
    Level.T5: VertebraSize(16.0, 25.0, 24.5, 6.0, 12.0, 17.5, 16.0, 0.95),
    Level.T6: VertebraSize(17.5, 26.0, 26.0, 6.0, 12.0, 17.5, 16.0, 0.94),
    Level.T7: VertebraSize(18.0, 28.0, 27.5, 6.0, 12.0, 17.5, 16.0, 0.94),
    Level.T8: VertebraSize(18.5, 29.5, 28.0, 6.5, 12.5, 17.5, 16.0, 0.94),
    Level.T9: VertebraSize(19.5, 30.5, 29.5, 7.5, 14.0, 18.0, 15.5, 0.95),
    Level.T10: VertebraSize(20.0, 32.0, 30.5, 9.0, 14.5, 18.0, 15.5, 0.96),
    Level.T11: VertebraSize(21.5, 35.0, 32.0, 10.0, 17.5, 19.5, 16.0, 0.95),
    Level.T12: VertebraSize(22.5, 39.0, 33.0, 8.5, 17.0, 22.0, 18.0, 0.96),
    Level.T13: VertebraSize(23.5, 40.0, 33.5, 8.5, 16.5, 22.5, 18.5, 0.97),
    Level.L1: VertebraSize(24.0, 41.0, 34.0, 8.5, 16.0, 23.5, 19.0, 0.98),
    Level.L2: VertebraSize(24.5, 42.5, 34.5, 8.5, 15.0, 24.0, 18.0, 1.0),
    Level.L3: VertebraSize(24.0, 44.0, 35.0, 10.5, 14.5, 24.5, 17.5, 1.02),
    Level.L4: VertebraSize(24.0, 46.5, 35.5, 14.0, 15.5, 25.5, 18.5, 1.06),
    Level.L5: VertebraSize(23.0, 47.5, 34.5, 18.0, 19.5, 27.0, 19.5, 1.14),
    Level.L6: VertebraSize(22.5, 48.0, 34.5, 18.0, 19.0, 28.0, 19.0, 1.14),
    Level.SACRUM: VertebraSize(26.0, 50.0, 33.0, 20.0, 20.0, 31.0, 17.0, 1.15),
}

DISC_BELOW: dict[Level, DiscSize] = {
    Level.C2: DiscSize(2.6, 4.1, 1.8),
    Level.C3: DiscSize(2.6, 4.1, 1.8),
    Level.C4: DiscSize(2.6, 4.1, 1.8),
    Level.C5: DiscSize(2.6, 4.1, 1.8),
    Level.C6: DiscSize(2.6, 4.1, 1.8),
    Level.C7: DiscSize(2.7, 4.2, 2.2),
    Level.T1: DiscSize(2.6, 3.8, 2.5),
    Level.T2: DiscSize(2.5, 3.6, 2.6),
    Level.T3: DiscSize(2.5, 3.6, 2.8),
    Level.T4: DiscSize(2.7, 3.9, 3.2),
    Level.T5: DiscSize(3.0, 4.2, 3.3),
    Level.T6: DiscSize(3.4, 4.6, 3.4),
    Level.T7: DiscSize(3.9, 4.9, 3.5),
    Level.T8: DiscSize(4.3, 5.3, 3.6),
    Level.T9: DiscSize(4.9, 5.8, 3.7),
    Level.T10: DiscSize(5.4, 6.3, 3.9),
    Level.T11: DiscSize(5.8, 6.8, 4.3),
    Level.T12: DiscSize(6.2, 7.3, 4.8),
    Level.T13: DiscSize(6.5, 7.6, 5.2),
    Level.L1: DiscSize(6.9, 7.9, 5.5),
    Level.L2: DiscSize(9.0, 9.4, 6.4),
    Level.L3: DiscSize(11.5, 10.9, 7.3),
    Level.L4: DiscSize(13.6, 12.0, 8.1),
    Level.L5: DiscSize(13.6, 11.1, 6.9),
    Level.L6: DiscSize(13.0, 11.0, 6.9),
}
"""Disc under each level; the atlas has none."""

CORD: dict[Level, CordSize] = {
    Level.C1: CordSize(8.3, 11.4, 16.1, 23.2),
    Level.C2: CordSize(7.8, 11.7, 14.5, 22.2),
    Level.C3: CordSize(7.6, 12.1, 13.1, 20.8),
    Level.C4: CordSize(7.6, 12.9, 12.8, 21.0),
    Level.C5: CordSize(7.5, 13.0, 12.8, 21.2),
    Level.C6: CordSize(7.1, 12.4, 12.6, 20.7),
    Level.C7: CordSize(6.6, 10.9, 12.8, 19.7),
    Level.T1: CordSize(6.3, 9.4, 12.9, 18.0),
    Level.T2: CordSize(6.1, 8.7, 12.7, 16.1),
    Level.T3: CordSize(5.8, 8.2, 12.6, 15.1),
    Level.T4: CordSize(5.7, 8.0, 12.6, 14.4),
    Level.T5: CordSize(5.6, 7.8, 12.7, 14.3),
    Level.T6: CordSize(5.7, 7.7, 12.7, 14.3),
    Level.T7: CordSize(5.8, 7.7, 12.6, 14.3),
    Level.T8: CordSize(6.1, 7.8, 12.5, 14.3),
    Level.T9: CordSize(6.3, 7.9, 12.5, 14.6),
    Level.T10: CordSize(6.5, 8.2, 12.5, 15.0),
    Level.T11: CordSize(7.0, 8.7, 12.8, 15.8),
    Level.T12: CordSize(6.7, 8.2, 13.5, 16.8),
    Level.T13: CordSize(5.6, 6.6, 13.8, 17.2),
    Level.L1: CordSize(4.1, 4.5, 14.0, 17.5),
    Level.L2: CordSize(0.0, 0.0, 14.0, 17.5),
    Level.L3: CordSize(0.0, 0.0, 13.5, 17.0),
    Level.L4: CordSize(0.0, 0.0, 13.0, 16.5),
    Level.L5: CordSize(0.0, 0.0, 12.5, 15.5),
    Level.L6: CordSize(0.0, 0.0, 12.0, 14.5),
    Level.SACRUM: CordSize(0.0, 0.0, 11.0, 13.5),
}
"""Sac from T6 down: no published table; area 150-220 mm2 at L1-L4 and the canal decide."""

BETWEEN_SUBJECTS = 0.08
"""Standard deviation of the subject-wide size, as a fraction; with `BETWEEN_LEVELS` 8-12 % in all."""

BETWEEN_LEVELS = 0.03
"""Standard deviation of one dimension at one level about the subject's own size, as a fraction."""
