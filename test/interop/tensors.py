"""Every data type in both encodings and both compressions, requests and answers of every form the client has."""

import gzip
import json
import zlib

import numpy as np
import tritonclient.http as httpclient
from harness import HEADERS, check, connect, exchange, refused, run

client = connect()

# The extremes of each type.
VALUES = {
    "BOOL": np.array([[True, False]]),
    "INT8": np.array([[-128, 127]], np.int8),
    "INT16": np.array([[-32768, 32767]], np.int16),
    "INT32": np.array([[-(2**31), 2**31 - 1]], np.int32),
    "INT64": np.array([[-(2**63), 2**53 + 1, 2**63 - 1]], np.int64),
    "UINT8": np.array([[0, 255]], np.uint8),
    "UINT16": np.array([[0, 65535]], np.uint16),
    "UINT32": np.array([[0, 2**32 - 1]], np.uint32),
    "UINT64": np.array([[0, 2**53 + 1, 2**64 - 1]], np.uint64),
    "FP16": np.array([[1.5, -65504, np.inf, np.nan]], np.float16),
    "FP32": np.array([[0.1, -3.4028235e38, 1e-45]], np.float32),
    "FP64": np.array([[0.1, -1.7976931348623157e308, 5e-324]], np.float64),
    "BYTES": np.array([[b"ab", "żółw 🐢".encode(), b""]], np.object_),
}
ENCODINGS = {"binary": True, "JSON": False}
COMPRESSIONS = [None, "gzip", "deflate"]


def identity(values, datatype, binary_in=True, binary_out=True, **options):
    tensor = httpclient.InferInput("INPUT0", list(values.shape), datatype)
    tensor.set_data_from_numpy(values, binary_data=binary_in)
    wanted = httpclient.InferRequestedOutput("OUTPUT0", binary_data=binary_out)
    model = f"identity_{datatype.lower()}"
    return client.infer(model, [tensor], outputs=[wanted], **options).as_numpy("OUTPUT0")


def same(got, expected, datatype):
    if datatype == "BYTES":
        as_bytes = [item.encode() if isinstance(item, str) else item for item in got.flatten()]
        assert as_bytes == list(expected.flatten()), as_bytes
    else:
        assert got.dtype == expected.dtype and got.tobytes() == expected.tobytes(), got
    assert got.shape == expected.shape, got.shape


@check(
    "{datatype}: {sent} in, {answered} out",
    [
        {"datatype": datatype, "sent": sent, "answered": answered}
        for datatype in VALUES
        for sent in ENCODINGS
        for answered in ENCODINGS
        if datatype != "FP16" or (sent, answered) == ("binary", "binary")
    ],
)
def round_trip(datatype, sent, answered):
    values = VALUES[datatype]
    same(identity(values, datatype, ENCODINGS[sent], ENCODINGS[answered]), values, datatype)


@check("FP16 in JSON is refused with the advice to use binary, both ways")
def half_in_json():
    values = np.array([[1.5]], np.float16)
    for encodings in ({"binary_in": False}, {"binary_out": False}):
        refused("FP16 data via JSON is not supported", lambda: identity(values, "FP16", **encodings), 400)
        refused("binary_data=True", lambda: identity(values, "FP16", **encodings), 400)


@check("BF16 reaches a model that expects another type as a clear error")
def bfloat16():
    import ml_dtypes

    tensor = httpclient.InferInput("INPUT0", [1, 2], "BF16")
    tensor.set_data_from_numpy(np.array([[1, 2]], ml_dtypes.bfloat16))
    expected = "inference input 'INPUT0' data-type is 'BF16', but model 'identity_fp32' expects 'FP32'"
    refused(expected, lambda: client.infer("identity_fp32", [tensor]), 400)


@check("NaN and both infinities in JSON, {datatype}", [{"datatype": "FP32"}, {"datatype": "FP64"}])
def not_finite(datatype):
    values = np.array([[np.nan, np.inf, -np.inf, 1]], np.float32 if datatype == "FP32" else np.float64)
    for binary_in in (True, False):
        got = identity(values, datatype, binary_in=binary_in, binary_out=False)
        np.testing.assert_array_equal(got, values)


@check("negative zero keeps its sign, {answered} out", [{"answered": answered} for answered in ENCODINGS])
def negative_zero(answered):
    values = np.array([[-0.0]], np.float32)
    for binary_in in (True, False):
        same(identity(values, "FP32", binary_in, ENCODINGS[answered]), values, "FP32")


BYTES_THAT_ARE_NO_TEXT = np.array([[b"a\0b", b"\xff\xfe", b"\0", bytes(range(256))]], np.object_)


@check("BYTES with NUL and invalid UTF-8 pass unchanged in binary")
def byte_safe():
    same(identity(BYTES_THAT_ARE_NO_TEXT, "BYTES"), BYTES_THAT_ARE_NO_TEXT, "BYTES")


@check("BYTES with NUL pass unchanged in JSON")
def nul_in_json():
    values = np.array([[b"a\0b", b"\0"]], np.object_)
    same(identity(values, "BYTES", binary_in=False, binary_out=False), values, "BYTES")


@check("a tensor of two million bytes, {encoding}", [{"encoding": encoding} for encoding in ENCODINGS])
def large(encoding):
    values = np.arange(500_000, dtype=np.int32).reshape(5, 100_000)
    same(identity(values, "INT32", ENCODINGS[encoding], ENCODINGS[encoding]), values, "INT32")


@check("a tensor without elements, {encoding}", [{"encoding": encoding} for encoding in ENCODINGS])
def empty(encoding):
    values = np.empty((0, 2), np.float32)
    got = identity(values, "FP32", ENCODINGS[encoding], ENCODINGS[encoding])
    assert got.size == 0


