//! The table of hostile answers: bodies, codings, framings, totals, and texts
//! that write secrets back.

use std::{fmt::Write as _, io::Write as _, sync::Arc};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};

use super::server::{Answer, Request, SESSION, TOKEN, http};

/// A text as a server may write it back.
pub(crate) type Encode = fn(&str) -> String;

pub(crate) const ENCODINGS: [Encode; 6] = [
    |s| s.replace('\\', "\\\\").replace('"', "\\\""),
    |s| s.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect(),
    |s| s.chars().map(|c| format!("&#x{:x};", u32::from(c))).collect(),
    |s| s.bytes().map(|b| format!("%{b:02X}")).collect(),
    |s| BASE64_STANDARD.encode(format!("baton:{s}")),
    |s| s.bytes().map(|b| format!("{b:02x}")).collect(),
];

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

const JSON: &str = "content-type: application/json";
const GZIP: &str = "content-encoding: gzip";

/// An answer of the table.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) answer: Answer,
    /// To which requests it is a sound answer, of a site other than the honest
    /// one: then the data may be anything.
    pub(crate) sound: fn(Request) -> bool,
    /// Whether it is for lists only.
    pub(crate) lists: bool,
}

fn row(name: impl Into<String>, answer: impl Fn(Request) -> Vec<u8> + Send + Sync + 'static) -> Row {
    Row {
        name: name.into(),
        answer: Arc::new(move |request, _| answer(request)),
        sound: |_| false,
        lists: false,
    }
}

/// A body as it is, under 200.
fn body(text: impl Into<Vec<u8>>) -> Row {
    let text = text.into();
    let name = String::from_utf8_lossy(&text).chars().take(40).collect::<String>();
    row(format!("the body {name:?}"), move |_| http("200 OK", &[JSON], &text))
}

/// Any bytes.
fn bytes(name: &str, bytes: impl Into<Vec<u8>>) -> Row {
    let bytes = bytes.into();
    row(name, move |_| bytes.clone())
}

