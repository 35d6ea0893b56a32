"""oras-py: pushes files as a tag, then pulls them, then deletes the tag, for which it asks by HEAD for the digest.

Usage: oras_edge.py HOST TARGET USER PASSWORD DIRECTORY FILE...
"""

import sys

from oras.provider import Registry

host, target, user, password, directory, *files = sys.argv[1:]
registry = Registry(hostname=host, insecure=True, tls_verify=False, auth_backend="basic")
registry.auth.set_basic_auth(user, password)
registry.push(target, files=files, disable_path_validation=True)
registry.pull(target, outdir=directory)
name, tag = target.rsplit(":", 1)
print(registry.delete_tag(name, tag))
