//! The wire form, `c1.config.v1.Configuration`: what ConductorOne's registry
//! reads.

use std::collections::BTreeMap;

use connector_proto::c1::config::v1 as wire;
use prost::Message as _;
use prost_types::{Any, value::Kind as Json};

use super::{
    Constraint, Export, Field, Group, IntRules, Kind, Relation, Schema, SliceRules, StringForm, StringKind,
    StringRules, WellKnown,
};

impl Schema {
    /// The wire form: fields that are shown to a form or to operators, in
    /// their order, and the constraints and groups that lie wholly within
    /// these.
    pub fn to_wire(&self) -> wire::Configuration {
        let shown = |name: &str| self.field(name).is_some_and(|f| f.export.is_exported());
        wire::Configuration {
            fields: self.fields.iter().filter(|f| f.export.is_exported()).map(Field::to_wire).collect(),
            constraints: self
                .constraints
                .iter()
                .filter(|c| c.names().all(shown))
                .map(Constraint::to_wire)
                .collect(),
            display_name: self.display_name.clone(),
            help_url: self.help_url.clone(),
            icon_url: self.icon_url.clone(),
            is_directory: self.is_directory,
            catalog_id: self.catalog_id.clone(),
            supports_external_resources: self.supports_external_resources,
            requires_external_connector: self.requires_external_connector,
            field_groups: self
                .groups
                .iter()
                .filter(|g| g.fields.iter().all(|f| shown(f)))
                .map(Group::to_wire)
                .collect(),
        }
    }
}

impl Group {
    fn to_wire(&self) -> wire::FieldGroup {
        wire::FieldGroup {
            name: self.name.clone(),
            display_name: self.display_name.clone(),
            help_text: self.help_text.clone(),
            fields: self.fields.clone(),
            default: self.default,
        }
    }
}

impl Constraint {
    fn to_wire(&self) -> wire::Constraint {
        let kind = match self.relation {
            Relation::RequiredTogether => wire::ConstraintKind::RequiredTogether,
            Relation::AtLeastOne => wire::ConstraintKind::AtLeastOne,
            Relation::MutuallyExclusive => wire::ConstraintKind::MutuallyExclusive,
            Relation::DependentOn => wire::ConstraintKind::DependentOn,
        };
        wire::Constraint {
            kind: kind.into(),
            field_names: self.fields.clone(),
            secondary_field_names: self.secondary.clone(),
            ..Default::default()
        }
    }
}

impl Field {
    fn to_wire(&self) -> wire::Field {
        wire::Field {
            name: self.name.clone(),
            display_name: self.display_name.clone(),
            description: self.description.clone(),
            placeholder: self.placeholder.clone(),
            is_required: self.required,
            is_ops: self.export == Export::Ops,
            is_secret: self.secret,
            field: Some(kind_to_wire(&self.kind, self.required)),
        }
    }
}

fn kind_to_wire(kind: &Kind, required: bool) -> wire::field::Field {
    use wire::field::Field as F;
    match kind {
        Kind::String(k) => F::StringField(string_to_wire(k, required)),
        Kind::Int(k) => F::IntField(wire::IntField {
            default_value: k.default,
            rules: int_rules(&k.rules, required),
            suggested_value: k.suggested,
        }),
        Kind::Bool(k) => F::BoolField(wire::BoolField {
            default_value: k.default,
            rules: k.rules.eq.map(|eq| wire::BoolRules { eq: Some(eq) }),
            suggested_value: k.suggested,
        }),
        Kind::StringSlice(k) => F::StringSliceField(wire::StringSliceField {
            default_value: k.default.clone(),
            rules: slice_rules(&k.rules, required),
            suggested_value: k.suggested.clone(),
        }),
        Kind::StringMap(k) => F::StringMapField(wire::StringMapField {
            default_value: any_values(&k.default),
            rules: (required || k.validate_empty)
                .then_some(wire::StringMapRules { validate_empty: k.validate_empty, is_required: required }),
            suggested_value: any_values(&k.suggested),
        }),
    }
}

fn string_to_wire(kind: &StringKind, required: bool) -> wire::StringField {
    let form = match kind.form {
        StringForm::Text => wire::StringFieldType::TextUnspecified,
        StringForm::Random => wire::StringFieldType::Random,
        StringForm::OAuth2 => wire::StringFieldType::Oauth2,
        StringForm::DerivedOptions => wire::StringFieldType::ConnectorDerivedOptions,
        StringForm::FileUpload => wire::StringFieldType::FileUpload,
    };
    let rules = string_rules(&kind.rules, required);
    wire::StringField {
        default_value: kind.default.clone(),
        rules: (rules != wire::StringRules::default()).then_some(rules),
        r#type: form.into(),
        allowed_extensions: kind.allowed_extensions.clone(),
        options: kind
            .choices
            .iter()
            .map(|c| wire::StringFieldOption {
                name: c.name.clone(),
                value: c.value.clone(),
                display_name: c.display_name.clone(),
            })
            .collect(),
        suggested_value: kind.suggested.clone(),
    }
}

