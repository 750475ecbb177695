"""Slices of a label map: what is shown where, and what the network is told of it."""

import numpy as np
import pytest
import torch
from torch import nn

from spinemets.simulate.axial_tissues import CLASS_OF_CODE, AxialTissue
from spinemets.simulate.tissues import Tissue
from spinemets.training.canal_contrast import ghosts, like_t1, metal, signal_table, without_ventral_fat
from spinemets.training.canal_data import CanalData, CanalMaps
from spinemets.training.canal_randomise import CanalBatch, CanalRandomiser, SliceRange, codes_at, mirrored
from spinemets.training.canal_segmentation import CanalSegmentation
from spinemets.training.warp import WarpRange

PATCH = (32, 32, 4)


def maps():
    codes = torch.full((1, 48, 48, 24), int(Tissue.MUSCLE), dtype=torch.uint8)
    codes[:, 16:32, 16:32] = int(Tissue.CSF)
    codes[:, 20:28, 20:28] = int(Tissue.CORD)
    codes[:, 16:32, 32:36, 12:] = int(AxialTissue.EPIDURAL_TUMOUR)
    compressed = torch.zeros(1, 24, dtype=torch.bool)
    compressed[:, 12:] = True
    return codes, compressed


def test_without_deformation_targets_are_the_classes_of_the_map_in_the_middle_of_each_slice():
    codes, compressed = maps()
    batch = CanalRandomiser(PATCH, augment=False)(codes, compressed)
    assert batch.image.shape == (1, 1, *PATCH)
    heights = np.round(11.5 + (np.arange(4) - 1.5) * 4.0 / 1.5 - 1e-6).astype(int)
    expected = CLASS_OF_CODE[codes[0, 8:40, 8:40].numpy()][..., heights]
    assert np.array_equal(batch.target[0].numpy(), expected)
    assert batch.compressed[0].tolist() == (heights >= 12).tolist()


def test_tumour_in_the_middle_of_a_map_may_lie_at_either_end_of_a_patch():
    codes, compressed = maps()
    codes = codes.repeat_interleave(3, dim=3)
    codes[codes == int(AxialTissue.EPIDURAL_TUMOUR)] = int(Tissue.FAT)
    codes[:, 16:32, 32:36, 34:38] = int(AxialTissue.EPIDURAL_TUMOUR)  # 6 of 108 mm, in the middle
    compressed = torch.zeros(1, 72, dtype=torch.bool)
    still = WarpRange(rotation_deg=(0.0, 0.0, 0.0), scale=(1.0, 1.0), stretch=0.0)
    slices = SliceRange(aside_mm=0.0, elastic_mm=0.0)
    randomiser = CanalRandomiser((32, 32, 16), ranges=still, slices=slices)
    torch.manual_seed(0)
    seen = torch.stack([(randomiser(codes, compressed).target[0] == 3).any(0).any(0) for _ in range(60)]).sum(0)
    assert (seen >= 1).all()  # in every one of the 16 slices


def test_beyond_the_map_anatomy_goes_on_mirrored():
    rng = np.random.default_rng(0)
    codes = rng.choice([int(Tissue.MUSCLE), int(Tissue.CSF), int(Tissue.CORD)], (1, 20, 24, 11)).astype(np.uint8)
    squeezed = rng.random((1, 11)) < 0.5
    batch = CanalRandomiser((36, 40, 9), augment=False)(torch.from_numpy(codes), torch.from_numpy(squeezed))
    wide = np.pad(codes[0], ((8, 8), (8, 8), (11, 11)), mode="symmetric")
    heights = np.round(16 + (np.arange(9) - 4) * 4.0 / 1.5).astype(int)
    assert np.array_equal(batch.target[0].numpy(), CLASS_OF_CODE[wide][..., heights])
    assert batch.compressed[0].tolist() == np.pad(squeezed[0], 11, mode="symmetric")[heights].tolist()


def test_beyond_a_map_that_ends_in_air_there_is_air_and_no_second_body():
    codes = torch.full((10, 10, 4), int(Tissue.MUSCLE), dtype=torch.uint8)
    codes[:, :3] = int(Tissue.AIR)
    codes[:, 3] = int(Tissue.FAT)
    index = torch.stack(torch.meshgrid(torch.arange(10), torch.arange(-8, 15), torch.arange(4), indexing="ij"), -1)
    seen = codes_at(codes, index)
    assert (seen[:, :11] == int(Tissue.AIR)).all()
    assert (seen[:, 11] == int(Tissue.FAT)).all()
    assert (seen[:, 12:] == int(Tissue.MUSCLE)).all()


def test_in_front_of_the_sac_fat_can_be_anything_and_all_else_stays():
    codes = torch.full((1, 1, 32, 40, 3), int(Tissue.MUSCLE), dtype=torch.uint8)
    codes[..., 8:24, 8:32, :] = int(Tissue.EPIDURAL_FAT)
    codes[..., 10:22, 12:28, :] = int(Tissue.CSF)
    codes[..., 12:16, 29:31, :] = int(AxialTissue.EPIDURAL_VEIN)
    codes[..., 16:20, 28:31, 2] = int(AxialTissue.EPIDURAL_TUMOUR)
    image = torch.full(codes.shape, 0.5)
    changed = without_ventral_fat(image, codes) != image
    space = torch.isin(codes, torch.tensor([int(Tissue.EPIDURAL_FAT), int(AxialTissue.EPIDURAL_VEIN)]))
    assert not changed[~space].any()
    assert not changed[..., :20, :].any()  # the middle of the sac
    assert changed[..., 20:, :][space[..., 20:, :]].float().mean() > 0.95


