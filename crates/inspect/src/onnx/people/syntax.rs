//! ONNX's text form (<https://github.com/onnx/onnx/blob/main/docs/Syntax.md>): models, functions, graphs and nodes. What
//! it cannot say (the printer writes `...` for weights of some types) is an error, never a guess.

use packwright_formats::protobuf::{Writer, whole};
use packwright_source::{ByteSource, ErrorKind, Limits, ReadError};

use super::Form;
use super::scan::Scan;
use super::values::{self, attribute, named_attribute, tensor_values, value_type};

/// The model as binary protobuf.
pub(super) fn to_binary(source: &dyn ByteSource, limits: &Limits) -> Result<Vec<u8>, ReadError> {
    let bytes = whole(Form::Text.format(), source, limits)?;
    let mut scan = Scan::over(&bytes, limits);
    let mut model = Writer::new();
    if scan.takes(b'<') {
        loop {
            model_field(&mut scan, &mut model)?;
            if !scan.takes(b',') {
                break;
            }
        }
        scan.expect(b'>')?;
    }
    let inner = graph(&mut scan)?;
    model.message(7, &inner);
    while scan.peek().is_some() {
        let function = function(&mut scan)?;
        model.message(25, &function);
    }
    Ok(model.into_bytes())
}

fn model_field(scan: &mut Scan<'_>, model: &mut Writer) -> Result<(), ReadError> {
    let keyword = scan.word()?;
    scan.expect(b':')?;
    match keyword.as_str() {
        "ir_version" => model.varint(1, scan.int()?.cast_unsigned()),
        "producer_name" => model.bytes(2, scan.text()?.as_bytes()),
        "producer_version" => model.bytes(3, scan.text()?.as_bytes()),
        "domain" => model.bytes(4, scan.text()?.as_bytes()),
        "model_version" => model.varint(5, scan.int()?.cast_unsigned()),
        "doc_string" => model.bytes(6, scan.text()?.as_bytes()),
        "opset_import" => opsets(scan, 8, model)?,
        "metadata_props" => {
            scan.expect(b'[')?;
            if !scan.takes(b']') {
                values::entries(scan, 14, model)?;
                scan.expect(b']')?;
            }
        }
        _ => return Err(unknown(scan, &keyword)),
    }
    Ok(())
}

fn unknown(scan: &Scan<'_>, keyword: &str) -> ReadError {
    scan.error(ErrorKind::Unsupported(format!("the keyword {keyword:?}")))
}

/// `["" : 17, "ai.onnx.ml" : 3]`.
fn opsets(scan: &mut Scan<'_>, number: u32, out: &mut Writer) -> Result<(), ReadError> {
    scan.expect(b'[')?;
    if scan.takes(b']') {
        return Ok(());
    }
    loop {
        let mut opset = Writer::new();
        let domain = scan.text()?;
        scan.pay(domain.len())?;
        opset.bytes(1, domain.as_bytes());
        scan.expect(b':')?;
        opset.varint(2, scan.int()?.cast_unsigned());
        out.message(number, &opset);
        if !scan.takes(b',') {
            break;
        }
    }
    scan.expect(b']')
}

/// `GraphProto`: `name (float[N] x) => (float[N] y) <float[2] w = {1, 2}> { nodes }`.
pub(super) fn graph(scan: &mut Scan<'_>) -> Result<Writer, ReadError> {
    scan.enter()?;
    let mut graph = Writer::new();
    graph.bytes(2, scan.name()?.as_bytes());
    if scan.takes(b'(') && !scan.takes(b')') {
        values_of_graph(scan, &mut graph, 11, Initialized::IsInputToo)?;
        scan.expect(b')')?;
    }
    scan.expect_arrow()?;
    scan.expect(b'(')?;
    if !scan.takes(b')') {
        values_of_graph(scan, &mut graph, 12, Initialized::Never)?;
        scan.expect(b')')?;
    }
    if scan.takes(b'<') && !scan.takes(b'>') {
        values_of_graph(scan, &mut graph, 13, Initialized::IsNoValue)?;
        scan.expect(b'>')?;
    }
    nodes(scan, &mut graph, 1)?;
    scan.leave();
    Ok(graph)
}

/// What `name = values` means in a list of values.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Initialized {
    /// The default of an input.
    IsInputToo,
    /// An initializer alone.
    IsNoValue,
    /// It may not stand here.
    Never,
}

fn values_of_graph(
    scan: &mut Scan<'_>,
    graph: &mut Writer,
    number: u32,
    initialized: Initialized,
) -> Result<(), ReadError> {
    loop {
        let (info, name, ty) = values::value_info(scan)?;
        let is_initialized = initialized != Initialized::Never && scan.takes(b'=');
        if !is_initialized || initialized == Initialized::IsInputToo {
            graph.message(number, &info);
        }
        if is_initialized {
            let Some(ty) = ty else { return Err(scan.malformed("a type before the name")) };
            let tensor = tensor_values(scan, &name, &ty)?;
            graph.message(5, &tensor);
        }
        if !scan.takes(b',') {
            return Ok(());
        }
    }
}

