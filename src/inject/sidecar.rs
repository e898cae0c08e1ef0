//! The sidecar as it goes into a pod: the component's own file, with what differs from pod to pod filled in.

use serde_json::{Value, json};

use super::yaml::Manifest;
use super::{Fault, Wanted};

/// What the kustomize component lays over a workload: the one place that says what the sidecar is.
const FILE: &str = include_str!("../../config/kubernetes/sidecar/sidecar.yaml");

/// The name of the container and of its volume.
pub const NAME: &str = "standin";

/// What is added to a pod template.
pub struct Sidecar {
    pub container: Value,
    pub volume: Value,
    pub labels: Value,
    /// At least this long may the pod take to stop, seconds.
    pub grace: u64,
}

impl Sidecar {
    /// The sidecar in front of a port of the app.
    ///
    /// # Errors
    /// None that a test does not exclude: the file is part of the binary.
    pub fn new(wanted: &Wanted, app_port: u16) -> Result<Sidecar, Fault> {
        let file = Manifest::read(FILE)?.documents.first().map(|document| document.value()).unwrap_or_default();
        let part = |pointer: &str| {
            let found = file.pointer(pointer).cloned();
            found.ok_or_else(|| Fault::at(1, 1, format!("the sidecar's own file has no {pointer}")))
        };
        let mut container = part("/spec/template/spec/initContainers/0")?;
        let mut volume = part("/spec/template/spec/volumes/0")?;
        let Wanted { image, config_map, listen, ops, admin, app_port: _, only: _ } = wanted;
        for (name, value) in [
            ("STANDIN_PROXY__UPSTREAM", format!("http://127.0.0.1:{app_port}")),
            ("STANDIN_PROXY__LISTEN", format!("0.0.0.0:{listen}")),
            ("STANDIN_OPS__LISTEN", format!("0.0.0.0:{ops}")),
            ("STANDIN_ADMIN__LISTEN", format!("127.0.0.1:{admin}")),
        ] {
            let variables = container.pointer_mut("/env").and_then(Value::as_array_mut);
            if let Some(variable) = variables.and_then(|list| list.iter_mut().find(|one| one["name"] == name)) {
                variable["value"] = json!(value);
            }
        }
        let mut set = |pointer: &str, value: Value| {
            if let Some(place) = container.pointer_mut(pointer) {
                *place = value;
            }
        };
        set("/image", json!(image));
        set("/ports/0/containerPort", json!(listen));
        set("/ports/1/containerPort", json!(ops));
        for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
            set(&format!("/{probe}/httpGet/port"), json!(ops));
        }
        if let Some(name) = volume.pointer_mut("/configMap/name") {
            *name = json!(config_map);
        }
        let grace = part("/spec/template/spec/terminationGracePeriodSeconds")?.as_u64().unwrap_or_default();
        Ok(Sidecar { container, volume, labels: part("/spec/template/metadata/labels")?, grace })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_the_defaults_it_is_what_the_component_says() {
        let file = Manifest::read(FILE).unwrap().documents[0].value();
        let spec = &file["spec"]["template"]["spec"];
        let sidecar = Sidecar::new(&Wanted::default(), 8080).unwrap();
        assert_eq!(sidecar.container, spec["initContainers"][0]);
        assert_eq!(sidecar.volume, spec["volumes"][0]);
        assert_eq!(sidecar.container["name"], NAME);
        assert_eq!((sidecar.volume["name"].as_str(), sidecar.labels[NAME].as_str()), (Some(NAME), Some("sidecar")));
    }

    #[test]
    fn each_part_that_can_be_chosen_is_filled_in() {
        let wanted = Wanted {
            image: "registry.test/standin:1".to_owned(),
            config_map: "mocks".to_owned(),
            listen: 1,
            ops: 2,
            admin: 3,
            ..Wanted::default()
        };
        let sidecar = Sidecar::new(&wanted, 4).unwrap();
        let container = &sidecar.container;
        let env: Vec<_> = container["env"].as_array().unwrap().iter().map(|entry| entry["value"].clone()).collect();
        assert_eq!(env, ["http://127.0.0.1:4", "0.0.0.0:1", "0.0.0.0:2", "127.0.0.1:3"]);
        assert_eq!(
            (&container["image"], &sidecar.volume["configMap"]["name"]),
            (&json!("registry.test/standin:1"), &json!("mocks"))
        );
        assert_eq!(
            (&container["ports"][0]["containerPort"], &container["ports"][1]["containerPort"]),
            (&json!(1), &json!(2))
        );
        for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
            assert_eq!(container[probe]["httpGet"]["port"], 2);
        }
    }
}
