"""How many watchers one replica of workflow holds: `python bench/workflow/watchers.py [500]`.

Starts the function over stores in memory in a process of its own, opens that many event streams,
changes the run, and prints memory and threads of the process, and how long all took to see it.
"""

import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx2

ROOT = Path(__file__).parents[2]
_WATCHED = "luca_1"


def serve() -> None:
    """Serve one run; a line on the standard input fails it."""
    sys.path.insert(0, str(ROOT))
    from mlaas4hep.core.runs.events import RunFailed  # noqa: PLC0415
    from mlaas4hep.errors import Problem  # noqa: PLC0415
    from mlaas4hep.http.workflow.front import front  # noqa: PLC0415
    from tests.asgi import serving  # noqa: PLC0415
    from tests.people import World  # noqa: PLC0415

    world = World(Path(tempfile.mkdtemp()))
    alice = world.person("alice")
    alice.upload()
    alice.submit()
    with serving(front(world.app)) as url:
        print(json.dumps({"url": url, "header": alice.header}), flush=True)
        sys.stdin.readline()
        problem = Problem(code="x", message="x")
        world.services.runs.apply([RunFailed(owner=alice.owner, run=_WATCHED, problem=problem)])
        sys.stdin.readline()


def figures(pid: int) -> dict[str, int]:
    """Return resident megabytes and threads of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = {name: int(figure) for name, figure in re.findall(r"(\w+):\s+(\d+)", status)}
    return {"MB": found["VmRSS"] // 1024, "threads": found["Threads"]}


async def watch(client: httpx2.AsyncClient, url: str, opened: asyncio.Semaphore) -> bool:
    """Return whether the stream told the end."""
    async with client.stream("GET", url) as response:
        async for line in response.aiter_lines():
            if line.startswith("event: run"):
                opened.release()
            if '"status": "failed"' in line:
                return True
    return False


async def measure(count: int, child: subprocess.Popen[str]) -> None:
    """Open the streams, change the run, and print."""
    assert child.stdout is not None
    assert child.stdin is not None
    told = json.loads(child.stdout.readline())
    headers = {"Authorization": told["header"]}
    limits = httpx2.Limits(max_connections=None)
    async with httpx2.AsyncClient(headers=headers, limits=limits, timeout=120) as client:
        opened = asyncio.Semaphore(0)
        url = f"{told['url']}/runs/{_WATCHED}/events"
        before = figures(child.pid)
        started = time.perf_counter()
        watchers = [asyncio.create_task(watch(client, url, opened)) for _ in range(count)]
        for _ in watchers:
            await opened.acquire()
        connected = time.perf_counter() - started
        held = figures(child.pid)
        started = time.perf_counter()
        child.stdin.write("\n")
        child.stdin.flush()
        seen = sum(await asyncio.gather(*watchers))
        took = time.perf_counter() - started
    print(f"before: {before}\n{count} watchers: {held}, opened in {connected:.2f} s")
    print(f"{seen} saw the change within {took:.2f} s")


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        serve()
    else:
        with subprocess.Popen(
            [sys.executable, __file__, "serve"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        ) as process:
            asyncio.run(measure(int(sys.argv[1]) if sys.argv[1:] else 500, process))
            process.communicate("\n")
