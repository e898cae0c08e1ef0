//! A time-out that costs nothing while it is not needed.
//!
//! A keep-alive connection waits once per request, and nearly always in vain. One timer serves them all: it stays
//! where it is when the time is put off, and only when it fires too early is it set anew.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use tokio::time::{Sleep, sleep_until};

/// A timer for one connection.
#[derive(Debug, Default)]
pub struct Alarm {
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Alarm {
    /// Waits until `due`.
    pub async fn ring(mut self: Pin<&mut Self>, due: Instant) {
        poll_fn(|cx| self.poll_ring(cx, due)).await;
    }

    /// Polls for `due`.
    pub fn poll_ring(&mut self, cx: &mut Context<'_>, due: Instant) -> Poll<()> {
        let due = due.into();
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(due)));
        if due < sleep.deadline() {
            sleep.as_mut().reset(due);
        }
        loop {
            ready!(sleep.as_mut().poll(cx));
            if sleep.deadline() >= due {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(due);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_alarm_rings_when_due_though_it_was_put_off_or_brought_forward() {
        let begin = tokio::time::Instant::now();
        let at = |seconds| begin.into_std() + Duration::from_secs(seconds);
        let mut alarm = pin!(Alarm::default());
        let brief = Duration::from_secs(1);
        assert!(tokio::time::timeout(brief, alarm.as_mut().ring(at(5))).await.is_err());
        assert!(tokio::time::timeout(brief, alarm.as_mut().ring(at(9))).await.is_err());
        alarm.as_mut().ring(at(20)).await;
        assert_eq!(begin.elapsed().as_secs(), 20);
        assert!(tokio::time::timeout(brief, alarm.as_mut().ring(at(90))).await.is_err());
        alarm.as_mut().ring(at(30)).await;
        assert_eq!(begin.elapsed().as_secs(), 30);
    }
}
