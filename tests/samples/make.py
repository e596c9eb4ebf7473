"""Data files of the formats that samples come in, written by pandas and NumPy. Run with pandas 3, pyarrow and NumPy 2."""
import datetime
import decimal
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).resolve().parent
table = pd.DataFrame({
    "small": pd.Series([1, 2, 3], dtype="int8"), "whole": [1, 2, 3], "unsigned": pd.Series([1, 2, 3], dtype="uint32"), "single": pd.Series([1.5, 2.5, 3.5], dtype="float32"),
    "number": [1.5, None, 3.5], "text": ["a", None, "c"], "flag": [True, False, True], "flag_or_not": pd.Series([True, None, False], dtype=object),
    "nullable": pd.Series([1, None, 3], dtype="Int64"), "maybe": pd.Series([True, None, False], dtype="boolean"), "kind": pd.Series(["x", "y", "x"], dtype="category"),
    "bytes": [b"a", b"b", b"c"], "day": [datetime.date(2024, 1, 2)] * 3, "time": pd.to_datetime(["2024-01-02T03:04:05.000001", None, "2024-01-04"], format="ISO8601"),
    "zoned": pd.to_datetime(["2024-01-02T03:04:05", "2024-01-03", "2024-01-04"], format="ISO8601", utc=True), "list": [[1, 2], [3], []], "words": [["a"], ["b", "c"], ["d"]],
    "record": [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}, {"a": 3, "b": "z"}], "nothing": pd.Series([None, None, None], dtype=object),
})
table.to_parquet(HERE / "table.parquet")
table.to_parquet(HERE / "zstd.parquet", compression="zstd")
table[["whole", "text"]].to_parquet(HERE / "brotli.parquet", compression="brotli")
table.to_feather(HERE / "table.feather")
table[["whole", "text"]].set_index("text").to_parquet(HERE / "indexed.parquet")
np.save(HERE / "rows.npy", np.arange(12, dtype="float32").reshape(4, 3))
np.save(HERE / "fortran.npy", np.asfortranarray(np.arange(12, dtype=">i4").reshape(4, 3)))
np.save(HERE / "objects.npy", np.array([{}, 1], dtype=object), allow_pickle=True)
np.savez_compressed(HERE / "many.npz", ids=np.arange(4), mask=np.array([[True, False]] * 4), words=np.array(["a", "bc"] * 2), half=np.array([0.5, -1.5, np.nan, 0], dtype="float16"))
np.save(HERE / "bytes.npy", np.array([[b"a", b"bc"], [b"", b"d\0e"]]))
# Values that JSON has no word for, and a time zone with a summer time.
pd.DataFrame({
    "price": [decimal.Decimal("12.50"), None], "wait": pd.to_timedelta(["1 days 02:03:04.5", None]), "opens": [datetime.time(8, 30), None],
    "zoned": pd.to_datetime(["2024-01-02T03:04:05Z", "2024-07-02T03:04:05Z"]).tz_convert("Europe/Berlin"),
}).to_parquet(HERE / "awkward.parquet")
