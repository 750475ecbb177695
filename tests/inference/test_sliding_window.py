import numpy as np
import pytest

from spinemets.inference.sliding_window import blending_weight, mirrored, pad_to, sliding_window, window_starts


def identity(image):
    return image


def calls_of(network):
    """The network, and a list that grows by the corner value of every window it is shown."""
    seen = []

    def run(image):
        seen.append(image.copy())
        return network(image)

    return run, seen


@pytest.mark.parametrize("shape", [(20, 20, 20), (33, 20, 47), (21, 40, 22)])
@pytest.mark.parametrize("overlap", [0.0, 0.25, 0.5, 0.9])
def test_a_network_that_changes_nothing_gives_the_image_back_everywhere(shape, overlap):
    image = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    (back,) = sliding_window(identity, image, (16, 12, 20), channels=1, overlap=overlap)
    assert back == pytest.approx(image, abs=1e-4)


def test_channels_are_kept_apart():
    def network(image):
        return np.concatenate([image, 2 * image, np.full_like(image, 7)], axis=1)

    image = np.random.default_rng(1).normal(size=(20, 22, 24)).astype(np.float32)
    result = sliding_window(network, image, (16, 16, 16), channels=3)
    assert result == pytest.approx(np.stack([image, 2 * image, np.full_like(image, 7)]), abs=1e-5)


def test_an_image_smaller_than_the_window_is_padded_by_the_fill_and_cut_again():
    network, seen = calls_of(identity)
    image = np.ones((5, 30, 7), np.float32)
    (back,) = sliding_window(network, image, (16, 16, 16), channels=1, fill=-3.0)
    assert back.shape == image.shape
    assert back == pytest.approx(image, abs=1e-5)
    assert seen[0].shape == (1, 1, 16, 16, 16)
    assert seen[0][0, 0, :5, :, :7] == pytest.approx(1.0)
    assert (seen[0][0, 0, 5:] == -3.0).all()
    assert (seen[0][0, 0, :, :, 7:] == -3.0).all()


def test_an_answer_in_half_precision_is_blended_before_it_is_rounded():
    """Of two windows along K one says 0, the other 2049, which half precision cannot tell from 2048."""
    answers = iter([0.0, 2049.0])

    def network(image):
        return np.full_like(image, next(answers))

    image = np.zeros((8, 8, 12), np.float32)
    (found,) = sliding_window(network, image, (8, 8, 8), channels=1, overlap=0.5, dtype=np.float16)
    assert found.dtype == np.float16
    assert found[4, 4, 5] + found[4, 4, 6] == pytest.approx(2049, abs=1)
    assert found[4, 4, 0] == 0
    assert found[4, 4, 11] == 2048


def test_what_lies_between_windows_far_apart_stays_0():
    image = np.ones((8, 8, 60), np.float32)
    wanted = np.zeros(image.shape, bool)
    wanted[4, 4, [4, 55]] = True
    network, seen = calls_of(identity)
    (found,) = sliding_window(network, image, (8, 8, 8), channels=1, overlap=0.0, wanted=wanted)
    reached = np.flatnonzero(found.any(axis=(0, 1)))
    assert found[:, :, reached] == pytest.approx(1.0)
    assert len(reached) <= 8 * len(seen)


def test_windows_without_a_wanted_voxel_are_not_run():
    network, seen = calls_of(identity)
    image = np.ones((64, 16, 16), np.float32)
    wanted = np.zeros(image.shape, bool)
    wanted[40, 3, 3] = True
    (back,) = sliding_window(network, image, (16, 16, 16), channels=1, overlap=0.0, wanted=wanted)
    assert len(seen) == 1
    assert back[32:48] == pytest.approx(1.0)
    assert not back[:32].any()
    assert not back[48:].any()


