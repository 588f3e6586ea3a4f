//! Programs that send requests: `hey`, `curl` and `wget`.

mod address;
mod curl;
mod flags;
mod hey;
mod summary;
mod wget;

pub(super) use curl::curl;
use curl::reason as curl_reason;
pub(super) use hey::hey;
pub(super) use wget::wget;

use opscape_network::load::Call;

/// A request of a command line.
#[derive(Clone)]
struct Wanted {
    method: String,
    url: String,
    /// Names and values, in order.
    headers: Vec<(String, String)>,
}

impl Wanted {
    /// The request as the load takes it.
    fn call(&self) -> Call {
        Call {
            method: self.method.as_str().into(),
            url: self.url.as_str().into(),
            headers: self
                .headers
                .iter()
                .map(|(name, value)| (name.as_str().into(), value.as_str().into()))
                .collect(),
            ..Call::default()
        }
    }
}

/// `Name: value`
fn header(text: &str) -> Option<(String, String)> {
    let (name, value) = text.split_once(':')?;
    Some((name.trim().to_owned(), value.trim().to_owned()))
}
