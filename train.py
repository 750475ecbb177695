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

    said = HydraConfig.get().overrides.task
    words = " ".join(word for word in said if not word.startswith("cache="))  # a path that decides nothing
    call(config.procedure, command=f"python train.py {words}")


if __name__ == "__main__":
    main()
