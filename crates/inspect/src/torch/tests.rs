use super::code::{Call, calls};
use super::script::{Forward, forward_of};

fn forward(arguments: &[(&str, &str)], result: &str) -> Forward {
    let arguments = arguments.iter().map(|(name, ty)| ((*name).to_owned(), (*ty).to_owned())).collect();
    Forward { arguments, optional: Vec::new(), result: result.to_owned() }
}

impl Forward {
    fn with_optional(self, arguments: &[(&str, &str)]) -> Self {
        let optional = arguments.iter().map(|(name, ty)| ((*name).to_owned(), (*ty).to_owned())).collect();
        Self { optional, ..self }
    }
}

#[test]
fn forward_is_read_from_the_class_that_is_meant() {
    let code = "class Inner(Module):\n  def forward(self: __torch__.Inner,\n    y: int) -> int:\n    return y\n\
                class Net(Module):\n  __parameters__ = []\n  def forward(self: __torch__.Net,\n    ids: Tensor,\n    \
                sizes: Dict[str, List[Tensor]],\n    mask: Optional[Tensor]=None) -> Tuple[Tensor, \
                Tensor]:\n    return (ids, ids)\n  def encode(self: __torch__.Net) -> int:\n    return 1\n";
    let cases = [
        ("Inner", forward(&[("y", "int")], "int")),
        (
            "Net",
            forward(&[("ids", "Tensor"), ("sizes", "Dict[str, List[Tensor]]")], "Tuple[Tensor, Tensor]")
                .with_optional(&[("mask", "Optional[Tensor]")]),
        ),
    ];
    for (class, expected) in cases {
        assert_eq!(forward_of(code, class), Some(expected), "{class}");
    }
}

#[test]
fn code_that_breaks_off_has_no_forward() {
    for code in
        ["", "class Net(Module):\n", "class Net(Module):\n  def forward(self", "def forward(x) -> int:\n"]
    {
        assert_eq!(forward_of(code, "Net"), None, "{code}");
    }
}

#[test]
fn operators_that_only_compute_are_no_calls_to_look_at() {
    let cases: [(&str, &[Call]); 7] = [
        ("x = torch.linear(y, w)\nops.prim.RaiseException(\"a\")\nops.quantized.linear(x)", &[]),
        ("w : __torch__.torch.classes.quantized.LinearPackedParamsBase", &[]),
        ("x = ops.shop.discount(x)", &[Call::Registered("the operator shop::discount".into())]),
        ("q : __torch__.torch.classes.shop.Index", &[Call::Registered("the class shop.Index".into())]),
        ("x = torch.from_file(\"/etc/passwd\")", &[Call::File("torch.from_file".into())]),
        ("ops.aten.save(x, \"f\")", &[Call::File("ops.aten.save".into())]),
        ("y = torch.saved(x)", &[]),
    ];
    for (code, expected) in cases {
        assert_eq!(calls(code), expected, "{code}");
    }
}
