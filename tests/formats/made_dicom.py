"""Small DICOM series made by hand, each pixel computed from where the standard says that it lies."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid
from scipy.spatial.transform import Rotation

COLUMNS, ROWS, SLICES = 10, 8, 12
CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
ENHANCED_CT = "1.2.840.10008.5.1.4.1.1.2.1"
MR_IMAGE = "1.2.840.10008.5.1.4.1.1.4"
ENHANCED_MR = "1.2.840.10008.5.1.4.1.1.4.1"

_TURN = Rotation.from_euler("xyz", [12, -23, 31], degrees=True).as_matrix()

# along the row (column index grows), along the column (row index grows), in LPS
ORIENTATIONS = {
    "axial": ((1, 0, 0), (0, 1, 0)),
    "axial_prone": ((-1, 0, 0), (0, -1, 0)),
    "axial_feet_first": ((-1, 0, 0), (0, 1, 0)),
    "sagittal": ((0, 1, 0), (0, 0, -1)),
    "coronal": ((1, 0, 0), (0, 0, -1)),
    "oblique": (tuple(_TURN[:, 0]), tuple(_TURN[:, 1])),
}


def phantom(ras_mm):
    """Whole HU at (..., 3) points, RAS mm; no mirror image or turn of it is the same, and the left is marked."""
    x, y, z = np.moveaxis(np.asarray(ras_mm), -1, 0)
    return np.floor(11 * x + 7 * y + 3 * z + 0.2371).astype(int) % 900 + 1000 * (x < 0)


@dataclass
class Made:
    """A series to be written; change what a test is about."""

    orientation: str = "axial"
    origin_mm: tuple[float, float, float] = (-3.4, -5.2, 101.5)
    pixel_mm: tuple[float, float] = (0.9, 0.7)  # between rows, between columns, as DICOM orders them
    step_mm: float = 2.5
    shear_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    slices: int = SLICES
    intercept: int = -1024
    attributes: dict[str, object] = field(default_factory=dict)

    def __post_init__(self):
        self.series_uid, self.study_uid, self.frame_uid = generate_uid(), generate_uid(), generate_uid()
        self.row, self.column = (np.array(v, dtype=float) for v in ORIENTATIONS[self.orientation])

    def position(self, number):
        """(3,) LPS mm of the first pixel of slice `number`."""
        step = self.step_mm * np.cross(self.row, self.column) + np.array(self.shear_mm)
        return np.array(self.origin_mm) + number * step

    def stored(self, number):
        """(ROWS, COLUMNS) stored values of slice `number`: those of the phantom less the intercept."""
        rows, columns = np.mgrid[:ROWS, :COLUMNS]
        lps = (
            self.position(number)
            + columns[..., None] * self.pixel_mm[1] * self.row
            + rows[..., None] * self.pixel_mm[0] * self.column
        )
        return (phantom(lps * [-1, -1, 1]) - self.intercept).astype(np.uint16)

    def dataset(self, number):
        """The data set of slice `number`."""
        meta = FileMetaDataset()
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        ds = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
        ds.SOPClassUID, ds.SOPInstanceUID = CT_IMAGE, generate_uid()
        meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
        ds.SeriesInstanceUID, ds.StudyInstanceUID, ds.FrameOfReferenceUID = (
            self.series_uid,
            self.study_uid,
            self.frame_uid,
        )
        ds.Modality, ds.ImageType, ds.SeriesDescription = "CT", ["ORIGINAL", "PRIMARY", "AXIAL"], "spine"
        ds.PatientID, ds.PatientName, ds.PatientBirthDate = "4711", "Doe^Jane", "19500101"
        ds.SeriesNumber, ds.InstanceNumber, ds.StudyDate = 3, number + 1, "20240102"
        ds.ImagePositionPatient = [float(round(v, 6)) for v in self.position(number)]
        ds.ImageOrientationPatient = [float(round(v, 10)) for v in (*self.row, *self.column)]
        ds.PixelSpacing = list(self.pixel_mm)
        ds.SliceThickness, ds.KVP, ds.ConvolutionKernel = abs(self.step_mm), 120, "B31f"
        ds.RescaleSlope, ds.RescaleIntercept, ds.RescaleType = 1, self.intercept, "HU"
        set_pixels(ds, self.stored(number))
        for keyword, value in self.attributes.items():
            if value is None:
                delattr(ds, keyword)
            else:
                setattr(ds, keyword, value)
        ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID or CT_IMAGE
        return ds

    def datasets(self):
        """Every slice, the first one first."""
        return [self.dataset(number) for number in range(self.slices)]

    def write(self, folder):
        """Write every slice; the folder."""
        return write(self.datasets(), folder)


def mr(**changes):
    """A sagittal T2 series; `changes` to its attributes."""
    base = {
        "SOPClassUID": MR_IMAGE,
        "Modality": "MR",
        "ImageType": ["ORIGINAL", "PRIMARY", "M", "ND"],
        "SeriesDescription": "sag",
        "ScanningSequence": "SE",
        "SequenceVariant": "SK",
        "EchoTime": 100.0,
        "RepetitionTime": 3000.0,
        "MagneticFieldStrength": 1.5,
        "RescaleSlope": None,
        "RescaleIntercept": None,
        "RescaleType": None,
        "KVP": None,
        "ConvolutionKernel": None,
    }
    return Made("sagittal", intercept=0, attributes=base | changes)


def set_pixels(ds, stored):
    """Put 16-bit grey pixels into a data set."""
    ds.Rows, ds.Columns = stored.shape[-2:]
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 16, 16, 15
    ds.PixelRepresentation = int(stored.dtype.kind == "i")
    ds.PixelData = stored.astype(stored.dtype.newbyteorder("<")).tobytes()
    ds["PixelData"].VR = "OW"


def write(datasets, folder: Path, seed=1):
    """Write data sets under names whose order has nothing to do with that of the slices; the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    start = len(list(folder.iterdir()))
    names = np.random.default_rng(seed).permutation(len(datasets))
    for name, ds in zip(names, datasets, strict=True):
        ds.save_as(folder / f"IM{start + name:04d}", enforce_file_format=True)
    return folder


