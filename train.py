"""Train a network: compose the configuration, instantiate it, fit."""

import hydra
from omegaconf import DictConfig


@hydra.main(version_base="1.3", config_path="configs", config_name="train")
def main(config: DictConfig) -> None:
    """Entry point; see `configs/train.yaml`."""
    if "procedure" in config:
        run_procedure(config)
        return
    from spinemets.training.memory import keep_freed_memory

    keep_freed_memory()
    from spinemets.training.run import fit

    fit(config)


def run_procedure(config: DictConfig) -> None:
    """Run what is not a network: a function that fits, compares and exports by itself."""
    from hydra.core.hydra_config import HydraConfig
    from hydra.utils import call

    words = " ".join(HydraConfig.get().overrides.task)
    call(config.procedure, command=f"python train.py {words}")


if __name__ == "__main__":
    main()
