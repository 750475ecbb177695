"""A network that this version may or may not ship."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from spinemets.inference.backends import Backend, Network, open_network
from spinemets.inference.card import ModelCard, load_card, models_folder


@dataclass(frozen=True)
class ShippedModel:
    """A network, opened once and used for many images, with its card."""

    name: ClassVar[str]

    network: Network
    card: ModelCard

    @classmethod
    def load(cls, backend: Backend = "onnx", threads: int | None = None) -> Self | None:
        """The shipped model on the given engine; None where none is shipped.

        Raises
        ------
        ModelError
            If it is shipped and damaged or incomplete.
        """
        if not (models_folder() / cls.name).is_dir():
            return None
        card = load_card(cls.name)
        return cls(open_network(card.onnx, backend, threads), card)
