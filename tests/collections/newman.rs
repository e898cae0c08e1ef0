//! newman, Postman's own runner, runs a collection against Standin: some requests are mocked, others forwarded.

use std::path::Path;
use std::process::{Command, Stdio};

use super::{file, folder};
use crate::support::process::output;
use crate::support::{Upstream, root, sidecar};

const SHOP: &str = "shop.postman_collection.json";

#[test]
fn newman_runs_a_collection_with_mocked_and_forwarded_requests() {
    let newman = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/newman/node_modules/newman/bin/newman.js");
    assert!(newman.exists(), "run `.ci/install test`, as `make test` does: {} is missing", newman.display());
    let upstream = Upstream::echo();
    let mock = format!("[postman]\ncollection = \"{SHOP}\"");
    let sidecar = sidecar()
        .config("mocks = [\"shop.toml\"]")
        .upstream(&upstream)
        .file("shop.toml", &mock)
        .file(SHOP, &file(SHOP))
        .start();
    // The environment is the one that Standin writes, for the port that is in use.
    let dir = folder(&[]);
    let config =
        format!("proxy.listen = \"{}\"\nproxy.upstream = \"http://{}\"\n", sidecar.address(), upstream.address());
    std::fs::write(dir.path().join("standin.toml"), config).unwrap();
    let collection = root().join("tests/collections").join(SHOP).display().to_string();
    let exported = output(&["export", "postman-environment", "--postman", &collection], dir.path());
    assert_eq!(exported.code, 0, "{exported:?}");
    std::fs::write(dir.path().join("environment.json"), &exported.stdout).unwrap();

    let run = Command::new("node")
        .arg(newman)
        .args(["run", &collection, "--environment", "environment.json", "--env-var", "productId=7"])
        .args(["--reporters", "json", "--reporter-json-export", "report.json", "--timeout-request", "20000"])
        .current_dir(dir.path())
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let report = std::fs::read_to_string(dir.path().join("report.json")).unwrap_or_default();
    let report: serde_json::Value = serde_json::from_str(&report).unwrap_or_default();
    let (stats, failures) = (&report["run"]["stats"], &report["run"]["failures"]);
    assert!(run.status.success(), "{failures:#} {}", String::from_utf8_lossy(&run.stderr));
    assert_eq!((&stats["requests"]["total"], &stats["requests"]["failed"]), (&6.into(), &0.into()), "{stats:#}");
    // Each request has one test; none was left out.
    assert_eq!((&stats["assertions"]["total"], &stats["assertions"]["failed"]), (&6.into(), &0.into()), "{stats:#}");
    let forwarded: Vec<String> = upstream.arrived().iter().map(|request| request.line().to_owned()).collect();
    assert_eq!(forwarded, ["GET /prices/7 HTTP/1.1"]);
}
