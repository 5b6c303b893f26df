"""A refusal before the body is read must arrive as the typed error: Cohere's Python client, sync and
async, and httpx below it, with bodies of 1 to 25 MB, with a length and in chunks, and small forms.
REFUSALS says how often each is tried (1 by default)."""

import asyncio
import os
import sys

import cohere
import httpx
from cohere import errors
from cohere.core.api_error import ApiError

URL = os.environ["PARLANCE_URL"]
TIMES = int(os.environ.get("REFUSALS", "1"))
MEGABYTES = [1, 3, 12, 25]
CAP = 10 * 1024 * 1024

tried = {}


def note(name, arrived, error=None):
    counts = tried.setdefault(name, [0, 0])
    counts[0] += bool(arrived)
    counts[1] += 1
    if not arrived:
        print(f"{name}: {error!r}"[:300])


def is_typed(error, megabytes):
    if megabytes * 10**6 > CAP:
        return isinstance(error, ApiError) and error.status_code == 413
    return isinstance(error, errors.UnauthorizedError)


def caught(call):
    try:
        call()
    except Exception as error:
        return error


async def caught_later(call):
    try:
        await call()
    except Exception as error:
        return error


def chunks(megabytes):
    for _ in range(megabytes):
        yield b" " * 10**6


async def chunks_later(megabytes):
    for chunk in chunks(megabytes):
        yield chunk


FORM = {"file": ("x.txt", b"x" * 1000)}


def sync():
    client = cohere.Client("wrong", base_url=URL)
    for megabytes in MEGABYTES:
        for _ in range(TIMES):
            text = "x" * (megabytes * 10**6)
            error = caught(lambda: client.connectors.create(name=text, url="http://127.0.0.1:1"))
            note(f"sync, {megabytes} MB", is_typed(error, megabytes), error)
            try:
                answer = httpx.post(f"{URL}/v1/chat", content=chunks(megabytes))
                note(f"sync in chunks, {megabytes} MB", answer.status_code == 401, answer)
            except Exception as error:
                note(f"sync in chunks, {megabytes} MB", False, error)
    for _ in range(TIMES):
        error = caught(lambda: httpx.post(f"{URL}/v1/chat", files=FORM).json()["message"])
        note("sync form", error is None, error)


async def later():
    client = cohere.AsyncClient("wrong", base_url=URL)
    for megabytes in MEGABYTES:
        for _ in range(TIMES):
            text = "x" * (megabytes * 10**6)
            error = await caught_later(
                lambda: client.connectors.create(name=text, url="http://127.0.0.1:1")
            )
            note(f"async, {megabytes} MB", is_typed(error, megabytes), error)
            async with httpx.AsyncClient() as raw:
                try:
                    answer = await raw.post(f"{URL}/v1/chat", content=chunks_later(megabytes))
                    note(f"async in chunks, {megabytes} MB", answer.status_code == 401, answer)
                except Exception as error:
                    note(f"async in chunks, {megabytes} MB", False, error)
    async with httpx.AsyncClient() as raw:
        for _ in range(TIMES):
            async def form():
                answer = await raw.post(f"{URL}/v1/chat", files=FORM)
                answer.json()["message"]

            error = await caught_later(form)
            note("async form", error is None, error)


sync()
asyncio.run(later())
failed = {name: counts for name, counts in tried.items() if counts[0] < counts[1]}
for name, (arrived, times) in failed.items():
    print(f"{name}: {arrived} of {times} arrived")
print(f"refusals: {len(tried) - len(failed)} of {len(tried)} kinds arrived each of {TIMES} times")
sys.exit(bool(failed))
