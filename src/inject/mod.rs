//! The sidecar, written into a Kubernetes manifest that nobody renders with kustomize.
//!
//! Deployments, StatefulSets, DaemonSets and ReplicaSets get it, and Services that select them lead to it. Jobs and
//! CronJobs do not: nothing calls them. Bare Pods do not either: they have no template, and cannot be changed in place.
//! Everything else stays as it is written, byte for byte: the text is edited, not written anew.
//!
//! What was written is read again, and injecting it again must change nothing; else nothing is given out.

mod edit;
mod pod;
mod service;
mod sidecar;
mod write;
mod yaml;

#[cfg(test)]
mod tests;

use edit::Edits;
use pod::Pod;
use yaml::{Kind, Manifest, Node};

/// What goes into the pods.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The image of the sidecar.
    pub image: String,
    /// The ConfigMap that holds `standin.toml`, and mocks beside it.
    pub config_map: String,
    /// Port of the data listener.
    pub listen: u16,
    /// Port of the ops listener.
    pub ops: u16,
    /// Port of the admin listener.
    pub admin: u16,
    /// Port of the app; found out where it is absent.
    pub app_port: Option<u16>,
    /// Names of the workloads that get the sidecar; all where there is none.
    pub only: Vec<String>,
}

/// Port of the data listener: one that an app hardly has, since it shares the pod's ports with the sidecar.
pub const LISTEN: u16 = 18080;
/// Port of the ops listener.
pub const OPS: u16 = 9091;
/// Port of the admin listener.
pub const ADMIN: u16 = 9092;
/// The ConfigMap that holds the configuration.
pub const CONFIG_MAP: &str = "standin";
/// The image, by the version of this binary.
pub const IMAGE: &str = concat!("standin:", env!("CARGO_PKG_VERSION"));

impl Default for Wanted {
    fn default() -> Wanted {
        Wanted {
            image: IMAGE.to_owned(),
            config_map: CONFIG_MAP.to_owned(),
            listen: LISTEN,
            ops: OPS,
            admin: ADMIN,
            app_port: None,
            only: Vec::new(),
        }
    }
}

/// A manifest with the sidecar in it.
#[derive(Debug)]
pub struct Injected {
    /// The manifest.
    pub text: String,
    /// What was done and what was left, a line each.
    pub notes: Vec<String>,
}

/// Why a manifest was refused, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// From 1.
    pub line: usize,
    /// From 1.
    pub column: usize,
    /// What is wrong.
    pub what: String,
    /// How to mend it; may be empty.
    pub help: String,
}

impl Fault {
    fn at(line: usize, column: usize, what: impl Into<String>) -> Fault {
        Fault { line, column, what: what.into(), help: String::new() }
    }

    fn help(self, help: impl Into<String>) -> Fault {
        Fault { help: help.into(), ..self }
    }

    /// The same fault, of an object.
    fn of(self, object: &str) -> Fault {
        Fault { what: format!("{object}: {}", self.what), ..self }
    }
}

/// Writes the sidecar into a manifest: YAML documents, of which each may be a list of objects.
///
/// # Errors
/// Each reason why the manifest cannot have it, with its place. Then nothing is given out.
pub fn inject(text: &str, wanted: &Wanted) -> Result<Injected, Vec<Fault>> {
    let manifest = Manifest::read(text).map_err(|fault| vec![fault])?;
    let mut edits = Edits::new(text, &manifest);
    let notes = plan(&manifest, wanted, &mut edits)?;
    let Some(changed) = edits.apply() else { return Ok(Injected { text: text.to_owned(), notes }) };
    if is_settled(&changed, wanted) {
        return Ok(Injected { text: changed, notes });
    }
    let fault = Fault::at(1, 1, "this manifest is written in a way that cannot be changed safely");
    Err(vec![fault.help("write it plainly: kubectl apply --dry-run=client -o yaml -f FILE prints such a form")])
}

/// Whether a manifest can be read and has nothing left to be done.
fn is_settled(text: &str, wanted: &Wanted) -> bool {
    let Ok(manifest) = Manifest::read(text) else { return false };
    let mut edits = Edits::new(text, &manifest);
    plan(&manifest, wanted, &mut edits).is_ok() && edits.apply().is_none()
}

