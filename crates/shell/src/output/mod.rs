//! Forms of output that kubectl's commands share.

pub(crate) mod tabs;
