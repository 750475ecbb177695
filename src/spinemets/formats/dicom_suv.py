"""From activity to standardised uptake value, by body weight.

SUV = activity concentration × weight / activity that was injected, decayed to the time that the images are corrected
to. The reading of the attributes is that of the vendor-neutral scheme of the Quantitative Imaging Biomarkers Alliance
(FDG-PET/CT profile, SUV from DICOM); a PET that lacks one of them has no SUV here.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from spinemets.formats.dicom_attributes import Attributes

NO_SUV = "suv_not_known"
"""Flag of a PET whose values are no SUV."""


def suv_factor(attributes: Attributes) -> float | None:
    """What the values of a PET are multiplied by to be SUV in g/ml; None where its attributes do not say."""
    units = attributes.text("Units").upper()
    if units == "GML":
        return 1.0 if attributes.text("SUVType").upper() in ("", "BW") else None
    weight_kg = attributes.number("PatientWeight")
    dose_bq = _dose_bq(attributes)
    corrected = attributes.words("CorrectedImage")
    if units != "BQML" or not weight_kg or not dose_bq or not {"ATTN", "DECY"} <= set(corrected):
        return None
    return 1000 * weight_kg / dose_bq


def _dose_bq(attributes: Attributes) -> float | None:
    """Activity that was injected, decayed to the time that the images are corrected to."""
    sequence = attributes.get("RadiopharmaceuticalInformationSequence")
    if not sequence:
        return None
    tracer = Attributes(sequence[0])
    dose_bq, half_life_s = tracer.number("RadionuclideTotalDose"), tracer.number("RadionuclideHalfLife")
    corrected_to = attributes.text("DecayCorrection").upper()
    if not dose_bq or not half_life_s or corrected_to not in ("START", "ADMIN"):
        return None
    if corrected_to == "ADMIN":
        return dose_bq
    injected, scanned = _injected(attributes, tracer), _scanned(attributes)
    if injected is None or scanned is None or not timedelta() <= scanned - injected <= timedelta(days=1):
        return None
    return float(dose_bq * 2 ** (-(scanned - injected).total_seconds() / half_life_s))


def _scanned(attributes: Attributes) -> datetime | None:
    """Begin of the series; None where it lies behind that of an image: then it is that of a later reconstruction."""
    began = _time(attributes.text("SeriesDate"), attributes.text("SeriesTime"))
    image = _time(attributes.text("AcquisitionDate"), attributes.text("AcquisitionTime"))
    return began if began is not None and image is not None and began <= image else None


def _injected(attributes: Attributes, tracer: Attributes) -> datetime | None:
    whole = tracer.text("RadiopharmaceuticalStartDateTime")
    if whole:
        return _time(whole[:8], whole[8:14])
    return _time(attributes.text("SeriesDate"), tracer.text("RadiopharmaceuticalStartTime"))


def _time(day: str, clock: str) -> datetime | None:
    """A DICOM date and time, fractions of a second left out."""
    try:
        return datetime.strptime(day[:8] + clock[:6], "%Y%m%d%H%M%S")
    except ValueError:
        return None
