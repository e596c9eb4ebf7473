use super::*;

const TEXT: &str = r#"
"""A text with
class Fake(nn.Module): in it."""
import torch.nn as nn

class Net(nn.Module, metaclass=Meta):
    """Doc."""
    size = 4

    def __init__(self, n_in, n_out: int = 3, *, act="re,lu", sizes=(8, 16),  # a, comment = (
                 flag: dict[str, int] = {"a": 1}, **rest):
        super().__init__()
        self.fc1 = nn.Linear(n_in, 8); self.first = self.second = 1
        self.a, self.b = pair(x=self.not_set)
        self.body: nn.Module = nn.Sequential(
            nn.Linear(8, 8),
        )
        if n_in == 2: self.small = nn.Linear(1, 1)
        self.register_buffer("table", torch.zeros(3))
        other.self.x = 1
        self.list[0] = 1
        self.count += 1

    def forward(self, x):
        return self.fc1(x) == self.other

class Plain: pass

class Open(Net):
    def __init__(self):
        for i in range(3):
            self.add_module(f"layer{i}", nn.Linear(1, 1))

def make():
    class Inner(nn.Module): pass
"#;

fn named(name: &str) -> Class {
    classes(TEXT).into_iter().find(|class| class.name == name).unwrap()
}

#[test]
fn classes_at_the_margin_are_found_with_their_bases() {
    let found: Vec<(String, Vec<String>)> =
        classes(TEXT).into_iter().map(|class| (class.name, class.bases)).collect();
    let of = |name: &str, bases: &[&str]| {
        (name.to_owned(), bases.iter().map(|base| (*base).to_owned()).collect::<Vec<_>>())
    };
    assert_eq!(found, [of("Net", &["nn.Module"]), of("Plain", &[]), of("Open", &["Net"])]);
}

#[test]
fn constructors_tell_their_parameters_and_defaults() {
    let constructor = named("Net").constructor.unwrap();
    let shown: Vec<(&str, Option<&str>)> = constructor
        .parameters
        .iter()
        .map(|parameter| (parameter.name.as_str(), parameter.default.as_deref()))
        .collect();
    let expected = [
        ("n_in", None),
        ("n_out", Some("3")),
        ("act", Some("\"re,lu\"")),
        ("sizes", Some("(8, 16)")),
        ("flag", Some("{\"a\": 1}")),
    ];
    assert_eq!(shown, expected);
    assert!(constructor.takes_any);
    assert_eq!(named("Open").constructor, Some(Constructor::default()));
    assert_eq!(named("Plain").constructor, None);
}

#[test]
fn attributes_are_what_is_assigned_to_self_or_registered() {
    let attributes: Vec<String> = named("Net").attributes.into_iter().collect();
    assert_eq!(attributes, ["a", "b", "body", "fc1", "first", "second", "small", "table"]);
    assert!(!named("Net").is_open && named("Open").is_open);
}

#[test]
fn what_a_file_does_when_it_is_imported_is_found() {
    for (text, expected) in [
        (TEXT, None),
        ("\"\"\"Doc.\"\"\"\nimport a\nnet = Net()\nif __name__ == \"__main__\":\n    train(net)\n", None),
        ("x = (1)\n@wraps(f)\ndef f(): g()\n", None),
        ("net = Net()\ntrainer.fit(\n  net)\n", Some("trainer.fit(net)")),
        ("for i in range(3):\n    step()\n", Some("for i in range(3):")),
        ("print(f\"{a=}\")\n", Some("print(f\"{a=}\")")),
    ] {
        assert_eq!(runs(text).as_deref(), expected, "{text}");
    }
}

#[test]
fn texts_that_break_off_give_what_was_there() {
    for (text, expected) in [
        ("", 0),
        ("class", 0),
        ("class Net(nn.Module", 1),
        ("class Net:\n    def __init__(self, a=\"", 1),
        ("class Net:\n    x = '\nclass Other:\n", 2),
        ("class Größe:\r\n\tdef __init__(self):\r\n\t\tself.ä = 1\r\n", 1),
        ("\"\"\"class Net:", 0),
    ] {
        assert_eq!(classes(text).len(), expected, "{text}");
    }
}