/// Decides on all changes.
fn plan(manifest: &Manifest, wanted: &Wanted, edits: &mut Edits<'_>) -> Result<Vec<String>, Vec<Fault>> {
    let mut faults = Vec::new();
    let mut notes = Vec::new();
    let mut objects = Vec::new();
    for document in &manifest.documents {
        collect(document, &mut objects, &mut faults);
    }
    let mut pods = Vec::new();
    for object in &objects {
        match Pod::read(object, wanted) {
            Ok(Some(pod)) => pods.push(pod),
            Ok(None) => notes.extend(left(object)),
            Err(fault) => faults.push(fault.of(&object.to_string())),
        }
    }
    let services = service::read(&objects, &mut faults);
    for pod in &mut pods {
        match pod.add(&services, wanted, edits) {
            Ok(note) => notes.push(format!("{}: {note}", pod.object)),
            Err(fault) => faults.push(fault.of(&pod.object.to_string())),
        }
    }
    for service in &services {
        match service.lead_to(&pods, wanted, edits) {
            Ok(found) => notes.extend(found.into_iter().map(|note| format!("{}: {note}", service.object))),
            Err(fault) => faults.push(fault.of(&service.object.to_string())),
        }
    }
    notes.extend(service::missing(&pods, &services, wanted));
    for name in &wanted.only {
        if !pods.iter().any(|pod| pod.object.name == name) {
            faults.push(Fault::at(1, 1, format!("there is no workload `{name}` here")).help(known(&pods)));
        }
    }
    if pods.is_empty() && faults.is_empty() {
        notes.push("there is no Deployment, StatefulSet, DaemonSet or ReplicaSet here; nothing was changed".to_owned());
    }
    if faults.is_empty() { Ok(notes) } else { Err(faults) }
}

fn known(pods: &[Pod<'_>]) -> String {
    let names: Vec<&str> = pods.iter().map(|pod| pod.object.name).collect();
    if names.is_empty() { "there is none at all".to_owned() } else { format!("there is: {}", names.join(", ")) }
}

/// A note on an object that runs pods and is left alone all the same.
fn left(object: &Object<'_>) -> Option<String> {
    let why = match object.kind {
        "Job" | "CronJob" => "nothing calls it",
        "Pod" => "it has no template",
        _ => return None,
    };
    Some(format!("{object}: {why}; left as it is"))
}

/// One object of a manifest.
#[derive(Clone, Copy, Debug)]
pub struct Object<'a> {
    kind: &'a str,
    name: &'a str,
    namespace: &'a str,
    node: &'a Node,
}

impl std::fmt::Display for Object<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.kind, self.name)
    }
}

/// The objects of a document. What is no object is left alone.
fn collect<'a>(node: &'a Node, objects: &mut Vec<Object<'a>>, faults: &mut Vec<Fault>) {
    if !matches!(node.kind, Kind::Mapping { .. }) {
        return;
    }
    match Object::read(node) {
        Ok(Some(list)) if list.kind.ends_with("List") => match node.items("items") {
            Ok(items) => items.iter().for_each(|item| collect(item, objects, faults)),
            Err(fault) => faults.push(fault),
        },
        Ok(object) => objects.extend(object),
        Err(fault) => faults.push(fault),
    }
}

impl<'a> Object<'a> {
    fn read(node: &'a Node) -> Result<Option<Object<'a>>, Fault> {
        let Some(kind) = node.find_text(&["kind"])? else { return Ok(None) };
        let metadata = |key| match node.get("metadata") {
            Ok(Some(metadata)) if matches!(metadata.kind, Kind::Mapping { .. }) => metadata.find_text(&[key]),
            other => other.map(|_| None),
        };
        let name = match metadata("name")? {
            Some(name) => name,
            None => metadata("generateName")?.unwrap_or("without a name"),
        };
        Ok(Some(Object { kind, name, namespace: metadata("namespace")?.unwrap_or_default(), node }))
    }
}
