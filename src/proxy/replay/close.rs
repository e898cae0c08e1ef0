//! The end of a connection: an answered caller that still sends is read to its end, so that no reset overtakes the
//! answer.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{READ, Replay, Socket};

/// How long an answered caller may go on sending before the connection is cut. Closing a socket with unread input makes
/// the system reset the connection, and a reset can overtake the answer (RFC 9112, section 9.6).
const LINGER: Duration = Duration::from_secs(2);

impl Drop for Replay {
    fn drop(&mut self) {
        let unread = !self.is_between_requests() || !self.input.is_empty();
        let Some(socket) = self.socket.take().filter(|_| self.answered && unread && !self.ended) else { return };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(linger(socket));
        }
    }
}

/// Says that nothing more will come, and reads away what still does.
async fn linger(mut socket: Socket) {
    let away = async {
        socket.shutdown().await?;
        let mut scrap = vec![0; READ];
        while socket.read(&mut scrap).await? > 0 {}
        io::Result::Ok(())
    };
    // However it ends, the socket is closed.
    let _ = tokio::time::timeout(LINGER, away).await;
}
