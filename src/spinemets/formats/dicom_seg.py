"""Masks as a DICOM Segmentation that refers to the images they were drawn on."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from spinemets.formats import dicom_codes as codes
from spinemets.formats.dicom_planes import Planes
from spinemets.formats.dicom_seg_layers import Layers, join
from spinemets.formats.dicom_segments import Segment
from spinemets.formats.dicom_source import positions_of_slices, source_headers
from spinemets.formats.dicom_stamp import MAKER, Stamp, concept, declare_private_scheme, save, software_version
from spinemets.volume import Series

if TYPE_CHECKING:
    from pydicom import Dataset

SERIES_NUMBER = 9001


def write_seg(path: Path, series: Series, segments: Iterable[Segment], stamp: Stamp | None = None) -> dict[str, int]:
    """Write segments as one BINARY Segmentation; the number each label got, from 1 in the order given.

    Every frame refers to the slice it was drawn on; frames without a voxel are left out.
    Segments are taken one at a time, so an iterator keeps only one mask in memory.

    Raises
    ------
    StudyError
        If the series is not DICOM, or cannot be referred to.
    GeometryMismatchError
        If a mask leaves the grid of the series.
    ValueError
        If there is no segment, or two have the same label.
    """
    stamp = stamp or Stamp()
    headers = source_headers(series)
    layers = Layers(series.volume.shape)
    numbers: dict[str, int] = {}
    descriptions = []
    for number, segment in enumerate(segments, 1):
        if segment.label in numbers:
            raise ValueError(f"two segments are called '{segment.label}'")
        numbers[segment.label] = number
        layers.paint(number, segment.mask, segment.start)
        tracking_uid = segment.tracking_uid or stamp.uid("tracking", headers[0].SeriesInstanceUID, segment.label)
        descriptions.append(_describe(number, segment, tracking_uid))
    if not numbers:
        raise ValueError("there is no segment to write")
    seg = join([_segmentation(layer, series, headers, descriptions, stamp) for layer in layers.maps])
    _finish(seg, stamp)
    save(seg, path)
    return numbers


def _describe(number: int, segment: Segment, tracking_uid: str) -> Any:
    import highdicom as hd

    kinds = hd.seg.SegmentAlgorithmTypeValues
    algorithm = hd.AlgorithmIdentificationSequence(
        name=MAKER, version=software_version(), family=concept(codes.ARTIFICIAL_INTELLIGENCE), source=MAKER
    )
    return hd.seg.SegmentDescription(
        segment_number=number,
        segment_label=segment.label,
        segmented_property_category=concept(segment.category),
        segmented_property_type=concept(segment.kind),
        algorithm_type=kinds.MANUAL if segment.given else kinds.AUTOMATIC,  # the standard's word for "user-entered"
        algorithm_identification=None if segment.given else algorithm,
        tracking_uid=tracking_uid,
        tracking_id=segment.label,
        anatomic_regions=[concept(segment.site)] if segment.site else None,
    )


def _segmentation(
    layer: NDArray[Any], series: Series, headers: list[Dataset], descriptions: list[Any], stamp: Stamp
) -> Dataset:
    """One layer; the plane geometry is that of the volume, never taken for granted from the order of the files."""
    import highdicom as hd

    planes = Planes.of(series.volume)
    patient = hd.CoordinateSystemNames.PATIENT
    return hd.seg.Segmentation(
        source_images=headers,
        pixel_array=layer,
        segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=descriptions,
        series_instance_uid=stamp.uid("SEG series", headers[0].SeriesInstanceUID),
        series_number=SERIES_NUMBER,
        sop_instance_uid=stamp.uid("SEG", headers[0].SeriesInstanceUID),
        instance_number=1,
        manufacturer=MAKER,
        manufacturer_model_name=MAKER,
        software_versions=software_version(),
        device_serial_number="none",
        content_label="SPINE",
        content_description="Structures and findings of the spine. Research use only.",
        series_description="spinemets segmentation. Research use only.",
        pixel_measures=hd.PixelMeasuresSequence(planes.pixel_spacing_mm.tolist(), planes.slice_spacing_mm),
        plane_orientation=hd.PlaneOrientationSequence(patient, planes.image_orientation.tolist()),
        plane_positions=[
            hd.PlanePositionSequence(patient, position.tolist()) for position in positions_of_slices(planes, headers)
        ],
    )


def _finish(seg: Dataset, stamp: Stamp) -> None:
    """State time and identity, which highdicom takes from the clock and from chance."""
    stamp.date(seg)
    declare_private_scheme(seg)
    organization = stamp.uid("dimensions", seg.SOPInstanceUID)
    for item in [*seg.DimensionOrganizationSequence, *seg.DimensionIndexSequence]:
        item.DimensionOrganizationUID = organization
