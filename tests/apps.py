"""The small projects of fixtures/apps: what a first run of each does and has to print."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

__all__ = ["APPS", "NAMES", "PRINTED", "SMOKE", "TESTS", "copied", "run"]

TESTS = Path(__file__).parent
APPS = TESTS.parent / "fixtures" / "apps"
NAMES = sorted(folder.name for folder in APPS.iterdir() if folder.is_dir())

SMOKE = {
    "user_service": """
import asyncio
from harm.web import answer
from users.api import create_app

async def main():
    app = create_app()
    async with app.router.lifespan_context(app):
        print(await answer(app, "POST", "/users", {"name": "Ann", "email": "ann@example.org"}))
        print(await answer(app, "POST", "/users", {"name": "Eve", "email": "ann@example.org"}))
        print(await answer(app, "GET", "/users/1"), await answer(app, "GET", "/users/2"))
        rows = [{"name": "Bob", "email": "bob@example.org"}] * 2
        print(await answer(app, "POST", "/users/import", rows), await answer(app, "GET", "/users"))
        print(await answer(app, "POST", "/users/1/login"), await answer(app, "DELETE", "/users/1"))
        print(await answer(app, "GET", "/alive"), await answer(app, "GET", "/ready"))
        print(await answer(app, "POST", "/notes?message=hi"), await answer(app, "GET", "/audit"))

asyncio.run(main())
""",
    "report_job": "import reports.job; reports.job.main()",
    "shop": """
from shop import create_app

client = create_app().test_client()
print(client.post("/products/kettle").json, client.post("/products/kettle").status_code)
print(client.post("/stock/1/5").json, client.get("/stock").json, client.get("/stock/1").json)
print(client.get("/orders/export").status_code)
print(client.post("/orders", data={"product": 1, "quantity": 2}).json)
print(client.get("/orders/1").json, client.get("/orders/9").status_code)
print(client.get("/orders/count").json, client.get("/orders/export").text)
print(client.post("/orders/1/cancel").json)
""",
    "price_feed": "import prices.main; prices.main.main()",
    "cancelled_handler": """
import asyncio, os
from harm.loopback import Bank, reply, serving
from seats.api import create_app
from seats.settings import Settings

async def main():
    bank = Bank()
    bank.is_open.set()
    async with bank.listening() as (host, port):
        os.environ["SEATS_BANK"] = f"{host}:{port}"
        async with serving(create_app(Settings.from_environment())) as port:
            print(await reply(port, "POST", "/seats/7/hold"))
            print(await reply(port, "DELETE", "/seats/7/hold"))
            print(await reply(port, "POST", "/seats/7/sale"))
            print((await reply(port, "POST", "/seats/7/sale"))[0])
            print(await reply(port, "GET", "/seats/7/price"), await reply(port, "GET", "/ready"))
            print(await reply(port, "GET", "/seats"))

asyncio.run(main())
""",
}
"""A first run of each project, and below what it prints."""

PRINTED = {
    "user_service": """\
(201, {'id': 1})
(409, {'detail': 'that address is taken'})
(200, {'name': 'Ann', 'email': 'ann@example.org'}) (404, {'detail': 'no such user'})
(200, {'imported': 1}) (200, ['Ann', 'Bob'])
(200, {'logins': 1}) (200, {'deactivated': True})
(200, {'alive': True}) (200, {'ready': True})
(201, {'message': 'hi'}) (200, ['hi', 'registered ann@example.org'])
""",
    "report_job": """\
Lyon, Oslo
{1: 40, 2: 2} 42 40 1
""",
    "shop": """\
{'id': 1} 409
{'left': 5} {'kettle': 5} {'left': 5}
204
{'id': 1}
{'product': 1, 'quantity': 2} 404
{'count': 1} 1,2
{'cancelled': 1}
""",
    "price_feed": """\
taken 2 of 2
ACME 14 13.0
""",
    "cancelled_handler": """\
(200, 'yes: reserve 27')
(200, 'yes: return 27')
(200, 'yes: charge')
500
(200, 'yes: convert 27') (200, 'yes: hello True')
(200, '1 yes: convert 21\\n2 yes: convert 22\\n3 yes: convert 23\\n')
""",
}


def copied(name: str, folder: Path) -> Path:
    """A copy of a project that may be changed."""
    return shutil.copytree(APPS / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))


def run(code: str, *paths: Path, cwd: Path, **environment: str) -> str:
    """What a piece of code prints in an interpreter that can import from those folders."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, "ACME"],
        cwd=cwd,
        input="ACME=12\nnonsense\nACME=14\n",
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
            "PYTHONDONTWRITEBYTECODE": "1",
            **environment,
        },
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
