//! NPY and NPZ as `numpy.load` reads them, without pickles.

use std::sync::Arc;

use packwright_formats::archive::Archive;
use packwright_formats::npy::{Header, read_header};
use packwright_formats::numpy::DType;
use packwright_mlflow::frame::{Array, encode_base64};
use packwright_source::{Budget, ByteSource, Cursor, ErrorKind, Limits, MemorySource, ReadError, read_up_to};
use serde_json::Value;

use super::{Sample, SampleData, SampleError};

/// How many rows of an array are kept, and how many numbers at the most.
const KEPT_ROWS: u64 = 5;
const KEPT_ITEMS: u64 = 200_000;

/// The most axes that an array of NumPy has (`NPY_MAXDIMS`; 32 before NumPy 2).
const MOST_AXES: usize = 64;

/// An array in Fortran order lies scattered over the file, so it is read whole up to this length.
const LONGEST_FORTRAN_BYTES: u64 = 64 << 20;

/// The longest member of an NPZ.
const LONGEST_MEMBER_BYTES: u64 = 256 << 20;

pub(super) fn read(source: &dyn ByteSource, file: String) -> Result<Sample, SampleError> {
    let (array, notes) = array(source, None, &file)?;
    Ok(sample(vec![array], notes, "NPY", file))
}

pub(super) fn read_many(source: Arc<dyn ByteSource>, file: String) -> Result<Sample, SampleError> {
    let mut budget = Budget::new(Limits::default());
    let mut archive = Archive::open(source, &budget)?;
    let names: Vec<String> = archive.members().iter().map(|member| member.name.clone()).collect();
    let (mut arrays, mut notes) = (Vec::new(), Vec::new());
    for name in &names {
        let Some(own) = name.strip_suffix(".npy").map(str::to_owned) else { continue };
        let bytes = archive.read(name, LONGEST_MEMBER_BYTES, &mut budget)?;
        let (found, more) = array(&MemorySource::new(bytes), Some(own), &file)?;
        arrays.push(found);
        notes.extend(more);
    }
    if arrays.is_empty() {
        let reason = "the archive holds no NumPy array".to_owned();
        return Err(SampleError::Empty { file, reason });
    }
    Ok(sample(arrays, notes, "NPZ", file))
}

fn sample(arrays: Vec<Array>, notes: Vec<String>, format: &'static str, file: String) -> Sample {
    Sample {
        file_name: file,
        format,
        reader: "numpy.load".to_owned(),
        data: SampleData::Arrays(arrays),
        // The shape tells all; only the example needs rows.
        is_whole: true,
        notes,
    }
}

fn array(
    source: &dyn ByteSource,
    name: Option<String>,
    file: &str,
) -> Result<(Array, Vec<String>), SampleError> {
    let header = read_header(&mut Cursor::over("npy", source, 0), &Limits::default())?;
    let refuse = |reason: &str| SampleError::Empty { file: file.to_owned(), reason: reason.to_owned() };
    if header.has_objects {
        return Err(refuse("the array holds Python objects as a pickle, which Packwright does not load"));
    }
    let Some(dtype) = &header.dtype else {
        return Err(refuse(
            "the array is one of records; save each field as an array of its own, or as a table",
        ));
    };
    if MOST_AXES < header.shape.len() {
        let kind = ErrorKind::malformed("shape", "at most 64 axes", header.shape.len().to_string());
        return Err(ReadError::new("npy", 0, kind).into());
    }
    let mut notes = Vec::new();
    let items = items(source, &header, dtype)?;
    if items.is_none() {
        notes.push(
            "Its rows are not shown: they are too long, or of a type that JSON has no word for.".to_owned(),
        );
    }
    let items = items.unwrap_or_default();
    let dtype = match (dtype.kind, dtype.name()) {
        ('M' | 'm', name) => format!("{name}{}", unit(source, &header)),
        (_, name) => name,
    };
    Ok((Array { name, dtype, shape: header.shape, items }, notes))
}

/// `[ns]` of `<M8[ns]` in the header's text.
fn unit(source: &dyn ByteSource, header: &Header) -> String {
    let mut head = vec![0; usize::try_from(header.data_offset).unwrap_or_default()];
    let n = read_up_to(source, 0, &mut head).unwrap_or_default();
    let text = String::from_utf8_lossy(head.get(..n).unwrap_or_default()).into_owned();
    let unit = text.split_once('[').and_then(|(_, rest)| rest.split_once(']'));
    unit.map_or_else(String::new, |(unit, _)| format!("[{unit}]"))
}

