"""What pandas and MLflow make of sample data: writes tests/samples/cases.json, which the tests in Rust read.

`python3 tests/python/sample_cases.py` rewrites it; test_sample.py fails when the installed pandas and MLflow say something else.
A cell is tagged: null, {"b": true}, {"i": "1"}, {"f": 1.5}, {"s": "text"}, {"y": "hex"}, {"d": "2024-01-02"} for a date, {"t": iso} for a
time, {"l": [...]}, {"a": [dtype, [...]]} for a NumPy array, {"o": {...}}, {"x": "1.5"} for a Decimal.
"""
import copy
import datetime
import decimal
import io
import json
import random
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from mlflow.models.utils import _enforce_schema  # noqa: E402
from mlflow.types.schema import ColSpec, Schema  # noqa: E402
from mlflow.types.utils import _infer_schema  # noqa: E402
from mlflow.utils.proto_json_utils import dataframe_from_parsed_json  # noqa: E402

OUT = Path(__file__).resolve().parents[1] / "samples" / "cases.json"
SCALARS = ["boolean", "integer", "long", "float", "double", "string", "binary", "datetime"]


def inferred(column):
    """The type that MLflow infers for one column, or null."""
    try:
        [spec] = _infer_schema(pd.DataFrame({"c": column})).to_dict()
    except Exception:
        return {"error": True}
    spec.pop("name")
    return spec


def frame_columns(frame):
    return [{"name": str(name), "dtype": str(frame[name].dtype), "spec": inferred(frame[name])} for name in frame.columns]


CSV_FIELDS = [
    ["1", "2", "3"], ["1", "", "3"], ["1.5", "2", "3"], ["1.5", "", "3"], ["a", "b", "c"], ["a", "", "c"], ["true", "false", "true"],
    ["True", "", "False"], ["TRUE", "yes", "no"], ["1", "0", "1"], ["1", "true", "0"], ["", "", ""], ["NA", "n/a", "null"],
    ["9223372036854775807", "1", "2"], ["9223372036854775808", "1", "2"], ["9223372036854775808", "-1", "2"],
    ["9223372036854775808", "", "2"], ["18446744073709551615", "1", "2"], ["18446744073709551616", "1", "2"],
    ["18446744073709551616", "", "2"], ["18446744073709551616", "-1", "2"], ["-9223372036854775808", "1", "2"],
    ["-9223372036854775809", "1", "2"], ["001", "002", "003"], [" 1", "2 ", "3"], ["+1", "-2", "3"], ["1e5", "2", "3"], ["1E+3", "2.", ".5"],
    ["inf", "-inf", "1"], ["Infinity", "nan", "1"], ["1,5", "2,5", "3,5"], ["1_000", "2", "3"], ["0x10", "1", "2"], ["1-2", "3", "4"],
    ["2024-01-02", "2024-01-03", "2024-01-04"], ["2024-01-02T03:04:05Z", "", "x"], ["--1", "2", "3"], ["1e", "2", "3"], ["", "x y", "z"],
    ["-0", "0", "1"], ["-0.0", "0", "1"], ["1e400", "1", "2"], ["None", "1", "2"], ["<NA>", "1.5", "2"], ["-", "1", "2"], ["$1", "2", "3"],
    ["50%", "2", "3"], ["None", "a", "b"], ["1", "two", "3.0"], ["12345678901234567890.5", "1", "2"], ["t", "f", "t"], ["a b", " c", "d "],
    ["18446744073709551616", "1.5", "2"], ["9223372036854775808", "1.5", "2"], ["9223372036854775808", "a", "2"], ["true", "1.5", "x"],
    ["#N/A", "-nan", "1.#QNAN"], ["n/a", "true", "false"], ["1.0", "2.0", "3.0"], ["0", "1", "0"], ["\u00e9", "\u4e2d", "x"], ["1 2", "3", "4"],
]
CSV_TEXTS = [
    "a,a\n1,2\n", "a,,b\n1,2,3\n", "a.1,a,a\n1,2,3\n", "a,a,a.1\n1,2,3\n", "a,b\n1,2,3\n4,5,6\n", "a,b\n1\n2,3\n", "\ufeffa\n1\n", "a\r1\r2\r", 'a,b\n"x\ny",1\n',
    "a,b\n1,2\n3,4,5\n", "1,2\n3,4\n", "a\n1\n\n2\n", "a\n   \n2\n", '"a, ""q""",b\n1,2\n', "a\n\"1\"\n\"2\"\n", ",a\n0,1\n", "a,b,\n1,2,3\n", 'a\n"NA"\n1\n', "a\r\n1\r\n2\r\n",
    'a,b\n"",1\n', "a,b\n1,2,\n3,4,\n", "a , b\n1,2\n", "Unnamed: 1,\n1,2\n", ",c,Unnamed: 0\n1,2,3\n", "a,,a,a.1,\n1,2,3,4,5\n",
]
# What the fields of generated tables are drawn from.
NUMBERS = ["1", "2", "-3", "0", "1.5", "2e3", "", "NA", "nan", "inf", " 7", "8 ", "+9", "1,000", "0x1f", "007", "9223372036854775808", "18446744073709551616",
           "-9223372036854775809", "1e-7", "0.1", "1e22", "123456789012345678", "1.0", "100000000000000000000.5", "1e308"]
