"""What the client asks about the server and its models: health, metadata, configuration, statistics, trace, logging."""

import numpy as np
import tritonclient.http as httpclient
from harness import ADDRESS, HEADERS, check, connect, eventually, refused, run

client = connect()


def infer_simple(count=1, model="simple"):
    for _ in range(count):
        inputs = [httpclient.InferInput(name, [1, 16], "INT32") for name in ("INPUT0", "INPUT1")]
        for tensor in inputs:
            tensor.set_data_from_numpy(np.ones((1, 16), np.int32))
        client.infer(model, inputs)


@check("a session is needed, by header or by plugin")
def sign_in():
    with httpclient.InferenceServerClient(ADDRESS) as stranger:
        refused("", lambda: stranger.get_model_metadata("simple"), 401)
        assert stranger.get_model_metadata("simple", headers=HEADERS)["name"] == "simple"


@check("is_server_live")
def live():
    assert client.is_server_live()
    assert client.is_server_live(query_params={"test_1": 1, "test_2": 2})


@check("is_server_ready")
def ready():
    assert client.is_server_ready()


@check("is_model_ready, with a version and without")
def model_ready():
    assert client.is_model_ready("simple")
    assert client.is_model_ready("simple", "1")
    assert not client.is_model_ready("simple", "7")
    assert not client.is_model_ready("nothing")


@check("get_server_metadata: name, version and the extensions that work")
def server_metadata():
    metadata = client.get_server_metadata()
    assert metadata["name"] == "triton" and metadata["version"]
    expected = {
        "classification",
        "model_repository",
        "schedule_policy",
        "model_configuration",
        "system_shared_memory",
        "binary_tensor_data",
        "parameters",
        "statistics",
        "trace",
        "logging",
    }
    missing = expected - set(metadata["extensions"])
    assert not missing, f"missing {sorted(missing)}"
    assert not {"sequence", "cuda_shared_memory"} & set(metadata["extensions"])


@check("get_model_metadata")
def model_metadata():
    for version in ("", "1"):
        metadata = client.get_model_metadata("simple", version)
        assert metadata["name"] == "simple" and metadata["versions"] == ["1"]
        assert metadata["platform"] == "onnxruntime_onnx"
        assert metadata["inputs"] == [
            {"name": name, "datatype": "INT32", "shape": [-1, 16]} for name in ("INPUT0", "INPUT1")
        ]
        assert [output["name"] for output in metadata["outputs"]] == ["OUTPUT0", "OUTPUT1"]
    refused("Request for unknown model", lambda: client.get_model_metadata("nothing"), 404)


@check("get_model_config")
def model_config():
    for version in ("", "1"):
        config = client.get_model_config("simple", version)
        assert config["name"] == "simple" and config["platform"] == "onnxruntime_onnx"
        assert isinstance(config["max_batch_size"], int) and config["max_batch_size"] > 1
        assert config["input"][0]["name"] == "INPUT0"
        assert config["input"][0]["data_type"] == "TYPE_INT32"
        # Strings in protobuf's own JSON, numbers in Triton's.
        assert [int(size) for size in config["input"][0]["dims"]] == [16], config["input"][0]["dims"]
    refused("Request for unknown model", lambda: client.get_model_config("nothing"), 404)


@check("get_model_repository_index")
def repository_index():
    index = {entry["name"]: entry for entry in client.get_model_repository_index()}
    assert index["simple"]["version"] == "1" and index["simple"]["state"] == "READY"


@check("get_inference_statistics of one model counts exactly, and of all models has each")
def statistics():
    def of_simple(version=""):
        entries = client.get_inference_statistics("simple", version)["model_stats"]
        assert len(entries) == 1, entries
        return entries[0]

    before = of_simple()
    infer_simple(5)
    eventually(
        "five more inferences are counted",
        lambda: of_simple("1")["inference_count"] == before["inference_count"] + 5,
    )
    after = of_simple()
    assert after["name"] == "simple" and after["version"] == "1" and after["last_inference"] > 0
    gained = after["inference_stats"]["success"]["count"] - before["inference_stats"]["success"]["count"]
    assert gained == 5, gained
    for stage in ("success", "fail", "queue", "compute_input", "compute_infer", "compute_output"):
        assert set(after["inference_stats"][stage]) == {"count", "ns"}
    executions = after["execution_count"] - before["execution_count"]
    assert 0 < executions <= 5, executions
    assert sum(batch["compute_infer"]["count"] for batch in after["batch_stats"]) == after["execution_count"]
    everything = client.get_inference_statistics()["model_stats"]
    assert {"simple", "identity_fp32"} <= {entry["name"] for entry in everything}
    refused("Request for unknown model", lambda: client.get_inference_statistics("nothing"), 404)


@check("get_trace_settings and update_trace_settings")
def trace_settings():
    before = client.get_trace_settings()
    assert {"trace_level", "trace_rate", "trace_count", "log_frequency"} <= set(before)
    for level in (["OFF"], ["TIMESTAMPS"], before["trace_level"]):
        assert client.update_trace_settings(settings={"trace_level": level})["trace_level"] == level
        assert client.get_trace_settings()["trace_level"] == level
        infer_simple()
    # null puts a setting back to what it was at start.
    assert client.update_trace_settings(settings={"trace_level": None}) == before
    refused("", lambda: client.update_trace_settings(settings={"no_such_setting": "1"}), 400)


@check("a model shows the trace settings of the server, and has none of its own")
def trace_settings_of_model():
    assert client.get_trace_settings("simple") == client.get_trace_settings()
    own = lambda: client.update_trace_settings("simple", {"trace_level": ["TIMESTAMPS"]})
    refused("a model has no trace settings of its own", own, 400)
    refused("Request for unknown model", lambda: client.get_trace_settings("nothing"), 404)


@check("get_log_settings and update_log_settings")
def log_settings():
    before = client.get_log_settings()
    expected = {"log_file", "log_info", "log_warning", "log_error", "log_verbose_level", "log_format"}
    assert expected <= set(before), before
    updated = client.update_log_settings({"log_verbose_level": 1})
    assert updated["log_verbose_level"] == 1
    assert client.get_log_settings()["log_verbose_level"] == 1
    restored = client.update_log_settings({"log_verbose_level": before["log_verbose_level"]})
    assert restored == before, (restored, before)
    refused("", lambda: client.update_log_settings({"no_such_setting": True}), 400)


run()