fn string_rules(rules: &StringRules, required: bool) -> wire::StringRules {
    let form = match rules.well_known {
        None => wire::WellKnownString::Unspecified,
        Some(WellKnown::Email) => wire::WellKnownString::Email,
        Some(WellKnown::Hostname) => wire::WellKnownString::Hostname,
        Some(WellKnown::Ip) => wire::WellKnownString::Ip,
        Some(WellKnown::Ipv4) => wire::WellKnownString::Ipv4,
        Some(WellKnown::Ipv6) => wire::WellKnownString::Ipv6,
        Some(WellKnown::Uri) => wire::WellKnownString::Uri,
        Some(WellKnown::Address) => wire::WellKnownString::Address,
        Some(WellKnown::Uuid) => wire::WellKnownString::Uuid,
    };
    wire::StringRules {
        eq: rules.eq.clone(),
        len: rules.len,
        min_len: rules.min_len,
        max_len: rules.max_len,
        pattern: rules.pattern.clone(),
        prefix: rules.prefix.clone(),
        suffix: rules.suffix.clone(),
        contains: rules.contains.clone(),
        not_contains: rules.not_contains.clone(),
        r#in: rules.one_of.clone(),
        not_in: rules.none_of.clone(),
        well_known: form.into(),
        validate_empty: rules.validate_empty,
        is_required: required,
    }
}

fn int_rules(rules: &IntRules, required: bool) -> Option<wire::Int64Rules> {
    let rules = wire::Int64Rules {
        eq: rules.eq,
        lt: rules.lt,
        lte: rules.lte,
        gt: rules.gt,
        gte: rules.gte,
        r#in: rules.one_of.clone(),
        not_in: rules.none_of.clone(),
        validate_empty: rules.validate_empty,
        is_required: required,
    };
    (rules != wire::Int64Rules::default()).then_some(rules)
}

fn slice_rules(rules: &SliceRules, required: bool) -> Option<wire::RepeatedStringRules> {
    let rules = wire::RepeatedStringRules {
        min_items: rules.min_items,
        max_items: rules.max_items,
        unique: rules.unique,
        item_rules: rules.items.as_ref().map(|items| string_rules(items, false)),
        validate_empty: rules.validate_empty,
        is_required: required,
    };
    (rules != wire::RepeatedStringRules::default()).then_some(rules)
}

/// Map values travel as `google.protobuf.Value` in an `Any`.
fn any_values(map: &BTreeMap<String, String>) -> BTreeMap<String, Any> {
    let pack = |text: &String| Any {
        type_url: "type.googleapis.com/google.protobuf.Value".to_owned(),
        value: prost_types::Value { kind: Some(Json::StringValue(text.clone())) }.encode_to_vec(),
    };
    map.iter().map(|(key, text)| (key.clone(), pack(text))).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use connector_proto::json;

    use crate::config::{
        Choice, Constraint, Export, Field, Group, Schema, StringForm, StringRules, WellKnown,
    };

    /// The keys and their order are those of proto JSON over the field
    /// numbers of `c1/config/v1`.
    #[test]
    fn every_field_and_rule_is_written() {
        let choice = Choice { name: "eu".into(), value: "eu-1".into(), display_name: "Europe".into() };
        let schema = Schema::builder("Example")
            .help_url("/docs/example")
            .icon_url("/static/example.svg")
            .catalog_id("cat")
            .directory()
            .field(
                Field::string("url")
                    .display_name("URL")
                    .description("where it is")
                    .placeholder("https://…")
                    .required()
                    .min_len(8)
                    .max_len(80)
                    .pattern("^https")
                    .prefix("https://")
                    .not_contains(" ")
                    .well_known(WellKnown::Uri),
            )
            .field(Field::string("key").secret().form(StringForm::FileUpload).allowed_extensions([".json"]))
            .field(Field::string("region").one_of(["eu-1", "us-1"]).choices([choice]).suggested("eu-1"))
            .field(Field::int("size").export(Export::Ops).default_value(10).at_least(1).at_most(99))
            .field(Field::bool("fast").default_value(true))
            .field(
                Field::string_slice("only")
                    .unique()
                    .max_items(3)
                    .items(StringRules { min_len: Some(1), ..StringRules::default() }),
            )
            .field(
                Field::string_map("tags")
                    .required()
                    .default_value(BTreeMap::from([("a".into(), "b".into())])),
            )
            .field(Field::string("inner").export(Export::None))
            .field(Field::string("shell").export(Export::Cli))
            .constraint(Constraint::dependent_on(["only"], ["region"]))
            .constraint(Constraint::required_together(["url", "shell"]))
            .group(Group::new("by-url", ["url"]).display_name("By URL").by_default())
            .group(Group::new("by-shell", ["shell"]))
            .build()
            .expect("a schema");
        let value = json::to_json(&schema.to_wire()).expect("JSON");
        insta::assert_snapshot!(serde_json::to_string_pretty(&value).expect("text"));
    }
}
