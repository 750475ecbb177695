"""Findings as a DICOM Comprehensive 3D SR, template TID 1500.

Each `Finding` is a measurement group: TID 1411, which refers to a segment of our
segmentation, or TID 1501 with the centroid as a point in space where there is no
segment. Private codes are those of `spinemets.formats.dicom_codes`. The document is
preliminary and unverified, and is headed by the statement that it is for research.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spinemets.formats import dicom_codes as codes
from spinemets.formats.dicom_findings import Finding, Judgement, Number
from spinemets.formats.dicom_planes import lps
from spinemets.formats.dicom_source import source_headers
from spinemets.formats.dicom_stamp import (
    MAKER,
    RESEARCH_USE_ONLY,
    Stamp,
    concept,
    declare_private_scheme,
    save,
    software_version,
    uid_of,
)
from spinemets.volume import Series

if TYPE_CHECKING:
    from pydicom import Dataset

SERIES_NUMBER = 9002


def write_sr(
    path: Path,
    series: Series,
    findings: Sequence[Finding],
    *,
    seg_path: Path | None = None,
    remarks: Sequence[str] = (),
    stamp: Stamp | None = None,
) -> None:
    """Write findings in one DICOM series as a structured report to `path`.

    Parameters
    ----------
    findings : sequence of Finding
        At least one.
    seg_path : Path, optional
        Our segmentation of this series, to which segment numbers refer.
    remarks : sequence of str
        What limits the report, e.g. what is not assessed and why.
    stamp : Stamp, optional
        The same stamp gives the same bytes.

    Raises
    ------
    StudyError
        If the series cannot be referred to.
    ValueError
        If there is no finding, or it names a segment that is not there.
    """
    from pydicom import dcmread

    if not findings:
        raise ValueError("a report needs at least one finding; a spine without any is one: spine_finding")
    stamp = stamp or Stamp()
    headers = source_headers(series)
    seg = None if seg_path is None else dcmread(seg_path, stop_before_pixels=True)
    groups = [_group(finding, headers[0], seg, stamp) for finding in findings]
    content = _content(groups, headers[0], remarks)
    save(_report(content, headers if seg is None else [*headers, seg], stamp), path)


def _report(content: Any, evidence: list[Dataset], stamp: Stamp) -> Dataset:
    """The document on its evidence, which begins with the series that was assessed."""
    import highdicom as hd

    source = evidence[0].SeriesInstanceUID
    report = hd.sr.Comprehensive3DSR(
        evidence=evidence,
        content=content[0],
        series_instance_uid=stamp.uid("SR series", source),
        series_number=SERIES_NUMBER,
        sop_instance_uid=stamp.uid("SR", source),
        instance_number=1,
        manufacturer=MAKER,
        manufacturer_model_name=MAKER,
        software_versions=software_version(),
        series_description="spinemets report. Research use only.",
        is_complete=True,
    )
    stamp.date(report)
    declare_private_scheme(report)
    return report


def _content(groups: list[Any], header: Dataset, remarks: Sequence[str]) -> Any:
    """The document tree, its comments before its measurements."""
    import highdicom as hd

    device = hd.sr.DeviceObserverIdentifyingAttributes(
        uid=uid_of("device", software_version()), name=MAKER, manufacturer_name=MAKER, model_name=MAKER
    )
    context = hd.sr.ObservationContext(hd.sr.ObserverContext(concept(codes.DEVICE), device))
    procedure = codes.MR_PROCEDURE if header.Modality == "MR" else codes.CT_PROCEDURE
    tree = hd.sr.MeasurementReport(context, concept(procedure), groups)
    comments = [
        hd.sr.TextContentItem(concept(codes.COMMENT), text, relationship_type=hd.sr.RelationshipTypeValues.CONTAINS)
        for text in (RESEARCH_USE_ONLY, *remarks)
    ]
    items = tree[0].ContentSequence
    tree[0].ContentSequence = hd.sr.ContentSequence([*items[:-1], *comments, items[-1]])
    return tree


def _group(finding: Finding, header: Dataset, seg: Dataset | None, stamp: Stamp) -> Any:
    import highdicom as hd

    common = {
        "finding_type": concept(finding.kind),
        "finding_sites": [hd.sr.FindingSite(concept(finding.site))],
        "algorithm_id": hd.sr.AlgorithmIdentification(MAKER, software_version()),
        "qualitative_evaluations": [_evaluation(judgement) for judgement in finding.judgements],
    }
    if finding.segment_number is None:
        uid = stamp.uid("tracking", header.SeriesInstanceUID, finding.label)
        return hd.sr.MeasurementsAndQualitativeEvaluations(
            hd.sr.TrackingIdentifier(uid, finding.label),
            measurements=[_measurement(number, _point(finding, header)) for number in finding.all_numbers],
            **common,
        )
    tracking, reference = _reference(finding, header, seg)
    return hd.sr.VolumetricROIMeasurementsAndQualitativeEvaluations(
        tracking,
        referenced_segment=reference,
        measurements=[_measurement(number) for number in finding.all_numbers],
        **common,
    )


def _reference(finding: Finding, header: Dataset, seg: Dataset | None) -> tuple[Any, Any]:
    """Tracking identifier and reference of the segment of a finding."""
    import highdicom as hd

    if seg is None:
        raise ValueError(f"'{finding.label}' names segment {finding.segment_number}; give the segmentation it is in")
    described = {int(item.SegmentNumber): item for item in seg.SegmentSequence}
    segment = described.get(finding.segment_number or 0)
    if segment is None:
        raise ValueError(f"'{finding.label}' names segment {finding.segment_number}, of 1 to {len(described)}")
    return (
        hd.sr.TrackingIdentifier(segment.TrackingUID, segment.TrackingID),
        hd.sr.ReferencedSegment(
            seg.SOPClassUID,
            seg.SOPInstanceUID,
            int(segment.SegmentNumber),
            source_series=hd.sr.SourceSeriesForSegmentation(header.SeriesInstanceUID),
        ),
    )


def _point(finding: Finding, header: Dataset) -> Any:
    """The centroid as a point in the frame of reference, or None."""
    import highdicom as hd

    if finding.centroid_mm is None:
        return None
    point = lps(np.array([finding.centroid_mm]))
    return hd.sr.CoordinatesForMeasurement3D(hd.sr.GraphicTypeValues3D.POINT, point, header.FrameOfReferenceUID)


def _measurement(number: Number, point: Any = None) -> Any:
    import highdicom as hd

    return hd.sr.Measurement(
        concept(number.name),
        number.value,
        concept(number.unit),
        referenced_coordinates=[point] if point is not None and number.name in codes.CENTROID else None,
    )


def _evaluation(judgement: Judgement) -> Any:
    import highdicom as hd

    return hd.sr.QualitativeEvaluation(concept(judgement.name), concept(judgement.value))