WORDS = ["a", "b c", "\u00e9", "", "None", "null", "true", "False", "TRUE", "2024-01-02", "12:30", "x,y", 'q"q', "line\nbreak", "N/A", "-", "$5", " lead", "trail "]
FLAGS = ["True", "False", "true", "false", "TRUE", "", "1", "0"]
NAMES = ["a", "b", "", "a.1", "1", "Unnamed: 0", "c0"]


def csv_cases():
    for fields in CSV_FIELDS:
        rows = [['"%s"' % field if "," in field else field, str(n)] for n, field in enumerate(fields)]
        yield "c,n\n" + "".join(",".join(row) + "\n" for row in rows)
    yield from CSV_TEXTS
    yield from generated_csvs()


def generated_csvs(n=200):
    draw = random.Random(5)
    for _ in range(n):
        width = draw.randint(1, 4)
        pools = [draw.choice([NUMBERS, NUMBERS, NUMBERS[:5], WORDS, FLAGS, NUMBERS + WORDS + FLAGS]) for _ in range(width)]
        rows = [[draw.choice(NAMES) if draw.random() < 0.4 else "c%d" % index for index in range(width)]]
        rows += [[draw.choice(pool) for pool in pools] for _ in range(draw.randint(1, 5))]
        quoted = [['"%s"' % field.replace('"', '""') if set(field) & set(',"\n') or draw.random() < 0.05 else field for field in row] for row in rows]
        # A line of one empty field is no row to pandas, nor a header; a header without rows is refused here.
        if quoted[0] != [""] and any(row != [""] for row in quoted[1:]):
            yield "\n".join(",".join(row) for row in quoted) + "\n"


def read_csv(text):
    try:
        return frame_columns(pd.read_csv(io.StringIO(text)))
    except Exception:
        return None


