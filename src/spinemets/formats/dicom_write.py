"""Writing a volume as a classic DICOM series, one file a slice, always the same bytes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spinemets.formats.dicom_planes import Planes
from spinemets.formats.dicom_stamp import MAKER, save, software_version, uid_of
from spinemets.volume import Volume

if TYPE_CHECKING:
    from pydicom import Dataset

CT_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
MR_STORAGE = "1.2.840.10008.5.1.4.1.1.4"
CT_INTERCEPT_HU = -1024

_INT16 = np.iinfo(np.int16)

_SAME_FOR_ALL: dict[str, Any] = {
    "SpecificCharacterSet": "ISO_IR 192",
    "StudyDate": "20000101",
    "StudyTime": "120000",
    "SeriesDate": "20000101",
    "SeriesTime": "120000",
    "AccessionNumber": "",
    "StudyID": "1",
    "SeriesNumber": 1,
    "AcquisitionNumber": 1,
    "ReferringPhysicianName": "",
    "PatientBirthDate": "",
    "PatientSex": "",
    "PatientPosition": "HFS",
    "PositionReferenceIndicator": "",
    "BodyPartExamined": "SPINE",
    "SamplesPerPixel": 1,
    "PhotometricInterpretation": "MONOCHROME2",
    "BitsAllocated": 16,
    "BitsStored": 16,
    "HighBit": 15,
    "PixelRepresentation": 1,
}

_CT = {
    "SOPClassUID": CT_STORAGE,
    "Modality": "CT",
    "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
    "KVP": 120,
    "RescaleIntercept": CT_INTERCEPT_HU,
    "RescaleSlope": 1,
    "RescaleType": "HU",
    "WindowCenter": 400,
    "WindowWidth": 1800,
}

_MR = {
    "SOPClassUID": MR_STORAGE,
    "Modality": "MR",
    "ImageType": ["ORIGINAL", "PRIMARY", "OTHER"],
    "ScanningSequence": "SE",
    "SequenceVariant": "SK",
    "ScanOptions": "",
    "MRAcquisitionType": "2D",
    "RepetitionTime": "",
    "EchoTime": "",
    "EchoTrainLength": "",
}


def write_ct_series(
    volume: Volume,
    folder: Path,
    *,
    patient_name: str = "SPINEMETS^SIMULATED",
    patient_id: str,
    study_uid: str | None = None,
    seed: int | str,
    description: str = "Simulated CT of the spine",
    **attributes: Any,
) -> list[Path]:
    """Paths of a classic CT Image series of HU, in the order of axis K.

    Parameters
    ----------
    volume : Volume
        HU in any orientation; fractions are rounded. A frame of reference it has is kept,
        else all series of a study share one.
    folder : Path
        Made if absent.
    patient_name, patient_id : str
    study_uid : str, optional
        Study to join; by default one that `seed` and `patient_id` decide.
    seed : int or str
        The same arguments give the same bytes. Two series of one study and modality
        need different descriptions, or they get the same UIDs.
    description : str
        Series Description, at most 64 characters.
    **attributes
        Further DICOM keywords and values, set on every slice: ``PatientPosition="FFS"``.

    Raises
    ------
    ValueError
        If a value is not finite or does not fit 16 bits.
    StudyError
        If rows and columns are not perpendicular.
    """
    who = {"PatientName": patient_name, "PatientID": patient_id, "SeriesDescription": description}
    return _write(volume, folder, seed, _SAME_FOR_ALL | _CT | who | _study(study_uid) | attributes)


def write_mr_series(
    volume: Volume,
    folder: Path,
    *,
    patient_name: str = "SPINEMETS^SIMULATED",
    patient_id: str,
    study_uid: str | None = None,
    seed: int | str,
    description: str = "Simulated MR of the spine",
    **attributes: Any,
) -> list[Path]:
    """Paths of a classic MR Image series of a signal, in the order of axis K.

    Parameters and refusals are those of `write_ct_series`. The signal is rounded, never
    scaled: series that are compared with each other keep their ratio. Give the sequence
    as `attributes`: ``RepetitionTime=3000, EchoTime=90, ScanningSequence="SE"``; inversion
    recovery (``"IR"``) also needs ``InversionTime``.
    """
    who = {"PatientName": patient_name, "PatientID": patient_id, "SeriesDescription": description}
    return _write(volume, folder, seed, _SAME_FOR_ALL | _MR | who | _study(study_uid) | attributes)


def _study(study_uid: str | None) -> dict[str, str]:
    return {} if study_uid is None else {"StudyInstanceUID": study_uid}


def _require_int16(values: NDArray[Any], intercept: int) -> None:
    """Refuse values that cannot be stored, less the intercept, in 16 bits with a sign."""
    low, high = float(values.min()), float(values.max())
    least, most = _INT16.min + intercept, _INT16.max + intercept
    if not (least <= low and high <= most):
        raise ValueError(f"values from {low:g} to {high:g} do not fit 16 bits: need finite ones from {least} to {most}")


def _write(volume: Volume, folder: Path, seed: int | str, header: Mapping[str, Any]) -> list[Path]:
    intercept = header.get("RescaleIntercept", 0)
    _require_int16(volume.array, intercept)
    planes = Planes.of(volume)
    study = header.get("StudyInstanceUID") or uid_of("study", seed, header["PatientID"])
    series = uid_of("series", study, seed, header["Modality"], header["SeriesDescription"])
    identity = {
        "StudyInstanceUID": study,
        "SeriesInstanceUID": series,
        "FrameOfReferenceUID": volume.frame_of_reference or uid_of("frame of reference", study),
    }
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for k in range(volume.shape[2]):
        image = _slice({**header, **identity}, planes, k)
        image.Rows, image.Columns = volume.shape[1], volume.shape[0]
        image.PixelData = (np.rint(volume.array[:, :, k].T) - intercept).astype("<i2").tobytes()
        paths.append(folder / f"{header['Modality']}{k + 1:04d}.dcm")
        save(image, paths[-1])
    return paths


def _slice(header: Mapping[str, Any], planes: Planes, k: int) -> Dataset:
    """Slice `k` without its pixels."""
    from pydicom import Dataset
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian
    from pydicom.valuerep import format_number_as_ds

    image = Dataset()
    for keyword, value in header.items():
        setattr(image, keyword, value)
    image.Manufacturer = MAKER
    image.ManufacturerModelName = f"{MAKER} simulator"
    image.SoftwareVersions = software_version()
    image.SOPInstanceUID = uid_of("instance", header["SeriesInstanceUID"], k)
    image.InstanceNumber = k + 1
    image.ImageOrientationPatient = [format_number_as_ds(float(cosine)) for cosine in planes.image_orientation]
    image.ImagePositionPatient = [format_number_as_ds(float(mm)) for mm in planes.positions_mm[k]]
    image.PixelSpacing = [format_number_as_ds(float(mm)) for mm in planes.pixel_spacing_mm]
    image.SliceThickness = format_number_as_ds(planes.slice_spacing_mm)
    image.SliceLocation = format_number_as_ds(float(planes.normal @ planes.positions_mm[k]))
    image.file_meta = FileMetaDataset()
    image.file_meta.MediaStorageSOPClassUID = image.SOPClassUID
    image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return image