fn nodes(scan: &mut Scan<'_>, out: &mut Writer, number: u32) -> Result<(), ReadError> {
    scan.expect(b'{')?;
    while !scan.takes(b'}') {
        let node = node(scan)?;
        out.message(number, &node);
    }
    Ok(())
}

/// `NodeProto`: `[name] y = domain.Operator:overload <axis = 1> (x)`.
fn node(scan: &mut Scan<'_>) -> Result<Writer, ReadError> {
    let mut node = Writer::new();
    scan.pay(0)?;
    if scan.takes(b'[') {
        let name = scan.optional_name()?.unwrap_or_default();
        node.bytes(3, name.as_bytes());
        scan.expect(b']')?;
    }
    names(scan, &mut node, 2)?;
    scan.expect(b'=')?;
    let mut operator = scan.word()?;
    let mut domain = String::new();
    while scan.takes(b'.') {
        if !domain.is_empty() {
            domain.push('.');
        }
        domain.push_str(&operator);
        operator = scan.word()?;
    }
    node.bytes(4, operator.as_bytes());
    if !domain.is_empty() {
        node.bytes(7, domain.as_bytes());
    }
    if scan.takes(b':') {
        node.bytes(8, scan.word()?.as_bytes());
    }
    let has_attributes = attributes(scan, &mut node)?;
    scan.expect(b'(')?;
    names(scan, &mut node, 1)?;
    scan.expect(b')')?;
    if !has_attributes {
        attributes(scan, &mut node)?;
    }
    Ok(node)
}

fn attributes(scan: &mut Scan<'_>, node: &mut Writer) -> Result<bool, ReadError> {
    if !scan.takes(b'<') {
        return Ok(false);
    }
    loop {
        let attribute = attribute(scan)?;
        node.message(5, &attribute);
        if !scan.takes(b',') {
            break;
        }
    }
    scan.expect(b'>')?;
    Ok(true)
}

/// Names with commas between them; the last comma may be followed by nothing.
fn names(scan: &mut Scan<'_>, out: &mut Writer, number: u32) -> Result<(), ReadError> {
    // Nothing before a comma is an empty name.
    let mut name = match (scan.optional_name()?, scan.peek()) {
        (None, Some(b',')) => Some(String::new()),
        (name, _) => name,
    };
    while let Some(known) = name {
        scan.pay(known.len())?;
        out.bytes(number, known.as_bytes());
        if !scan.takes(b',') {
            break;
        }
        name = scan.optional_name()?;
    }
    Ok(())
}

/// `FunctionProto`: `<domain: "d", opset_import: ["" : 17]> name <a, b: float = 1.0> (x) => (y) { nodes }`.
fn function(scan: &mut Scan<'_>) -> Result<Writer, ReadError> {
    let mut function = Writer::new();
    if scan.takes(b'<') {
        loop {
            let keyword = scan.word()?;
            scan.expect(b':')?;
            match keyword.as_str() {
                "opset_import" => opsets(scan, 9, &mut function)?,
                "doc_string" => function.bytes(8, scan.text()?.as_bytes()),
                "domain" => function.bytes(10, scan.text()?.as_bytes()),
                "overload" => function.bytes(13, scan.text()?.as_bytes()),
                _ => return Err(unknown(scan, &keyword)),
            }
            if !scan.takes(b',') {
                break;
            }
        }
        scan.expect(b'>')?;
    }
    function.bytes(1, scan.name()?.as_bytes());
    if scan.takes(b'<') {
        loop {
            let name = scan.name()?;
            if matches!(scan.peek(), Some(b':' | b'=')) {
                let attribute = named_attribute(scan, &name)?;
                function.message(11, &attribute);
            } else {
                function.bytes(6, name.as_bytes());
            }
            if !scan.takes(b',') {
                break;
            }
        }
        scan.expect(b'>')?;
    }
    values_of_function(scan, &mut function, 4)?;
    scan.expect_arrow()?;
    values_of_function(scan, &mut function, 5)?;
    if scan.takes(b'<') {
        if scan.peek() != Some(b'>') {
            loop {
                let (info, _, _) = values::value_info(scan)?;
                function.message(12, &info);
                if !scan.takes(b',') {
                    break;
                }
            }
        }
        scan.expect(b'>')?;
    }
    nodes(scan, &mut function, 7)?;
    Ok(function)
}

/// Names in parentheses, each with a type or without.
fn values_of_function(scan: &mut Scan<'_>, function: &mut Writer, number: u32) -> Result<(), ReadError> {
    scan.expect(b'(')?;
    if scan.takes(b')') {
        return Ok(());
    }
    loop {
        let ty = if values::is_type(&scan.peek_word()) { Some(value_type(scan)?) } else { None };
        let name = scan.name()?;
        scan.pay(name.len())?;
        function.bytes(number, name.as_bytes());
        if let Some(ty) = ty {
            let mut info = Writer::new();
            info.bytes(1, name.as_bytes());
            info.message(2, &ty.proto);
            function.message(12, &info);
        }
        if !scan.takes(b',') {
            break;
        }
    }
    scan.expect(b')')
}
