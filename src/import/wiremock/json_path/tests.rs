use super::*;

fn shown(text: &str) -> String {
    match read(text) {
        None => "none".to_owned(),
        Some(path) => {
            let elements = path.of_elements().unwrap_or_default();
            format!("{} {} {elements}", path.base, path.is_definite).trim_end().to_owned()
        }
    }
}

#[test]
fn expressions_are_said_as_the_rfc_says_them() {
    for (jayway, expected) in [
        ("$", "$ true"),
        ("$.a.b", "$.a.b true"),
        ("$.a.[0]", "$.a[0] true"),
        ("$.['a']['b c']", "$.a['b c'] true"),
        ("$.first-name", "$['first-name'] true"),
        ("$..a", "$..a false"),
        ("$..*", "$..* false"),
        ("$.a[*].b", "$.a[*].b false"),
        ("$.*", "$.* false"),
        ("$.a[1:2]", "$.a[1:2] false"),
        ("$.a[?(@.b == 1)].c", "$.a true $.a[?@.b == 1].c"),
        ("$[?(@.['a'] =~ /[0-9]{2}/)]", "$ true $[?match(@.a, '^[0-9]{2}$')]"),
        ("$[?(@.a =~ /x\\/y/i && @.b.c)]", "$ true $[?match(@.a, '(?i)^x\\\\/y$') && @.b.c]"),
        ("$.a[?(@.b=='x]')]", "$.a true $.a[?@.b == 'x]']"),
    ] {
        assert_eq!(shown(jayway), expected, "{jayway}");
    }
}

#[test]
fn what_the_rfc_does_not_have_is_refused() {
    for jayway in
        ["a", "$.a.length()", "$[?(@.a > 1 || @.b)]", "$..[?(@.a)]", "$.a[?(@.b in ['x'])]", "$[", "$.", "$.a['b\\'c']"]
    {
        assert_eq!(read(jayway), None, "{jayway}");
    }
}
