//! What can be told to a program, as a whole.

use std::collections::BTreeMap;

use super::{Config, Constraint, Field, Given, Group, Kind, Origin, Raw, check};
use crate::Result;

/// What can be told to a program: fields, how they depend on one another,
/// and how a form presents them. Checked where it is made.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    /// What people call the connector.
    pub display_name: String,
    /// Where its documentation is.
    pub help_url: String,
    /// Where its icon is.
    pub icon_url: String,
    /// The id of the connector in ConductorOne's catalogue.
    pub catalog_id: String,
    /// Whether the system is a directory of people.
    pub is_directory: bool,
    /// Whether its grants may name principals of another connector's file.
    pub supports_external_resources: bool,
    /// Whether it can't work without another connector's file.
    pub requires_external_connector: bool,
    pub(super) fields: Vec<Field>,
    pub(super) constraints: Vec<Constraint>,
    pub(super) groups: Vec<Group>,
}

impl Schema {
    /// A schema without fields, of a connector of this name.
    pub fn builder(display_name: impl Into<String>) -> SchemaBuilder {
        SchemaBuilder(Self { display_name: display_name.into(), ..Self::default() })
    }

    /// The fields, in the order they were declared.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// A field by its name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|f| f.name == name)
    }

    /// The constraints, in the order they were declared.
    pub fn constraints(&self) -> &[Constraint] {
        &self.constraints
    }

    /// The groups, in the order they were declared.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// The same schema behind fields and constraints that every program has.
    /// Fails where the two have a field of the same name.
    pub fn behind(self, fields: Vec<Field>, constraints: Vec<Constraint>) -> Result<Self> {
        let merged = Self {
            fields: fields.into_iter().chain(self.fields).collect(),
            constraints: constraints.into_iter().chain(self.constraints).collect(),
            ..self
        };
        check::schema(&merged)?;
        Ok(merged)
    }

    /// Checks text values as if they stood in the environment, for tests and
    /// for programs that know them.
    pub fn config<N, T>(&self, values: impl IntoIterator<Item = (N, T)>) -> Result<Config>
    where
        N: Into<String>,
        T: Into<String>,
    {
        let given: BTreeMap<String, Given> = values
            .into_iter()
            .map(|(name, text)| {
                (name.into(), Given { raw: Raw::Text(text.into()), origin: Origin::Variable })
            })
            .collect();
        self.resolve(&given, None)
    }
}

/// Builds a [`Schema`].
#[derive(Clone, Debug)]
pub struct SchemaBuilder(Schema);

impl SchemaBuilder {
    /// With a field.
    #[must_use]
    pub fn field<K: Into<Kind>>(mut self, field: Field<K>) -> Self {
        self.0.fields.push(field.erase());
        self
    }

    /// With a dependency between fields.
    #[must_use]
    pub fn constraint(mut self, constraint: Constraint) -> Self {
        self.0.constraints.push(constraint);
        self
    }

    /// With a group of fields.
    #[must_use]
    pub fn group(mut self, group: Group) -> Self {
        self.0.groups.push(group);
        self
    }

    /// Where the connector's documentation is.
    #[must_use]
    pub fn help_url(mut self, url: impl Into<String>) -> Self {
        self.0.help_url = url.into();
        self
    }

    /// Where the connector's icon is.
    #[must_use]
    pub fn icon_url(mut self, url: impl Into<String>) -> Self {
        self.0.icon_url = url.into();
        self
    }

    /// The id of the connector in ConductorOne's catalogue.
    #[must_use]
    pub fn catalog_id(mut self, id: impl Into<String>) -> Self {
        self.0.catalog_id = id.into();
        self
    }

    /// The system is a directory of people.
    #[must_use]
    pub fn directory(mut self) -> Self {
        self.0.is_directory = true;
        self
    }

    /// Its grants may name principals of another connector's file.
    #[must_use]
    pub fn supports_external_resources(mut self) -> Self {
        self.0.supports_external_resources = true;
        self
    }

    /// It can't work without another connector's file.
    #[must_use]
    pub fn requires_external_connector(mut self) -> Self {
        self.0.requires_external_connector = true;
        self
    }

    /// The schema. Fails where it can't be meant so: a name twice, a required
    /// bool, a rule that does not parse or that the default breaks, a
    /// constraint or group over fields that are not there.
    pub fn build(self) -> Result<Schema> {
        check::schema(&self.0)?;
        Ok(self.0)
    }
}
