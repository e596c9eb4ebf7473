"""Big models for the benchmarks: real files of real frameworks, made once."""
import os
import sys

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
            file.write(rng.random(shape, dtype=np.float32))
            weights.append(tensor)
            nodes.append(helper.make_node("MatMul", [last, tensor.name], ["h%d" % layer]))
            last = "h%d" % layer
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", rows])]
    outputs = [helper.make_tensor_value_info(last, TensorProto.FLOAT, ["batch", rows if layers % 2 == 0 else width])]
    graph = helper.make_graph(nodes, "big", inputs, outputs, weights)
    model = helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)])
    with open(path, "wb") as file:
        file.write(model.SerializeToString())


if __name__ == "__main__":
    {"joblib_model": joblib_model, "onnx_model": onnx_model}[sys.argv[1]](sys.argv[2], int(sys.argv[3]))
