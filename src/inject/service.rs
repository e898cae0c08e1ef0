//! Services: which pods they select, and which of their ports lead to the app.

use serde_json::{Map, json};

use super::edit::Edits;
use super::pod::{Pod, State};
use super::yaml::Node;
use super::{Fault, Object, Wanted};

/// A Service that selects pods.
pub struct Service<'a> {
    pub object: Object<'a>,
    selector: Vec<(&'a str, &'a str)>,
    is_headless: bool,
    ports: Vec<Port<'a>>,
}

/// A TCP port of a Service.
struct Port<'a> {
    number: &'a str,
    target: Option<(&'a Node, &'a Node)>,
    node: &'a Node,
}

/// The Services among the objects that select anything.
pub fn read<'a>(objects: &[Object<'a>], faults: &mut Vec<Fault>) -> Vec<Service<'a>> {
    let mut services = Vec::new();
    for object in objects.iter().filter(|object| object.kind == "Service") {
        match Service::read(object) {
            Ok(service) => services.extend(service),
            Err(fault) => faults.push(fault.of(&object.to_string())),
        }
    }
    services
}

/// Notes on workloads whose Service is not in the manifest.
pub fn missing(pods: &[Pod<'_>], services: &[Service<'_>], wanted: &Wanted) -> Vec<String> {
    let is_alone =
        |pod: &&Pod<'_>| matches!(pod.state, State::Gets(_)) && !services.iter().any(|service| service.selects(pod));
    let note = |pod: &Pod<'_>| {
        format!("{}: no Service here selects it; let its targetPort be {} where it stands", pod.object, wanted.listen)
    };
    pods.iter().filter(is_alone).map(note).collect()
}

impl<'a> Service<'a> {
    fn read(object: &Object<'a>) -> Result<Option<Service<'a>>, Fault> {
        let Some(spec) = object.node.get("spec")? else { return Ok(None) };
        let selector = spec.get("selector")?.map(Node::texts).unwrap_or_default();
        if selector.is_empty() {
            return Ok(None);
        }
        let mut ports = Vec::new();
        for port in spec.items("ports")? {
            let is_tcp = port.find_text(&["protocol"])?.is_none_or(|protocol| protocol == "TCP");
            if let (true, Some(number)) = (is_tcp, port.find_text(&["port"])?) {
                ports.push(Port { number, target: port.entry("targetPort")?, node: port });
            }
        }
        let is_headless = spec.find_text(&["clusterIP"])? == Some("None");
        Ok(Some(Service { object: *object, selector, is_headless, ports }))
    }

    fn selects(&self, pod: &Pod<'_>) -> bool {
        self.object.namespace == pod.object.namespace && self.selector.iter().all(|label| pod.labels.contains(label))
    }

    /// The ports of a pod that this Service leads to.
    pub fn targets(&self, pod: &Pod<'_>) -> Vec<u16> {
        if !self.selects(pod) {
            return Vec::new();
        }
        self.ports.iter().filter_map(|port| port.leads_to(pod)).collect()
    }

    /// Lets the ports that lead to the app lead to its sidecar, and says what came of it.
    ///
    /// # Errors
    /// Where pods without the sidecar would be called at its port, or where the text cannot be changed.
    pub fn lead_to(&self, pods: &[Pod<'_>], wanted: &Wanted, edits: &mut Edits<'_>) -> Result<Vec<String>, Fault> {
        let mut notes = Vec::new();
        for port in &self.ports {
            let leads_to_app = |pod: &&Pod<'_>| match pod.state {
                State::Gets(app) => self.selects(pod) && port.leads_to(pod) == Some(app),
                State::Has | State::Without => false,
            };
            if !pods.iter().any(|pod| leads_to_app(&pod)) {
                continue;
            }
            if let Some(other) = pods.iter().find(|pod| pod.state == State::Without && self.selects(pod)) {
                let fault = port.node.fault(format!("it selects {} too, which gets no sidecar", other.object));
                return Err(fault.help("name that one with --only as well, or give the Service a narrower selector"));
            }
            let target = json!(wanted.listen);
            match port.target {
                None => edits.add_entries(port.node, Map::from_iter([("targetPort".to_owned(), target)]))?,
                Some((key, null)) if null.is_null() => edits.fill(key, null, &target)?,
                Some((_, node)) => edits.replace(node, &target)?,
            }
            notes.push(format!("port {} leads to the sidecar, at {}", port.number, wanted.listen));
        }
        if self.is_headless && !notes.is_empty() {
            notes.push(
                "is headless: who calls a pod by its address and the app's port passes the sidecar by".to_owned(),
            );
        }
        Ok(notes)
    }
}

impl Port<'_> {
    /// The port of a pod that this one leads to. Without `targetPort` it is the same number.
    fn leads_to(&self, pod: &Pod<'_>) -> Option<u16> {
        let target = self.target.and_then(|(_, node)| node.text()).unwrap_or(self.number);
        target.parse().ok().or_else(|| pod.port(target))
    }
}
