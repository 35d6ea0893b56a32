"""Stands in for M2Crypto, which docker-registry 0.9.1 imports for keys that no suite uses, and which does not build."""


class _None(object):
    load_key = load_pub_key = openfile = staticmethod(lambda *args, **more: None)


BIO = EVP = RSA = _None
