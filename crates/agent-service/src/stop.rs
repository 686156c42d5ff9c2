//! How parts of the service learn that it ends.

use tokio::sync::watch;

/// Heard by every part of the service.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<bool>);

/// Ends the service when it is told to, or dropped.
#[derive(Debug)]
pub struct Stopper(watch::Sender<bool>);

/// A pair of the two.
pub fn pair() -> (Stopper, Stop) {
    let (sender, receiver) = watch::channel(false);
    (Stopper(sender), Stop(receiver))
}

impl Stopper {
    /// The service ends.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    /// Returns when the service ends.
    pub async fn stopped(&mut self) {
        // An error says that nobody is left who could say so.
        let _ = self.0.wait_for(|stop| *stop).await;
    }
}
