use super::*;
use crate::problem::{Code, Sources};

fn read(text: &str) -> Json {
    let tree = Tree::parse(text, SourceId::NONE).unwrap_or_else(|problem| panic!("{text}: {problem:?}"));
    tree.root().json()
}

fn refused(text: &str) -> (Problem, usize, usize) {
    let mut sources = Sources::default();
    let source = sources.add("x", text);
    let problem = *Tree::parse(text, source).err().unwrap_or_else(|| panic!("taken: {text:.80}"));
    let (line, column) = sources.line_column(problem.place.as_ref().unwrap().0);
    (problem, line, column)
}

#[test]
fn json_and_yaml_are_the_same_tree() {
    let json = "{\"a\": [1, -2.5, \"x\\n\", null, true], \"b\": {\"c\": {}}, \"d\": \"\\ud83d\\ude00\"}";
    let yaml = "a:\n  - 1\n  - -2.5\n  - \"x\\n\"\n  - ~\n  - true\nb: {c: {}}\nd: \u{1f600}\n";
    assert_eq!(read(json), read(yaml));
    assert_eq!(read(json)["d"], "\u{1f600}");
}

#[test]
fn plain_scalars_are_what_the_core_schema_says() {
    for (text, expected) in [
        ("200", serde_json::json!(200)),
        ("+7", serde_json::json!(7)),
        ("0x1f", serde_json::json!(31)),
        ("0o17", serde_json::json!(15)),
        ("1e3", serde_json::json!(1000.0)),
        ("18446744073709551615", serde_json::json!(u64::MAX)),
        ("True", serde_json::json!(true)),
        ("NULL", Json::Null),
        ("no", serde_json::json!("no")),
        ("2020-01-01", serde_json::json!("2020-01-01")),
        ("1.2.3", serde_json::json!("1.2.3")),
        ("1_000", serde_json::json!("1_000")),
        (".inf", serde_json::json!(".inf")),
        ("'200'", serde_json::json!("200")),
        ("!!str 200", serde_json::json!("200")),
        ("|-\n  200", serde_json::json!("200")),
    ] {
        assert_eq!(read(&format!("a: {text}"))["a"], expected, "{text}");
    }
    assert_eq!(read("200: a\ntrue: b\n"), serde_json::json!({"200": "a", "true": "b"}), "names are text");
}

#[test]
fn an_alias_is_the_node_that_it_names_and_a_merge_adds_what_is_not_there() {
    let text =
        "base: &base {a: 1, b: 2}\none: *base\ntwo:\n  <<: *base\n  b: 3\nthree:\n  <<: [{c: 4}, *base]\n*x : 1\n";
    let whole = read(&text.replace("*x : 1", "four: &x k\n*x : 1"));
    assert_eq!(whole["one"], whole["base"]);
    assert_eq!(whole["two"], serde_json::json!({"b": 3, "a": 1}));
    assert_eq!(whole["three"], serde_json::json!({"c": 4, "a": 1, "b": 2}));
    assert_eq!(whole["k"], 1);
}

#[test]
fn every_node_knows_its_place_and_many_members_are_found() {
    for (text, expected) in [("{\"x\": {\"ü\": [7, \"é\"]}}", "\"é\""), ("x:\n  ü:\n    - 7\n    - \"é\"\n", "\"é\"")]
    {
        let tree = Tree::parse(text, SourceId::NONE).unwrap();
        let node = tree.root().get("x").unwrap().get("ü").unwrap().items().nth(1).unwrap();
        let place = node.place();
        assert_eq!(&text[place.start as usize..place.end as usize], expected);
        let name = tree.root().get("x").unwrap().members().next().unwrap().0.place();
        assert_eq!(text[name.start as usize..name.end as usize].trim_matches('"'), "ü");
    }
    let many: String = (0..500).map(|n| format!("k{n}: {n}\n")).collect();
    let tree = Tree::parse(&many, SourceId::NONE).unwrap();
    assert!(
        (0..500).all(|n| tree.root().get(&format!("k{n}")).unwrap().json() == n) && tree.root().get("k500").is_none()
    );
}

