"""What a DICOM report of ours says of the canal: its structures, and epidural compression slice by slice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from spinemets.anatomy import Level
from spinemets.findings import Reason
from spinemets.formats import dicom_codes as codes
from spinemets.formats.dicom_findings import Finding, Judgement, Number, not_assessable, yes_or_no
from spinemets.formats.dicom_segments import Segment

Point = tuple[float, float, float]


def structure_finding(segment: Segment, number: int, voxel_mm3: float) -> Finding:
    """The group of one segment of the canal: its volume.

    Parameters
    ----------
    segment : Segment
        As `canal_segments` gives it.
    number : int
        Its number in the segmentation.
    voxel_mm3 : float
        Volume of a voxel.
    """
    volume_ml = float((segment.mask != 0).sum() * voxel_mm3 / 1000)
    return Finding(
        label=segment.label,
        kind=segment.kind,
        site=segment.site or codes.VERTEBRAL_CANAL,
        numbers=(Number(codes.VOLUME, volume_ml, codes.MILLILITRE),),
        segment_number=number,
    )


def escc_findings(site: Mapping[str, Any], middles_mm: Mapping[int, Point], label: str = "ESCC") -> Iterator[Finding]:
    """The group of one graded site, then one for each slice that was measured.

    Parameters
    ----------
    site : mapping
        The answer of ``spinemets escc``.
    middles_mm : mapping of int to (3,) tuple of float
        A point of each slice amid the canal, world millimetres, RAS; a slice without one is told by its number alone.

    label : str
        Of the group of the site; each of several sites needs its own, by which it is followed.

    Raises
    ------
    ValueError
        If the site has no grade and a reason that has no code.
    """
    yield _site(site, middles_mm, label)
    for row in site["slices"]:
        told = [(name, row[key], unit) for key, (name, unit) in codes.ESCC_MEASURES.items() if row[key] is not None]
        yield Finding(
            label=f"ESCC slice {row['index']}",
            kind=codes.ESCC_SLICE,
            site=codes.VERTEBRAL_CANAL,
            numbers=(Number(codes.SLICE, row["index"], codes.NO_UNITS), *(Number(*one) for one in told)),
            judgements=(Judgement(codes.ESCC_GRADE, codes.ESCC_GRADES[row["grade"]]),),
            centroid_mm=middles_mm.get(row["index"]),
        )


def _site(site: Mapping[str, Any], middles_mm: Mapping[int, Point], label: str) -> Finding:
    judgements = [Judgement(codes.ESCC_GRADE, codes.ESCC_GRADES[site["grade"]]) if site["grade"] else _ungraded(site)]
    judgements += [Judgement(codes.ESCC_POSSIBLE, codes.ESCC_GRADES[grade]) for grade in site["possible_grades"]]
    if site["level"] is not None:
        judgements.append(Judgement(codes.ESCC_LEVEL, codes.level_code(Level(site["level"]))))
    if site["reference"] is not None:
        judgements.append(Judgement(codes.ESCC_REFERENCE, codes.ESCC_REFERENCES[site["reference"]]))
    if site["sac_deformed"] is not None:
        judgements.append(yes_or_no(codes.SAC_DEFORMED, site["sac_deformed"]))
    decides = () if site["slice"] is None else (Number(codes.SLICE, site["slice"], codes.NO_UNITS),)
    shares = [(codes.ESCC_PROBABILITIES[grade], share) for grade, share in site["distribution"].items()]
    return Finding(
        label=label,
        kind=codes.ESCC,
        site=codes.VERTEBRAL_CANAL,
        numbers=(*decides, *(Number(name, share, codes.NO_UNITS) for name, share in shares)),
        judgements=tuple(judgements),
        centroid_mm=middles_mm.get(site["slice"]),
    )


def _ungraded(site: Mapping[str, Any]) -> Judgement:
    """Why there is no grade, as a code: never grade 0."""
    if site["status"] == "not_applicable_below_conus":
        return Judgement(codes.ESCC_GRADE, codes.BELOW_CONUS)
    reason = str(site["reason"])
    known = {"no epidural tumour found": codes.NOT_CLEARANCE, "not_axial": codes.NOT_AXIAL}
    for start, code in known.items():
        if reason.startswith(start):
            return Judgement(codes.ESCC_GRADE, code)
    return not_assessable(codes.ESCC_GRADE, Reason(reason.partition(":")[0]).value)
