//! The kustomize component and `standin inject`: valid for several versions of Kubernetes, and one and the same sidecar.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::{documents, read, run, tool};
use crate::support::process::{output, output_with, standin};
use crate::support::root;

const EXAMPLE: &str = "config/kubernetes/example";

/// Native sidecars begin with 1.29; the last is the newest that the checker knows.
const VERSIONS: [&str; 3] = ["1.29", "1.33", "1.37"];

/// What kustomize makes of a folder. `None` where neither it nor a kubectl that has version 5 of it is here: none of the
/// registries that `.ci/install` uses has one. `.ci/run` says so then.
fn rendered(folder: &str) -> Option<String> {
    let has = |program: &str| Command::new(program).args(["version", "--client"]).output().ok();
    let of_kubectl = || {
        let version = String::from_utf8_lossy(&has("kubectl")?.stdout).into_owned();
        let major = version.split("Kustomize Version: v").nth(1)?.split('.').next()?.parse::<u32>().ok()?;
        (major >= 5).then_some(("kubectl", "kustomize"))
    };
    let (program, word) =
        Command::new("kustomize").arg("version").output().ok().map(|_| ("kustomize", "build")).or_else(of_kubectl)?;
    let ended = run(Command::new(program).args([word, folder]));
    assert_eq!(ended.code, 0, "{ended:?}");
    Some(ended.stdout)
}

fn injected(file: &Path) -> String {
    let ended = output(&["inject", "-f", &file.display().to_string()], root());
    assert_eq!(ended.code, 0, "{ended:?}");
    ended.stdout
}

/// A text as a file.
fn saved(text: &str, name: &str) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    std::fs::write(&path, text).unwrap();
    (dir, path)
}

/// The object of a kind and name.
fn object(documents: &[Value], kind: &str, name: &str) -> Value {
    let found = documents.iter().find(|one| one["kind"] == kind && one["metadata"]["name"] == name);
    found.unwrap_or_else(|| panic!("there is no {kind} {name}")).clone()
}

#[test]
fn the_component_and_inject_make_the_same_of_a_manifest() {
    let Some(rendered) = rendered(EXAMPLE) else { return println!("NOT CHECKED: kustomize is not here") };
    let (_dir, path) = saved(&rendered, "rendered.yaml");
    let rendered = documents(&path);
    let (_dir, path) = saved(&injected(&root().join(EXAMPLE).join("shop.yaml")), "injected.yaml");
    let injected = documents(&path);
    assert_eq!(injected.len(), 2);
    for kind in ["Service", "Deployment"] {
        assert_eq!(object(&injected, kind, "shop"), object(&rendered, kind, "shop"), "{kind}");
    }
    for (kind, name) in [("ConfigMap", "standin"), ("Service", "standin-metrics"), ("ServiceMonitor", "standin")] {
        object(&rendered, kind, name);
    }
    let metrics = object(&rendered, "Service", "standin-metrics");
    assert_eq!(metrics["spec"]["ports"][0]["targetPort"], 9091, "the component leaves it alone");
}

#[test]
fn the_component_takes_every_kind_of_workload_and_components_in_either_order() {
    let dir = tempfile::tempdir_in(root().join("target")).unwrap();
    let kinds = ["StatefulSet", "DaemonSet", "ReplicaSet"];
    let mut text = read("config/kubernetes/example/shop.yaml");
    for kind in kinds {
        let own = text.split("---\n").nth(1).unwrap().replace("kind: Deployment", &format!("kind: {kind}"));
        text.push_str(&format!(
            "---\n{}",
            own.replace("name: shop\nspec", &format!("name: {}\nspec", kind.to_lowercase()))
        ));
    }
    std::fs::write(dir.path().join("all.yaml"), text).unwrap();
    let name = dir.path().file_name().unwrap().to_string_lossy().into_owned();
    std::fs::write(
        dir.path().join("kustomization.yaml"),
        "resources: [all.yaml]\ncomponents: [../../config/kubernetes/monitoring, ../../config/kubernetes/sidecar]\n",
    )
    .unwrap();
    let Some(rendered) = rendered(&format!("target/{name}")) else {
        return println!("NOT CHECKED: kustomize is not here");
    };
    let (_dir, path) = saved(&rendered, "rendered.yaml");
    let documents = documents(&path);
    for kind in kinds {
        let found = object(&documents, kind, &kind.to_lowercase());
        assert_eq!(found["spec"]["template"]["spec"]["initContainers"][0]["name"], "standin", "{kind}");
        assert_eq!(found["spec"]["template"]["spec"]["containers"][0]["name"], "shop", "{kind}");
    }
    assert_eq!(object(&documents, "Service", "standin-metrics")["spec"]["ports"][0]["targetPort"], 9091);
    assert_eq!(object(&documents, "Service", "shop")["spec"]["ports"][0]["targetPort"], 18080);
}

