"""How an image was acquired, as the report shows it: nothing that identifies the patient."""

from __future__ import annotations

from typing import Any

from spinemets.formats.dicom_attributes import Attributes
from spinemets.formats.dicom_mr_roles import is_fat_suppressed

_TEXTS = {
    "modality": ("Modality",),
    "series_description": ("SeriesDescription",),
    "manufacturer": ("Manufacturer",),
    "manufacturer_model": ("ManufacturerModelName",),
    "kernel": ("ConvolutionKernel",),
    "contrast_agent": ("ContrastBolusAgent",),
    "scanning_sequence": ("ScanningSequence", "EchoPulseSequence"),
    "sequence_name": ("SequenceName", "PulseSequenceName"),
    "scan_options": ("ScanOptions",),
    "body_part": ("BodyPartExamined",),
    "patient_position": ("PatientPosition",),
    "image_type": ("FrameType", "ImageType"),
    "units": ("Units",),
}
_NUMBERS = {
    "slice_thickness_mm": ("SliceThickness",),
    "tube_voltage_kv": ("KVP",),
    "repetition_time_ms": ("RepetitionTime",),
    "flip_angle_deg": ("FlipAngle",),
    "field_strength_t": ("MagneticFieldStrength",),
}


def acquisition_of(attributes: Attributes) -> dict[str, Any]:
    """Attributes that the report shows, by name; those that the file does not state are absent."""
    shown: dict[str, Any] = {name: attributes.text(*keywords) or None for name, keywords in _TEXTS.items()}
    shown |= {name: attributes.number(*keywords) for name, keywords in _NUMBERS.items()}
    if shown["modality"] == "MR":
        shown["echo_time_ms"] = attributes.echo_time_ms
        shown["inversion_time_ms"] = attributes.inversion_time_ms
        shown["b_value_s_mm2"] = attributes.b_value
        shown["fat_suppressed"] = is_fat_suppressed(attributes)
    return {name: value for name, value in shown.items() if value is not None}