#[test]
fn what_is_no_document_is_refused_with_its_place_and_help() {
    let deep = format!("a: {}{}", "[".repeat(300), "]".repeat(300));
    let deep_json = format!("{{\"a\": {}{}}}", "[".repeat(300), "]".repeat(300));
    let mut said = String::new();
    for text in [
        "",
        "# nothing\n",
        "a: 1\nb: [1, 2\n",
        "a: 1\n\tb: 2\n",
        "a: \"x\n",
        "<html>\n<p a: b: c\n",
        "a: {{ b }}: c\n",
        "a: 1\na: 2\n",
        "{\"a\": 1, \"b\": 2, \"a\": 3}",
        "{\"a\": 1,}",
        "{\"a\": [1,",
        "a: !include b.yaml\n",
        "? [a, b]\n: c\n",
        "? {a: b}\n: c\n",
        "a: &x [*x]\n",
        "a: *x\n",
        "a: 1\n---\nb: 2\n",
        "<<: 7\n",
        &deep,
        &deep_json,
    ] {
        let (problem, line, column) = refused(text);
        let label = problem.place.as_ref().unwrap().1.as_str();
        let help = problem.help.as_deref().unwrap();
        let shown: String = text.escape_debug().take(30).collect();
        said.push_str(&format!("{shown}\n  {line}:{column} {}: {}; {label}\n  {help}\n", problem.code, problem.title));
    }
    expect_test::expect![[r#"

          1:1 yaml-syntax: the file is empty; 
          copy it again
        # nothing\n
          1:1 yaml-syntax: the file is empty; 
          copy it again
        a: 1\nb: [1, 2\n
          2:4 yaml-syntax: the file is no YAML; unclosed bracket '['
          the file ends too early, or something in it is not closed
        a: 1\n\tb: 2\n
          1:4 yaml-syntax: the file is no YAML; while scanning a plain scalar, found a tab
          mend it, or write it again
        a: \"x\n
          1:4 yaml-syntax: the file is no YAML; unclosed quote
          the file ends too early, or something in it is not closed
        <html>\n<p a: b: c\n
          2:5 yaml-syntax: the file is no YAML; mapping values are not allowed in this context
          this looks like a web page: save the file itself, not the page that shows it
        a: {{ b }}: c\n
          1:5 yaml-syntax: an object or a list stands where a name belongs; 
          put quotes around it if it is text: `"{id}": …`
        a: 1\na: 2\n
          2:1 duplicate-key: `a` stands twice in one object; the second
          nobody can tell which of the two counts: leave one out
        {\"a\": 1, \"b\": 2, \"a\": 3}
          1:18 duplicate-key: `a` stands twice in one object; the second
          nobody can tell which of the two counts: leave one out
        {\"a\": 1,}
          1:9 json-syntax: the file is no JSON; key must be a string
          mend it, or write it again
        {\"a\": [1,
          1:9 json-syntax: the file is no JSON; EOF while parsing a value
          the file ends too early: copy it whole
        a: !include b.yaml\n
          1:13 yaml-syntax: the tag `!include` is none of JSON's; what it makes of this value is known to another program only
          let that program write the document out, and import what it wrote
        ? [a, b]\n: c\n
          1:3 yaml-syntax: an object or a list stands where a name belongs; 
          put quotes around it if it is text: `"{id}": …`
        ? {a: b}\n: c\n
          1:3 yaml-syntax: an object or a list stands where a name belongs; 
          put quotes around it if it is text: `"{id}": …`
        a: &x [*x]\n
          1:8 yaml-syntax: the alias stands within what it names; 
          a schema refers to itself by `$ref`
        a: *x\n
          1:4 yaml-syntax: the file is no YAML; while parsing node, found unknown anchor
          mend it, or write it again
        a: 1\n---\nb: 2\n
          2:1 yaml-syntax: a second document begins here; 
          put each document into a file of its own
        <<: 7\n
          1:5 yaml-syntax: `<<` takes in objects, and this is none; 
          write an alias of an object, or a list of such aliases
        a: [[[[[[[[[[[[[[[[[[[[[[[[[[[
          1:204 yaml-syntax: the file is no YAML; recursion limit exceeded
          mend it, or write it again
        {\"a\": [[[[[[[[[[[[[[[[[[[[[[
          1:207 too-deep: objects and lists lie in each other more than 200 deep; 
          no interface is described so: look at what wrote the file
    "#]].assert_eq(&said);
}

#[test]
fn aliases_that_would_fill_the_memory_are_refused() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..30 {
        let below = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{below}]\n"));
    }
    let (problem, line, _) = refused(&bomb);
    assert_eq!((problem.code, line), (Code::YamlSyntax, 6));
    assert!(problem.title.contains("aliases make the document larger"), "{problem:?}");
}

#[test]
fn depth_costs_no_stack() {
    for open in ["[", "{\"a\":", "- "] {
        let (problem, ..) = refused(&format!("{}1", open.repeat(200_000)));
        assert!(problem.help.is_some(), "{open}");
    }
}
