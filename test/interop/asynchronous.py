"""The client's other ways to wait: async_infer on greenlets, and the asyncio client."""

import asyncio

import numpy as np
import tritonclient.http as httpclient
import tritonclient.http.aio as aioclient
from harness import ADDRESS, HEADERS, check, connect, refused, run


def inputs_of(value, made=httpclient.InferInput):
    inputs = [made(name, [1, 16], "INT32") for name in ("INPUT0", "INPUT1")]
    for tensor in inputs:
        tensor.set_data_from_numpy(np.full((1, 16), value, np.int32))
    return inputs


@check("async_infer: many at once, each with its own answer")
def asynchronous():
    client = connect(concurrency=8)
    pending = [client.async_infer("simple", inputs_of(value)) for value in range(64)]
    for value, request in enumerate(pending):
        got = request.get_result(timeout=30).as_numpy("OUTPUT0")
        assert (got == 2 * value).all(), got


@check("async_infer: an error arrives with its result")
def asynchronous_error():
    client = connect()
    pending = client.async_infer("nothing", inputs_of(1))
    refused("Request for unknown model", pending.get_result, 404)


async def with_aio(use):
    async with aioclient.InferenceServerClient(ADDRESS) as client:
        return await use(client)


@check("aio: health, metadata, configuration, index, statistics")
def aio_questions():
    async def use(client):
        assert await client.is_server_live(headers=HEADERS)
        assert await client.is_server_ready(headers=HEADERS)
        assert await client.is_model_ready("simple", headers=HEADERS)
        assert (await client.get_model_metadata("simple", headers=HEADERS))["name"] == "simple"
        assert (await client.get_model_config("simple", headers=HEADERS))["name"] == "simple"
        assert await client.get_model_repository_index(headers=HEADERS)
        assert await client.get_inference_statistics("simple", headers=HEADERS)

    asyncio.run(with_aio(use))


@check("aio: many at once, compressed both ways")
def aio_infer():
    async def use(client):
        async def one(value):
            result = await client.infer(
                "simple",
                inputs_of(value),
                headers=HEADERS,
                request_compression_algorithm="gzip",
                response_compression_algorithm="deflate",
            )
            return (result.as_numpy("OUTPUT0") == 2 * value).all()

        assert all(await asyncio.gather(*(one(value) for value in range(32))))

    asyncio.run(with_aio(use))


run()