def test_on_t1_fluid_is_darker_than_the_cord_and_fat_brighter():
    for _ in range(5):
        table = like_t1(signal_table(torch.device("cpu")))
        assert table[Tissue.CSF] < table[Tissue.CORD] < table[Tissue.EPIDURAL_FAT]
        assert table[AxialTissue.NERVE_ROOT] == table[Tissue.CSF]


@pytest.mark.parametrize("at", [-25, -13, -12, -1, 0, 11, 12, 23, 24, 40])
def test_far_beyond_a_map_it_is_mirrored_again(at):
    told = np.pad(np.arange(12), 48, mode="symmetric")[48 + at]
    found = mirrored(torch.tensor([[at, 0, 0]]), torch.tensor([12, 12, 12]))
    assert found[0].tolist() == [told, 0, 0]


def test_images_stay_in_the_range_that_inference_gives_and_are_new_every_time():
    torch.manual_seed(0)
    randomiser = CanalRandomiser(PATCH)
    first, second = (randomiser(*maps()) for _ in range(2))
    for batch in (first, second):
        assert float(batch.image.min()) >= -1.0
        assert float(batch.image.max()) <= randomiser.range.most
        assert torch.isfinite(batch.image).all()
        assert set(batch.target.unique().tolist()) <= {0, 1, 2, 3}
    assert not torch.equal(first.image, second.image)


def test_a_tumour_has_one_signal_wherever_it_grows():
    torch.manual_seed(1)
    for _ in range(20):
        table = signal_table(torch.device("cpu"))
        grown = table[[int(AxialTissue.EPIDURAL_TUMOUR), int(AxialTissue.BONE_TUMOUR), int(AxialTissue.SOFT_TUMOUR)]]
        assert float(grown.max() / grown.min()) < 2.2


def test_ghosts_add_faint_copies_and_metal_takes_signal():
    torch.manual_seed(2)
    image = torch.zeros(1, 1, 40, 40, 6)
    image[:, :, 18:22, 18:22] = 1.0
    assert float(ghosts(image).sum()) > float(image.sum())
    assert float(metal(torch.ones(1, 1, 40, 40, 6)).min()) < 0.05


def test_files_are_drawn_without_end_or_once_each(tmp_path):
    from spinemets.datasets.canal_cases import CanalCase

    codes, compressed = maps()
    for n in range(3):
        CanalCase(codes[0].numpy() + n, compressed[0].numpy(), "0").save(tmp_path / f"{n}.npz")
    files = sorted(tmp_path.glob("*.npz"))
    once = [int(one["codes"][0, 0, 0]) for one in CanalMaps(files, None)]
    assert once == [int(Tissue.MUSCLE) + n for n in range(3)]
    endless = iter(CanalMaps(files, 0))
    assert len({int(next(endless)["codes"][0, 0, 0]) for _ in range(30)}) == 3


class Files:
    def __init__(self, paths):
        self.found = paths

    def paths(self):
        return self.found


def test_validation_maps_come_in_batches_in_their_order(tmp_path):
    from spinemets.datasets.canal_cases import CanalCase

    codes, compressed = maps()
    CanalCase(codes[0].numpy(), compressed[0].numpy(), "0").save(tmp_path / "0.npz")
    data = CanalData(Files([]), Files([tmp_path / "0.npz"]), workers=0)
    data.prepare_data()
    (batch,) = list(data.val_dataloader())
    assert torch.equal(batch["codes"], codes)


class Told(nn.Module):
    """Answers with the classes that it was told, whatever it is shown."""

    def __init__(self, answer):
        super().__init__()
        self.answer = answer
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, image):
        return nn.functional.one_hot(self.answer, 7).permute(0, 4, 1, 2, 3).float() * 9 + self.weight


def module(answer):
    made = CanalSegmentation(Told(answer), None, None, torch.optim.AdamW)
    made.logged = {}
    made.log = lambda name, value, **_: made.logged.update({name: float(value.detach())})
    made.log_dict = lambda values, **_: made.logged.update({name: float(value) for name, value in values.items()})
    return made


def test_dice_is_that_of_compressed_and_of_other_slices_apart():
    target = torch.zeros(1, 8, 8, 2, dtype=torch.long)
    target[:, :4] = 1
    answer = target.clone()
    answer[:, 2:4, :, 1] = 0  # half of the cord is missed where it is compressed
    batch = CanalBatch(torch.zeros(1, 1, 8, 8, 2), target, torch.tensor([[False, True]]))
    made = module(answer)
    made.on_validation_epoch_start()
    made.validation_step(batch, 0)
    made.on_validation_epoch_end()
    assert made.logged["val/cord_dice_free"] == pytest.approx(1.0)
    assert made.logged["val/cord_dice_compressed"] == pytest.approx(2 * 16 / (16 + 32))


def test_a_right_answer_costs_less_than_a_wrong_one_and_the_loss_has_a_gradient():
    target = torch.zeros(1, 8, 8, 2, dtype=torch.long)
    target[:, :4] = 3
    batch = CanalBatch(torch.zeros(1, 1, 8, 8, 2), target, torch.zeros(1, 2, dtype=torch.bool))
    right, wrong = (module(answer).training_step(batch, 0) for answer in (target, 3 - target))
    assert float(right.detach()) < float(wrong.detach())
    right.backward()


def test_an_optimiser_is_stepped_with_and_without_a_schedule():
    made = module(torch.zeros(1, 8, 8, 2, dtype=torch.long))
    assert isinstance(made.configure_optimizers(), torch.optim.AdamW)
    made.make_scheduler = lambda optimizer: torch.optim.lr_scheduler.ConstantLR(optimizer)
    assert made.configure_optimizers()["lr_scheduler"]["interval"] == "step"
