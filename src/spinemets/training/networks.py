"""The networks that are trained here."""

from __future__ import annotations

from monai.networks.blocks import Convolution
from monai.networks.nets import UNet
from torch import nn


class StridedUNet(UNet):
    """MONAI's U-Net, strided from the first convolution, with a last layer that is only a convolution.

    MONAI normalises the output channels of the last layer over the patch when it has residual
    units, which ties a logit's scale to how much of the patch is bone and keeps an offset in
    millimetres from being learnt; here the last transposed convolution is linear.
    """

    def _get_up_layer(self, in_channels: int, out_channels: int, strides: int, is_top: bool) -> nn.Module:
        if not is_top:
            return super()._get_up_layer(in_channels, out_channels, strides, is_top)
        return Convolution(
            self.dimensions,
            in_channels,
            out_channels,
            strides=strides,
            kernel_size=self.up_kernel_size,
            conv_only=True,
            is_transposed=True,
        )
