//! Manifests that cannot have the sidecar, and texts that are hardly manifests.

use proptest::prelude::*;
use serde_json::Value;

use super::super::*;
use super::{SHOP, deployment, documents, faults, injected, one_port, stripped};

#[test]
fn a_fault_says_what_and_where_and_how_to_mend_it() {
    let two = "        ports: [{ containerPort: 80 }, { containerPort: 81 }]\n";
    let cases = [
        (
            one_port("").replace("3000", "18080"),
            "Deployment app: container `app` has port 18080",
            "13:11",
            "--listen PORT",
        ),
        (one_port("").replace("3000", "9091"), "Deployment app: container `app` has port 9091", "13:11", "--ops PORT"),
        (deployment("", two), "Deployment app: which of the ports 80, 81 is the app's?", "10:7", "--app-port 80"),
        (deployment("", ""), "Deployment app: no container declares a port", "10:7", "--app-port PORT"),
        (one_port("").replace("labels:\n        app: a", "labels: &l\n        app: a") + "---\n", "", "", ""),
        ("kind: Deployment\n".to_owned(), "Deployment without a name: there is no `spec.template`", "1:1", ""),
        (
            "kind: Deployment\nspec: 1\n".to_owned(),
            "Deployment without a name: a mapping with `template` belongs here",
            "2:7",
            "",
        ),
        (
            one_port("      volumes: [{ name: standin }]\n"),
            "Deployment app: `standin` stands under `volumes` already",
            "10:17",
            "another name",
        ),
        (
            "a: &x { template: 1 }\nkind: Deployment\nspec: *x\n".to_owned(),
            "Deployment without a name: an alias stands where `spec` is looked for",
            "3:7",
            "write it out",
        ),
        (
            "a: &x { template: 1 }\nkind: Deployment\nspec:\n  <<: *x\n".to_owned(),
            "Deployment without a name: an alias stands where `template` is looked for",
            "4:3",
            "write it out",
        ),
        ("a: [1\nb: 2\n".to_owned(), "this is no YAML: ", "", "mend it there"),
        ("a: {{ .Values.a }}\nb: [\n".to_owned(), "this is no YAML: ", "", "helm template"),
    ];
    for (text, what, place, help) in cases {
        if what.is_empty() {
            injected(&text); // an anchor that nobody repeats is no hindrance
            continue;
        }
        let fault = faults(&text).swap_remove(0);
        assert!(fault.what.starts_with(what), "{fault:?}\n{text}");
        assert!(place.is_empty() || place == format!("{}:{}", fault.line, fault.column), "{fault:?}\n{text}");
        assert!(fault.help.contains(help), "{fault:?}");
    }
    let shared = one_port("").replace("labels:\n        app: a", "labels: &l\n        app: a") + "other: *l\n";
    assert!(faults(&shared)[0].what.contains("an alias elsewhere repeats it"));
    assert_eq!(faults(&format!("{}---\n{}", deployment("", ""), deployment("", two))).len(), 2, "all at once");
}

#[test]
fn hostile_nesting_is_refused() {
    for opening in ["[", "{a: ", "- ", "? "] {
        assert!(!faults(&opening.repeat(100_000)).is_empty());
    }
    let bomb: String = (1..40).map(|n| format!("a{n}: &a{n} [*a{}, *a{}]\n", n - 1, n - 1)).collect();
    assert_eq!(injected(&format!("a0: &a0 x\n{bomb}")).notes.len(), 1, "aliases are not followed");
}

proptest! {
    /// Manifests with pieces cut out and put in: no panic, and what is given out says what it said, and the sidecar.
    #[test]
    fn nothing_else_changes_whatever_the_text(
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0usize..12, "[-:#&*!|>{}\\[\\],\"' \n\ta0~é<]{0,4}"), 0..4),
        base in 0usize..3,
    ) {
        let base = match base {
            0 => SHOP.to_owned(),
            1 => one_port("      # c\n      initContainers:\n      - name: i\n      volumes: []\n"),
            _ => serde_json::json!({ "kind": "List", "items": documents(SHOP) }).to_string(),
        };
        let mut characters: Vec<char> = base.chars().collect();
        for (at, cut, put) in edits {
            let at = at.index(characters.len() + 1);
            let end = (at + cut).min(characters.len());
            characters.splice(at..end, put.chars());
        }
        let text: String = characters.into_iter().collect();
        if let Ok(result) = inject(&text, &Wanted::default()) {
            let before: Vec<Value> = documents(&text).into_iter().map(stripped).collect();
            let after: Vec<Value> = documents(&result.text).into_iter().map(stripped).collect();
            prop_assert_eq!(before, after, "{}\n=>\n{}", text, result.text);
            prop_assert_eq!(&inject(&result.text, &Wanted::default()).unwrap().text, &result.text);
        }
    }
}
