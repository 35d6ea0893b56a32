"""Serves docker-registry 0.9.1 on loopback.

Usage: serve.py PACKAGES PORT   with its settings in the environment: SETTINGS_FLAVOR, DOCKER_REGISTRY_CONFIG
"""

import os
import site
import sys

packages, port = sys.argv[1:]
site.addsitedir(packages)
# Before all others, though it is added last.
sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)), packages]

from docker_registry import wsgi  # noqa: E402

wsgi.app.run(host="127.0.0.1", port=int(port), threaded=True)
