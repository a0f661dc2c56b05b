//! The writer that both formats share.
//!
//! A caller describes an object as Tableau's XML schema does: attributes first, then children.
//! In JSON an attribute becomes a string member, a child an object member, and a list an
//! object with one member that holds the array. Text goes straight into one string, since a
//! benchmark asks for many large pages.

use super::escape::{push_json, push_xml};
use crate::seed::{Luid, push_number};

/// The format that a client asked for with `Accept`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Xml,
    Json,
}

impl Format {
    /// Tableau answers with XML unless JSON is named.
    pub(crate) fn from_accept(accept: &str) -> Self {
        let json = "application/json";
        let named =
            accept.as_bytes().windows(json.len()).any(|part| part.eq_ignore_ascii_case(json.as_bytes()));
        if named { Self::Json } else { Self::Xml }
    }

    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Xml => "application/xml;charset=UTF-8",
            Self::Json => "application/json;charset=UTF-8",
        }
    }
}

/// How JSON renders what XML cannot tell apart. Has no effect on XML.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Shape {
    /// A list of one is that one object and no array.
    pub(crate) single_object: bool,
    /// Numbers and booleans are JSON numbers and booleans, not strings.
    pub(crate) native_scalars: bool,
}

/// A response body being written.
#[derive(Debug)]
pub(crate) struct Doc {
    out: String,
    json: bool,
    shape: Shape,
    /// XML only: the start tag is not closed yet, so attributes can follow.
    tag_open: bool,
}

impl Doc {
    /// Opens a document; `size` is a guess at its length in bytes.
    pub(crate) fn new(format: Format, shape: Shape, size: usize) -> Self {
        let mut out = String::with_capacity(size.max(512));
        let json = format == Format::Json;
        out.push_str(if json {
            "{"
        } else {
            "<?xml version='1.0' encoding='UTF-8'?><tsResponse xmlns=\"http://tableau.com/api\" \
             xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
             xsi:schemaLocation=\"http://tableau.com/api http://tableau.com/api/ts-api-3.27.xsd\""
        });
        Self { out, json, shape, tag_open: !json }
    }

    /// Closes the document.
    pub(crate) fn finish(mut self) -> String {
        if self.json {
            self.out.push('}');
        } else {
            self.end_tag("tsResponse");
        }
        self.out
    }

    /// Starts a child object.
    pub(crate) fn open(&mut self, name: &str) {
        if self.json {
            self.key(name);
            self.out.push('{');
        } else {
            self.start_tag(name);
        }
    }

    /// Ends the object that [`Doc::open`] started.
    pub(crate) fn close(&mut self, name: &str) {
        if self.json {
            self.out.push('}');
        } else {
            self.end_tag(name);
        }
    }

    /// A string attribute of the current object.
    pub(crate) fn attr(&mut self, name: &str, value: &str) {
        if self.json {
            self.key(name);
            self.out.push('"');
            push_json(&mut self.out, value);
        } else {
            self.xml_attr(name);
            push_xml(&mut self.out, value);
        }
        self.out.push('"');
    }

