"""The same by Ray Train: `ray job submit --working-dir . -- python train_ray.py luca_1`."""

import sys

import ray.train
from ray.train.torch import TorchTrainer
from train import train


def work(asked: dict[str, str]) -> None:
    """Train as one worker; Ray has brought the workers together."""
    train(asked["run"], epochs=3, batch=1024)


if __name__ == "__main__":
    scaling = ray.train.ScalingConfig(num_workers=2, use_gpu=False)
    TorchTrainer(work, train_loop_config={"run": sys.argv[1]}, scaling_config=scaling).fit()
