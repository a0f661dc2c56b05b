//! A message with one repeated field, written element by element.

use connector_model::Result;

/// The JSON of such a message. Without elements it is `{}`, as everywhere in protobuf JSON.
#[derive(Debug)]
pub(crate) struct JsonList {
    field: &'static str,
    begun: bool,
    line: String,
}

impl JsonList {
    pub(crate) fn new(field: &'static str) -> Self {
        Self { field, begun: false, line: String::new() }
    }

    /// The text of an element, which `write` appends, and of what stands before it.
    pub(crate) fn element(&mut self, write: impl FnOnce(&mut String) -> Result<()>) -> Result<&str> {
        self.line.clear();
        if self.begun {
            self.line.push(',');
        } else {
            self.line.push_str("{\"");
            self.line.push_str(self.field);
            self.line.push_str("\":[");
            self.begun = true;
        }
        write(&mut self.line)?;
        Ok(&self.line)
    }

    /// What stands behind the elements.
    pub(crate) fn end(&self) -> &'static str {
        if self.begun { "]}\n" } else { "{}\n" }
    }
}

/// Appends a message: its fields in the order of their numbers, each with its JSON; absent ones are left out.
pub(crate) fn object(line: &mut String, fields: &[(&str, Option<&str>)]) {
    line.push('{');
    let mut first = true;
    for (name, json) in fields {
        let Some(json) = json else { continue };
        line.push_str(if first { "\"" } else { ",\"" });
        line.push_str(name);
        line.push_str("\":");
        line.push_str(json);
        first = false;
    }
    line.push('}');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_make_one_document() -> Result<()> {
        let mut list = JsonList::new("grants");
        assert_eq!(list.end(), "{}\n");
        let mut text = String::new();
        for fields in [
            &[("grant", Some("{}")), ("principal", None), ("resource", Some("[1]"))][..],
            &[("grant", None)],
            &[],
        ] {
            text += list.element(|line| {
                object(line, fields);
                Ok(())
            })?;
        }
        text += list.end();
        assert_eq!(text, "{\"grants\":[{\"grant\":{},\"resource\":[1]},{},{}]}\n");
        assert_eq!(list.line, ",{}", "no element is kept but the last");
        Ok(())
    }
}
