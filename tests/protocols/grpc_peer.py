"""A gRPC server and client of bytes, without generated code: `server`, or `client TARGET [CA]`."""
import queue
import sys
import threading
from concurrent import futures

import grpc

TRAILER = (("x-trailer", "done"),)


def echo(request, context):
    context.set_trailing_metadata(TRAILER)
    return request


def fail(request, context):
    context.set_trailing_metadata(TRAILER)
    context.abort(grpc.StatusCode.FAILED_PRECONDITION, "not today: " + request.decode())


def count(request, context):
    for number in range(int(request)):
        yield str(number).encode()
    context.set_trailing_metadata(TRAILER)


def total(requests, context):
    return str(sum(len(request) for request in requests)).encode()


def mirror(requests, context):
    for request in requests:
        yield b"<" + request + b">"


def wait(request, context):
    yield b"begun"
    threading.Event().wait(float(request))
    yield b"over"


def serve():
    handlers = {
        "Echo": grpc.unary_unary_rpc_method_handler(echo),
        "Fail": grpc.unary_unary_rpc_method_handler(fail),
        "Count": grpc.unary_stream_rpc_method_handler(count),
        "Wait": grpc.unary_stream_rpc_method_handler(wait),
        "Total": grpc.stream_unary_rpc_method_handler(total),
        "Mirror": grpc.stream_stream_rpc_method_handler(mirror),
    }
    server = grpc.server(futures.ThreadPoolExecutor(16))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.Test", handlers),))
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    server.wait_for_termination()


def main(target, ca=None):
    if ca:
        channel = grpc.secure_channel(target, grpc.ssl_channel_credentials(open(ca, "rb").read()))
    else:
        channel = grpc.insecure_channel(target)
    limit = {"timeout": 15}

    answer, call = channel.unary_unary("/test.Test/Echo").with_call(b"hello", metadata=(("x-a", "b"),), **limit)
    assert answer == b"hello" and ("x-trailer", "done") in call.trailing_metadata(), call.trailing_metadata()
    big = b"x" * 3_000_000
    assert channel.unary_unary("/test.Test/Echo")(big, **limit) == big
    try:
        channel.unary_unary("/test.Test/Fail")(b"x", **limit)
        raise SystemExit("it did not fail")
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.FAILED_PRECONDITION, error
        assert error.details() == "not today: x" and ("x-trailer", "done") in error.trailing_metadata()
    assert len(list(channel.unary_stream("/test.Test/Count")(b"500", **limit))) == 500
    assert channel.stream_unary("/test.Test/Total")((b"y" * 1000 for _ in range(300)), **limit) == b"300000"

    # One answer before the next question: nothing is held back on the way.
    line = queue.Queue()
    answers = channel.stream_stream("/test.Test/Mirror")(iter(line.get, None), **limit)
    for number in range(20):
        line.put(str(number).encode())
        assert next(answers) == b"<" + str(number).encode() + b">"
    line.put(None)
    assert list(answers) == []

    # A mocked call is answered by the stub: here with gRPC's own "unavailable", by its HTTP status.
    try:
        channel.unary_unary("/test.Test/Mocked")(b"x", **limit)
        raise SystemExit("the mock did not answer")
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.UNAVAILABLE, error
    print("ok")


def rest(target, seconds):
    """A stream that goes on for a while: says when it has begun, and how it ended."""
    answers = grpc.insecure_channel(target).unary_stream("/test.Test/Wait")(seconds.encode(), timeout=30)
    print(next(answers).decode(), flush=True)
    print(next(answers).decode(), flush=True)


if __name__ == "__main__":
    {"server": serve, "client": main, "rest": rest}[sys.argv[1]](*sys.argv[2:])
