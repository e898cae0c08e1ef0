//! What comes of manifests: what is added, what is kept, and what is refused.

mod refused;

use serde_json::Value;

use super::*;

const SHOP: &str = include_str!("../../config/kubernetes/example/shop.yaml");

fn injected(text: &str) -> Injected {
    with(text, &Wanted::default())
}

fn with(text: &str, wanted: &Wanted) -> Injected {
    inject(text, wanted).unwrap_or_else(|faults| panic!("{faults:#?}\n{text}"))
}

fn faults(text: &str) -> Vec<Fault> {
    inject(text, &Wanted::default()).expect_err(text)
}

/// The documents of a text.
fn documents(text: &str) -> Vec<Value> {
    Manifest::read(text).unwrap().documents.iter().map(Node::value).collect()
}

/// A value without what an injection may add or change, and without what is empty.
fn stripped(value: Value) -> Value {
    match value {
        Value::Object(entries) => {
            let kept = entries.into_iter().map(|(key, value)| (key, stripped(value)));
            kept.filter(|(key, value)| {
                let is_empty = value.is_null() || *value == Value::Array(vec![]) || *value == serde_json::json!({});
                !is_empty && !matches!(key.as_str(), "terminationGracePeriodSeconds" | "targetPort" | "standin")
            })
            .collect()
        }
        Value::Array(items) => items.into_iter().filter(|item| item["name"] != "standin").map(stripped).collect(),
        other => other,
    }
}

/// A Deployment whose pod spec and container go on as given.
fn deployment(spec: &str, container: &str) -> String {
    format!(
        "kind: Deployment\nmetadata:\n  name: app\nspec:\n  template:\n    metadata:\n      labels:\n        app: a\n    \
         spec:\n{spec}      containers:\n      - name: app\n{container}"
    )
}

fn one_port(spec: &str) -> String {
    deployment(spec, "        ports:\n        - containerPort: 3000\n")
}

fn pod_spec(text: &str) -> Value {
    documents(text)[0]["spec"]["template"]["spec"].clone()
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect()
}

#[test]
fn a_manifest_gets_the_sidecar_and_keeps_every_other_line() {
    let result = injected(SHOP);
    let mut lines = result.text.lines();
    for line in SHOP.lines().filter(|line| !line.contains("targetPort")) {
        assert!(lines.any(|kept| kept == line), "{line:?} is gone, or was moved");
    }
    let documents = documents(&result.text);
    assert_eq!(documents[0]["spec"]["ports"][0]["targetPort"], LISTEN);
    let template = &documents[1]["spec"]["template"];
    assert_eq!(template["metadata"]["labels"], serde_json::json!({ "standin": "sidecar", "app": "shop" }));
    assert_eq!(
        template["spec"]["initContainers"][0],
        sidecar::Sidecar::new(&Wanted::default(), 3000).unwrap().container
    );
    assert_eq!(
        result.notes,
        [
            "Deployment shop: gets the sidecar, in front of port 3000",
            "Service shop: port 80 leads to the sidecar, at 18080"
        ]
    );
}

#[test]
fn a_manifest_that_has_it_is_left_as_it_is() {
    let once = injected(SHOP).text;
    let twice = injected(&once);
    assert_eq!(twice.text, once);
    assert_eq!(twice.notes, ["Deployment shop: has the sidecar already; left as it is"]);
}

#[test]
fn what_is_there_already_is_added_to() {
    let text = injected(&one_port(
        "      terminationGracePeriodSeconds: 90\n      # first\n      initContainers:\n      # migrates\n      \
         - image: m\n        name: migrate\n      volumes:\n        - name: tmp\n          emptyDir: {}\n",
    ))
    .text;
    let spec = pod_spec(&text);
    assert_eq!(spec["terminationGracePeriodSeconds"], 90, "longer is fine");
    assert_eq!(names(&spec["initContainers"]), ["standin", "migrate"], "{text}");
    assert_eq!(names(&spec["volumes"]), ["standin", "tmp"], "{text}");
    assert!(text.contains("      # migrates\n      - image: m\n"), "a comment stays above what it is about: {text}");

    let text =
        injected(&one_port("      terminationGracePeriodSeconds: 30 # s\n      initContainers:\n      volumes: ~\n"))
            .text;
    let spec = pod_spec(&text);
    assert_eq!(spec["terminationGracePeriodSeconds"], 60, "{text}");
    assert_eq!((names(&spec["initContainers"]), names(&spec["volumes"])), (vec!["standin"], vec!["standin"]), "{text}");
    assert!(text.contains("terminationGracePeriodSeconds: 60 # s\n"), "{text}");
}

#[test]
fn json_stays_json() {
    let json = serde_json::json!({
        "kind": "List",
        "items": [
            { "kind": "Service", "spec": { "selector": { "app": "a" }, "ports": [{ "port": 80 }, { "port": 81, "protocol": "UDP" }] } },
            { "kind": "StatefulSet", "metadata": { "name": "db" }, "spec": { "template": { "metadata": { "labels": { "app": "a" } },
                "spec": { "volumes": [], "containers": [{ "name": "db", "ports": [{ "containerPort": 80 }] }] } } } },
        ]
    });
    for text in [json.to_string(), format!("{json:#}\n")] {
        let result: Value = serde_json::from_str(&injected(&text).text).unwrap();
        assert_eq!(result["items"][0]["spec"]["ports"][0]["targetPort"], LISTEN, "without targetPort it was 80");
        assert_eq!(result["items"][0]["spec"]["ports"][1], json["items"][0]["spec"]["ports"][1]);
        let spec = &result["items"][1]["spec"]["template"]["spec"];
        assert_eq!((names(&spec["initContainers"]), names(&spec["volumes"])), (vec!["standin"], vec!["standin"]));
        assert_eq!(stripped(result), stripped(json.clone()));
    }
}

