"""Big models for the benchmarks: real files of real frameworks, made once."""
import json
import os
import pickle
import sys
import types
import zipfile

import numpy as np


def joblib_model(path, size_bytes):
    """A nearest-neighbours regressor in an uncompressed joblib file; almost all of it is the training rows that it keeps."""
    import joblib
    from sklearn.neighbors import KNeighborsRegressor

    columns = 64
    rows = size_bytes // (columns * 8 + 8)
    model = KNeighborsRegressor(algorithm="brute")
    model.fit(np.zeros((8, columns)), np.zeros(8))
    rng = np.random.default_rng(0)
    # Fitted on few rows and given many: the file is the same as after a fit, and no check copies the rows.
    model._fit_X = rng.random((rows, columns))
    model._y = rng.random(rows)
    model.n_samples_fit_ = rows
    joblib.dump(model, path)


def forest_model(path, size_bytes):
    """A random forest in an uncompressed joblib file. A few trees are fitted and kept many times over: a tree is far longer than deflate
    looks back, so it packs as well or as badly as if each had been fitted."""
    import copy

    import joblib
    from sklearn.ensemble import RandomForestClassifier

    rng = np.random.default_rng(0)
    rows = rng.standard_normal((20_000, 12))
    classes = (rows[:, 0] + rows[:, 1] * rows[:, 2] + rng.standard_normal(len(rows)) > 0).astype(int)
    model = RandomForestClassifier(16, random_state=0).fit(rows, classes)
    one = sum(tree.tree_.__getstate__()["nodes"].nbytes + tree.tree_.__getstate__()["values"].nbytes for tree in model.estimators_)
    model.estimators_ = [copy.deepcopy(tree) for _ in range(max(1, size_bytes // one)) for tree in model.estimators_]
    model.n_estimators = len(model.estimators_)
    joblib.dump(model, path)


def onnx_model(path, size_bytes):
    """A chain of matrix products whose weights lie in a file beside the graph."""
    import onnx
    from onnx import TensorProto, helper

    width, layers = 4096, 16
    rows = size_bytes // (layers * width * 4)
    location = os.path.basename(path) + ".data"
    rng = np.random.default_rng(0)
    nodes, weights, last = [], [], "x"
    with open(path + ".data", "wb") as file:
        for layer in range(layers):
            shape = (rows, width) if layer % 2 == 0 else (width, rows)
            tensor = TensorProto(name="w%d" % layer, data_type=TensorProto.FLOAT, dims=shape, data_location=TensorProto.EXTERNAL)
            for key, value in (("location", location), ("offset", str(file.tell())), ("length", str(rows * width * 4))):
                entry = tensor.external_data.add()
                entry.key, entry.value = key, value
            # As a network begins, and not far from where training ends.
            file.write(rng.standard_normal(shape, dtype=np.float32) * np.float32(0.02))
            weights.append(tensor)
            nodes.append(helper.make_node("MatMul", [last, tensor.name], ["h%d" % layer]))
            last = "h%d" % layer
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", rows])]
    outputs = [helper.make_tensor_value_info(last, TensorProto.FLOAT, ["batch", rows if layers % 2 == 0 else width])]
    graph = helper.make_graph(nodes, "big", inputs, outputs, weights)
    model = helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)])
    with open(path, "wb") as file:
        file.write(model.SerializeToString())


def weights(size_bytes):
    """(name, rows) of float32 matrices of 4096 columns that together have about that many bytes: the blocks of a transformer."""
    width, per_block = 4096, 6
    blocks = 24
    rows = size_bytes // (width * 4 * per_block * blocks)
    parts = ("attn.q_proj", "attn.k_proj", "attn.v_proj", "attn.o_proj", "mlp.up_proj", "mlp.down_proj")
    return width, rows, ["model.layers.%d.%s.weight" % (block, part) for block in range(blocks) for part in parts]


def safetensors_file(path, size_bytes):
    """Weights in one safetensors file, written by its format: a header of JSON and the matrices behind it."""
    width, rows, names = weights(size_bytes)
    nbytes = width * rows * 4
    header = {name: {"dtype": "F32", "shape": [rows, width], "data_offsets": [i * nbytes, (i + 1) * nbytes]} for i, name in enumerate(names)}
    text = json.dumps({"__metadata__": {"format": "pt"}, **header}).encode()
    rng = np.random.default_rng(0)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for _ in names:
            file.write(rng.random((rows, width), dtype=np.float32))


def torch_file(path, size_bytes):
    """A state dict as `torch.save` writes it: a zip of stored members, whose pickle refers to storages by persistent ids."""
    width, rows, names = weights(size_bytes)
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")

    def _rebuild_tensor_v2(*arguments):
        """Only its name is pickled."""

    _rebuild_tensor_v2.__module__, _rebuild_tensor_v2.__qualname__ = "torch._utils", "_rebuild_tensor_v2"
    utils._rebuild_tensor_v2 = _rebuild_tensor_v2
    torch._utils, torch.FloatStorage = utils, type("FloatStorage", (), {"__module__": "torch"})
    sys.modules.update({"torch": torch, "torch._utils": utils})

    class Storage:
        def __init__(self, key):
            self.key = key

    class Tensor:
        def __init__(self, key):
            self.key = key

        def __reduce__(self):
            return _rebuild_tensor_v2, (Storage(self.key), 0, (rows, width), (width, 1), False, {})

    class Pickler(pickle.Pickler):
        def persistent_id(self, thing):
            return ("storage", torch.FloatStorage, thing.key, "cpu", rows * width) if isinstance(thing, Storage) else None

    folder = os.path.basename(path).removesuffix(".pt")
    rng = np.random.default_rng(0)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        with archive.open(folder + "/data.pkl", "w") as member:
            Pickler(member, protocol=2).dump({name: Tensor(str(i)) for i, name in enumerate(names)})
        archive.writestr(folder + "/byteorder", "little")
        for i in range(len(names)):
            archive.writestr("%s/data/%d" % (folder, i), rng.random((rows, width), dtype=np.float32).tobytes())
        archive.writestr(folder + "/version", "3\n")


def whole_onnx_model(path, size_bytes):
    """The chain of matrix products with its weights within the one file, as far as protobuf goes: just under 2 GB."""
    import onnx
    from onnx import TensorProto, helper

    width, layers = 4096, 16
    rows = size_bytes // (layers * width * 4)
    rng = np.random.default_rng(0)
    nodes, tensors, last = [], [], "x"
    for layer in range(layers):
        shape = (rows, width) if layer % 2 == 0 else (width, rows)
        tensors.append(TensorProto(name="w%d" % layer, data_type=TensorProto.FLOAT, dims=shape, raw_data=rng.random(shape, dtype=np.float32).tobytes()))
        nodes.append(helper.make_node("MatMul", [last, "w%d" % layer], ["h%d" % layer]))
        last = "h%d" % layer
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", rows])]
    outputs = [helper.make_tensor_value_info(last, TensorProto.FLOAT, ["batch", rows])]
    graph = helper.make_graph(nodes, "whole", inputs, outputs, tensors)
    onnx.save(helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)]), path)


MAKERS = {maker.__name__: maker for maker in (joblib_model, forest_model, onnx_model, whole_onnx_model, safetensors_file, torch_file)}

if __name__ == "__main__":
    MAKERS[sys.argv[1]](sys.argv[2], int(sys.argv[3]))
