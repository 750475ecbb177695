"""Published series of osteoporotic and metastatic vertebral fractures, and what was counted in them.

Marks of clinical.md: V, read in an abstract or on a page; V2, a second-hand figure read on a page. Of a series known
by percentages alone the number of cases is assumed to be `ASSUMED_CASES`, so that it counts as a small one. No figures
of Laredo 1995 (32 v 34), Jung 2003 (27 v 55), Abdel-Wanis 2011 (152) and Li 2018 (150 v 150) are here: only the names
and directions of their signs could be read.
"""

from __future__ import annotations

from dataclasses import dataclass

ASSUMED_CASES = 20
"""Of each class of a series of which only percentages were read (ours)."""


@dataclass(frozen=True)
class Series:
    """One count.

    Attributes
    ----------
    source : str
        The paper and what was counted.
    seen, of : float
        Cases with the sign, and cases; not whole numbers where they come from a percentage.
    backing : str
        ``V`` or ``V2``.
    """

    source: str
    seen: float
    of: float
    backing: str

    def __post_init__(self) -> None:
        if not 0 <= self.seen <= self.of or self.of == 0:
            raise ValueError(f"{self.source}: {self.seen} of {self.of} cases is no count")


@dataclass(frozen=True)
class Study:
    """A study by its citation and the number of its cases, 0 where only percentages were read."""

    citation: str
    benign_cases: int
    malignant_cases: int
    backing: str = "V"

    def benign(self, what: str, seen: float) -> Series:
        """Count among its osteoporotic (or benign) cases; a fraction where their number is not known."""
        return self._series(f"{what}, benign", seen, self.benign_cases)

    def malignant(self, what: str, seen: float) -> Series:
        """Count among its malignant cases; a fraction where their number is not known."""
        return self._series(f"{what}, malignant", seen, self.malignant_cases)

    def part(self, what: str, seen: float, of: float) -> Series:
        """Count among some of its cases."""
        return Series(f"{self.citation}: {what}", seen, of, self.backing)

    def _series(self, what: str, seen: float, cases: int) -> Series:
        if cases:
            return Series(f"{self.citation}: {what}", seen, cases, self.backing)
        return Series(f"{self.citation}: {what}", seen * ASSUMED_CASES, ASSUMED_CASES, self.backing)


UETANI_2004 = Study("Uetani M, Clin Radiol 2004;59:124-131, quoted by a radiologist's web page", 0, 0, "V2")
KOREAN_52 = Study("52 patients, MR, J Korean Radiol Soc, koreamed 1067976", 23, 29)
JKRS_1995_673_ACUTE = Study("J Korean Radiol Soc 1995;33:673-679, acute benign", 19, 21)
JKRS_1995_673_CHRONIC = Study("J Korean Radiol Soc 1995;33:673-679, chronic benign", 28, 21)
JKRS_1995_667 = Study("J Korean Radiol Soc 1995;33:667-672", 38, 14)
EUR_RADIOL_2008 = Study("Eur Radiol 2008, PMID 18058106, benign collapses chosen for looking malignant", 15, 0)
BAUR_2002 = Study("Baur A, Radiology 2002;225:730-735", 52, 35)
SUZUKI_2016 = Study("Suzuki T, J Orthop Sci 2017, doi 10.1016/j.jos.2016.12.013, films", 92, 188)
AHN_2016 = Study("Ahn and others, J Korean Neurosurg Soc 2016;59:137-142", 75, 0)
SUH_2018 = Study("Suh CH, Eur Radiol 2018;28:2890-2902, pooled sensitivity and specificity", 0, 0)
RADIOLOGYKEY_VACUUM = Study("two CT series without one malignant case, quoted by radiologykey", 0, 0, "V2")
