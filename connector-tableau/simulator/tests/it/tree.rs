//! One tree for XML and JSON, so that the two can be compared.

use std::collections::BTreeMap;

use quick_xml::{Reader, XmlVersion, events::Event};
use serde_json::Value;

#[derive(Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Node {
    values: BTreeMap<String, String>,
    children: BTreeMap<String, Vec<Node>>,
}

/// Members that are no objects are values, arrays are repeated children.
pub(crate) fn from_json(text: &str) -> Node {
    json_node(&serde_json::from_str(text).unwrap())
}

fn json_node(value: &Value) -> Node {
    let mut node = Node::default();
    for (key, value) in value.as_object().unwrap() {
        match value {
            Value::Array(rows) => {
                node.children.entry(key.clone()).or_default().extend(rows.iter().map(json_node))
            }
            Value::Object(_) => node.children.entry(key.clone()).or_default().push(json_node(value)),
            Value::String(text) => drop(node.values.insert(key.clone(), text.clone())),
            other => drop(node.values.insert(key.clone(), other.to_string())),
        }
    }
    node
}

/// Attributes are values; so is an element with nothing but text. Text beside attributes is
/// the value `value`. Checks the declaration and the namespace.
pub(crate) fn from_xml(text: &str) -> Node {
    assert!(text.starts_with("<?xml "), "no declaration: {text}");
    let mut reader = Reader::from_str(text);
    let mut open: Vec<(String, Node, String)> = Vec::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Start(element) => {
                let (name, node) = element_node(&element);
                open.push((name, node, String::new()));
            }
            Event::Empty(element) => {
                let (name, node) = element_node(&element);
                open.last_mut().unwrap().1.children.entry(name).or_default().push(node);
            }
            Event::Text(part) => open.iter_mut().last().unwrap().2.push_str(&part),
            Event::GeneralRef(part) => {
                let text = quick_xml::escape::unescape(&format!("&{};", &*part)).unwrap().into_owned();
                open.last_mut().unwrap().2.push_str(&text);
            }
            Event::End(_) => {
                let (name, mut node, text) = open.pop().unwrap();
                let Some((_, parent, _)) = open.last_mut() else {
                    assert_eq!(name, "tsResponse");
                    assert_eq!(node.values.get("xmlns").unwrap(), "http://tableau.com/api");
                    node.values.clear();
                    return node;
                };
                if text.is_empty() {
                    parent.children.entry(name).or_default().push(node);
                } else if node == Node::default() {
                    parent.values.insert(name, text);
                } else {
                    node.values.insert("value".into(), text);
                    parent.children.entry(name).or_default().push(node);
                }
            }
            Event::Eof => panic!("the document is not closed: {text}"),
            _ => {}
        }
    }
}

fn element_node(element: &quick_xml::events::BytesStart<'_>) -> (String, Node) {
    let mut node = Node::default();
    for attribute in element.attributes() {
        let attribute = attribute.unwrap();
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).unwrap();
        node.values.insert(attribute.key.as_ref().to_owned(), value.into_owned());
    }
    (element.name().as_ref().to_owned(), node)
}
