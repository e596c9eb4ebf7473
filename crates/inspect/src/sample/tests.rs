//! Against what real pandas and MLflow read, recorded by `tests/python/sample_cases.py`.

use std::path::Path;
use std::sync::Arc;

use packwright_mlflow::frame::infer_column;
use packwright_source::MemorySource;
use serde_json::{Value, json};

use super::*;

fn cases(kind: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/samples/cases.json");
    let all: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    all[kind].as_array().unwrap().clone()
}

fn read_text(text: &str, format: Format) -> Result<Sample, SampleError> {
    read_as(format, Arc::new(MemorySource::new(text.as_bytes())), "x".into())
}

/// Names, dtypes and types of the columns, as the cases record them.
fn columns(sample: &Sample) -> Value {
    let SampleData::Frame(frame) = &sample.data else { return json!("no table") };
    let column = |column: &packwright_mlflow::frame::FrameColumn| {
        let inferred = infer_column(column);
        let spec = match &inferred.ty {
            Ok(ty) => json!({"type": ty.to_string(), "required": inferred.required}),
            Err(_) => json!({"error": true}),
        };
        json!({"name": column.name.to_string(), "dtype": column.dtype.name(), "spec": spec})
    };
    frame.columns.iter().map(column).collect()
}

/// The recorded columns with their types in MLflow's notation.
fn expected(case: &Value) -> Value {
    let mut columns = case["columns"].clone();
    for column in columns.as_array_mut().into_iter().flatten() {
        if column["spec"].get("error").is_none() {
            let text = json!([{"name": "c", "required": true, "type": "any"}]);
            let mut parsed = text.clone();
            parsed[0] = column["spec"].clone();
            parsed[0]["name"] = "c".into();
            let schema = packwright_mlflow::schema::Schema::from_text(&parsed.to_string()).unwrap();
            let packwright_mlflow::schema::Schema::Columns(specs) = schema else { panic!("columns") };
            column["spec"] = json!({"type": specs[0].ty.to_string(), "required": specs[0].required});
        }
    }
    columns
}

