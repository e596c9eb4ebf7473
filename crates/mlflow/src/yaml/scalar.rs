//! Plain scalars by the rules of YAML 1.1 as `PyYAML`'s `SafeLoader` resolves them.

use serde_yaml::Value;

const NULLS: [&str; 5] = ["", "~", "null", "Null", "NULL"];
const TRUES: [&str; 9] = ["yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"];
const FALSES: [&str; 9] = ["no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"];

/// The value that `safe_load` gives to an unquoted scalar.
pub(super) fn resolve(text: &str) -> Value {
    if NULLS.contains(&text) {
        return Value::Null;
    }
    if TRUES.contains(&text) {
        return Value::Bool(true);
    }
    if FALSES.contains(&text) {
        return Value::Bool(false);
    }
    integer(text).or_else(|| float(text)).unwrap_or_else(|| Value::String(text.to_owned()))
}

fn signed(text: &str) -> (bool, &str) {
    match text.as_bytes().first() {
        Some(b'-') => (true, text.get(1..).unwrap_or("")),
        Some(b'+') => (false, text.get(1..).unwrap_or("")),
        _ => (false, text),
    }
}

fn all(text: &str, allowed: fn(&u8) -> bool) -> bool {
    !text.is_empty() && text.as_bytes().iter().all(|byte| allowed(byte) || *byte == b'_')
}

fn integer(text: &str) -> Option<Value> {
    let (negative, body) = signed(text);
    let digits = body.replace('_', "");
    let magnitude = if let Some(binary) = body.strip_prefix("0b") {
        all(binary, |b| matches!(b, b'0' | b'1')).then_some(())?;
        i128::from_str_radix(digits.strip_prefix("0b")?, 2).ok()?
    } else if let Some(hex) = body.strip_prefix("0x") {
        all(hex, u8::is_ascii_hexdigit).then_some(())?;
        i128::from_str_radix(digits.strip_prefix("0x")?, 16).ok()?
    } else if body == "0" {
        0
    } else if let Some(octal) = body.strip_prefix('0') {
        all(octal, |b| matches!(b, b'0'..=b'7')).then_some(())?;
        i128::from_str_radix(&digits, 8).ok()?
    } else if body.contains(':') {
        sexagesimal(body)?
    } else {
        (body.starts_with(|c: char| c.is_ascii_digit()) && all(body, u8::is_ascii_digit)).then_some(())?;
        digits.parse().ok()?
    };
    let value = if negative { magnitude.checked_neg()? } else { magnitude };
    if let Ok(value) = i64::try_from(value) {
        return Some(Value::from(value));
    }
    u64::try_from(value).ok().map(Value::from)
}

/// `12:30:45` is 45045 in YAML 1.1.
fn sexagesimal(body: &str) -> Option<i128> {
    let mut parts = body.split(':');
    let first = parts.next()?;
    (first.starts_with(|c: char| ('1'..='9').contains(&c)) && all(first, u8::is_ascii_digit)).then_some(())?;
    let mut total: i128 = first.replace('_', "").parse().ok()?;
    for part in parts {
        total = total.checked_mul(60)?.checked_add(i128::from(sixtieth(part)?))?;
    }
    Some(total)
}

fn sixtieth(part: &str) -> Option<u8> {
    let plain = matches!(part.len(), 1 | 2) && part.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| part.parse::<u8>().ok()).flatten().filter(|value| *value < 60)
}

fn float(text: &str) -> Option<Value> {
    let (negative, body) = signed(text);
    let sign = if negative { -1.0 } else { 1.0 };
    if matches!(body, ".inf" | ".Inf" | ".INF") {
        return Some(Value::from(sign * f64::INFINITY));
    }
    if matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Some(Value::from(f64::NAN));
    }
    let (mantissa, exponent) = match body.find(['e', 'E']) {
        Some(at) => (body.get(..at)?, body.get(at..)?),
        None => (body, ""),
    };
    let (whole, fraction) = mantissa.split_once('.')?;
    if !fraction.bytes().all(|b| b.is_ascii_digit() || b == b'_') {
        return None;
    }
    if whole.contains(':') {
        return base_sixty_float(whole, fraction, exponent).map(|value| Value::from(sign * value));
    }
    // PyYAML: an exponent counts only with its sign, and `.5` only without one in front.
    let exponent_ok = exponent.is_empty()
        || (matches!(exponent.as_bytes().get(1), Some(b'+' | b'-'))
            && exponent
                .get(2..)
                .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit())));
    let whole_ok = if whole.is_empty() {
        body.len() == text.len() && fraction.starts_with(|c: char| c.is_ascii_digit())
    } else {
        whole.starts_with(|c: char| c.is_ascii_digit()) && all(whole, u8::is_ascii_digit)
    };
    if !(exponent_ok && whole_ok) {
        return None;
    }
    body.replace('_', "").parse::<f64>().ok().map(|value| Value::from(sign * value))
}

fn base_sixty_float(whole: &str, fraction: &str, exponent: &str) -> Option<f64> {
    if !exponent.is_empty() {
        return None;
    }
    let mut parts = whole.split(':');
    let first = parts.next()?;
    (first.starts_with(|c: char| c.is_ascii_digit()) && all(first, u8::is_ascii_digit)).then_some(())?;
    let mut total: f64 = first.replace('_', "").parse().ok()?;
    let minutes = parts.map(sixtieth).collect::<Option<Vec<_>>>()?;
    for minute in minutes {
        total = total * 60.0 + f64::from(minute);
    }
    let fraction: f64 = format!("0.{}0", fraction.replace('_', "")).parse().ok()?;
    Some(total + fraction)
}