@check(
    "compression: {request} request, {response} answer, {encoding}",
    [
        {"request": request, "response": response, "encoding": encoding}
        for request in COMPRESSIONS
        for response in COMPRESSIONS
        for encoding in ENCODINGS
    ],
)
def compression(request, response, encoding):
    values = np.arange(20_000, dtype=np.int32).reshape(4, 5000) % 7
    binary = ENCODINGS[encoding]
    got = identity(
        values,
        "INT32",
        binary,
        binary,
        request_compression_algorithm=request,
        response_compression_algorithm=response,
    )
    same(got, values, "INT32")


@check("an answer is compressed when it is asked for, {encoding}", [{"encoding": "gzip"}, {"encoding": "deflate"}])
def answer_is_compressed(encoding):
    unpack = gzip.decompress if encoding == "gzip" else zlib.decompress
    data = [0] * 20_000
    tensor = {"name": "INPUT0", "shape": [1, len(data)], "datatype": "INT32", "data": data}
    path = "/v2/models/identity_int32/infer"
    body = json.dumps({"inputs": [tensor]})
    response, packed = exchange("POST", path, body, {"accept-encoding": encoding})
    assert response.getheader("content-encoding") == encoding, response.getheaders()
    assert len(packed) < 5000 and json.loads(unpack(packed))["outputs"][0]["data"] == data


@check("an unknown compression is refused with 501")
def unknown_compression():
    response, body = exchange(
        "POST", "/v2/models/identity_int32/infer", b"x", {"content-encoding": "snappy"}
    )
    assert response.status == 501, response.status
    assert "Unsupported compression type" in json.loads(body)["error"], body
    assert response.getheader("accept-encoding"), response.getheaders()


def add_sub_inputs(binary=True):
    first, second = np.arange(16, dtype=np.int32).reshape(1, 16), np.full((1, 16), 3, np.int32)
    inputs = [httpclient.InferInput(name, [1, 16], "INT32") for name in ("INPUT0", "INPUT1")]
    inputs[0].set_data_from_numpy(first, binary_data=True)
    inputs[1].set_data_from_numpy(second, binary_data=binary)
    return inputs, first + second, first - second


@check("infer without outputs, with version, id and parameters")
def whole_request():
    inputs, total, difference = add_sub_inputs(binary=False)
    result = client.infer(
        "simple",
        inputs,
        model_version="1",
        request_id="é1",
        priority=2,
        timeout=5_000_000,
        parameters={"note": "kept", "count": 3, "flag": True},
        query_params={"test": "x"},
    )
    answer = result.get_response()
    assert (answer["id"], answer["model_name"], answer["model_version"]) == ("é1", "simple", "1")
    same(result.as_numpy("OUTPUT0"), total, "INT32")
    same(result.as_numpy("OUTPUT1"), difference, "INT32")
    assert result.as_numpy("OUTPUT7") is None and result.get_output("OUTPUT0")["datatype"] == "INT32"


@check("outputs in the order asked for, one binary and one JSON")
def chosen_outputs():
    inputs, total, difference = add_sub_inputs()
    outputs = [
        httpclient.InferRequestedOutput("OUTPUT1", binary_data=False),
        httpclient.InferRequestedOutput("OUTPUT0", binary_data=True),
    ]
    result = client.infer("simple", inputs, outputs=outputs)
    assert [output["name"] for output in result.get_response()["outputs"]] == ["OUTPUT1", "OUTPUT0"]
    same(result.as_numpy("OUTPUT0"), total, "INT32")
    same(result.as_numpy("OUTPUT1"), difference, "INT32")


@check("generate_request_body and parse_response_body")
def static_bodies():
    inputs, total, _ = add_sub_inputs()
    body, header_bytes = httpclient.InferenceServerClient.generate_request_body(inputs)
    headers = {**HEADERS, "inference-header-content-length": str(header_bytes)}
    response, answer = exchange("POST", "/v2/models/simple/infer", body, headers)
    assert response.status == 200, answer
    answered = response.getheader("inference-header-content-length")
    result = httpclient.InferenceServerClient.parse_response_body(
        answer, header_length=None if answered is None else int(answered)
    )
    same(result.as_numpy("OUTPUT0"), total, "INT32")


@check("classification, {encoding}", [{"encoding": encoding} for encoding in ENCODINGS])
def classification(encoding):
    tensor = httpclient.InferInput("INPUT0", [2, 4], "FP32")
    tensor.set_data_from_numpy(np.array([[1, 4, 2, 3], [9, 0, 0.5, -1]], np.float32))
    wanted = httpclient.InferRequestedOutput("OUTPUT0", binary_data=ENCODINGS[encoding], class_count=2)
    got = client.infer("classes", [tensor], outputs=[wanted]).as_numpy("OUTPUT0")
    texts = [item.decode() if isinstance(item, bytes) else str(item) for item in got.flatten()]
    assert texts == ["4.000000:1:dog", "3.000000:3:fish", "9.000000:0:cat", "0.500000:2:bird"], texts
    assert got.shape == (2, 2), got.shape


@check("more classes than there are means all of them")
def many_classes():
    tensor = httpclient.InferInput("INPUT0", [1, 4], "FP32")
    tensor.set_data_from_numpy(np.array([[1, 4, 2, 3]], np.float32))
    wanted = httpclient.InferRequestedOutput("OUTPUT0", class_count=100)
    got = client.infer("classes", [tensor], outputs=[wanted]).as_numpy("OUTPUT0")
    assert got.shape == (1, 4), got.shape


run()
