use super::*;

fn line_of(text: &str) -> Option<(usize, String)> {
    problem(text).map(|problem| (problem.line, problem.what))
}

#[test]
fn each_mistake_is_named_with_its_line() {
    for (text, line, what) in [
        ("x = (1,\ny = 2\n", 1, "( is never closed"),
        ("x = [1)\n", 1, ") closes [ of line 1"),
        ("x = 1\n)\n", 2, ") closes nothing"),
        ("a = 1\nb = 'text\n", 2, "the text that begins with ' has no end"),
        ("a = '''x\ny\n", 1, "the text that begins with ' has no end"),
        ("def f():\nreturn 1\n", 2, "an indented block is missing after line 1"),
        ("def f():\n    # nothing\n", 1, "an indented block is missing after this line"),
        ("x = 1\n  y = 2\n", 2, "the line is indented without a block"),
        ("if x:\n        y\n    z\n", 3, "the line is indented as no block around it"),
        ("if x:\n\ty\n        z\n", 3, "tabs and spaces are mixed, so that the block is unclear"),
        ("\nif x\n    y\n", 2, "a colon is missing after if"),
        ("class A\n    pass\n", 1, "a colon is missing after class"),
        ("x = “a”\n", 1, "“ is not a quotation mark of Python"),
        ("x = a ? b\n", 1, "? stands outside of a text"),
        ("x = 1 \\ + 2\n", 1, "\\ stands before something else than the end of the line"),
    ] {
        assert_eq!(line_of(text), Some((line, what.to_owned())), "{text}");
    }
}

#[test]
fn what_python_reads_is_left_alone() {
    for text in [
        "",
        "# only this",
        "if (x :=\n    1): y = {'a': [1, 2,\n3]}\nelse: pass\n",
        "def f(a: int = 3) -> dict[str, int]:\r\n    '''A \"text\"\n\n of lines'''\r\n    return a\r\n",
        "async def f():\n    async with a as b: pass\n",
        "class A:\n\n    x = 1\n# at the margin\n    def f(self):\n        return r'\\ ' + '$?`' + f\"{self.x!r:>{10}}\"\n\ny = A()\n",
        "x = \\\n    1\nif x: y = 1; z = 2\n",
        "if_x = 1\nforest = 'a'\nprint(1 if forest else 2)\n",
        "match x:\n    case 1:\n        pass\n",
        "x = f\"{\"#\"}\"\nprint(f\"{d[\"(\"]}\")\n",
        "@d\ndef f(): ...\n",
        "\tx = 1\n".trim_start(),
        "if x:\n\ty = 1\n\tif y:\n\t\tz = 2\n",
        "lambda: 1\n",
        "x = 'a\\\nb'\n",
    ] {
        assert_eq!(line_of(text), None, "{text}");
    }
}

#[test]
fn any_text_gives_an_answer() {
    // Every start of a text with all kinds of things in it.
    let text = "def f(x):\n\tif x: [1, {'a': f'{x}'}]\n\treturn \"\"\"a\n\"\"\" \\\n + '“'\n";
    for (end, _) in text.char_indices() {
        let lines = text[..end].lines().count().max(1);
        assert!(problem(&text[..end]).is_none_or(|problem| (1..=lines).contains(&problem.line)), "{end}");
    }
}
