"""MiniStack in which objects can be made older, as if time had passed: POST /_age/<seconds>."""

from datetime import datetime, timedelta

from ministack.app import app as ministack
from ministack.services import s3

WRITTEN = "last_modified"


def records(value, seen):
    """All objects and versions of objects in a part of the state of S3."""
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, list):
        for each in value:
            yield from records(each, seen)
    elif isinstance(value, dict):
        if WRITTEN in value:
            yield value
        for each in value.values():
            yield from records(each, seen)


def age(seconds):
    """Has everything in all buckets written earlier."""
    for record in records([s3._buckets._data, s3._object_versions._data], set()):
        written = datetime.fromisoformat(record[WRITTEN]) - timedelta(seconds=seconds)
        text = written.isoformat(timespec="milliseconds")
        record[WRITTEN] = text.replace("+00:00", "Z")


async def app(scope, receive, send):
    path = scope.get("path", "")
    if not path.startswith("/_age/"):
        return await ministack(scope, receive, send)
    age(int(path.removeprefix("/_age/")))
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})
