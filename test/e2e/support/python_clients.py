"""Clients in Python, as programs: oras-py and docker-registry-client-async.

Usage: python_clients.py oras push|pull HOST TARGET USER PASSWORD CHUNK FILE...
       python_clients.py async blob HOST NAME USER PASSWORD CHUNK FILE

CHUNK: most bytes of a request; 0: each file in one.
"""

import asyncio
import base64
import hashlib
import sys


def oras(command, host, target, user, password, chunk, files):
    from oras.provider import Registry

    # With tokens it asks for one to pull, and keeps to that.
    registry = Registry(hostname=host, insecure=True, tls_verify=False, auth_backend="basic")
    registry.auth.set_basic_auth(user, password)
    if command == "pull":
        registry.pull(target, outdir=files[0])
        return
    options = {"do_chunked": True, "chunk_size": chunk} if chunk else {}
    registry.push(target, files=files, disable_path_validation=True, **options)


async def blob(host, name, user, password, chunk, file):
    from docker_registry_client_async import (
        DockerRegistryClientAsync,
        FormattedSHA256,
        ImageName,
    )

    with open(file, "rb") as opened:
        content = opened.read()
    step = chunk or len(content)
    async with DockerRegistryClientAsync() as client:
        await client.add_credentials(
            credentials=base64.b64encode(f"{user}:{password}".encode()).decode(),
            endpoint=host,
        )
        begun = await client.post_blob(ImageName(name, endpoint=host))
        location = begun.location
        for at in range(0, len(content), step):
            sent = await client.patch_blob_upload(location, content[at : at + step], offset=at)
            location = sent.location
        digest = FormattedSHA256(hashlib.sha256(content).hexdigest())
        made = await client.put_blob_upload(location, digest)
        print(made.client_response.status)


if __name__ == "__main__":
    client, command, host, target, user, password, chunk, *files = sys.argv[1:]
    if client == "oras":
        oras(command, host, target, user, password, int(chunk), files)
    else:
        asyncio.run(blob(host, target, user, password, int(chunk), files[0]))