JSON_TEXTS = [
    [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}], [{"a": 1}, {"b": 2}], [{"a": 1.0}, {"a": 2.0}], [{"a": 1.5}, {"a": 2}], [{"a": "1"}, {"a": "2"}],
    [{"a": "1.5"}, {"a": "2"}], [{"a": "007"}, {"a": None}], [{"a": "x"}, {"a": None}], [{"a": True}, {"a": False}], [{"a": True}, {"a": None}],
    [{"a": None}, {"a": None}], [{"a": [1, 2]}, {"a": [3]}], [{"a": [1.5]}, {"a": []}], [{"a": {"x": 1}}, {"a": {"x": 2, "y": "z"}}],
    [{"a": [1, "x"]}, {"a": [2]}], [{"a": 1}, {"a": "x"}], [{"a": [{"k": 1}]}, {"a": [{"k": 2, "m": True}]}], [{"a": 9223372036854775807}, {"a": 1}],
    [{"date": "2024-01-02"}, {"date": "2024-01-03"}], [{"created_at": "2024-01-02T03:04:05"}, {"created_at": None}],
    [{"timestamp": 1704164645}, {"timestamp": 1704164646}], [{"timestamp": 5}, {"timestamp": 6}], [{"modified": "2024-01-02T03:04:05Z"}, {"modified": "2024-01-02T03:04:05Z"}],
    [{"day": "2024-01-02"}, {"day": "2024-01-03"}], [{"start_time": 1704164645000}, {"start_time": 1704164646000}], [{"a": ["x", "y"]}, {"a": None}],
    [{"a": [[1], [2]]}, {"a": [[3]]}], [{"a": {}}, {"a": {"x": 1}}], [{"a": 1e20}, {"a": 1.0}], [{"a": -1}, {"a": 0}], [{"date": "x"}, {"date": "y"}],
    {"a": [1, 2], "b": ["x", "y"]}, {"a": {"0": 1, "1": 2}, "b": {"0": 1.5, "1": 2.5}}, [[1, "x"], [2, "y"]], [{"a": "true"}, {"a": "false"}],
    [{"a": " 1"}, {"a": "2"}], [{"a": ""}, {"a": "2"}], [{"a": ""}, {"a": ""}], [{"a": "nan"}, {"a": "1"}], [{"a": [None]}, {"a": [1]}], [{"a": [True]}, {"a": [False]}],
]


def generated_jsons(n=200):
    draw = random.Random(6)
    kinds = {
        "whole": lambda: draw.randint(-5, 5), "large": lambda: draw.choice([2**31, 2**53 + 1, 2**63 - 1]), "number": lambda: draw.choice([1.5, 2.0, 0.1, -3.25]), "word": lambda: draw.choice(WORDS),
        "flag": lambda: draw.random() < 0.5, "mixed": lambda: draw.choice([True, 1, 1.5, "2", None]), "wholes": lambda: [draw.randint(0, 5) for _ in range(draw.randint(0, 3))],
        "words": lambda: [draw.choice(WORDS) for _ in range(draw.randint(0, 2))], "record": lambda: {"p": draw.randint(0, 4), **({"q": draw.choice(WORDS)} if draw.random() < 0.7 else {})},
        "records": lambda: [{"p": draw.randint(0, 4)} for _ in range(draw.randint(0, 2))], "date": lambda: draw.choice(["2024-01-02", "2024-01-02T03:04:05"]), "nothing": lambda: None,
    }
    for _ in range(n):
        columns = [(draw.choice(["a", "date", "created_at", "timestamp", "x"]) + draw.choice(["", str(index)]), draw.choice(list(kinds))) for index in range(draw.randint(1, 3))]
        yield [{name: None if draw.random() < 0.15 else kinds[kind]() for name, kind in columns} for _ in range(draw.randint(1, 4))]


def read_json(text):
    try:
        return frame_columns(pd.read_json(io.StringIO(text)))
    except Exception:
        return None


def tag(value):
    if value is None or value is pd.NaT or value is pd.NA or isinstance(value, float) and value != value:
        return None
    if isinstance(value, (bool, np.bool_)):
        return {"b": bool(value)}
    if isinstance(value, (int, np.integer)):
        return {"i": str(int(value))}
    if isinstance(value, (float, np.floating)):
        return {"f": float(value)}
    if isinstance(value, str):
        return {"s": value}
    if isinstance(value, bytes):
        return {"y": value.hex()}
    if isinstance(value, (pd.Timestamp, datetime.datetime)):
        return {"t": value.isoformat()}
    if isinstance(value, datetime.date):
        return {"d": value.isoformat()}
    if isinstance(value, (decimal.Decimal, datetime.timedelta)):
        return {"x": str(value)}
    if isinstance(value, list):
        return {"l": [tag(item) for item in value]}
    if isinstance(value, np.ndarray) and value.ndim == 0:
        return tag(value.item())
    if isinstance(value, np.ndarray):
        return {"a": [str(value.dtype), [tag(item) for item in value]]}
    if isinstance(value, dict):
        return {"o": {key: tag(item) for key, item in value.items()}}
    return {"x": str(value)}


