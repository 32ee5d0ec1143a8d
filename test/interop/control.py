"""Loading, unloading and replacing models, and shared memory."""

import json
import os

import numpy as np
import tritonclient.http as httpclient
import tritonclient.utils.shared_memory as shared_memory
from harness import check, connect, eventually, refused, run

client = connect()
MODEL_FILE = os.environ["GRISTMILL_MODEL_FILE"]


def states():
    return {entry["name"]: entry.get("state") for entry in client.get_model_repository_index()}


def identity(model, values=np.array([[1, 2]], np.float32)):
    tensor = httpclient.InferInput("INPUT0", list(values.shape), "FP32")
    tensor.set_data_from_numpy(values)
    got = client.infer(model, [tensor]).as_numpy("OUTPUT0")
    np.testing.assert_array_equal(got, values)


@check("unload_model and load_model")
def unload_and_load():
    client.load_model("movable")
    assert client.is_model_ready("movable")
    identity("movable")
    client.unload_model("movable", unload_dependents=True)
    eventually("the model is gone", lambda: not client.is_model_ready("movable"))
    assert states()["movable"] == "UNAVAILABLE", states()
    refused("Request for unknown model", lambda: identity("movable"))
    client.load_model("movable")
    assert client.is_model_ready("movable") and states()["movable"] == "READY"
    identity("movable")


@check("load_model with a configuration")
def load_with_config():
    client.load_model("movable", config=json.dumps({"max_batch_size": "16"}))
    assert client.get_model_config("movable")["max_batch_size"] == 16
    identity("movable")
    client.load_model("movable")
    assert client.get_model_config("movable")["max_batch_size"] != 16


@check("load_model with files of its own")
def load_with_files():
    with open(MODEL_FILE, "rb") as file:
        content = file.read()
    client.load_model("sent", config="{}", files={"file:1/model.onnx": content})
    assert client.is_model_ready("sent")
    identity("sent")
    client.unload_model("sent")
    eventually("the model is gone", lambda: not client.is_model_ready("sent"))


@check("load_model of what is not there, or is no model")
def load_fails():
    text = "failed to load 'nothing', failed to poll from model repository"
    refused(text, lambda: client.load_model("nothing"), 400)
    broken = {"file:1/model.onnx": b"this is no model"}
    refused("failed to load 'sent'", lambda: client.load_model("sent", config="{}", files=broken), 400)
    refused("", lambda: client.load_model("movable", config="not json"), 400)
    identity("movable")


def status():
    regions = client.get_system_shared_memory_status()
    return {region["name"]: region for region in regions}


@check("system shared memory: register, infer in and out of it, status, unregister")
def system_shared_memory():
    values = np.arange(16, dtype=np.float32).reshape(1, 16)
    size = values.nbytes
    handle = shared_memory.create_shared_memory_region("tensors", "/gristmill_interop", 2 * size)
    try:
        shared_memory.set_shared_memory_region(handle, [values])
        client.register_system_shared_memory("tensors", "/gristmill_interop", 2 * size)
        assert status()["tensors"]["byte_size"] == 2 * size
        assert client.get_system_shared_memory_status("tensors")[0]["key"] == "/gristmill_interop"
        tensor = httpclient.InferInput("INPUT0", [1, 16], "FP32").set_shared_memory("tensors", size)
        wanted = httpclient.InferRequestedOutput("OUTPUT0")
        wanted.set_shared_memory("tensors", size, offset=size)
        result = client.infer("identity_fp32", [tensor], outputs=[wanted])
        assert result.get_output("OUTPUT0")["parameters"]["shared_memory_region"] == "tensors"
        got = shared_memory.get_contents_as_numpy(handle, np.float32, [2, 16])
        np.testing.assert_array_equal(got[1], values[0])
        plain = client.infer("identity_fp32", [tensor])
        np.testing.assert_array_equal(plain.as_numpy("OUTPUT0"), values)
        again = lambda: client.register_system_shared_memory("tensors", "/gristmill_interop", size)
        refused("tensors", again, 400)
        client.unregister_system_shared_memory("tensors")
        assert "tensors" not in status()
        refused("tensors", lambda: client.infer("identity_fp32", [tensor]), 404)
    finally:
        shared_memory.destroy_shared_memory_region(handle)
        client.unregister_system_shared_memory()


@check("system shared memory that is not there")
def missing_shared_memory():
    call = lambda: client.register_system_shared_memory("gone", "/gristmill_no_such_region", 64)
    refused("gone", call, 400)


@check("CUDA shared memory is answered 501 by name")
def cuda_shared_memory():
    calls = [
        lambda: client.get_cuda_shared_memory_status(),
        lambda: client.get_cuda_shared_memory_status("region"),
        lambda: client.register_cuda_shared_memory("region", b"handle", 0, 64),
        lambda: client.unregister_cuda_shared_memory("region"),
        lambda: client.unregister_cuda_shared_memory(),
    ]
    for call in calls:
        refused("cuda_shared_memory", call, 501)


run()
