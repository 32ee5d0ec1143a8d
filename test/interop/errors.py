"""The texts that people and test suites look for when a request is wrong."""

import numpy as np
import tritonclient.http as httpclient
from harness import check, connect, refused, run

client = connect()


def tensor(name="INPUT0", shape=(1, 16), datatype="INT32", dtype=np.int32):
    made = httpclient.InferInput(name, list(shape), datatype)
    return made.set_data_from_numpy(np.zeros(shape, dtype))


def both(**changes):
    return [tensor(**changes), tensor("INPUT1")]


@check("unknown model")
def unknown_model():
    text = "Request for unknown model: 'nothing' is not found"
    refused(text, lambda: client.infer("nothing", both()), 404)


@check("unknown version")
def unknown_version():
    text = "Request for unknown model: 'simple' version 7 is not found"
    refused(text, lambda: client.infer("simple", both(), model_version="7"), 404)


@check("wrong data type")
def wrong_datatype():
    text = "inference input 'INPUT0' data-type is 'FP32', but model 'simple' expects 'INT32'"
    refused(text, lambda: client.infer("simple", both(datatype="FP32", dtype=np.float32)), 400)


@check("wrong shape")
def wrong_shape():
    text = "unexpected shape for input 'INPUT0' for model 'simple'. Expected [-1,16], got [1,17]"
    refused(text, lambda: client.infer("simple", both(shape=(1, 17))), 400)


@check("batch sizes that differ")
def different_batches():
    text = "batch size does not match other inputs for 'simple'"
    refused(text, lambda: client.infer("simple", both(shape=(2, 16))), 400)


@check("missing input")
def missing_input():
    text = "expected 2 inputs but got 1 inputs for model 'simple'"
    refused(text, lambda: client.infer("simple", [tensor()]), 400)


@check("unexpected input")
def unexpected_input():
    text = "unexpected inference input 'INPUT9' for model 'simple'"
    refused(text, lambda: client.infer("simple", [tensor(), tensor("INPUT9")]), 400)


@check("unexpected output")
def unexpected_output():
    text = "unexpected inference output 'OUTPUT9' for model 'simple'"
    outputs = [httpclient.InferRequestedOutput("OUTPUT9")]
    refused(text, lambda: client.infer("simple", both(), outputs=outputs), 400)


@check("output named twice")
def repeated_output():
    outputs = [httpclient.InferRequestedOutput("OUTPUT0") for _ in range(2)]
    text = "output 'OUTPUT0' already exists in request"
    refused(text, lambda: client.infer("simple", both(), outputs=outputs), 400)


@check("input without data")
def no_data():
    text = "Input must set only one of the following fields"
    empty = httpclient.InferInput("INPUT0", [1, 16], "INT32")
    refused(text, lambda: client.infer("simple", [empty, tensor("INPUT1")]), 400)


@check("data that is shorter than the shape says")
def short_data():
    text = "input byte size mismatch for input 'INPUT0' for model 'simple'. Expected 128, got 64"
    short = tensor().set_shape([2, 16])
    refused(text, lambda: client.infer("simple", [short, tensor("INPUT1", (2, 16))]), 400)


@check("a sequence")
def sequence():
    call = lambda: client.infer("simple", both(), sequence_id=7, sequence_start=True)
    refused("sequence", call, 501)


@check("a model name with a path in it")
def traversal():
    for name in ("..", "a/../b"):
        refused("", lambda: client.infer(name, both()))


@check("the errors that the client itself finds")
def reserved_parameter():
    refused(
        "reserved parameter",
        lambda: client.infer("simple", both(), parameters={"priority": 1}),
    )


@check("a body that nginx refuses is an error the client can read")
def too_large():
    large = tensor(shape=(1, 1_200_000), datatype="FP32", dtype=np.float32)
    text = "exceeds the maximum allowed input size"
    refused(text, lambda: client.infer("identity_fp32", [large]), 413)


run()
