//! Lists on one line: `a,"b,c",d` (the quoting of RFC 4180 §2).

/// The items of a line. A quote counts only at the start of an item; an item
/// whose quote does not end is an error.
pub(super) fn split(line: &str) -> Result<Vec<String>, String> {
    let mut items = Vec::new();
    let mut rest = line;
    while !rest.is_empty() || !items.is_empty() {
        let (item, tail) = match rest.strip_prefix('"') {
            Some(quoted) => unquote(quoted)?,
            None => match rest.split_once(',') {
                Some((item, tail)) => (item.to_owned(), Some(tail)),
                None => (rest.to_owned(), None),
            },
        };
        items.push(item);
        match tail {
            Some(tail) => rest = tail,
            None => break,
        }
    }
    Ok(items)
}

fn unquote(mut rest: &str) -> Result<(String, Option<&str>), String> {
    let mut item = String::new();
    loop {
        let (part, tail) = rest.split_once('"').ok_or("a quote in the list does not end")?;
        item.push_str(part);
        match tail.as_bytes().first() {
            None => return Ok((item, None)),
            Some(b',') => return Ok((item, Some(&tail[1..]))),
            Some(b'"') => {
                item.push('"');
                rest = &tail[1..];
            }
            Some(_) => return Err("something follows a quoted item of the list before its comma".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_rfc_4180() {
        let table: &[(&str, &[&str])] = &[
            ("", &[]),
            ("a", &["a"]),
            ("a,b", &["a", "b"]),
            ("a,,b", &["a", "", "b"]),
            ("a,", &["a", ""]),
            (",", &["", ""]),
            (r#""a,b",c"#, &["a,b", "c"]),
            (r#""say ""hi""",b"#, &["say \"hi\"", "b"]),
            (r#"a"b,c"#, &["a\"b", "c"]),
            (r#""""#, &[""]),
        ];
        for (line, items) in table {
            assert_eq!(
                split(line).as_deref(),
                Ok(&items.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>()[..]),
                "{line}"
            );
        }
        assert!(split(r#""a,b"#).is_err());
        assert!(split(r#""a"b"#).is_err());
    }
}