    /// An attribute that may be absent.
    pub(crate) fn attr_opt(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.attr(name, value);
        }
    }

    /// An id attribute.
    pub(crate) fn id(&mut self, name: &str, value: Luid) {
        if self.json {
            self.key(name);
            self.out.push('"');
        } else {
            self.xml_attr(name);
        }
        value.push_to(&mut self.out);
        self.out.push('"');
    }

    /// A whole number, which JSON carries as a string unless the shape says otherwise.
    pub(crate) fn number(&mut self, name: &str, value: usize) {
        let mut text = String::with_capacity(8);
        push_number(&mut text, value as u64, 1);
        self.scalar(name, &text);
    }

    /// A truth value, carried like a number.
    pub(crate) fn boolean(&mut self, name: &str, value: bool) {
        self.scalar(name, if value { "true" } else { "false" });
    }

    fn scalar(&mut self, name: &str, text: &str) {
        if self.json && self.shape.native_scalars {
            self.key(name);
            self.out.push_str(text);
        } else {
            self.attr(name, text);
        }
    }

    /// A child with text and no attributes: an element in XML, a plain member in JSON.
    pub(crate) fn text(&mut self, name: &str, text: &str) {
        if self.json {
            self.attr(name, text);
        } else {
            self.start_tag(name);
            self.content(text);
            self.end_tag(name);
        }
    }

    /// The text of the current object, after its attributes; JSON calls that member `value`.
    pub(crate) fn content(&mut self, text: &str) {
        if self.json {
            self.attr("value", text);
        } else {
            self.close_start_tag();
            push_xml(&mut self.out, text);
        }
    }

    /// A list of `count` items in its wrapper. Each item is written by the callback as the
    /// attributes and children of one object. Without items JSON has the empty wrapper only.
    pub(crate) fn list<T>(
        &mut self,
        wrapper: &str,
        item: &str,
        items: impl ExactSizeIterator<Item = T>,
        mut write: impl FnMut(&mut Self, T),
    ) {
        let count = items.len();
        self.open(wrapper);
        let array = self.json && count > 0 && !(count == 1 && self.shape.single_object);
        if array {
            self.key(item);
            self.out.push('[');
        }
        for value in items {
            if array {
                self.comma();
                self.out.push('{');
            } else {
                self.open(item);
            }
            write(self, value);
            self.close(item);
        }
        if array {
            self.out.push(']');
        }
        self.close(wrapper);
    }

    fn key(&mut self, name: &str) {
        self.comma();
        self.out.push('"');
        self.out.push_str(name);
        self.out.push_str("\":");
    }

    /// Nothing but an opening bracket can end in one here: values end in a quote, a digit,
    /// a letter or a closing bracket.
    fn comma(&mut self) {
        if !matches!(self.out.as_bytes().last(), Some(b'{' | b'[')) {
            self.out.push(',');
        }
    }

    fn start_tag(&mut self, name: &str) {
        self.close_start_tag();
        self.out.push('<');
        self.out.push_str(name);
        self.tag_open = true;
    }

    fn end_tag(&mut self, name: &str) {
        if self.tag_open {
            self.out.push_str("/>");
            self.tag_open = false;
        } else {
            self.out.push_str("</");
            self.out.push_str(name);
            self.out.push('>');
        }
    }

    fn close_start_tag(&mut self) {
        if self.tag_open {
            self.out.push('>');
            self.tag_open = false;
        }
    }

    fn xml_attr(&mut self, name: &str) {
        debug_assert!(self.tag_open, "attribute {name} after a child");
        self.out.push(' ');
        self.out.push_str(name);
        self.out.push_str("=\"");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(format: Format, shape: Shape, count: usize) -> String {
        let mut doc = Doc::new(format, shape, 0);
        doc.open("pagination");
        doc.number("totalAvailable", count);
        doc.close("pagination");
        doc.list("users", "user", 0..count, |doc, index| {
            doc.attr("name", "a\"&");
            doc.boolean("first", index == 0);
            doc.open("domain");
            doc.attr("name", "local");
            doc.close("domain");
        });
        doc.finish()
    }

    #[test]
    fn json_wraps_lists_twice_and_quotes_scalars() {
        assert_eq!(
            sample(Format::Json, Shape::default(), 2),
            r#"{"pagination":{"totalAvailable":"2"},"users":{"user":[{"name":"a\"&","first":"true","domain":{"name":"local"}},{"name":"a\"&","first":"false","domain":{"name":"local"}}]}}"#
        );
        assert_eq!(
            sample(Format::Json, Shape::default(), 0),
            r#"{"pagination":{"totalAvailable":"0"},"users":{}}"#
        );
    }

    #[test]
    fn json_can_give_one_object_and_native_scalars() {
        let shape = Shape { single_object: true, native_scalars: true };
        assert_eq!(
            sample(Format::Json, shape, 1),
            r#"{"pagination":{"totalAvailable":1},"users":{"user":{"name":"a\"&","first":true,"domain":{"name":"local"}}}}"#
        );
    }

    #[test]
    fn xml_has_attributes_and_children() {
        let xml = sample(Format::Xml, Shape::default(), 1);
        assert!(xml.starts_with("<?xml "), "{xml}");
        assert!(
            xml.ends_with(
                "><pagination totalAvailable=\"1\"/><users><user name=\"a&quot;&amp;\" first=\"true\">\
                 <domain name=\"local\"/></user></users></tsResponse>"
            ),
            "{xml}"
        );
        assert!(sample(Format::Xml, Shape::default(), 0).contains("<users/>"));
    }

    #[test]
    fn json_is_given_only_when_named() {
        assert_eq!(Format::from_accept("*/*"), Format::Xml);
        assert_eq!(Format::from_accept("text/html, Application/JSON;q=0.9"), Format::Json);
    }
}