#[test]
fn what_is_deployed_is_valid_for_three_versions_of_kubernetes() {
    let mut files = vec![saved(&injected(&root().join(EXAMPLE).join("shop.yaml")), "injected.yaml")];
    files.extend(rendered(EXAMPLE).map(|text| saved(&text, "rendered.yaml")));
    for version in VERSIONS {
        for (_dir, path) in &files {
            let ended = run(tool("kubernetes-validate").args(["--strict", "--no-warn", "-k", version]).arg(path));
            assert_eq!(ended.code, 0, "{version}: {ended:?}");
            let passed = format!("passed for resource deployment/shop against version {version}");
            assert!(format!("{ended:?}").contains(&passed), "{ended:?}");
        }
        // Each object of the other files; the patch is none by itself.
        let files = ["config/kubernetes/monitoring/service.yaml", "config/kubernetes/example/shop.yaml"];
        let ended = run(tool("kubernetes-validate").args(["--strict", "-k", version]).args(files));
        assert_eq!(ended.code, 0, "{version}: {ended:?}");
    }
    // The check can fail: a word of another version, a wrong type.
    let (_dir, path) = saved(
        &std::fs::read_to_string(&files[0].1).unwrap().replace("restartPolicy: Always", "restartPolice: Always"),
        "bad.yaml",
    );
    assert_ne!(run(tool("kubernetes-validate").args(["--strict", "-k", VERSIONS[0]]).arg(path)).code, 0);
}

/// The sidecar's container in the component.
fn container() -> Value {
    let file = documents(&root().join("config/kubernetes/sidecar/sidecar.yaml")).remove(0);
    file["spec"]["template"]["spec"]["initContainers"][0].clone()
}

#[test]
fn the_configuration_of_the_example_is_good_and_listens_where_the_manifest_says() {
    let container = container();
    let env: Vec<(String, String)> = container["env"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let text = |key: &str| one[key].as_str().unwrap().to_owned();
            (text("name"), text("value"))
        })
        .collect();
    let env: Vec<(&str, &str)> = env.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let ended = output_with(&["check", "--effective", "-c", EXAMPLE], &env, root());
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stderr.starts_with("no problems: 1 mock, 1 stub"), "{ended:?}");
    let value = |key: &str| {
        let line = ended.stdout.lines().find(|line| line.starts_with(&format!("{key} = ")));
        line.unwrap_or_else(|| panic!("no {key}: {ended:?}")).split("  #").next().unwrap().to_owned()
    };
    assert_eq!(value("proxy.listen"), "proxy.listen = [\"0.0.0.0:18080\"]");
    assert_eq!(value("ops.listen"), "ops.listen = \"0.0.0.0:9091\"");
    assert_eq!(value("admin.listen"), "admin.listen = \"127.0.0.1:9092\"");
    for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
        assert_eq!(container[probe]["httpGet"]["port"], 9091, "{probe}");
    }
    assert_eq!(container["image"], format!("standin:{}", env!("CARGO_PKG_VERSION")));
    assert_eq!(container["ports"][0]["containerPort"], 18080);
    // The command line of the manifest is one that this binary takes.
    let arguments: Vec<&str> = container["args"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
    assert_eq!(arguments[..2], ["run", "--config"]);
    let ended = standin().args(["check", arguments[1], EXAMPLE]).current_dir(root()).output().unwrap();
    assert!(ended.status.success());
}

#[test]
fn a_pod_has_longer_to_stop_than_standin_takes() {
    let file = documents(&root().join("config/kubernetes/sidecar/sidecar.yaml")).remove(0);
    let grace = file["spec"]["template"]["spec"]["terminationGracePeriodSeconds"].as_u64().unwrap();
    let ended = output(&["check", "--effective", "--upstream", "http://127.0.0.1:1", "-c", EXAMPLE], root());
    let line = ended.stdout.lines().find(|line| line.starts_with("limits.drain_timeout = "));
    let drain = line.map_or(25, |line| line.split('"').nth(1).unwrap().trim_end_matches('s').parse().unwrap());
    assert!(grace > drain, "{grace} s, of which Standin takes {drain} s");
}