/// The first rows, as nested lists.
fn items(source: &dyn ByteSource, header: &Header, dtype: &DType) -> Result<Option<Vec<Value>>, ReadError> {
    if !matches!(dtype.kind, 'b' | 'i' | 'u' | 'f' | 'U' | 'S')
        || dtype.item_size == 0
        || 8 < dtype.item_size && !matches!(dtype.kind, 'U' | 'S')
    {
        return Ok(None);
    }
    let Some((n_rows, inner)) = header.shape.split_first() else { return Ok(None) };
    let per_row = inner.iter().try_fold(1_u64, |product, dim| product.checked_mul(*dim));
    let Some(per_row) = per_row.filter(|n| *n <= KEPT_ITEMS) else { return Ok(None) };
    // With an empty axis behind them, any number of lists would hold no item.
    let n_lists = inner.iter().try_fold(1_u64, |product, dim| product.checked_mul((*dim).max(1)));
    if n_lists.is_none_or(|n| KEPT_ITEMS < n) {
        return Ok(None);
    }
    let kept = (*n_rows).min(KEPT_ROWS).min(KEPT_ITEMS.checked_div(per_row.max(1)).unwrap_or(1).max(1));
    let n_all = per_row.checked_mul(*n_rows);
    let wanted = if header.is_fortran { n_all } else { per_row.checked_mul(kept) };
    let Some(n_bytes) = wanted.and_then(|n| n.checked_mul(dtype.item_size)) else { return Ok(None) };
    if LONGEST_FORTRAN_BYTES < n_bytes {
        return Ok(None);
    }
    let mut bytes = vec![0; usize::try_from(n_bytes).unwrap_or_default()];
    let at = header.data_offset;
    let n = read_up_to(source, at, &mut bytes)
        .map_err(|error| ReadError::new("npy", at, ErrorKind::Io(error)))?;
    let n = u64::try_from(n).unwrap_or(u64::MAX);
    if n < n_bytes {
        let kind = ErrorKind::Truncated { what: "the array", missing: n_bytes.saturating_sub(n) };
        return Err(ReadError::new("npy", at.saturating_add(n), kind));
    }
    // How far apart neighbours along each axis lie, in items.
    let mut strides = vec![1_u64; header.shape.len()];
    let mut step = 1_u64;
    let axes: Vec<usize> =
        if header.is_fortran { (0..strides.len()).collect() } else { (0..strides.len()).rev().collect() };
    for axis in axes {
        if let (Some(stride), Some(dim)) = (strides.get_mut(axis), header.shape.get(axis)) {
            *stride = step;
            step = step.saturating_mul(*dim);
        }
    }
    let layout = Layout { bytes: &bytes, dtype, shape: &header.shape, strides: &strides };
    let rows =
        (0..kept).map(|row| layout.value(1, row.saturating_mul(strides.first().copied().unwrap_or(1))));
    Ok(Some(rows.collect()))
}

struct Layout<'a> {
    bytes: &'a [u8],
    dtype: &'a DType,
    shape: &'a [u64],
    strides: &'a [u64],
}

impl Layout<'_> {
    /// What lies at an offset, in items, from an axis on.
    fn value(&self, axis: usize, offset: u64) -> Value {
        let (Some(dim), Some(stride)) = (self.shape.get(axis), self.strides.get(axis)) else {
            return self.item(offset).unwrap_or_default();
        };
        let next = axis.saturating_add(1);
        (0..*dim)
            .map(|index| self.value(next, offset.saturating_add(index.saturating_mul(*stride))))
            .collect()
    }

    fn item(&self, index: u64) -> Option<Value> {
        let size = usize::try_from(self.dtype.item_size).ok()?;
        let start = usize::try_from(index).ok()?.checked_mul(size)?;
        let mut bytes = self.bytes.get(start..start.checked_add(size)?)?.to_vec();
        if self.dtype.kind == 'U' {
            return Some(text(&bytes, self.dtype.is_big_endian)?.into());
        }
        if self.dtype.kind == 'S' {
            let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |at| at.saturating_add(1));
            return Some(encode_base64(bytes.get(..end)?).into());
        }
        if self.dtype.is_big_endian {
            bytes.reverse();
        }
        // Little endian from here, widened to eight bytes.
        let is_negative = self.dtype.kind == 'i' && bytes.last().is_some_and(|byte| 127 < *byte);
        let mut wide = [if is_negative { 0xff } else { 0 }; 8];
        wide.iter_mut().zip(&bytes).for_each(|(to, from)| *to = *from);
        let raw = u64::from_le_bytes(wide);
        Some(match (self.dtype.kind, size) {
            ('b', _) => Value::Bool(raw != 0),
            ('i', _) => i64::from_le_bytes(wide).into(),
            ('u', _) => raw.into(),
            ('f', 2) => half(u16::try_from(raw).ok()?).into(),
            ('f', 4) => f64::from(f32::from_bits(u32::try_from(raw).ok()?)).into(),
            ('f', 8) => f64::from_bits(raw).into(),
            _ => return None,
        })
    }
}

/// UCS-4, ended by zeros.
fn text(bytes: &[u8], is_big_endian: bool) -> Option<String> {
    let units = bytes.chunks_exact(4).map(|unit| {
        let unit: [u8; 4] = unit.try_into().unwrap_or_default();
        if is_big_endian { u32::from_be_bytes(unit) } else { u32::from_le_bytes(unit) }
    });
    let text: Option<String> = units.map(char::from_u32).collect();
    text.map(|text| text.trim_end_matches('\0').to_owned())
}

/// A half-precision number: a sign, five bits of exponent, ten of fraction.
fn half(bits: u16) -> f64 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let exponent = i32::from((bits >> 10) & 0x1f);
    let fraction = f64::from(bits & 0x3ff) / 1024.0;
    sign * match exponent {
        0 => fraction * 2_f64.powi(-14),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        exponent => (1.0 + fraction) * 2_f64.powi(exponent.saturating_sub(15)),
    }
}
