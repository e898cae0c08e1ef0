//! What pingora asks of a stream beside reading and writing: its name, its digests, its end.

use std::os::fd::AsRawFd as _;
use std::sync::Arc;

use async_trait::async_trait;
use pingora::protocols::{
    GetProxyDigest, GetSocketDigest, GetTimingDigest, Peek, Shutdown, SocketDigest, Ssl, TimingDigest, UniqueID,
    UniqueIDType,
};
use tokio::io::AsyncWriteExt;

use super::Replay;

#[async_trait]
impl Shutdown for Replay {
    async fn shutdown(&mut self) {
        // A caller that is gone already is no concern.
        let _ = AsyncWriteExt::shutdown(self).await;
    }
}

impl UniqueID for Replay {
    fn id(&self) -> UniqueIDType {
        self.socket.as_ref().map_or(-1, |socket| socket.as_raw_fd())
    }
}

impl Ssl for Replay {}

// Nobody peeks: the protocol is known before pingora sees the stream.
#[async_trait]
impl Peek for Replay {}

impl GetTimingDigest for Replay {
    fn get_timing_digest(&self) -> Vec<Option<TimingDigest>> {
        Vec::new()
    }
}

impl GetProxyDigest for Replay {
    fn get_proxy_digest(&self) -> Option<Arc<pingora::protocols::raw_connect::ProxyDigest>> {
        None
    }
}

impl GetSocketDigest for Replay {
    fn get_socket_digest(&self) -> Option<Arc<SocketDigest>> {
        Some(self.digest.clone())
    }
}

impl std::fmt::Debug for Replay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Replay").field("fence", &self.fence).field("ended", &self.ended).finish_non_exhaustive()
    }
}
