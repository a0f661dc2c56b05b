//! The canonical document of a file.

use std::{collections::BTreeMap, fmt, path::Path};

use connector_model::{Error, ErrorKind, Result};
use connector_proto::json::bytes_to_json;
use connector_store::{
    C1z, OpenOptions,
    reader::{EntitlementFilter, GrantFilter, ResourceFilter},
};
use futures::TryStreamExt as _;
use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

/// What a sync says, in an order that depends on nothing but the content.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Document {
    /// SHA-256 over all rows, in hex. It is over their meaning: neither the
    /// order of rows, fields and map entries nor any time of the sync counts.
    pub sha256: String,
    /// Rows by kind and type.
    pub counts: BTreeMap<String, u64>,
    /// Resource types by id, in protobuf JSON.
    pub resource_types: BTreeMap<String, Value>,
    /// Resources by `type:id`.
    pub resources: BTreeMap<String, Value>,
    /// Entitlements by id; of their resource only the id is shown, for the
    /// resource stands above.
    pub entitlements: BTreeMap<String, Value>,
    /// Who holds which entitlement: principals by entitlement, each with what
    /// else the grant says, or `null`.
    pub grants: BTreeMap<String, BTreeMap<String, Value>>,
}

/// Reads the default sync of a file into a document.
///
/// All of it is held in memory: this is for tests.
pub async fn document(path: &Path) -> Result<Document> {
    let file = C1z::open(path, &OpenOptions::default()).await?;
    let view = file.view(None).await?;
    let mut rows = Rows::default();
    let mut resource_types = BTreeMap::new();
    let mut list = std::pin::pin!(view.resource_types(&()));
    while let Some(r) = list.try_next().await? {
        let json = rows.add("resource types", "", "ResourceType", &r.row.data, None)?;
        resource_types.insert(r.row.external_id.to_string(), json);
    }
    let mut resources = BTreeMap::new();
    let filter = ResourceFilter::default();
    let mut list = std::pin::pin!(view.resources(&filter));
    while let Some(r) = list.try_next().await? {
        let json = rows.add("resources", &r.row.resource_type_id, "Resource", &r.row.data, None)?;
        resources.insert(r.row.external_id.clone(), json);
    }
    let mut entitlements = BTreeMap::new();
    let filter = EntitlementFilter::default();
    let mut list = std::pin::pin!(view.entitlements(&filter));
    while let Some(r) = list.try_next().await? {
        let mut json = rows.add("entitlements", &r.row.resource_type_id, "Entitlement", &r.row.data, None)?;
        if let Some(resource) = json.get_mut("resource") {
            *resource = resource.get("id").cloned().unwrap_or_default();
        }
        entitlements.insert(r.row.external_id.to_string(), json);
    }
    let mut grants: BTreeMap<String, BTreeMap<String, Value>> = BTreeMap::new();
    let filter = GrantFilter::default();
    let mut list = std::pin::pin!(view.grants(&filter));
    while let Some(r) = list.try_next().await? {
        let row = &r.row;
        let json = rows.add("grants", &row.resource_type_id, "Grant", &row.data, row.expansion.as_deref())?;
        let principal = format!("{}:{}", row.principal_resource_type_id, row.principal_resource_id);
        let canonical = format!("{}:{principal}", row.entitlement_id);
        let details = details(json, row.external_id != canonical);
        grants.entry(row.entitlement_id.to_string()).or_default().insert(principal, details);
    }
    Ok(Document {
        sha256: rows.digest(),
        counts: rows.counts,
        resource_types,
        resources,
        entitlements,
        grants,
    })
}

/// What a grant says besides its entitlement and its principal.
fn details(mut grant: Value, has_own_id: bool) -> Value {
    let Some(fields) = grant.as_object_mut() else { return Value::Null };
    fields.shift_remove("entitlement");
    fields.shift_remove("principal");
    if !has_own_id {
        fields.shift_remove("id");
    }
    if fields.is_empty() { Value::Null } else { grant }
}

/// Rows on their way into a document: counted and hashed.
#[derive(Default)]
struct Rows {
    counts: BTreeMap<String, u64>,
    hashes: Vec<[u8; 32]>,
}

impl Rows {
    fn add(
        &mut self,
        kind: &str,
        type_id: &str,
        message: &str,
        data: &[u8],
        expansion: Option<&[u8]>,
    ) -> Result<Value> {
        let json = |message: &str, data: &[u8]| {
            bytes_to_json(&format!("c1.connector.v2.{message}"), data).map_err(|e| {
                Error::new(ErrorKind::DataLoss, format!("a stored {message} does not decode")).caused_by(e)
            })
        };
        let mut value = json(message, data)?;
        if let (Some(expansion), Some(fields)) = (expansion, value.as_object_mut()) {
            fields.insert("expandable".to_owned(), json("GrantExpandable", expansion)?);
        }
        sort_keys(&mut value);
        let mut hash = Sha256::new();
        hash.update(message);
        hash.update(value.to_string());
        self.hashes.push(hash.finalize().into());
        let name = if type_id.is_empty() { kind.to_owned() } else { format!("{kind} of {type_id}") };
        *self.counts.entry(name).or_default() += 1;
        Ok(value)
    }

    /// The order in which rows are stored says nothing, so the hashes are
    /// sorted before they are hashed.
    fn digest(&mut self) -> String {
        self.hashes.sort_unstable();
        let digest = Sha256::digest(self.hashes.concat());
        digest.iter().map(|b| format!("{b:02x}")).collect()
    }
}

fn sort_keys(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            let mut sorted: Vec<_> = std::mem::take(fields).into_iter().collect();
            sorted.sort_by(|(a, _), (b, _)| a.cmp(b));
            sorted.iter_mut().for_each(|(_, v)| sort_keys(v));
            *fields = Map::from_iter(sorted);
        }
        Value::Array(items) => items.iter_mut().for_each(sort_keys),
        _ => {}
    }
}

impl fmt::Display for Document {
    /// One line a row, so that a person can read it and a changed row is one
    /// changed line. What the line's key says already is left out, and type
    /// URLs are shortened to the message's name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "sha256 {}", self.sha256)?;
        for (name, count) in &self.counts {
            writeln!(f, "{count} {name}")?;
        }
        for (title, rows) in [
            ("RESOURCE TYPES", &self.resource_types),
            ("RESOURCES", &self.resources),
            ("ENTITLEMENTS", &self.entitlements),
        ] {
            writeln!(f, "\n{title}")?;
            for (id, row) in rows {
                writeln!(f, "{id} {}", brief(row))?;
            }
        }
        writeln!(f, "\nGRANTS")?;
        for (entitlement, principals) in &self.grants {
            writeln!(f, "{entitlement}")?;
            for (principal, details) in principals {
                match details {
                    Value::Null => writeln!(f, "    {principal}")?,
                    details => writeln!(f, "    {principal} {}", brief(details))?,
                }
            }
        }
        Ok(())
    }
}

/// A row on one line, without its own id.
fn brief(row: &Value) -> String {
    let mut row = row.clone();
    if let Some(fields) = row.as_object_mut() {
        fields.shift_remove("id");
    }
    row.to_string().replace("type.googleapis.com/c1.connector.v2.", "")
}
