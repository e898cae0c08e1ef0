"""A WebSocket server and client: `server`, `client PORT`, or `rest PORT` (waits to be told goodbye)."""
import asyncio
import sys

import websockets


async def serve(socket):
    path = getattr(socket, "path", None) or socket.request.path
    if path == "/fast":  # speaks before it is spoken to, and much
        for number in range(200):
            await socket.send(str(number) + "x" * 5000)
    try:
        async for message in socket:
            await socket.send(message)
    except websockets.ConnectionClosed:
        pass
    print("closed", path, socket.close_code, flush=True)


async def server():
    async with websockets.serve(serve, "127.0.0.1", 0, max_size=None) as listening:
        print(listening.sockets[0].getsockname()[1], flush=True)
        await asyncio.Future()


async def client(port):
    async with websockets.connect(f"ws://127.0.0.1:{port}/echo", max_size=None) as socket:
        for message in ["hello", "x" * 126, "y" * 70000, b"z" * 2_000_000]:
            await socket.send(message)
            assert await socket.recv() == message
        await (await socket.ping())
    async with websockets.connect(f"ws://127.0.0.1:{port}/fast", max_size=None) as socket:
        for number in range(200):
            assert (await socket.recv()).startswith(f"{number}x")
    print("ok")


async def rest(port):
    async with websockets.connect(f"ws://127.0.0.1:{port}/rest") as socket:
        await socket.send("there")
        print(await socket.recv(), flush=True)
        try:
            await socket.recv()
        except websockets.ConnectionClosed:
            pass
        print("closed", socket.close_code, flush=True)


mode, *rest_of = sys.argv[1:]
asyncio.run({"server": server, "client": client, "rest": rest}[mode](*rest_of))
