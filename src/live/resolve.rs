//! Keeps the addresses of upstreams in step with DNS, without making a request wait for it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::{Live, UpstreamState};

/// How often names are looked up again; Kubernetes' own DNS answers are good for five seconds.
const AGAIN: Duration = Duration::from_secs(5);
/// How soon a name that has no address at all is tried again.
const SOON: Duration = Duration::from_secs(1);
/// How long one look-up may take.
const LOOK_UP: Duration = Duration::from_secs(4);

/// Looks names up for ever, so that a service that moves is found again.
pub async fn keep_resolving(live: Arc<Live>) {
    loop {
        let snapshot = live.snapshot();
        let upstreams: Vec<_> = snapshot.upstreams.iter().filter(|upstream| upstream.is_named()).cloned().collect();
        drop(snapshot);
        let unknown = upstreams.iter().any(|upstream| upstream.addresses().is_empty());
        tokio::time::sleep(if unknown { SOON } else { AGAIN }).await;
        resolve(&upstreams, LOOK_UP).await;
    }
}

/// Looks up the names of some upstreams side by side, within a limit. What fails keeps its last good addresses.
pub async fn resolve(upstreams: &[Arc<UpstreamState>], limit: Duration) {
    let mut tasks = tokio::task::JoinSet::new();
    for upstream in upstreams.iter().filter(|upstream| upstream.is_named()).cloned() {
        tasks.spawn(async move {
            let name = (&*upstream.settings.host, upstream.settings.port);
            match tokio::time::timeout(limit, tokio::net::lookup_host(name)).await {
                Ok(Ok(addresses)) => {
                    let mut found: Vec<SocketAddr> = Vec::new();
                    for address in addresses {
                        if !found.contains(&address) {
                            found.push(address);
                        }
                    }
                    upstream.resolved(found);
                }
                Ok(Err(error)) => {
                    tracing::debug!(upstream = &*upstream.settings.name, %error, "upstream does not resolve");
                }
                Err(_) => tracing::debug!(upstream = &*upstream.settings.name, "looking up the upstream took too long"),
            }
        });
    }
    while tasks.join_next().await.is_some() {}
}

/// Tries once to connect to each upstream, and says which cannot be reached. The sidecar may start before its app, so
/// this is no error.
pub async fn warn_of_unreachable(upstreams: &[Arc<UpstreamState>]) {
    for upstream in upstreams {
        let name = &*upstream.settings.name;
        let addresses = upstream.addresses();
        if addresses.is_empty() {
            tracing::warn!(upstream = name, host = &*upstream.settings.host, "upstream does not resolve yet");
            continue;
        }
        let mut last = None;
        for address in addresses.iter() {
            let connect = tokio::net::TcpStream::connect(address);
            match tokio::time::timeout(upstream.settings.connect_timeout, connect).await {
                Ok(Ok(_)) => {
                    last = None;
                    break;
                }
                Ok(Err(error)) => last = Some(error.to_string()),
                Err(_) => last = Some("connecting took too long".to_owned()),
            }
        }
        if let Some(error) = last {
            tracing::warn!(upstream = name, %error, "upstream cannot be reached yet");
        }
    }
}
