//! Pod templates: what of them matters to the sidecar, and how it gets into them.

use serde_json::{Map, Value, json};

use super::edit::Edits;
use super::service::Service;
use super::sidecar::{NAME, Sidecar};
use super::yaml::Node;
use super::{Fault, Object, Wanted};

/// The template of a workload's pods.
pub struct Pod<'a> {
    pub object: Object<'a>,
    template: &'a Node,
    spec: &'a Node,
    pub labels: Vec<(&'a str, &'a str)>,
    ports: Vec<Port<'a>>,
    pub state: State,
}

/// Whether a workload has the sidecar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum State {
    /// It had it before.
    Has,
    /// It was not named.
    Without,
    /// It gets it, in front of this port; 0 until that is known.
    Gets(u16),
}

/// A port that a container declares.
struct Port<'a> {
    number: u16,
    name: &'a str,
    container: &'a str,
    node: &'a Node,
}

impl<'a> Pod<'a> {
    /// The pod template of an object; `None` where it is no workload that gets a sidecar.
    ///
    /// # Errors
    /// Where the object is not what its kind says.
    pub fn read(object: &Object<'a>, wanted: &Wanted) -> Result<Option<Pod<'a>>, Fault> {
        if !matches!(object.kind, "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet") {
            return Ok(None);
        }
        let missing = |path: &str| object.node.fault(format!("there is no `{path}`"));
        let template = object.node.find(&["spec", "template"])?.ok_or_else(|| missing("spec.template"))?;
        let spec = template.get("spec")?.ok_or_else(|| missing("spec.template.spec"))?;
        let (init, containers) = (spec.items("initContainers")?, spec.items("containers")?);
        if containers.is_empty() {
            return Err(spec.fault("there are no `containers`"));
        }
        let mut ports = Vec::new();
        let mut state = State::Gets(0);
        for container in init.iter().chain(containers) {
            let name = container.find_text(&["name"])?.unwrap_or_default();
            if name == NAME {
                state = State::Has;
            }
            for port in container.items("ports")? {
                ports.extend(Port::read(port, name)?);
            }
        }
        if state != State::Has && !wanted.only.is_empty() && !wanted.only.iter().any(|only| only == object.name) {
            state = State::Without;
        }
        let labels = match template.find(&["metadata", "labels"])? {
            Some(labels) => labels.texts(),
            None => Vec::new(),
        };
        Ok(Some(Pod { object: *object, template, spec, labels, ports, state }))
    }

    /// The number of a named port.
    pub fn port(&self, name: &str) -> Option<u16> {
        self.ports.iter().find(|port| port.name == name).map(|port| port.number)
    }

    /// Adds the sidecar, and says what came of it.
    ///
    /// # Errors
    /// Where it cannot be added: a port is taken or not known, or the text cannot be changed there.
    pub fn add(&mut self, services: &[Service<'_>], wanted: &Wanted, edits: &mut Edits<'_>) -> Result<String, Fault> {
        match self.state {
            State::Has => return Ok("has the sidecar already; left as it is".to_owned()),
            State::Without => return Ok("is not named by --only; left as it is".to_owned()),
            State::Gets(_) => {}
        }
        let app_port = self.app_port(services, wanted)?;
        self.refuse_conflicts(app_port, wanted)?;
        let sidecar = Sidecar::new(wanted, app_port)?;
        let mut new = Map::new();
        let grace = self.spec.entry("terminationGracePeriodSeconds")?;
        match grace {
            Some((key, node)) if node.is_null() => edits.fill(key, node, &json!(sidecar.grace))?,
            Some((_, node)) => {
                if node.text().and_then(|text| text.parse().ok()).is_none_or(|seconds: u64| seconds < sidecar.grace) {
                    edits.replace(node, &json!(sidecar.grace))?;
                }
            }
            None => drop(new.insert("terminationGracePeriodSeconds".to_owned(), json!(sidecar.grace))),
        }
        self.prepend("initContainers", sidecar.container, &mut new, edits)?;
        self.prepend("volumes", sidecar.volume, &mut new, edits)?;
        if !new.is_empty() {
            edits.add_entries(self.spec, new)?;
        }
        self.label(&sidecar.labels, edits)?;
        self.state = State::Gets(app_port);
        Ok(format!("gets the sidecar, in front of port {app_port}"))
    }

    /// Puts an item first in a list of the pod's, which may have to be made.
    fn prepend(
        &self,
        key: &str,
        item: Value,
        new: &mut Map<String, Value>,
        edits: &mut Edits<'_>,
    ) -> Result<(), Fault> {
        for other in self.spec.items(key)? {
            if other.find_text(&["name"])? == Some(NAME) {
                let help = "give it another name: the sidecar needs this one";
                return Err(other.fault(format!("`{NAME}` stands under `{key}` already")).help(help));
            }
        }
        match self.spec.entry(key)? {
            None => drop(new.insert(key.to_owned(), json!([item]))),
            Some((key, list)) if list.is_null() => edits.fill(key, list, &json!([item]))?,
            Some((_, list)) => edits.add_item(list, item)?,
        }
        Ok(())
    }

    /// Marks the pods, so that they are found by what they run.
    fn label(&self, labels: &Value, edits: &mut Edits<'_>) -> Result<(), Fault> {
        if self.labels.iter().any(|(key, _)| *key == NAME) {
            return Ok(());
        }
        let entry = |key: &str, value: &Value| Map::from_iter([(key.to_owned(), value.clone())]);
        let Some((key, metadata)) = self.template.entry("metadata")? else {
            return edits.add_entries(self.template, entry("metadata", &json!({ "labels": labels })));
        };
        if metadata.is_null() {
            return edits.fill(key, metadata, &json!({ "labels": labels }));
        }
        match metadata.entry("labels")? {
            None => edits.add_entries(metadata, entry("labels", labels)),
            Some((key, null)) if null.is_null() => edits.fill(key, null, labels),
            Some((_, found)) => edits.add_entries(found, labels.as_object().cloned().unwrap_or_default()),
        }
    }

    /// The port that the sidecar stands in front of: the one that was named, that Services lead to, or the only one.
    fn app_port(&self, services: &[Service<'_>], wanted: &Wanted) -> Result<u16, Fault> {
        if let Some(port) = wanted.app_port {
            return Ok(port);
        }
        let mut found: Vec<u16> = services.iter().flat_map(|service| service.targets(self)).collect();
        if found.is_empty() {
            found = self.ports.iter().map(|port| port.number).collect();
        }
        found.sort_unstable();
        found.dedup();
        match found.as_slice() {
            [port] => Ok(*port),
            [] => {
                Err(self.spec.fault("no container declares a port").help("say where the app listens: --app-port PORT"))
            }
            several => {
                let list = several.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
                let fault = self.spec.fault(format!("which of the ports {list} is the app's?"));
                Err(fault.help(format!("name it: --app-port {}", several[0])))
            }
        }
    }

    /// The containers of a pod share its ports.
    fn refuse_conflicts(&self, app_port: u16, wanted: &Wanted) -> Result<(), Fault> {
        for (flag, port) in [("listen", wanted.listen), ("ops", wanted.ops), ("admin", wanted.admin)] {
            let help = format!("choose another one for the sidecar: --{flag} PORT");
            if let Some(taken) = self.ports.iter().find(|taken| taken.number == port) {
                return Err(taken.node.fault(format!("container `{}` has port {port}", taken.container)).help(help));
            }
            if port == app_port {
                return Err(self.spec.fault(format!("the app has port {port}")).help(help));
            }
        }
        Ok(())
    }
}

impl<'a> Port<'a> {
    /// A TCP port; others are no business of the sidecar.
    fn read(node: &'a Node, container: &'a str) -> Result<Option<Port<'a>>, Fault> {
        if node.find_text(&["protocol"])?.is_some_and(|protocol| protocol != "TCP") {
            return Ok(None);
        }
        let Some(number) = node.find_text(&["containerPort"])?.and_then(|text| text.parse().ok()) else {
            return Ok(None);
        };
        Ok(Some(Port { number, name: node.find_text(&["name"])?.unwrap_or_default(), container, node }))
    }
}