/// The honest answer, framed otherwise.
fn framed(name: &str, frame: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Row {
    row(name, move |request| frame(&request.honest().to_string()))
}

/// The honest list with another pagination.
fn paged(pagination: Value) -> Row {
    let name = format!("the pagination {pagination}");
    let answer = move |request: Request| {
        let mut page = request.honest();
        page["pagination"] = pagination.clone();
        http("200 OK", &[JSON], page.to_string().as_bytes())
    };
    Row { lists: true, ..row(name, answer) }
}

pub(crate) fn all() -> Vec<Row> {
    [bodies(), codings(), framings(), totals(), statuses(), echoes()].into_iter().flatten().collect()
}

fn bodies() -> Vec<Row> {
    let deep = "[".repeat(200_000);
    let mut rows: Vec<_> = [
        "",
        " ",
        "null",
        "[]",
        "{}",
        "3",
        "true",
        "\"text\"",
        "plain text",
        "{\"error\": {}}",
        "<",
        "<html></html>",
        "<?xml version=\"1.0\"?><tsResponse/>",
        "{\"users\": 3, \"groups\": 3, \"site\": 3, \"user\": 3}",
        "{\"serverInfo\": [], \"credentials\": [], \"site\": [], \"user\": []}",
        "{\"users\": {\"user\": [[]]}, \"groups\": {\"group\": [[]]}}",
        "{\"users\": {\"user\": [{\"id\": {}}]}, \"groups\": {\"group\": [{\"id\": []}]}}",
        "\u{feff}{}",
        "\0\0\0\0",
    ]
    .map(body)
    .into();
    rows.push(body(deep));
    rows.push(body(b"{\"\xff\xfe\": 1}".to_vec()));
    rows.extend([
        framed("half of the JSON", |text| http("200 OK", &[JSON], &text.as_bytes()[..text.len() / 2])),
        framed("JSON and more", |text| http("200 OK", &[JSON], format!("{text}{text}").as_bytes())),
        framed("JSON with a mark before it", |text| {
            http("200 OK", &[JSON], format!("\u{feff}{text}").as_bytes())
        }),
    ]);
    rows
}

fn codings() -> Vec<Row> {
    vec![
        framed("gzip", |text| http("200 OK", &[JSON, GZIP], &gzip(text.as_bytes()))),
        framed("gzip that is none", |text| http("200 OK", &[JSON, GZIP], text.as_bytes())),
        framed("gzip twice", |text| http("200 OK", &[JSON, GZIP], &gzip(&gzip(text.as_bytes())))),
        framed("half of the gzip", |text| {
            let packed = gzip(text.as_bytes());
            http("200 OK", &[JSON, GZIP], &packed[..packed.len() / 2])
        }),
        framed("brotli", |_| http("200 OK", &[JSON, "content-encoding: br"], b"\x0b\x01")),
        framed("an encoding with a secret", |_| {
            http("200 OK", &[&format!("content-encoding: {TOKEN}")], b"x")
        }),
    ]
}

/// Small answers that are large once they are unpacked, or larger still once
/// they are decoded.
pub(crate) fn bombs() -> Vec<Row> {
    let packed = |name: &str, text: Vec<u8>| bytes(name, http("200 OK", &[JSON, GZIP], &gzip(&text)));
    // Packed once: the honest list of groups has other names than the others.
    let bomb = |name: &str, fill: fn(&str, &str) -> String| {
        let of = |list, row| http("200 OK", &[JSON, GZIP], &gzip(fill(list, row).as_bytes()));
        let (groups, users) = (of("groups", "group"), of("users", "user"));
        row(name, move |request| if request == Request::Groups { groups.clone() } else { users.clone() })
    };
    vec![
        packed("spaces", vec![b' '; 20 << 20]),
        packed("nesting", vec![b'['; 6 << 20]),
        packed("a name", [b"{\"".to_vec(), vec![b'a'; 6 << 20], b"\": 1}".to_vec()].concat()),
        bomb("empty rows", |list, row| many(list, row, "{},", 2_000_000)),
        bomb("small rows", |list, row| many(list, row, r#"{"id":"1","siteRole":"Viewer"},"#, 200_000)),
        bomb("lists", |list, row| {
            let lists = format!("\"{row}\":[{{}}],").repeat(400_000);
            format!("{{\"{list}\": {{{lists}\"x\":1}}}}")
        }),
        bomb("something else", |list, _| many(list, "other", "[{}],", 1_000_000)),
    ]
}

/// A list of one row many times.
fn many(list: &str, row: &str, one: &str, times: usize) -> String {
    format!("{{\"{list}\": {{\"{row}\": [{}{{}}]}}}}", one.repeat(times))
}

fn framings() -> Vec<Row> {
    let many: String = (0..300).fold(String::new(), |mut text, n| {
        let _ = write!(text, "x-{n}: 1\r\n");
        text
    });
    let with = |name: &'static str, head: String| {
        framed(name, move |text| format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n{text}").into_bytes())
    };
    vec![
        with("no length", "connection: close".into()),
        with("a short length", "content-length: 7".into()),
        with("a long length", "content-length: 70000".into()),
        with("a negative length", "content-length: -1".into()),
        with("two lengths", "content-length: 1\r\ncontent-length: 2".into()),
        with("chunks that are none", "transfer-encoding: chunked".into()),
        with("an unknown framing", "transfer-encoding: rot13".into()),
        with("too many headers", many + "x: 1"),
        with("a header that is none", "no header".into()),
        with("a header with a control", "x: \u{1b}[2J".into()),
        framed("chunks", |text| {
            format!(
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{text}\r\n0\r\n\r\n",
                text.len()
            )
            .into()
        }),
        framed("chunks without an end", |text| {
            format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{text}\r\n", text.len())
                .into()
        }),
        bytes("nothing", ""),
        bytes("no HTTP", "SSH-2.0-OpenSSH_9.2p1\r\n"),
        bytes("a head that breaks off", "HTTP/1.1 200 OK\r\ncontent-le"),
        bytes("100 and nothing", "HTTP/1.1 100 Continue\r\n\r\n"),
    ]
}

fn totals() -> Vec<Row> {
    let total = |total: Value| paged(json!({"pageNumber": "1", "pageSize": "1000", "totalAvailable": total}));
    let mut rows: Vec<_> = [
        json!(-1),
        json!("many"),
        json!("3.5"),
        json!(1e300),
        json!(u64::MAX),
        json!("99999999999999999999999999"),
        json!(100_000_001),
        json!(100_000_000),
        json!(2_000_000),
        json!(5_000),
        json!([]),
    ]
    .map(total)
    .into();
    rows.extend([
        paged(json!({"pageSize": 1, "totalAvailable": 90_000_000})),
        paged(json!({"pageSize": "0", "totalAvailable": 50})),
        paged(json!("none")),
        paged(json!([1, 2, 3])),
    ]);
    // Without a total, the same full page for ever.
    let full = |request: Request, id: &dyn Fn(usize) -> String| {
        let (list, row) = if request == Request::Groups { ("groups", "group") } else { ("users", "user") };
        let rows: Vec<_> =
            (0..1000).map(|n| json!({"id": id(n), "name": "x", "siteRole": "Viewer"})).collect();
        http("200 OK", &[JSON], json!({ list: { row: rows } }).to_string().as_bytes())
    };
    rows.push(Row {
        lists: true,
        ..row("the same full page for ever, without a total", move |request| {
            full(request, &|n| n.to_string())
        })
    });
    rows.push(Row {
        name: "three full pages in a circle, without a total".into(),
        answer: Arc::new(move |request, times| full(request, &|n| format!("{}-{n}", times % 3))),
        lists: true,
        sound: |_| false,
    });
    rows.push(Row {
        name: "another total each time".into(),
        answer: Arc::new(|request, times| {
            let mut page = request.honest();
            page["pagination"] = json!({"pageSize": 1000, "totalAvailable": 1_000 * (times + 2)});
            http("200 OK", &[JSON], page.to_string().as_bytes())
        }),
        lists: true,
        sound: |_| false,
    });
    rows
}

fn statuses() -> Vec<Row> {
    let mut rows = Vec::new();
    for status in [
        "101 Switching",
        "205 Reset Content",
        "206 Partial Content",
        "226 IM Used",
        "299 Odd",
        "300 Many",
        "301 Moved",
        "304 Not Modified",
        "400 Bad",
        "401 No",
        "402 Pay",
        "403 No",
        "404 None",
        "405 No",
        "408 Late",
        "409 Clash",
        "418 Tea",
        "429 Slow",
        "451 Law",
        "500 Oh",
        "501 No",
        "502 Bad",
        "503 Busy",
        "599 Odd",
        "999 What",
    ] {
        rows.push(framed(&format!("the honest body under {status}"), move |text| {
            http(status, &[JSON], text.as_bytes())
        }));
    }
    for (status, code) in
        [(400, "400006"), (401, "401001"), (401, "401002"), (403, "403014"), (404, "404002"), (404, "404012")]
    {
        let said = json!({"error": {"code": code, "summary": "No", "detail": "No"}}).to_string();
        let row = bytes(&format!("the code {code}"), http(&format!("{status} No"), &[JSON], said.as_bytes()));
        // A group that is gone has no members.
        let sound = if code == "404012" { |request| request == Request::Members } else { row.sound };
        rows.push(Row { sound, ..row });
    }
    for location in
        ["/", "/api/3.27/sites/s1", "https://elsewhere.example/", "//", "", "\u{7f}", "http://[", "?a=b"]
    {
        let location = format!("location: {location}");
        rows.push(row(format!("a redirect, {location}"), move |_| http("302 Found", &[&location], b"")));
    }
    // To itself.
    rows.push(bytes("a redirect in circles", http("302 Found", &["location: ?"], b"")));
    rows
}

/// Both secrets in an encoding.
fn secrets(encode: Encode) -> String {
    format!("{} {}", encode(TOKEN), encode(SESSION))
}

fn echoes() -> Vec<Row> {
    let mut rows = Vec::new();
    for (n, encode) in ENCODINGS.into_iter().enumerate() {
        let text = secrets(encode);
        let said =
            format!(r#"{{"error": {{"code": "{text}", "summary": "{text}", "detail": "\u001b[2J{text}"}}}}"#);
        for status in ["400 No", "401 No", "500 No"] {
            let bytes = http(status, &[JSON], said.as_bytes());
            rows.push(row(format!("{status} with secrets in encoding {n}"), move |_| bytes.clone()));
        }
        let coded = said.replacen(&text, "409000", 1);
        rows.push(bytes(
            &format!("a code with secrets in encoding {n}"),
            http("409 No", &[JSON], coded.as_bytes()),
        ));
        let page = format!("<html><title>\u{1b}[2J{text}</title>").replace("\\\"", "\"");
        for status in ["200 OK", "502 Bad"] {
            let bytes = http(status, &["content-type: text/html"], page.as_bytes());
            rows.push(row(format!("a page of {status} with secrets in encoding {n}"), move |_| {
                bytes.clone()
            }));
        }
        let location = format!("location: /{}?x={}", text.replace(' ', "/"), text.replace(' ', "/"));
        rows.push(bytes(
            &format!("a redirect with secrets in encoding {n}"),
            http("302 Found", &[&location], b""),
        ));
        // In every field of a sound answer.
        let field = text.clone();
        let answer = move |request: Request| {
            let mut answer = request.honest();
            fill(&mut answer, "@");
            http("200 OK", &[JSON], answer.to_string().replace('@', &field).as_bytes())
        };
        rows.push(Row { sound: |_| true, ..row(format!("fields with secrets in encoding {n}"), answer) });
        // JSON undoes the first two; the others are texts like any other.
        let members =
            ["id", "siteRole", "lastLogin", "restApiVersion", "totalAvailable", "userCount", "token"];
        for member in members.into_iter().filter(|_| (1..=2).contains(&n)) {
            let text = text.clone();
            let answer = move |request: Request| {
                let mut answer = request.honest();
                fill_member(&mut answer, member);
                http("200 OK", &[JSON], answer.to_string().replace('@', &text).as_bytes())
            };
            rows.push(Row {
                sound: |_| true,
                ..row(format!("{member} with secrets in encoding {n}"), answer)
            });
        }
    }
    rows
}

/// Writes a mark into every text but those without which nothing is read.
fn fill(value: &mut Value, mark: &str) {
    match value {
        Value::String(text) => *text = mark.to_owned(),
        Value::Array(values) => values.iter_mut().for_each(|value| fill(value, mark)),
        Value::Object(members) => members
            .iter_mut()
            .filter(|(name, _)| {
                !matches!(
                    name.as_str(),
                    "id" | "token" | "siteRole" | "restApiVersion" | "pagination" | "userCount"
                )
            })
            .for_each(|(_, value)| fill(value, mark)),
        _ => {}
    }
}

/// Writes a mark into one member, wherever it is.
fn fill_member(value: &mut Value, member: &str) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(|value| fill_member(value, member)),
        Value::Object(members) => {
            for (name, value) in members.iter_mut() {
                if name == member {
                    *value = json!("@");
                } else {
                    fill_member(value, member);
                }
            }
        }
        _ => {}
    }
}
