//! The NumPy dtypes that a tensor may have.

/// What MLflow makes of the text of a dtype.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dtype {
    /// Takes it.
    Known,
    /// Refuses a text or bytes type with a length, such as `<U5`.
    Sized,
    /// NumPy does not understand it (`bfloat16`).
    Unknown,
}

/// The dtypes that MLflow's tensor schema takes and that mean the same on every system.
pub const PORTABLE_DTYPES: [&str; 18] = [
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float16",
    "float32",
    "float64",
    "complex64",
    "complex128",
    "str",
    "bytes",
    "object",
    "datetime64[ns]",
];

/// The other names that `numpy.dtype` takes, beyond the ones with a byte order or a unit.
const NAMES: [&str; 23] = [
    "longdouble",
    "float128",
    "clongdouble",
    "complex256",
    "int",
    "uint",
    "float",
    "complex",
    "half",
    "single",
    "double",
    "byte",
    "ubyte",
    "short",
    "ushort",
    "intc",
    "uintc",
    "long",
    "ulong",
    "longlong",
    "ulonglong",
    "intp",
    "uintp",
];

const UNITS: [&str; 14] = ["Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as", "generic"];

/// Sorts a dtype into what MLflow 3.17 with NumPy 2 does about it.
pub(super) fn classify(dtype: &str) -> Dtype {
    if PORTABLE_DTYPES.contains(&dtype) || NAMES.contains(&dtype) || is_time(dtype) {
        return Dtype::Known;
    }
    let code = dtype.strip_prefix(['<', '>', '=', '|']).unwrap_or(dtype);
    let mut characters = code.chars();
    let (kind, rest) = (characters.next().unwrap_or_default(), characters.as_str());
    let is_number = rest.bytes().all(|byte| byte.is_ascii_digit());
    if matches!(kind, 'U' | 'S' | 'a') && is_number && !matches!(rest, "" | "0") {
        return Dtype::Sized;
    }
    let is_known = match kind {
        'U' | 'S' => matches!(rest, "" | "0"),
        'O' => matches!(rest, "" | "8"),
        '?' => rest.is_empty(),
        'b' => matches!(rest, "" | "1"),
        'i' | 'u' => matches!(rest, "" | "1" | "2" | "4" | "8"),
        'f' => matches!(rest, "" | "2" | "4" | "8" | "16"),
        'c' => matches!(rest, "8" | "16" | "32"),
        'M' | 'm' => rest.strip_prefix('8').is_some_and(|unit| unit.is_empty() || is_unit(unit)),
        _ => false,
    };
    if is_known { Dtype::Known } else { Dtype::Unknown }
}

fn is_time(dtype: &str) -> bool {
    let rest = dtype.strip_prefix("datetime64").or_else(|| dtype.strip_prefix("timedelta64"));
    rest.is_some_and(|unit| unit.is_empty() || is_unit(unit))
}

/// `[ns]`, `[25us]`.
fn is_unit(text: &str) -> bool {
    let unit = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    unit.is_some_and(|unit| UNITS.contains(&unit.trim_start_matches(|c: char| c.is_ascii_digit())))
}
