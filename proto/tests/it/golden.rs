//! JSON against Python's `google.protobuf.json_format`. Each file of `tests/golden` holds a message's type, its bytes
//! as Python encoded them, and the JSON that Python printed for it.

use std::{fs, path::Path};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use connector_proto::json::{bytes_to_json, json_to_bytes};
use serde_json::Value;

#[test]
fn prints_and_reads_what_another_implementation_prints() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut seen = 0;
    for entry in fs::read_dir(folder).expect("the golden files are there") {
        let path = entry.expect("a directory entry").path();
        let golden: Value =
            serde_json::from_str(&fs::read_to_string(&path).expect("a text file")).expect("JSON");
        let name = golden["type"].as_str().expect("a type");
        let bytes = BASE64_STANDARD.decode(golden["bytes"].as_str().expect("bytes")).expect("base64");
        let expected = whole(golden["json"].clone());

        let printed = bytes_to_json(name, &bytes).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        assert_eq!(printed, expected, "{}", path.display());
        // Python's own text (floats as integers, deterministic map order) must read as the same message.
        for json in [&expected, &golden["json"]] {
            let read = json_to_bytes(name, json).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            let again = bytes_to_json(name, &read).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            assert_eq!(again, expected, "{}", path.display());
        }
        seen += 1;
    }
    assert_eq!(seen, 12);
}

/// Python prints a whole double as `3.0` where we and Go print `3`; the number is the same.
fn whole(json: Value) -> Value {
    match json {
        Value::Number(n) => match n.as_f64() {
            Some(f) if f.fract() == 0.0 && f.abs() <= 9_007_199_254_740_992.0 => Value::from(f as i64),
            _ => Value::Number(n),
        },
        Value::Array(items) => items.into_iter().map(whole).collect(),
        Value::Object(members) => Value::Object(members.into_iter().map(|(k, v)| (k, whole(v))).collect()),
        other => other,
    }
}
