//! The end of what a reload has replaced.

use std::sync::Arc;
use std::time::Duration;

/// How often to look whether somebody still needs it: requests do for moments, or for as long as a body is awaited.
const LOOK: Duration = Duration::from_millis(50);

/// Frees a value once nobody else has it, on a thread that serves nobody: to free 100,000 stubs takes tens of
/// milliseconds, and whoever let go of it last would have to.
pub(super) async fn retire<T: Send + Sync + 'static>(old: Arc<T>) {
    // Nobody can take it any more, so once it is ours alone it stays so.
    while Arc::strong_count(&old) > 1 {
        tokio::time::sleep(LOOK).await;
    }
    let _ = tokio::task::spawn_blocking(move || drop(old)).await;
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread::ThreadId;

    use super::*;

    struct Tells(mpsc::Sender<ThreadId>);

    impl Drop for Tells {
        fn drop(&mut self) {
            let _ = self.0.send(std::thread::current().id());
        }
    }

    #[test]
    fn what_was_replaced_is_freed_when_nobody_needs_it_and_never_by_who_serves() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let (tell, told) = mpsc::channel();
        let old = Arc::new(Tells(tell));
        runtime.block_on(async {
            let needed = old.clone();
            let retired = tokio::spawn(retire(old));
            tokio::time::sleep(3 * LOOK).await;
            assert!(told.try_recv().is_err(), "somebody needs it");
            drop(needed);
            retired.await.unwrap();
        });
        assert_ne!(told.try_recv().unwrap(), std::thread::current().id());
    }
}
