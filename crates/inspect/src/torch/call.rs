//! How an exported program takes its inputs and gives its outputs: trees of tuples, lists and dicts whose leaves are tensors.
//!
//! `torch/utils/_pytree.py` (`treespec_dumps`, protocol 1): `[1, {"type", "context", "children_spec"}]`.

use serde_json::Value as Json;

use crate::{TorchArgument, TorchCall};

/// What stands at a leaf.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Leaf {
    /// A tensor: the next input.
    Input,
    /// A value that the program was exported with.
    Constant(Json),
}

/// Reads what the outermost module takes; `None` when it holds objects of other classes, or other leaves than those.
pub(super) fn call(spec: &str, leaves: &[Leaf]) -> Option<TorchCall> {
    let mut walk = Walk { leaves, at: 0, n_inputs: 0 };
    let TorchArgument::Tuple(both) = walk.argument(&tree(spec)?)? else { return None };
    let is_all = walk.at == leaves.len();
    match <[TorchArgument; 2]>::try_from(both) {
        Ok([TorchArgument::Tuple(positional), TorchArgument::Dict(named)]) if is_all => {
            Some(TorchCall { positional, named })
        }
        _ => None,
    }
}

/// Whether a program gives one tensor by itself.
pub(super) fn is_one_tensor(spec: &str) -> bool {
    tree(spec).is_some_and(|tree| tree.get("type").is_some_and(Json::is_null))
}

impl TorchCall {
    /// Whether it is nothing but one input after another.
    pub(super) fn is_flat(&self) -> bool {
        let mut at = 0_usize..;
        self.named.is_empty()
            && self
                .positional
                .iter()
                .all(|argument| matches!(argument, TorchArgument::Input(n) if Some(*n) == at.next()))
    }
}

fn tree(spec: &str) -> Option<Json> {
    match serde_json::from_str(spec).ok()? {
        Json::Array(mut pair) if pair.len() == 2 => pair.pop(),
        _ => None,
    }
}

struct Walk<'a> {
    leaves: &'a [Leaf],
    at: usize,
    n_inputs: usize,
}

impl Walk<'_> {
    fn argument(&mut self, node: &Json) -> Option<TorchArgument> {
        let children = node.get("children_spec")?.as_array()?;
        let Some(kind) = node.get("type")?.as_str() else {
            let leaf = self.leaves.get(self.at)?;
            self.at = self.at.saturating_add(1);
            return Some(match leaf {
                Leaf::Constant(value) => TorchArgument::Constant(value.clone()),
                Leaf::Input => {
                    let n = self.n_inputs;
                    self.n_inputs = n.saturating_add(1);
                    TorchArgument::Input(n)
                }
            });
        };
        let inner = children.iter().map(|child| self.argument(child)).collect::<Option<Vec<_>>>()?;
        match kind {
            "builtins.tuple" => Some(TorchArgument::Tuple(inner)),
            "builtins.list" => Some(TorchArgument::List(inner)),
            "builtins.dict" | "collections.OrderedDict" => {
                let keys: Vec<String> = serde_json::from_str(node.get("context")?.as_str()?).ok()?;
                (keys.len() == inner.len())
                    .then(|| TorchArgument::Dict(keys.into_iter().zip(inner).collect()))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAF: &str = r#"{"type":null,"context":null,"children_spec":[]}"#;

    fn node(kind: &str, context: &str, children: &[&str]) -> String {
        let context = serde_json::to_string(context).unwrap();
        format!(
            r#"{{"type":"builtins.{kind}","context":{context},"children_spec":[{}]}}"#,
            children.join(",")
        )
    }

    fn spec(positional: &[&str], keys: &str, named: &[&str]) -> String {
        let (positional, named) = (node("tuple", "null", positional), node("dict", keys, named));
        format!("[1,{}]", node("tuple", "null", &[&positional, &named]))
    }

    #[test]
    fn arguments_keep_what_holds_them() {
        use TorchArgument::{Constant, Dict, Input, List, Tuple};
        let pair = node("tuple", "null", &[LEAF, LEAF]);
        let batch = node("dict", r#"["x","pair"]"#, &[LEAF, &pair]);
        let list = node("list", "null", &[LEAF]);
        let leaves = [Leaf::Input, Leaf::Input, Leaf::Input, Leaf::Input, Leaf::Constant(2.into())];
        let found = call(&spec(&[&batch, &list], r#"["n"]"#, &[LEAF]), &leaves);
        let batch = Dict(vec![("x".into(), Input(0)), ("pair".into(), Tuple(vec![Input(1), Input(2)]))]);
        let expected = TorchCall {
            positional: vec![batch, List(vec![Input(3)])],
            named: vec![("n".into(), Constant(2.into()))],
        };
        assert_eq!(found, Some(expected));
    }

    #[test]
    fn only_one_input_after_another_is_flat() {
        let flat = |spec: &str, n: usize| call(spec, &vec![Leaf::Input; n]).map(|call| call.is_flat());
        assert_eq!(flat(&spec(&[LEAF, LEAF], "[]", &[]), 2), Some(true));
        assert_eq!(flat(&spec(&[LEAF], r#"["mask"]"#, &[LEAF]), 2), Some(false));
        assert_eq!(flat(&spec(&[LEAF, LEAF], "[]", &[]), 3), None, "a leaf is left over");
        assert_eq!(flat("[1,{}]", 1), None);
        let cache = r#"{"type":"transformers.DynamicCache","context":null,"children_spec":[]}"#;
        assert_eq!(flat(&spec(&[cache], "[]", &[]), 0), None, "an object");
    }

    #[test]
    fn a_tuple_of_one_tensor_is_no_tensor() {
        assert!(is_one_tensor(&format!("[1,{LEAF}]")));
        assert!(!is_one_tensor(&format!("[1,{}]", node("tuple", "null", &[LEAF]))));
        assert!(!is_one_tensor(""));
    }
}
