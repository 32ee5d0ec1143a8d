"""What a researcher would write in Python: a FastAPI route on uvicorn that runs the model and answers raw tensors.

Its one argument is JSON: {"socket": path, "models": {name: file}}. It checks nothing and asks for no token.
"""

import json
import sys

import numpy as np
import onnxruntime
import orjson
import uvicorn
from fastapi import FastAPI, Request, Response

DATATYPES = {"FP32": np.dtype(np.float32), "INT32": np.dtype(np.int32)}
NAMES = {dtype: name for name, dtype in DATATYPES.items()}


def session_of(file):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])


argument = json.loads(sys.argv[1])
sessions = {name: session_of(file) for name, file in argument["models"].items()}
output_names = {name: [output.name for output in session.get_outputs()] for name, session in sessions.items()}
app = FastAPI()


def feeds_of(body, header_bytes):
    header = orjson.loads(body[:header_bytes])
    offset = header_bytes
    feeds = {}
    for tensor in header["inputs"]:
        size = tensor["parameters"]["binary_data_size"]
        values = np.frombuffer(body, DATATYPES[tensor["datatype"]], size // 4, offset)
        feeds[tensor["name"]] = values.reshape(tensor["shape"])
        offset += size
    return feeds


@app.post("/v2/models/{model}/infer")
async def infer(model: str, request: Request):
    body = await request.body()
    feeds = feeds_of(body, int(request.headers["inference-header-content-length"]))
    outputs = sessions[model].run(None, feeds)
    described = [
        {
            "name": name,
            "datatype": NAMES[output.dtype],
            "shape": output.shape,
            "parameters": {"binary_data_size": output.nbytes},
        }
        for name, output in zip(output_names[model], outputs)
    ]
    header = orjson.dumps({"model_name": model, "model_version": "1", "outputs": described})
    return Response(
        b"".join([header, *(output.tobytes() for output in outputs)]),
        media_type="application/octet-stream",
        headers={"inference-header-content-length": str(len(header))},
    )


uvicorn.run(
    app,
    uds=argument["socket"],
    loop="uvloop",
    http="httptools",
    access_log=False,
    log_level="error",
    # Above nginx's idle time for kept connections, as in the service.
    timeout_keep_alive=75,
)