#[test]
fn only_workloads_that_are_called_get_it() {
    for (kind, gets) in [
        ("Deployment", true),
        ("StatefulSet", true),
        ("DaemonSet", true),
        ("ReplicaSet", true),
        ("Job", false),
        ("Unheard", false),
    ] {
        let text = one_port("").replace("Deployment", kind);
        assert_eq!(injected(&text).text != text, gets, "{kind}");
    }
    let left = "kind: Pod\nmetadata: { name: p }\n---\nkind: CronJob\nmetadata: { name: c }\n";
    assert_eq!(
        injected(left).notes[..2],
        ["Pod p: it has no template; left as it is", "CronJob c: nothing calls it; left as it is"]
    );
    for nothing in ["", "# only this\n", "a: 1\n", "- 1\n--- 2\n", "kind: [x]\n", "kind: ConfigMap\nmetadata:\n"] {
        let result = injected(nothing);
        assert_eq!(result.text, nothing);
        assert!(result.notes[0].contains("nothing was changed"), "{result:?}");
    }
}

#[test]
fn chosen_workloads_alone_get_it() {
    let both = format!(
        "{}---\n{}",
        one_port(""),
        one_port("").replace("name: app\nspec", "name: other\nspec").replace("app: a", "app: b")
    );
    let only = |name: &str| Wanted { only: vec![name.to_owned()], ..Wanted::default() };
    let result = with(&both, &only("other"));
    assert_eq!(result.notes[0], "Deployment app: is not named by --only; left as it is");
    assert_eq!(documents(&result.text)[0], documents(&both)[0]);
    assert_eq!(names(&documents(&result.text)[1]["spec"]["template"]["spec"]["initContainers"]), ["standin"]);
    let faults = inject(&both, &only("third")).unwrap_err();
    assert_eq!(
        (faults[0].what.as_str(), faults[0].help.as_str()),
        ("there is no workload `third` here", "there is: app, other")
    );

    let service =
        "---\nkind: Service\nmetadata: { name: s }\nspec: { selector: { app: a }, ports: [{ port: 3000 }] }\n";
    let faults = inject(&format!("{}{service}", both.replace("app: b", "app: a")), &only("other")).unwrap_err();
    assert_eq!(faults[0].what, "Service s: it selects Deployment app too, which gets no sidecar");
}

#[test]
fn services_of_other_pods_and_other_ports_stay() {
    let ports = "        ports: [{ containerPort: 3000, name: http }, { containerPort: 9100, name: metrics }]\n";
    let service = |name: &str, rest: &str| format!("---\nkind: Service\nmetadata: {{ name: {name} }}\nspec:\n{rest}");
    let text = deployment("", ports)
        + &service("one", "  selector: { app: a }\n  ports:\n  - port: 80\n    targetPort: http # the app\n")
        + &service("two", "  selector: { app: b }\n  ports: [{ port: 80, targetPort: 3000 }]\n")
        + &service("three", "  selector: {}\n  ports: [{ port: 80, targetPort: 3000 }]\n")
        + &service("four", "  clusterIP: None\n  selector: { app: a }\n  ports: [{ port: 80, targetPort: 3000 }]\n")
        + &service("far", "  selector: { app: a }\n  ports: [{ port: 80, targetPort: 3000 }]\n")
            .replace("name: far", "name: far, namespace: n");
    let result = injected(&text);
    let target = |at: usize| documents(&result.text)[at]["spec"]["ports"][0]["targetPort"].clone();
    assert_eq!([1, 2, 3, 4, 5].map(target), [LISTEN, 3000, 3000, LISTEN, 3000].map(Value::from));
    assert!(result.text.contains("targetPort: 18080 # the app\n"), "{}", result.text);
    assert!(result.notes.iter().any(|note| note.starts_with("Service four: is headless: ")), "{result:?}");
    assert!(
        injected(&one_port("")).notes[1]
            .starts_with("Deployment app: no Service here selects it; let its targetPort be 18080")
    );
}

#[test]
fn what_yaml_1_1_reads_otherwise_stays_as_it_is_written() {
    let text = one_port(
        "      hostNetwork: off # no\n      tty: \"yes\"\n      mode: 0644\n      long: >-\n        # not a comment\n        - no list\n",
    );
    for text in [text.clone(), text.replace('\n', "\r\n")] {
        let result = injected(&text).text;
        for kept in
            ["hostNetwork: off # no", "tty: \"yes\"", "mode: 0644", "        # not a comment", "        - no list"]
        {
            assert!(result.lines().any(|line| line.trim_start() == kept.trim_start()), "{kept}: {result}");
        }
        assert_eq!(result.contains('\r'), text.contains('\r'));
        assert!(
            !result.replace("\r\n", "").contains(if text.contains('\r') { '\n' } else { '\r' }),
            "one kind of line ends"
        );
    }
}
