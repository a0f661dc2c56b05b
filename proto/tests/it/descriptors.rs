//! The embedded descriptor set.

use std::collections::BTreeSet;

use connector_proto::{FILE_DESCRIPTOR_SET, json::descriptor_pool};
use prost::Message as _;
use prost_types::FileDescriptorSet;

#[test]
fn covers_every_package_of_the_wire_format() {
    let set = FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).expect("the set decodes");
    let packages: BTreeSet<&str> = set.file.iter().map(|f| f.package()).collect();
    let expected = BTreeSet::from([
        "baton.v1",
        "c1.c1z.v1",
        "c1.c1z.v3",
        "c1.config.v1",
        "c1.connector.v2",
        "c1.connector_wrapper.v1",
        "c1.connectorapi.baton.v1",
        "c1.ratelimit.v1",
        "c1.reader.v2",
        "c1.storage.v3",
        "c1.transport.v1",
        "c1.utls.v1",
        "google.protobuf",
        "google.rpc",
    ]);
    assert_eq!(packages, expected);
}

#[test]
fn holds_the_services_and_the_two_streams() {
    let streams: Vec<String> = descriptor_pool()
        .services()
        .flat_map(|s| s.methods().collect::<Vec<_>>())
        .filter(|m| m.is_client_streaming() || m.is_server_streaming())
        .map(|m| m.full_name().to_owned())
        .collect();
    assert_eq!(descriptor_pool().services().map(|s| s.methods().len()).sum::<usize>(), 64);
    assert_eq!(streams.len(), 2, "{streams:?}");
    assert!(streams.contains(&"c1.connector.v2.AssetService.GetAsset".to_owned()));
    assert!(streams.contains(&"c1.connectorapi.baton.v1.BatonService.UploadAsset".to_owned()));
}

#[test]
fn keeps_the_mark_of_deprecated_fields() {
    let resource =
        descriptor_pool().get_message_by_name("c1.connector.v2.Resource").expect("the message is there");
    let marked: Vec<u32> = resource
        .fields()
        .filter(|f| f.field_descriptor_proto().options.as_ref().is_some_and(|o| o.deprecated()))
        .map(|f| f.number())
        .collect();
    assert_eq!(marked, [7, 8]);
}
