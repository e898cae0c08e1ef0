"""Python's own HTTP client, as scripts and test suites use it: SCHEME PORT CA."""
import http.client
import ssl
import sys

scheme, port, ca = sys.argv[1:]
if scheme == "https":
    connection = http.client.HTTPSConnection("localhost", int(port), context=ssl.create_default_context(cafile=ca))
else:
    connection = http.client.HTTPConnection("localhost", int(port))


def call(method, path, body=None, headers={}):
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


for _ in range(3):  # the same connection serves them all
    assert call("GET", "/mock") == (200, '{"id":1}')
    assert call("GET", "/real") == (200, "real /real 0")
    assert call("POST", "/body", "a needle", {"content-type": "text/plain"}) == (200, "found")
    assert call("POST", "/body", "y" * 300000, {"content-type": "text/plain"}) == (200, "real /body 300000")
    pieces = (b"z" * 1000 for _ in range(50))
    connection.request("PUT", "/upload", pieces, encode_chunked=True, headers={"transfer-encoding": "chunked"})
    answer = connection.getresponse()
    assert (answer.status, answer.read().decode()) == (200, "real /upload 50000")
print("ok")