def columns():
    """Columns of many dtypes and contents."""
    yield pd.Series([True, False])
    for kind in ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]:
        yield pd.Series([1, 2], dtype=kind)
        yield pd.Series([0, 1], dtype=kind)
    for kind in ["float16", "float32", "float64"]:
        yield pd.Series([1.5, 2.5], dtype=kind)
        yield pd.Series([1.0, None], dtype=kind)
        yield pd.Series([None, None], dtype=kind)
    for kind in ["Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64"]:
        yield pd.Series([1, 2], dtype=kind)
        yield pd.Series([1, None], dtype=kind)
    for kind in ["Float32", "Float64"]:
        yield pd.Series([1.5, 2.5], dtype=kind)
        yield pd.Series([1.5, None], dtype=kind)
    yield pd.Series([True, False], dtype="boolean")
    yield pd.Series([True, None], dtype="boolean")
    yield pd.Series(["a", "b"])
    yield pd.Series(["a", None])
    yield pd.Series(["2024-01-02", "2024-01-03"])
    yield pd.Series(["a", "b"], dtype="category")
    yield pd.Series(["a", None], dtype="category")
    yield pd.Series([1, 2], dtype="category")
    for unit in ["s", "ms", "us", "ns"]:
        yield pd.Series(pd.to_datetime(["2024-01-02", "2024-01-03"])).astype("datetime64[%s]" % unit)
    yield pd.Series(pd.to_datetime(["2024-01-02", None]))
    yield pd.Series(pd.to_datetime(["2024-01-02", "2024-01-03"], utc=True))
    date, array = datetime.date(2024, 1, 2), np.array
    objects = [
        [1, 2], [1, None], [1.5, 2], [1.5, None], [True, False], [True, None], [1, True], [1.5, True], [1, "a"], ["a", None], ["a", "b"], [b"a", None], [b"a", b"b"], [None, None],
        [date, date], [date, None], [decimal.Decimal("1.5"), decimal.Decimal("2")], [2**64, 1], [2**63, 1], [2**63, -1], [2**64, None],
        [[1], [2]], [[1], None], [[1], []], [[], []], [[1], [1.5]], [[1, "a"], [2]], [[1.5], [None]], [["a"], ["b"]], [[[1], [2]], [[3]]], [[True], [False]], [[0, 1], [1]], [[2**70], [1]],
        [{"a": 1}, {"a": 2}], [{"a": 1}, {"a": None}], [{"a": 1}, {}], [{"a": 1}, {"b": "x"}], [{"a": {"b": [1]}}, {"a": {"b": []}}], [{"a": 1}, {"a": "x"}], [{"a": 1.5}, {"a": 2.5}],
        [[{"a": 1}], [{"a": 2, "b": "x"}]], [["a"], {"a": 1}], [{"a": None}, None], [[None], [None]],
        [array([1, 2]), array([3])], [array([1, 2], dtype="int32"), None], [array([1.5], dtype="float32"), array([2.5], dtype="float32")], [array([1.5]), array([2.5])],
        [array([1], dtype="int8"), array([2], dtype="int8")], [array(["a"], dtype=object), array(["b"], dtype=object)], [array([], dtype="int64"), array([1])], [array([], dtype="int64"), array([], dtype="int64")],
        [array([True]), array([False])], ["a", ["b"]], ["1.5", "2"], ["a", 1.5],
    ]
    for values in objects:
        yield objects_of(values)


NESTED = [
    {"type": "array", "items": {"type": kind}} for kind in ["boolean", "integer", "long", "float", "double", "string"]
] + [
    {"type": "array", "items": {"type": "array", "items": {"type": "long"}}},
    {"type": "array", "items": {"type": "any"}},
    {"type": "object", "properties": {"a": {"type": "long", "required": True}}},
    {"type": "object", "properties": {"a": {"type": "double", "required": False}, "b": {"type": "string", "required": False}}},
    {"type": "map", "values": {"type": "long"}},
    {"type": "any"},
]


def schema_of(spec, required=True):
    return Schema.from_json(json.dumps([{**spec, "name": "c", "required": required}]))