def enhanced(made: Made, sop_class=ENHANCED_CT, *, orientation_per_frame=False):
    """All slices as one multi-frame data set, frames shuffled, spacing shared and positions per frame."""
    order = np.random.default_rng(2).permutation(made.slices)
    ds = made.dataset(0)
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = sop_class
    set_pixels(ds, np.stack([made.stored(n) for n in order]))
    ds.NumberOfFrames = made.slices
    shared = Dataset()
    shared.PixelMeasuresSequence = [_moved(ds, "PixelSpacing", "SliceThickness")]
    orientation = _moved(ds, "ImageOrientationPatient")
    if "RescaleIntercept" in ds:
        moved = _moved(ds, "RescaleIntercept", "RescaleSlope", "RescaleType")
        shared.PixelValueTransformationSequence = [moved]
    if "EchoTime" in ds:
        del ds.EchoTime
        echo = Dataset()
        echo.EffectiveEchoTime = made.attributes["EchoTime"]
        shared.MREchoSequence = [echo]
    frames = []
    for number in order:
        frame, plane = Dataset(), Dataset()
        plane.ImagePositionPatient = made.dataset(number).ImagePositionPatient
        frame.PlanePositionSequence = [plane]
        if orientation_per_frame:
            frame.PlaneOrientationSequence = [copy.deepcopy(orientation)]
        frames.append(frame)
    if not orientation_per_frame:
        shared.PlaneOrientationSequence = [orientation]
    ds.SharedFunctionalGroupsSequence, ds.PerFrameFunctionalGroupsSequence = [shared], frames
    del ds.ImagePositionPatient
    return ds


def _moved(ds, *keywords):
    item = Dataset()
    for keyword in keywords:
        setattr(item, keyword, ds[keyword].value)
        delattr(ds, keyword)
    return item