def test_windows_follow_a_slanting_band_and_see_all_of_it():
    network, seen = calls_of(identity)
    i, j, k = np.indices((64, 64, 96))
    wanted = (abs(i - 8 - k // 2) < 4) & (abs(j - 40) < 5)
    (back,) = sliding_window(network, np.ones(wanted.shape, np.float32), (32, 32, 32), channels=1, wanted=wanted)
    assert back[wanted] == pytest.approx(1.0)
    rows = len(window_starts(96, 32, 0.4))
    assert len(seen) == rows  # a regular grid takes three times three times as many


def test_what_is_wanted_beyond_one_window_is_seen_from_end_to_end():
    rng = np.random.default_rng(5)
    wanted = rng.random((50, 21, 33)) < 0.002
    (back,) = sliding_window(identity, np.ones(wanted.shape, np.float32), (16, 16, 16), channels=1, wanted=wanted)
    assert wanted.sum() > 20
    assert back[wanted] == pytest.approx(1.0)


def test_wanted_voxels_of_an_image_smaller_than_the_window_are_found():
    wanted = np.zeros((5, 6, 7), bool)
    wanted[4, 5, 6] = True
    (back,) = sliding_window(identity, np.ones((5, 6, 7), np.float32), (8, 8, 8), channels=1, wanted=wanted)
    assert back == pytest.approx(np.ones((5, 6, 7)), abs=1e-5)


def test_where_nothing_is_wanted_nothing_is_run():
    network, seen = calls_of(identity)
    wanted = np.zeros((20, 20, 20), bool)
    result = sliding_window(network, np.ones((20, 20, 20), np.float32), (8, 8, 8), channels=2, wanted=wanted)
    assert seen == []
    assert result.shape == (2, 20, 20, 20)
    assert not result.any()


def test_progress_grows_to_one():
    shares = []
    image = np.zeros((40, 20, 20), np.float32)
    sliding_window(identity, image, (16, 16, 16), channels=1, progress=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert len(shares) > 3


@pytest.mark.parametrize(
    ("size", "window", "overlap", "starts"),
    [
        (10, 10, 0.5, [0]),
        (20, 10, 0.0, [0, 10]),
        (20, 10, 0.5, [0, 5, 10]),
        (21, 10, 0.0, [0, 6, 11]),
        (11, 10, 0.99, [0, 1]),
    ],
)
def test_windows_start_evenly_and_the_last_one_ends_at_the_end(size, window, overlap, starts):
    assert window_starts(size, window, overlap) == starts


@pytest.mark.parametrize("size", range(16, 80, 7))
@pytest.mark.parametrize("overlap", [0.0, 0.3, 0.6])
def test_neighbouring_windows_overlap_at_least_as_much_as_was_asked_for(size, overlap):
    starts = window_starts(size, 16, overlap)
    assert starts[0] == 0
    assert starts[-1] == size - 16
    steps = np.diff(starts)
    assert (steps <= max(int(16 * (1 - overlap)), 1) + 1).all()
    assert (steps > 0).all()


@pytest.mark.parametrize("overlap", [-0.1, 1.0])
def test_an_overlap_outside_0_to_1_is_refused(overlap):
    with pytest.raises(ValueError, match=f"at least 0 and less than 1, got {overlap}"):
        window_starts(20, 10, overlap)


def test_an_axis_shorter_than_the_window_is_refused():
    with pytest.raises(ValueError, match="an axis of 9 voxels is shorter than the window of 10; pad it first"):
        window_starts(9, 10, 0.5)


@pytest.mark.parametrize("window", [(8, 8, 8), (7, 10, 1), (96, 4, 5)])
def test_every_voxel_of_a_window_counts_and_its_middle_counts_most(window):
    weight = blending_weight(window)
    assert weight.shape == window
    assert weight.dtype == np.float32
    assert weight.min() > 0
    assert weight[tuple(n // 2 for n in window)] == weight.max()
    assert weight == pytest.approx(weight[::-1, ::-1, ::-1])


def test_an_image_as_large_as_the_window_is_not_padded():
    image = np.zeros((4, 5, 6), np.float32)
    assert pad_to(image, (4, 5, 6), 0.0) is image
    assert pad_to(image, (4, 7, 6), 1.0).shape == (4, 7, 6)


def test_a_network_seen_through_a_mirror_as_well_answers_with_no_preference_for_a_side():
    image = np.random.default_rng(3).normal(size=(1, 1, 6, 5, 4)).astype(np.float32)
    right_only = np.zeros((1, 1, 6, 1, 1), np.float32)
    right_only[:, :, 3:] = 1.0
    answer = mirrored(lambda both: both * right_only)(image)
    assert answer == pytest.approx(image / 2)


def test_a_displacement_seen_through_a_mirror_has_its_sign_turned_along_i_only():
    """Each voxel votes for a fixed landmark; the mirrored window has it on the other side."""
    size = 8

    def network(both):
        place = np.stack(np.meshgrid(*[np.arange(size, dtype=np.float32)] * 3, indexing="ij"))
        landmarks = [np.unravel_index(one[0].argmax(), one[0].shape) for one in both]
        return np.stack([np.array(point, np.float32).reshape(3, 1, 1, 1) - place for point in landmarks])

    image = np.zeros((1, 1, size, size, size), np.float32)
    image[0, 0, 2, 3, 6] = 1.0
    assert mirrored(network, flipped_channel=0)(image) == pytest.approx(network(image))


def test_a_mirrored_network_turns_the_sign_of_a_displacement_and_averages_the_rest():
    def network(image):
        place = np.broadcast_to(np.arange(image.shape[2], dtype=np.float32)[:, None, None], image.shape[2:])
        return np.stack([np.concatenate([one, place[None]]) for one in image])

    image = np.arange(24, dtype=np.float32).reshape(1, 1, 4, 3, 2)
    output = mirrored(network, flipped_channel=1)(image)
    assert np.allclose(output[0, 0], image[0, 0])
    # Seen in the mirror, index i is 3 - i, and a displacement of 3 - i to one side is i - 3 to the other.
    expected = (np.arange(4) - (3 - np.arange(4))) / 2
    assert np.allclose(output[0, 1, :, 0, 0], expected)
