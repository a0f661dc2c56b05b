//! One description of a response, written as XML or as JSON.

mod doc;
mod escape;

pub(crate) use doc::{Doc, Format, Shape};
