//! What the shell needs of the world it runs in.

use opscape_cluster::{Cluster, Request, Status};
use opscape_manifest::api::Object;
use opscape_sim::Time;

/// The world as a command sees it. Reading is direct; every change is a [`Request`], plain data, so that a timeline can
/// keep it as an input and play it again.
pub trait World {
    /// The cluster at this instant, to read.
    fn cluster(&self) -> &Cluster;

    /// Sends a request to the API server, now, in the name of the person at the terminal.
    ///
    /// # Errors
    /// As the API server.
    fn request(&mut self, request: Request) -> Result<Object, Status>;

    /// The present instant.
    fn now(&self) -> Time;

    /// The text of a file of the lab (`kubectl apply -f web.yaml`); `None` if there is none of this path.
    fn file(&self, path: &str) -> Option<String>;

    /// The paths of the files of the lab.
    fn files(&self) -> Vec<String>;
}
