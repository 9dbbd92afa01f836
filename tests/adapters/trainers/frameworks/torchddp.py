"""One process of PyTorch's own `DistributedDataParallel`: `python -m tests.….torchddp FOLDER RANK`.

The folder holds model.py, the weights to begin with (begin.pt) and the batches (batches.pt); the
first process writes what it ends with (end.pt).
"""

import runpy
import sys
from pathlib import Path

import torch
from torch.nn.parallel import DistributedDataParallel

PROCESSES = 2


def main(folder, rank):
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{folder / 'meeting'}", rank=rank, world_size=PROCESSES
    )
    defined = runpy.run_path(folder / "model.py")
    module = defined["model"](4)
    module.load_state_dict(torch.load(folder / "begin.pt"))
    spread = DistributedDataParallel(module)
    optimizer = defined["optimizer"](module.parameters())
    loss = torch.nn.BCEWithLogitsLoss()
    for x, y in torch.load(folder / "batches.pt"):
        rows, labels = (each.chunk(PROCESSES)[rank] for each in (x, y))
        optimizer.zero_grad()
        loss(spread(rows), labels).backward()
        optimizer.step()
    if rank == 0:
        torch.save(module.state_dict(), folder / "end.pt")
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