def fresh(column):
    """A copy down to the lists and dicts in its cells, which MLflow changes in place."""
    return objects_of(copy.deepcopy(list(column))) if column.dtype == object else column.copy()


def objects_of(values):
    cells = np.empty(len(values), dtype=object)
    for index, value in enumerate(values):
        cells[index] = value
    return pd.Series(cells)


def refused(column, spec):
    """Whether MLflow refuses a table with this column from a caller in Python."""
    try:
        _enforce_schema(pd.DataFrame({"c": fresh(column)}), schema_of(spec))
        return False
    except Exception:
        return True


def enforce_cases():
    for column in columns():
        case = {"dtype": str(column.dtype), "cells": [tag(value) for value in column]}
        is_nested = any(isinstance(value, (list, dict, np.ndarray)) for value in column)
        types = [{"type": kind} for kind in SCALARS] if not is_nested else NESTED
        yield {**case, "spec": inferred(column), "refused": {key(spec): refused(column, spec) for spec in types}}


def key(spec):
    return json.dumps(spec, sort_keys=True)


REQUESTS = [
    [1, 2], [1, None], [1.5, 2], [1.0, 2.0], [True, False], [True, None], ["a", "b"], ["a", None], ["1", "2"], ["1", None], ["1.5", "2"], [None, None], [3000000000, 1],
    [9223372036854775808, 1], ["2024-01-02", "2024-01-03"], ["2024-01-02T03:04:05", "2024-01-02T03:04:06"], ["2024-01-02", "2024-01-02T03:04:05"], ["2024-01-02T03:04:05Z", "2024-01-02T03:04:05Z"],
    ["2024-01-02T03:04:05", None], ["YQ==", "Yg=="], ["YQ", "Yg=="], ["YQ==", None], [1, "a"], [True, 1], [0, 1], ["", "a"], ["2024-13-01", "2024-01-02"], ["true", "false"],
    ["2024-01-02T03:04:05.123", "2024-01-02T03:04:05.456"], ["2024-01-02T03:04:05+02:00", "2024-01-02T03:04:05+02:00"],
]
NESTED_REQUESTS = [
    [[1], [2]], [[1.5], [2.5]], [["a"], ["b"]], [[True], [False]], [[0, 1], [1]], [[], [1]], [[[1]], [[2]]], [None, [1]], [{"a": 1}, {"a": 2}], [{"a": 1.5}, {"a": 2.5}], [{"a": 1, "b": "x"}, {"a": 2}],
    [{"a": 1, "z": 1}, {"a": 2}], [{}, {"a": 1}], [[None], [1]], [["a", None], ["b"]], [1, 2], ["a", "b"], [{"a": None}, {"a": 1}],
]


def request(values, spec):
    """What a request with these values becomes: null when it is refused, else the values as JSON, with NaN as null."""
    schema = schema_of(spec)
    try:
        frame = dataframe_from_parsed_json({"columns": ["c"], "data": [[value] for value in copy.deepcopy(values)]}, "split", schema)
        frame = _enforce_schema(frame, schema)
    except Exception:
        return None
    return [tag(value) for value in frame["c"]]


def request_cases():
    for values in REQUESTS:
        for kind in SCALARS:
            yield {"values": values, "spec": {"type": kind}, "gives": request(values, {"type": kind})}
    for values in NESTED_REQUESTS:
        for spec in NESTED:
            yield {"values": values, "spec": spec, "gives": request(values, spec)}


def cases():
    jsons = [json.dumps(value) for value in JSON_TEXTS + list(generated_jsons())]
    return {
        "csv": [{"text": text, "columns": read_csv(text)} for text in csv_cases()],
        "json": [{"text": text, "columns": read_json(text)} for text in jsons],
        "columns": list(enforce_cases()),
        "requests": list(request_cases()),
    }


def text():
    """One case a line."""
    parts = []
    for name, items in cases().items():
        lines = ",\n".join(json.dumps(item) for item in items)
        parts.append('"%s": [\n%s\n]' % (name, lines))
    return "{\n%s\n}\n" % ",\n".join(parts)


if __name__ == "__main__":
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(text())
