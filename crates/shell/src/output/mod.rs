//! Forms of output that kubectl's commands share.

pub(crate) mod jsonpath;
pub(crate) mod tabs;
pub(crate) mod template;
