"""When a dependency of FastAPI ends: before background tasks run, or behind them.

    python tests/bench/background_tasks.py [VERSION ...]

Each version gets a virtual environment of its own. `sessionlint/flow/escaping.py` is written from
what this prints.
"""

import argparse
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

VERSIONS = "0.104.1 0.105.0 0.106.0 0.115.6 0.117.1 0.118.0 0.121.0".split()
"""On both sides of the releases that changed it, and some between."""

INSIDE = """\
import asyncio
from fastapi import BackgroundTasks, Depends, FastAPI
from httpx import ASGITransport, AsyncClient

app = FastAPI()
seen = []


def lent():
    yield
    seen.append("dependency")


@app.get("/")
async def handler(tasks: BackgroundTasks, _=Depends(lent)):
    tasks.add_task(seen.append, "task")


async def main():
    async with AsyncClient(transport=ASGITransport(app=app), base_url="http://shop") as client:
        await client.get("/")
    print(", ".join(seen))


asyncio.run(main())
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("versions", nargs="*", metavar="VERSION", default=VERSIONS)
    print("FastAPI    in this order")
    for version in parser.parse_args().versions:
        with tempfile.TemporaryDirectory(prefix="fastapi-") as folder:
            print(f"{version:10} {order(Path(folder), version)}", flush=True)


def order(folder: Path, version: str) -> str:
    """What ends, in that order, in one version."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    wanted = [f"fastapi=={version}", "httpx"]
    subprocess.run([python, "-m", "pip", "install", "-q", *wanted], check=True)
    done = subprocess.run([python, "-c", INSIDE], capture_output=True, text=True, check=False)
    return done.stdout.strip() or done.stderr.strip().splitlines()[-1]


if __name__ == "__main__":
    sys.exit(main())