fn compare(kind: &str, format: Format) {
    let (mut wrong, cases) = (Vec::new(), cases(kind));
    for case in &cases {
        let text = case["text"].as_str().unwrap();
        let found = read_text(text, format);
        let ours = found.as_ref().map_or(Value::Null, columns);
        // pandas gives a table without rows where we say that there are none.
        let wanted = expected(case);
        if ours != wanted {
            wrong.push(format!(
                "{text:?}\n  expected {wanted}\n  found    {ours} {:?}",
                found.err().map(|error| error.to_string())
            ));
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn a_csv_is_the_table_that_pandas_reads() {
    compare("csv", Format::Csv(Some(b',')));
}

#[test]
fn json_is_the_table_that_pandas_reads() {
    compare("json", Format::Json);
}

fn file(name: &str) -> Sample {
    read(&samples().join(name)).unwrap()
}

fn samples() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/samples")
}

/// Name, dtype and type of each column, one a line.
fn lines(sample: &Sample) -> Vec<String> {
    let SampleData::Frame(frame) = &sample.data else { panic!("a table") };
    let line = |column: &packwright_mlflow::frame::FrameColumn| {
        let inferred = infer_column(column);
        let ty = inferred.ty.map_or("none".to_owned(), |ty| ty.to_string());
        let mark = if inferred.required { "" } else { "?" };
        format!("{}{mark} {} {ty}", column.name, column.dtype.name())
    };
    frame.columns.iter().map(line).collect()
}

#[test]
fn parquet_and_feather_have_the_dtypes_that_pandas_gave_them() {
    let expected = [
        "small int8 integer",
        "whole int64 long",
        "unsigned uint32 long",
        "single float32 float",
        "number? float64 double",
        "text? str string",
        "flag bool boolean",
        "flag_or_not? object boolean",
        "nullable? Int64 long",
        "maybe? boolean boolean",
        "kind category string",
        "bytes object binary",
        "day object datetime",
        "time? datetime64[us] datetime",
        "zoned datetime64[us, UTC] datetime",
        "list object Array(long)",
        "words object Array(string)",
        "record object {a: long, b: string}",
        "nothing? object any",
    ];
    for name in ["table.parquet", "zstd.parquet", "table.feather"] {
        let sample = file(name);
        assert_eq!(lines(&sample), expected, "{name}");
        assert!(sample.is_whole);
    }
    let SampleData::Frame(frame) = file("table.parquet").data else { panic!("a table") };
    let first = serde_json::to_string(&frame.first_rows(1)).unwrap();
    assert_eq!(
        first,
        r#"[[1,1,1,1.5,1.5,"a",true,true,1,true,"x","YQ==\n","2024-01-02","2024-01-02T03:04:05.000001","2024-01-02T03:04:05+00:00",[1,2],["a"],{"a":1,"b":"x"},null]]"#
    );
    let indexed = file("indexed.parquet");
    assert_eq!(lines(&indexed), ["whole int64 long"]);
    assert!(indexed.notes[0].contains("index"), "{:?}", indexed.notes);
}

#[test]
fn what_json_has_no_word_for_is_shown_as_its_text() {
    let SampleData::Frame(frame) = file("awkward.parquet").data else { panic!("a table") };
    assert_eq!(
        frame.first_rows(2),
        [
            vec![
                json!(12.5),
                json!("1 days 02:03:04.500000"),
                json!("08:30:00"),
                json!("2024-01-02T04:04:05+01:00")
            ],
            vec![Value::Null, Value::Null, Value::Null, json!("2024-07-02T05:04:05+02:00")],
        ]
    );
}

#[test]
fn arrays_are_read_in_any_order_of_axes_and_bytes() {
    let items = |name: &str| match file(name).data {
        SampleData::Arrays(arrays) => arrays,
        other => panic!("{other:?}"),
    };
    let rows = &items("rows.npy")[0];
    assert_eq!((rows.dtype.as_str(), rows.shape.as_slice()), ("float32", &[4, 3][..]));
    assert_eq!(rows.items[1], json!([3.0, 4.0, 5.0]));
    let fortran = &items("fortran.npy")[0];
    assert_eq!((fortran.dtype.as_str(), &fortran.items[3]), ("int32", &json!([9, 10, 11])));
    // As MLflow writes bytes; NumPy drops the zeros behind them.
    assert_eq!(items("bytes.npy")[0].items, [json!(["YQ==\n", "YmM=\n"]), json!(["", "ZABl\n"])]);
    let many = items("many.npz");
    let of = |name: &str| many.iter().find(|array| array.name.as_deref() == Some(name)).unwrap();
    assert_eq!((of("ids").dtype.as_str(), &of("ids").items[3]), ("int64", &json!(3)));
    assert_eq!(of("mask").items[0], json!([true, false]));
    assert_eq!((of("words").dtype.as_str(), &of("words").items[1]), ("str", &json!("bc")));
    assert_eq!(Value::Array(of("half").items.clone()), json!([0.5, -1.5, null, 0.0]));
    let error = read(&samples().join("objects.npy")).unwrap_err().to_string();
    assert!(error.contains("pickle"), "{error}");
}

/// An `.npy` file of bytes with that shape and no data.
fn empty_array(shape: &str) -> Result<Sample, SampleError> {
    let header = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': ({shape}), }}\n");
    let len = u32::try_from(header.len()).unwrap().to_le_bytes();
    let bytes = [b"\x93NUMPY\x02\x00", len.as_slice(), header.as_bytes()].concat();
    read_as(Format::Npy, Arc::new(MemorySource::new(bytes)), "x.npy".into())
}

#[test]
fn a_shape_that_lies_costs_nothing() {
    let items = |shape: &str| match empty_array(shape).unwrap().data {
        SampleData::Arrays(arrays) => arrays[0].items.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(items("2, 3, 0"), [json!([[], [], []]), json!([[], [], []])]);
    for shape in ["1, 1000000000000000000, 0", "1, 1000000000000000000, 1000000000000000000, 0"] {
        assert!(items(shape).is_empty(), "{shape}");
    }
    let error = empty_array(&"1,".repeat(1_000_000)).unwrap_err().to_string();
    assert!(error.contains("npy at byte 0") && error.contains("at most 64 axes"), "{error}");
}

#[test]
fn a_table_in_brotli_says_how_to_write_it_again() {
    let error = read(&samples().join("brotli.parquet")).unwrap_err().to_string();
    assert!(error.contains("Brotli") && error.contains("compression=\"zstd\""), "{error}");
}

#[test]
fn any_cut_or_changed_file_is_a_sample_or_an_error_that_names_its_format() {
    for (name, format) in [
        ("table.parquet", Format::Parquet),
        ("table.feather", Format::Arrow),
        ("rows.npy", Format::Npy),
        ("many.npz", Format::Npz),
    ] {
        let source = FileSource::open(&samples().join(name)).unwrap();
        let mut bytes = vec![0; usize::try_from(source.len_bytes()).unwrap()];
        read_up_to(&source, 0, &mut bytes).unwrap();
        let step = (bytes.len() / 150).max(1);
        let mut n_errors = 0;
        for at in (0..bytes.len()).step_by(step) {
            let mut flipped = bytes.clone();
            flipped[at] ^= 0xff;
            for broken in [bytes[..at].to_vec(), flipped] {
                if let Err(error) = read_as(format, Arc::new(MemorySource::new(broken)), name.into()) {
                    n_errors += 1;
                    let text = error.to_string();
                    let is_named =
                        ["parquet", "arrow", "npy", "zip", name].iter().any(|word| text.contains(word));
                    assert!(is_named, "{name} at {at}: {text}");
                }
            }
        }
        assert!(100 < n_errors, "{name}: {n_errors} errors");
    }
}

#[test]
fn a_long_file_says_that_only_its_first_part_was_read() {
    let mut text = String::from("a\n");
    for row in 0..6_000 {
        text.push_str(&format!("{row}\n"));
    }
    text.push_str("\n\"\"\n");
    let sample = read_text(&text, Format::Csv(None)).unwrap();
    assert!(!sample.is_whole && sample.notes[0].contains("first 5000 rows"), "{:?}", sample.notes);
    let rows: Vec<Value> = (0..6_000).map(|row| json!({"a": row})).collect();
    let sample = read_text(&json!(rows).to_string(), Format::Json).unwrap();
    assert!(!sample.is_whole);
    let lines = rows.iter().map(Value::to_string).collect::<Vec<_>>().join("\n");
    assert!(!read_text(&lines, Format::JsonLines).unwrap().is_whole);
}

#[test]
fn what_mlflow_s_servers_take_is_a_sample_too() {
    for text in [
        r#"{"dataframe_split": {"columns": ["a", "b"], "data": [[1, "x"], [2, "y"]]}}"#,
        r#"{"dataframe_records": [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]}"#,
        r#"{"columns": ["a", "b"], "index": [0, 1], "data": [[1, "x"], [2, "y"]]}"#,
    ] {
        assert_eq!(
            lines(&read_text(text, Format::Json).unwrap()),
            ["a int64 long", "b str string"],
            "{text}"
        );
    }
    let chat = read_text(r#"{"messages": [{"role": "user", "content": "hi"}]}"#, Format::Json).unwrap();
    assert!(matches!(chat.data, SampleData::Json(_)));
    for (text, expected) in
        [("[1, {}]", "more than one form"), ("[]", "no rows"), ("3", "single value"), ("{", "json at byte")]
    {
        let error = read_text(text, Format::Json).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
}
