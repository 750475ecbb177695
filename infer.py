"""`spinemets assess` with its options as Hydra keys: python infer.py 'inputs=[scan/]' out=out."""

import hydra
from omegaconf import DictConfig


@hydra.main(version_base="1.3", config_path="configs", config_name="infer")
def main(config: DictConfig) -> None:
    """Entry point; see `configs/infer.yaml`."""
    from hydra.utils import instantiate

    from spinemets.assess_command import run_assess
    from spinemets.cli import run

    run(lambda: run_assess(instantiate(config.assess, _convert_="all")) and 0, debug=config.debug)


if __name__ == "__main__":
    main()
