"""Starts LocalStack on loopback.

By itself it listens on all addresses: of GATEWAY_LISTEN it takes the port only, where the address is one
of IPv4.
"""

from twisted.internet import endpoints


class Loopback(endpoints.TCP4ServerEndpoint):
    """An endpoint at 127.0.0.1."""

    def __init__(self, reactor, port):
        super().__init__(reactor, port, interface="127.0.0.1")


endpoints.TCP4ServerEndpoint = Loopback

# Only now, since it takes the class by its name.
from localstack.runtime.main import main  # noqa: E402

main()
