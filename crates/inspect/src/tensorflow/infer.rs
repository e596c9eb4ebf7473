//! Shapes through the operators of a graph, as far as a few rules that cannot be wrong determine them.

use std::collections::BTreeMap;

use super::nodes::Node;

/// A type by TensorFlow's number, and the sides; -1 is any length.
pub(super) type Given = (u64, Vec<i64>);

/// How often the nodes are gone through. They are written nearly in the order in which they run.
const ROUNDS: usize = 3;

/// Operators that give what goes into them another value and leave its type and shape as they are.
const SAME: [&str; 26] = [
    "Abs",
    "BiasAdd",
    "BiasAddV1",
    "CheckNumerics",
    "Elu",
    "Erf",
    "Exp",
    "Floor",
    "Identity",
    "LeakyRelu",
    "Log",
    "LogSoftmax",
    "Neg",
    "PreventGradient",
    "Relu",
    "Relu6",
    "Rsqrt",
    "Selu",
    "Sigmoid",
    "Snapshot",
    "Softmax",
    "Softplus",
    "Sqrt",
    "Square",
    "StopGradient",
    "Tanh",
];

/// Operators on two tensors side by side.
const PAIRS: [&str; 9] =
    ["Add", "AddV2", "Div", "Maximum", "Minimum", "Mul", "RealDiv", "SquaredDifference", "Sub"];

/// The node that an input comes from: `a` of `a`, `a:1` and `^a`.
pub(super) fn node_of(input: &str) -> &str {
    let input = input.strip_prefix('^').unwrap_or(input);
    input.split(':').next().unwrap_or_default()
}

/// What a placeholder declares. Before graphs of the number 24 one without sides was of any shape.
pub(super) fn declared(node: &Node, producer: Option<u64>) -> Option<Vec<i64>> {
    let shape = node.shape.clone()?;
    let is_old = producer.is_none_or(|producer| producer < 24);
    (!is_old || !shape.is_empty()).then_some(shape)
}

/// What the first output of each node is, where that is known.
pub(super) fn shapes(nodes: &[Node], producer: Option<u64>) -> BTreeMap<&str, Given> {
    let mut known = BTreeMap::new();
    for _ in 0..ROUNDS {
        let before = known.len();
        for node in nodes {
            if !known.contains_key(node.name.as_str())
                && let Some(given) = of_node(node, producer, &known)
            {
                known.insert(node.name.as_str(), given);
            }
        }
        if known.len() == before {
            break;
        }
    }
    known
}

fn of_node(node: &Node, producer: Option<u64>, known: &BTreeMap<&str, Given>) -> Option<Given> {
    let input = |i: usize| -> Option<&Given> {
        let input = node.inputs.get(i)?;
        // Rules are for first outputs.
        let is_first =
            !input.starts_with('^') && input.split_once(':').is_none_or(|(_, output)| output == "0");
        known.get(node_of(input)).filter(|_| is_first)
    };
    let operator = node.operator.as_str();
    match operator {
        "Placeholder" | "PlaceholderV2" | "PlaceholderWithDefault" => {
            Some((node.dtype?, declared(node, producer)?))
        }
        "Const" => node.value.as_ref().map(|value| (value.dtype, value.shape.clone())),
        "MatMul" if !node.transposes => {
            let ((dtype, left), (_, right)) = (input(0)?, input(1)?);
            match (left.as_slice(), right.as_slice()) {
                ([rows, _], [_, columns]) => Some((*dtype, vec![*rows, *columns])),
                _ => None,
            }
        }
        _ if SAME.contains(&operator) => input(0).cloned(),
        _ if PAIRS.contains(&operator) => {
            let ((dtype, left), (_, right)) = (input(0)?, input(1)?);
            Some((*dtype, broadcast(left, right)?))
        }
        _ => None,
    }
}

/// The shape of two tensors side by side, the shorter one repeated.
fn broadcast(left: &[i64], right: &[i64]) -> Option<Vec<i64>> {
    let rank = left.len().max(right.len());
    let at = |shape: &[i64], i: usize| {
        let missing = rank.saturating_sub(shape.len());
        i.checked_sub(missing).and_then(|i| shape.get(i)).copied().unwrap_or(1)
    };
    let side = |i: usize| match (at(left, i), at(right, i)) {
        (a, b) if a == b => Some(a),
        (1, other) | (other, 1) => Some(other),
        // Of two lengths one of which is any, a known one above 1 is what both must be.
        (-1, known) | (known, -1) => Some(known),
        _ => None,
    };
    (0..rank).map(side).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_side_by_side() {
        for (left, right, expected) in [
            (&[-1, 3][..], &[3][..], Some(vec![-1, 3])),
            (&[-1, 3], &[], Some(vec![-1, 3])),
            (&[-1, 1], &[4, 3], Some(vec![4, 3])),
            (&[-1, -1], &[-1, 1], Some(vec![-1, -1])),
            (&[2], &[3], None),
        ] {
            assert_eq!(broadcast(left, right), expected, "{left:?} {right:?}");
        }
    }
}
