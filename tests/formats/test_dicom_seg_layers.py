import numpy as np
import pytest
from pydicom import Dataset

from spinemets.errors import GeometryMismatchError
from spinemets.formats.dicom_seg_layers import Layers, join


def test_segments_that_overlap_get_layers_of_their_own_and_others_share():
    layers = Layers((4, 3, 2))
    layers.paint(1, np.ones((2, 3, 2)), (0, 0, 0))
    layers.paint(2, np.ones((1, 1, 1)), (1, 2, 1))
    layers.paint(3, np.ones((2, 3, 2)), (2, 0, 0))
    assert [np.unique(layer).tolist() for layer in layers.maps] == [[1, 3], [0, 2]]
    assert layers.maps[1][1, 2, 1] == 2  # frame, row, column


def test_boxes_may_overlap_where_masks_do_not():
    layers = Layers((4, 3, 2))
    corner = np.zeros((2, 2, 2), bool)
    corner[0, 0, 0] = True
    layers.paint(1, corner, (0, 0, 0))
    layers.paint(2, ~corner, (0, 0, 0))
    assert len(layers.maps) == 1


def test_more_than_255_segments_keep_their_numbers():
    layers = Layers((300, 1, 1))
    for number in range(1, 301):
        layers.paint(number, np.ones((1, 1, 1)), (number - 1, 0, 0))
    assert layers.maps[0].ravel().tolist() == list(range(1, 301))


@pytest.mark.parametrize("start", [(3, 0, 0), (0, 2, 0), (-1, 0, 0)])
def test_a_mask_that_leaves_the_series_is_refused(start):
    with pytest.raises(GeometryMismatchError, match=r"leaves the series of \(4, 3, 2\)"):
        Layers((4, 3, 2)).paint(1, np.ones((2, 2, 2)), start)


def _seg(bits, heights, segment):
    """A segmentation of frames of 1 x 3 pixels at the given heights."""
    seg = Dataset()
    seg.Rows, seg.Columns, seg.NumberOfFrames = 1, 3, len(heights)
    seg.PixelData = np.packbits(np.array(bits, np.uint8), bitorder="little").tobytes() + b"0"
    seg.PerFrameFunctionalGroupsSequence = [Dataset() for _ in heights]
    for frame, height in zip(seg.PerFrameFunctionalGroupsSequence, heights, strict=True):
        frame.FrameContentSequence, frame.PlanePositionSequence = [Dataset()], [Dataset()]
        frame.FrameContentSequence[0].DimensionIndexValues = [segment, 1]
        frame.PlanePositionSequence[0].ImagePositionPatient = [0, 0, height]
    seg.SharedFunctionalGroupsSequence = [Dataset()]
    seg.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence = [Dataset()]
    seg.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence[0].ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    return seg


def test_frames_join_bit_by_bit_whatever_the_padding():
    first, second, third = [1, 0, 1], [0, 1, 1, 1, 0, 0], [1, 1, 1]
    joined = join([_seg(first, [5.0], 1), _seg(second, [2.5, 5.0], 2), _seg(third, [7.5], 3)])
    bits = np.unpackbits(np.frombuffer(joined.PixelData, np.uint8), bitorder="little")
    assert bits[:12].tolist() == first + second + third
    assert not bits[12:].any()
    assert len(joined.PixelData) == 2
    assert (joined.NumberOfFrames, joined.SegmentsOverlap) == (4, "YES")


def test_the_slice_index_counts_slices_across_layers():
    joined = join([_seg([1, 0, 1], [5.0], 1), _seg([0] * 6, [2.5, 5.0], 2)])
    index = [list(f.FrameContentSequence[0].DimensionIndexValues) for f in joined.PerFrameFunctionalGroupsSequence]
    assert index == [[1, 2], [2, 1], [2, 2]]
