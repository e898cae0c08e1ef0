//! Environments and releases: switched without a change to a stub.

use crate::support::process::output_with;
use crate::support::{PORTS, sidecar, wait_for};

const ENVIRONMENTS: &str = r#"
    environments.staging.vars    = { city = "Paris", zips = [75001, 75002], key = { env = "STAGING_KEY" } }
    environments.production.vars = { city = "Rome", zips = [], key = { env = "PRODUCTION_KEY" } }

    [[stub]]
    match = "GET /city"
    json  = { city = "{{ env.city }}", zips = "{{ env.zips }}" }

    [[stub]]
    match = "GET /key"
    body  = "key {{ env.key }}"
"#;

#[test]
fn an_environment_is_switched_without_a_change_to_a_stub() {
    let mock = |active: &str| format!("{active}\n{ENVIRONMENTS}");
    let sidecar = sidecar()
        .config("mocks = [\"mocks/*.toml\"]")
        .file("mocks/shop.toml", &mock("environment = \"staging\""))
        .variable("STAGING_KEY", "s3cret-of-staging")
        .variable("PRODUCTION_KEY", "s3cret-of-production")
        .start();
    assert_eq!(sidecar.get("/city").text(), r#"{"city":"Paris","zips":[75001,75002]}"#);
    assert_eq!(sidecar.get("/key").text(), "key s3cret-of-staging");
    // The caller gets it, the log does not.
    let id = sidecar.last_call()["id"].as_str().unwrap().to_owned();
    let whole = sidecar.admin(&format!("/v1/calls/{id}"));
    assert_eq!(whole["response"]["body"]["text"], "key [redacted]");

    sidecar.write("mocks/shop.toml", &mock("environment = \"production\""));
    let changes = sidecar.app().reload().unwrap();
    // The watcher may have been faster.
    assert!(changes.changed == 2 || changes.changed == 0, "{changes:?}");
    assert_eq!(sidecar.get("/city").text(), r#"{"city":"Rome","zips":[]}"#);
    assert_eq!(sidecar.get("/key").text(), "key s3cret-of-production");

    sidecar.write("mocks/shop.toml", &mock(""));
    sidecar.app().reload().unwrap();
    assert_eq!(sidecar.get("/city").text(), r#"{"city":null,"zips":null}"#);
}

#[test]
fn a_variable_chooses_the_environment_of_the_default_mock() {
    let config = "default.environments = { a = { vars = { city = \"Paris\" } }, b = { vars = { city = \"Rome\" } } }\n\
                  default.environment = \"a\"\n[[stub]]\nmatch = \"GET /city\"\nbody = \"{{ env.city }}\"";
    let sidecar = sidecar().config(config).variable("STANDIN_DEFAULT__ENVIRONMENT", "b").start();
    assert_eq!(sidecar.get("/city").text(), "Rome");
}

#[test]
fn check_effective_shows_variables_but_no_secrets() {
    let dir = tempfile::tempdir().unwrap();
    let text = format!("{PORTS}mocks = [\"shop.toml\"]");
    std::fs::write(dir.path().join("standin.toml"), text).unwrap();
    std::fs::write(dir.path().join("shop.toml"), format!("environment = \"staging\"\n{ENVIRONMENTS}")).unwrap();
    let ended = output_with(&["check", "--effective"], &[("STAGING_KEY", "s3cret")], dir.path());
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let rows: Vec<&str> = ended.stdout.lines().filter(|line| line.contains("env")).collect();
    assert_eq!(
        rows,
        [
            "mock shop: environment = \"staging\"  # shop.toml:1",
            "mock shop: environments = [\"staging\", \"production\"]  # shop.toml:3",
            "mock shop: env.city = \"Paris\"  # shop.toml:3",
            "mock shop: env.zips = [75001,75002]  # shop.toml:3",
            "mock shop: env.key = { env = \"STAGING_KEY\" }  # shop.toml:3",
        ]
    );
    assert!(!format!("{}{}", ended.stdout, ended.stderr).contains("s3cret"));
}

#[test]
fn a_release_brings_stubs_of_its_own() {
    let mock = |active: &str| {
        format!(
            "{active}\nreleases.v1.files = [\"v1/*.toml\"]\nreleases.v2.files = [\"v2/a.toml\", \"v2/b.toml\"]\n\
             [[stub]]\nmatch = \"GET /common\"\nbody = \"common\""
        )
    };
    let stub = |path: &str, text: &str| format!("[[stub]]\nmatch = \"GET {path}\"\nbody = \"{text}\"\n");
    let sidecar = sidecar()
        .config("mocks = [\"mocks/*.toml\"]")
        .file("mocks/shop.toml", &mock("release = \"v1\""))
        .file("mocks/v1/a.toml", &stub("/a", "one"))
        .file("mocks/v2/a.toml", &format!("{}[[server_stub]]\nname = \"down\"\nstatus = 503", stub("/a", "two")))
        .file(
            "mocks/v2/b.toml",
            "[[stub]]\nmatch = \"GET /b\"\nserver_stub = \"down\"\n[[stub]]\nmatch = \"GET /f\"\nfile = \"f.txt\"",
        )
        .file("mocks/v2/f.txt", "beside the file that names it")
        .start();
    let get = |path: &str| (sidecar.get(path).status, sidecar.get(path).text());
    assert_eq!((get("/common").1.as_str(), get("/a").1.as_str(), get("/b").0), ("common", "one", 404));

    sidecar.write("mocks/shop.toml", &mock("release = \"v2\""));
    sidecar.app().reload().unwrap();
    assert_eq!((get("/common").1.as_str(), get("/a").1.as_str(), get("/b").0), ("common", "two", 503));
    assert_eq!(get("/f").1, "beside the file that names it");

    sidecar.write("mocks/shop.toml", &mock(""));
    sidecar.app().reload().unwrap();
    assert_eq!((get("/common").1.as_str(), get("/a").0), ("common", 404));
}

/// Whether or not it is the active one: a file of a release is a file of the configuration.
#[test]
fn files_of_releases_are_watched_and_checked() {
    let stub = |text: &str| format!("[[stub]]\nmatch = \"GET /a\"\nbody = \"{text}\"\n");
    let sidecar = sidecar()
        .config("mocks = [\"shop.toml\"]")
        .file("shop.toml", "release = \"v1\"\nreleases.v1.files = [\"v1/*.toml\"]\nreleases.v2.files = [\"v2/*.toml\"]")
        .file("v1/a.toml", &stub("one"))
        .file("v2/a.toml", &stub("two"))
        .start();
    assert_eq!(sidecar.get("/a").text(), "one");
    sidecar.write("v1/a.toml", &stub("uno"));
    wait_for("the change to be noticed", || (sidecar.get("/a").text() == "uno").then_some(()));
    sidecar.write("v2/a.toml", "[[stub]]\nmatch = \"/a\"");
    let config = wait_for("the mistake to be noticed", || {
        let ready = sidecar.ready();
        (!ready["config"].is_null()).then(|| ready["config"].clone())
    });
    assert_eq!((&config["code"], &config["line"]), (&"bad-match".into(), &2.into()), "{config}");
    assert!(config["file"].as_str().unwrap().ends_with("v2/a.toml"), "{config}");
    assert_eq!(sidecar.get("/a").text(), "uno");
}

/// A large file is read in pieces; nobody notices.
#[test]
fn a_release_may_be_a_large_file() {
    let many: String = (0..6_000)
        .map(|n| {
            format!("[[stub]]\nmatch = \"GET /many/{n}\"\nbody = \"{{{{ query.n | int }}}} of {n}, among many\"\n")
        })
        .collect();
    assert!(many.len() > standin::file::pieces::LARGE, "it is read in pieces");
    let mock = |active: &str| {
        format!(
            "release = \"{active}\"\nreleases.small.files = [\"small.toml\"]\nreleases.large.files = [\"large.toml\"]\n\
             [[stub]]\nmatch = \"GET /common\"\nbody = \"common\""
        )
    };
    let sidecar = sidecar()
        .config("mocks = [\"shop.toml\"]")
        .file("shop.toml", &mock("small"))
        .file("small.toml", "[[stub]]\nmatch = \"GET /many/7\"\nbody = \"the only one\"")
        .file("large.toml", &many)
        .start();
    assert_eq!(sidecar.get("/many/7").text(), "the only one");
    sidecar.write("shop.toml", &mock("large"));
    sidecar.app().reload().unwrap();
    assert_eq!(sidecar.get("/many/5999?n=3").text(), "3 of 5999, among many");
    assert_eq!(sidecar.get("/common").text(), "common");
    let problem = sidecar.get("/many/5999?n=x").json();
    assert!(problem["detail"].as_str().unwrap().contains("(large.toml:18000) failed"), "{problem}");
    // A mistake in it is found while the other one is active.
    sidecar.write("large.toml", &many.replace("GET /many/5999", "/many/5999"));
    sidecar.write("shop.toml", &mock("small"));
    let problems = sidecar.app().reload().unwrap_err().render(false);
    assert!(problems.contains("bad-match") && problems.contains("large.toml:17999"), "{problems}");
    assert_eq!(problems.matches("large.toml:").count(), 1, "{problems}");
    assert_eq!(sidecar.get("/many/7?n=1").text(), "1 of 7, among many", "the old one is in force");
}
