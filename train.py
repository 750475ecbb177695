"""Train a network: compose the configuration, instantiate it, fit."""

import hydra
from omegaconf import DictConfig


@hydra.main(version_base="1.3", config_path="configs", config_name="train")
def main(config: DictConfig) -> None:
    """Entry point; see `configs/train.yaml`."""
    from spinemets.training.memory import keep_freed_memory

    keep_freed_memory()
    from spinemets.training.run import fit

    fit(config)


if __name__ == "__main__":
    main()
