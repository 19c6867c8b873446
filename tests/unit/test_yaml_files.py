"""YAML that people write: what is read, what is refused and where, and what a save keeps."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from playloom.errors import DefinitionError, OutputError
from playloom.yaml_files import load_yaml, misspelt_keys, parse_yaml
from playloom.yaml_saving import Default, Keyed, replace_file, save_yaml

FILE = Path("some.yaml")


def test_words_mean_what_yaml_1_2_says() -> None:
    text = "a: yes\nb: true\nc: 12\nd: -1.5e3\ne: ~\nf: '12'\ng: 2026-04-20T17:18:45Z\nh: 0x1f\ni: [x, on]\nj:\n"
    assert parse_yaml(text, FILE).plain() == {
        "a": "yes",
        "b": True,
        "c": 12,
        "d": -1500.0,
        "e": None,
        "f": "12",
        "g": "2026-04-20T17:18:45Z",
        "h": 31,
        "i": ["x", "on"],
        "j": None,
    }


def test_an_alias_is_the_value_that_it_names() -> None:
    assert parse_yaml("a: &x [1, 2]\nb: *x\n", FILE).plain() == {"a": [1, 2], "b": [1, 2]}


def test_a_value_knows_its_line_and_its_keys() -> None:
    root = parse_yaml("actions:\n  jump:\n    bindings:\n      - type: button\n", FILE)
    value = root.mapping()["actions"].mapping()["jump"].mapping()["bindings"].items()[0].require("type")
    assert value.place == "line 4, actions.jump.bindings.0.type"


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join(['*' + before] * 9)}]\n"
    for before, name in zip("abcdefghij", "bcdefghijk", strict=True)
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "some.yaml: is empty. Start from one of the files in examples/"),
        ("# only a comment\n", "some.yaml: is empty. Start from one of the files in examples/"),
        ("- 1\n", "some.yaml, line 1: the file must be a mapping (key: value). Start from one"),
        ("a: 1\nb: 2\na: 3\n", "some.yaml, line 3: the key 'a' is there twice (first on line 1). Remove one of them"),
        ("a: !!python/object:os.system x\n", "some.yaml, line 1: tags such as tag:yaml.org,2002:python/object:os"),
        ("a: &x {b: 1}\nc:\n  <<: *x\n", "some.yaml, line 3: merge keys (<<) are not supported. Write the keys out"),
        ("a: &x [*x]\n", "some.yaml, line 1: *x contains itself. Write the value out"),
        ("a: *x\n", "some.yaml, line 1: *x is not defined before this line. Add &x above"),
        ("? [a]\n: 1\n", "some.yaml, line 1: a key must be a single word or text. Write 'key: value'"),
        ("a: 1\n---\nb: 2\n", "some.yaml, line 2: holds more than one document"),
        ("a: " + "[" * 40, "some.yaml, line 1: is nested deeper than 32 levels"),
        ("a: [1, 2\n", "some.yaml, line 2: is not valid YAML: expected ',' or ']'"),
        ("a: b: c\n", "some.yaml, line 1: is not valid YAML: mapping values are not allowed here"),
        ("a: \x00\n", "some.yaml: is not valid YAML: unacceptable character"),
        (BOMB, "some.yaml, line 5: stands for more than 50000 values. Check that this is the right file"),
    ],
)
def test_what_is_not_used_in_these_files_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        parse_yaml(text, FILE)
    assert str(caught.value).startswith(message)


def test_a_hundred_thousand_brackets_are_refused_at_once() -> None:
    began = time.perf_counter()
    with pytest.raises(DefinitionError, match="nested deeper"):
        parse_yaml("a: " + "[" * 100_000, FILE)
    assert time.perf_counter() - began < 5


def test_a_file_of_more_than_a_mebibyte_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "big.yaml"
    path.write_bytes(b"a: " + b"x" * (1 << 20))
    with pytest.raises(DefinitionError, match=r"big.yaml: is larger than 1024 KiB"):
        load_yaml(path)


def test_a_missing_file_and_one_that_is_not_text_are_named(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match=r"gone.yaml: cannot be read: No such file or directory"):
        load_yaml(tmp_path / "gone.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"a: 1\nb: caf\xe9\n")
    with pytest.raises(DefinitionError, match=r"latin.yaml, line 2: is not UTF-8 text. Save it as UTF-8"):
        load_yaml(tmp_path / "latin.yaml")


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda root: root.require("n").text(), "line 1, n: text is needed here and this is a number (12). Put it in"),
        (lambda root: root.require("t").number(), "line 2, t: a number is needed here and this is text ('word')"),
        (lambda root: root.require("t").flag(), "line 2, t: true or false is needed here and this is text ('word')"),
        (lambda root: root.require("t").items(), "line 2, t: a list (- item) is needed here and this is text ('word')"),
        (lambda root: root.require("l").mapping(), "line 3, l: a mapping (key: value) is needed here and this is a l"),
        (lambda root: root.require("b").integer(), "line 4, b: a whole number is needed here and this is true or fal"),
        (lambda root: root.require("i").number(), "line 5, i: inf is not a finite number"),
        (lambda root: root.require("x"), "line 1: 'x' is missing. Add 'x:'"),
        (
            lambda root: root.require("t").choice(["words", "x"], "thing"),
            "line 2, t: unknown thing 'word'. Did you mea",
        ),
    ],
)
def test_a_wrong_type_is_an_error_with_its_place(ask, message: str) -> None:
    root = parse_yaml("n: 12\nt: word\nl: [1]\nb: true\ni: .inf\n", FILE)
    with pytest.raises(DefinitionError) as caught:
        ask(root)
    assert str(caught.value).startswith(f"some.yaml, {message}")


def test_a_misspelt_key_is_noticed_and_a_foreign_one_left_alone() -> None:
    root = parse_yaml("bindngs: []\ncolour: red\n", FILE)
    assert root.get("bindings") is None
    assert misspelt_keys(root) == ("line 1, bindngs: the key 'bindngs' is not known. Did you mean 'bindings'?",)


def test_saving_keeps_comments_quotes_order_and_foreign_keys(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(
        "# top\nname: 'x'  # the name\nmine: 1\nitems:\n  # first\n  - {id: a, size: 1}\n  - {id: b, size: 2}\n"
    )
    text = save_yaml(path, {"items": [{"id": "a", "size": 1}, {"id": "b", "size": 3}], "name": "x"})
    assert text == path.read_text().replace("size: 2", "size: 3")


def test_saving_removes_what_is_none_and_gone_keys_of_a_keyed_mapping(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("old: 1\nactions:\n  jump: {x: 1}\n  duck: {x: 2}\nflag: true\n")
    content = {"old": None, "actions": Keyed(jump={"x": 1}), "flag": Default(value=False), "other": Default(value=1)}
    assert save_yaml(path, content) == "actions:\n  jump: {x: 1}\nflag: false\n"


def test_changing_one_place_of_an_alias_leaves_the_other(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("a: &x {n: 1}\nb: *x\n")
    text = save_yaml(path, {"a": {"n": 1}, "b": {"n": 2}})
    assert parse_yaml(text, path).plain() == {"a": {"n": 1}, "b": {"n": 2}}


def test_a_file_that_we_cannot_read_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("a: [\n")
    with pytest.raises(DefinitionError, match="not valid YAML"):
        save_yaml(path, {"a": 1})
    assert path.read_text() == "a: [\n"


def test_replacing_a_file_leaves_nothing_else_behind(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("old")
    path.chmod(0o640)
    replace_file(path, "new")
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o640
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.yaml"]


def test_a_place_that_cannot_be_written_is_an_output_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written: No such file or directory"):
        replace_file(tmp_path / "gone" / "a.yaml", "new")
