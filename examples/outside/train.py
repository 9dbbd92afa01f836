"""One PyTorch model by several workers, from the chunks of a run; change `network` as you like.

    torchrun --nproc-per-node 2 train.py luca_1 --out luca.pt

Kubeflow and Ray set the same variables as torchrun does, so that they run this file, too.
"""

import argparse
import tempfile
from pathlib import Path

import torch
from rows import Rows
from torch import distributed, nn
from torch.distributed.algorithms.join import Join
from torch.nn.parallel import DistributedDataParallel


def network(columns: int) -> nn.Module:
    """Return a network with one output, a logit."""
    return nn.Sequential(nn.Linear(columns, 64), nn.ReLU(), nn.Linear(64, 1), nn.Flatten(0))


def check_labels(labels: torch.Tensor) -> None:
    """End where labels are none of the probability that the network gives."""
    if labels.amin() < 0 or labels.amax() > 1:
        raise SystemExit("labels beyond 0 and 1: change network and loss in train.py to fit them")


def train(run: str, epochs: int, batch: int) -> nn.Module:
    """Train on every worker's own chunks; gradients are averaged, so that all end alike."""
    rank, workers = distributed.get_rank(), distributed.get_world_size()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    with tempfile.TemporaryDirectory() as folder:
        rows = Rows.of(run, Path(folder), rank, workers)
        torch.manual_seed(rows.told.seed)
        model = DistributedDataParallel(network(len(rows.told.columns)).to(device))
        optimizer = torch.optim.Adam(model.parameters())
        for epoch in range(epochs):
            total = torch.zeros(2, device=device)
            with Join([model]):  # workers have different numbers of rows
                for taken in rows.batches(batch, epoch):
                    x, y, weights = (torch.from_numpy(each).to(device) for each in taken)
                    check_labels(y)
                    losses = nn.functional.binary_cross_entropy_with_logits(
                        model(x), y, weights, reduction="sum"
                    )
                    optimizer.zero_grad()
                    (losses / len(x)).backward()
                    optimizer.step()
                    total += torch.stack((losses.detach(), weights.sum()))
            distributed.all_reduce(total)
            if rank == 0:
                print(f"epoch {epoch}: loss {total[0] / total[1]:.4f}", flush=True)
    return model.module


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("run")
    asked.add_argument("--epochs", type=int, default=3)
    asked.add_argument("--batch", type=int, default=1024)
    asked.add_argument("--out", type=Path, default=Path("model.pt"))
    given = asked.parse_args()
    distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    try:
        model = train(given.run, given.epochs, given.batch)
        if distributed.get_rank() == 0:
            torch.save(model.state_dict(), given.out)
    finally:
        distributed.destroy_process_group()


if __name__ == "__main__":
    main()
