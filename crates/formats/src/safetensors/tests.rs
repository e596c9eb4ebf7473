use packwright_source::MemorySource;

use super::*;

fn bytes(header: &str, data: usize) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(header.as_bytes());
    bytes.resize(bytes.len() + data, 7);
    bytes
}

fn read_bytes(bytes: Vec<u8>) -> Result<Header, ReadError> {
    let source: Arc<dyn ByteSource> = Arc::new(MemorySource::new(bytes));
    read(&source, &Limits::default())
}

const A: &str = r#""a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}"#;

#[test]
fn a_header_gives_names_types_shapes_and_metadata() {
    let text = format!(
        r#"{{"__metadata__":{{"format":"pt"}},{A},"s":{{"dtype":"BF16","shape":[],"data_offsets":[8,10]}}}}  "#
    );
    let header = read_bytes(bytes(&text, 10)).unwrap();
    assert_eq!(header.meta("format"), Some("pt"));
    assert_eq!(header.data_start, 8 + text.len() as u64);
    let rows: Vec<_> =
        header.tensors.iter().map(|t| (t.name.as_str(), t.dtype_name(), t.shape.as_slice())).collect();
    assert_eq!(rows, [("a", "float32", &[2][..]), ("s", "bfloat16", &[][..])]);
    assert_eq!(header.problems, []);
}

#[test]
fn what_the_official_loader_refuses_is_listed_with_its_place() {
    use ProblemKind::{Duplicate, Gap, Metadata, Overlap, UnknownType};
    let b = r#""b":{"dtype":"U8","shape":[4],"data_offsets":[OFFSETS]}"#;
    let at = |offsets: &str| format!("{{{A},{}}}", b.replace("OFFSETS", offsets));
    let cases = [
        (at("8,12"), 12, vec![]),
        (at("8,12"), 13, vec![Gap]),
        (at("9,13"), 13, vec![Gap]),
        (at("4,8"), 8, vec![Overlap]),
        (format!("{{{A},{A}}}"), 8, vec![Duplicate, Overlap]),
        (r#"{"a":{"dtype":"F3","shape":[2],"data_offsets":[0,1]}}"#.into(), 1, vec![UnknownType]),
        (format!(r#"{{"__metadata__":{{"n":1}},{A}}}"#), 8, vec![Metadata]),
        (format!(r#"{{"__metadata__":[],{A}}}"#), 8, vec![Metadata]),
    ];
    for (text, data, expected) in cases {
        let header = read_bytes(bytes(&text, data)).unwrap();
        let kinds: Vec<_> = header.problems.iter().map(|problem| problem.kind).collect();
        assert_eq!(kinds, expected, "{text}");
        assert!(header.problems.iter().all(|problem| problem.at <= 8 + text.len() as u64 + data as u64));
    }
}

#[test]
fn a_header_that_contradicts_itself_or_the_file_is_an_error() {
    let one = |dtype: &str, shape: &str, offsets: &str| {
        format!(r#"{{"a":{{"dtype":"{dtype}","shape":{shape},"data_offsets":{offsets}}}}}"#)
    };
    for (text, data, says) in [
        (one("F32", "[2]", "[0,8]"), 7, "1 bytes short of the last tensor"),
        (one("F32", "[2]", "[0,7]"), 8, "8 bytes for F32 [2]"),
        (one("F32", "[2]", "[8,0]"), 8, "data_offsets in order"),
        (one("F32", "[4294967296,4294967296]", "[0,8]"), 8, "fits into 64 bits"),
        (one("F32", "[-1]", "[0,8]"), 8, "a shape of counts"),
        (one("F32", "[2]", "[0]"), 8, "two data_offsets"),
        (r#"{"a":{"shape":[2],"data_offsets":[0,8]}}"#.into(), 8, "a dtype"),
        (r#"{"a":3}"#.into(), 0, "a dtype"),
        ("{\"a\":".into(), 0, "short of"),
        ("[1]".into(), 0, "an object"),
        ("{} x".into(), 0, "its end"),
    ] {
        let error = read_bytes(bytes(&text, data)).unwrap_err().to_string();
        assert!(error.contains(says), "{text}: {error}");
    }
}

#[test]
fn a_length_that_lies_costs_nothing() {
    for (length, says) in [(1_u64 << 63, "the limit is"), (100_000_001, "the limit is"), (90, "short of")] {
        let mut file = length.to_le_bytes().to_vec();
        file.extend_from_slice(b"{}");
        assert!(!is_start(&file, file.len() as u64));
        let error = read_bytes(file).unwrap_err().to_string();
        assert!(error.contains(says), "{length}: {error}");
    }
    assert!(read_bytes(vec![1, 2, 3]).is_err());
    assert!(is_start(&bytes("{}", 0), 10));
}

proptest::proptest! {
    #[test]
    fn any_header_gives_a_value_or_an_error(text in r#"[\[\]{}":,a-d0-9_]{0,80}"#) {
        drop(read_bytes(bytes(&text, 4)));
    }
}
