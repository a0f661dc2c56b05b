//! What the program prints about itself.

use serde_json::Value;

use crate::support::Room;

#[cfg(feature = "demo")] // which is a command in the help
#[test]
fn help_names_every_variable() {
    let ended = Room::new().run(&["--help"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
    insta::assert_snapshot!(ended.stdout);
}

#[test]
fn version() {
    for flag in ["--version", "-v"] {
        let ended = Room::new().run(&[flag]);
        assert_eq!(ended.code, 0);
        assert_eq!(ended.stdout, format!("baton-tableau version {}\n", env!("CARGO_PKG_VERSION")));
    }
}

/// What the Go connector's `config` has for each field, in its order: the
/// name, what is true of it, its kind with what that says. Ours differs in
/// the default of `api-version`, which is to ask the server.
const FIELDS: &[(&str, &str, &str)] = &[
    ("log-level", "isOps", r#"stringField {"defaultValue":"info"}"#),
    ("log-level-debug-expires-at", "isOps", "stringField {}"),
    ("session-store-maximum-size", "isOps", r#"intField {"defaultValue":"15728640"}"#),
    ("otel-collector-endpoint", "isOps", "stringField {}"),
    ("otel-collector-endpoint-tls-cert-path", "isOps", "stringField {}"),
    ("otel-collector-endpoint-tls-cert", "isOps", "stringField {}"),
    ("otel-collector-endpoint-tls-insecure", "isOps", "boolField {}"),
    ("otel-tracing-disabled", "isOps", "boolField {}"),
    ("otel-logging-disabled", "isOps", "boolField {}"),
    ("health-check", "isOps", "boolField {}"),
    ("health-check-port", "isOps", r#"intField {"defaultValue":"8081"}"#),
    ("health-check-bind-address", "isOps", r#"stringField {"defaultValue":"127.0.0.1"}"#),
    ("http-timeout-seconds", "isOps", r#"intField {"defaultValue":"300","rules":{"lte":"1800","gte":"1"}}"#),
    ("access-token-name", "displayName isRequired", r#"stringField {"rules":{"isRequired":true}}"#),
    (
        "access-token-secret",
        "displayName isRequired isSecret",
        r#"stringField {"rules":{"isRequired":true}}"#,
    ),
    ("server-path", "displayName isRequired", r#"stringField {"rules":{"isRequired":true}}"#),
    ("site-id", "displayName", "stringField {}"),
    ("api-version", "displayName", "stringField {}"),
];

#[test]
fn config_has_the_shape_that_the_registry_reads() {
    let ended = Room::new().run(&["config"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
    assert!(ended.stdout.starts_with("{\n  \"fields\": [\n    {\n") && ended.stdout.ends_with('}'));

    let config: Value = serde_json::from_str(&ended.stdout).unwrap();
    let keys: Vec<&String> = config.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["fields", "displayName", "helpUrl", "iconUrl"]);
    assert_eq!(config["displayName"], "Tableau");
    assert_eq!(config["helpUrl"], "/docs/baton/tableau");
    assert_eq!(config["iconUrl"], "/static/app-icons/tableau.svg");

    let fields: Vec<(String, String, String)> =
        config["fields"].as_array().unwrap().iter().map(shape).collect();
    let expected: Vec<_> =
        FIELDS.iter().map(|(a, b, c)| ((*a).to_owned(), (*b).to_owned(), (*c).to_owned())).collect();
    assert_eq!(fields, expected);
}

/// The name; the keys between name and kind without texts for people; the
/// kind.
fn shape(field: &Value) -> (String, String, String) {
    let object = field.as_object().unwrap();
    assert!(object.contains_key("description"), "{field}");
    let keys: Vec<&str> = object.keys().map(String::as_str).collect();
    let [name, between @ .., kind] = &keys[..] else { panic!("{field}") };
    assert_eq!(*name, "name");
    let between: Vec<&str> =
        between.iter().copied().filter(|k| !["description", "placeholder"].contains(k)).collect();
    (object["name"].as_str().unwrap().to_owned(), between.join(" "), format!("{kind} {}", object[*kind]))
}

#[test]
fn capabilities_need_no_settings() {
    let ended = Room::new().run(&["capabilities"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
    assert!(ended.stdout.starts_with("{\n  \"@type\": ") && ended.stdout.ends_with('}'));

    let any: Value = serde_json::from_str(&ended.stdout).unwrap();
    let keys: Vec<&String> = any.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["@type", "resourceTypeCapabilities", "connectorCapabilities", "credentialDetails"]);
    assert_eq!(any["@type"], "type.googleapis.com/c1.connector.v2.ConnectorCapabilities");

    // As the Go connector prints its resource types; what can be done with
    // them is less here until provisioning is built.
    let expected = [
        r#"{"id":"group","displayName":"Group","traits":["TRAIT_GROUP"]}"#,
        r#"{"id":"license","displayName":"License","traits":["TRAIT_ROLE"]}"#,
        r#"{"id":"site","displayName":"Site"}"#,
        r#"{"id":"user","displayName":"User","traits":["TRAIT_USER"],"annotations":[{"@type":"type.googleapis.com/c1.connector.v2.SkipEntitlementsAndGrants"}]}"#,
    ];
    let types = any["resourceTypeCapabilities"].as_array().unwrap();
    assert_eq!(types.iter().map(|t| t["resourceType"].to_string()).collect::<Vec<_>>(), expected);
    for of_type in types {
        assert_eq!(of_type["capabilities"].to_string(), r#"["CAPABILITY_SYNC"]"#);
        assert_eq!(of_type["permissions"].to_string(), "{}");
    }
    assert_eq!(any["connectorCapabilities"].to_string(), r#"["CAPABILITY_SYNC"]"#);
    assert_eq!(any["credentialDetails"].to_string(), "{}");
}

#[test]
fn neither_reads_the_configuration() {
    let room = Room::new();
    std::fs::write(room.path(".baton.yaml"), "- broken").unwrap();
    for command in ["capabilities", "config"] {
        assert_eq!(room.run(&[command]).code, 0, "{command}");
    }
}

#[test]
fn completions_know_the_flags() {
    for shell in ["bash", "fish", "powershell", "zsh"] {
        let ended = Room::new().run(&["completion", shell]);
        assert_eq!(ended.code, 0, "{shell}");
        assert!(ended.stdout.contains("access-token-secret"), "{shell}");
        assert!(ended.stdout.contains("capabilities"), "{shell}");
    }
}
