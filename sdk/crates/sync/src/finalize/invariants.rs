//! What must hold over the rows of a sync as a whole, and can only be looked
//! at when all of them are there.

use std::collections::HashMap;

use connector_model::{Annotations, Error, Result, wire};
use connector_store::{Column, Filter, Kind, WorkDb};
use prost::Message as _;

/// Entitlements that one exclusion group may have: the Go SDK's limit.
const MAX_MEMBERS: u32 = 50;

/// What was seen of a group of entitlements that exclude each other.
struct Group {
    resource_type: String,
    members: u32,
    default: Option<String>,
}

/// Exclusion groups must be of one resource type, with at most one default and
/// at most [`MAX_MEMBERS`] members: otherwise nobody can tell which of them
/// somebody may hold (invariant I5 of the Go SDK).
pub(crate) async fn check_exclusion_groups(db: &mut WorkDb) -> Result<()> {
    // The name stands in the message as plain text.
    let named = Filter::Containing("EntitlementExclusionGroup");
    let columns = [Column::ExternalId, Column::ResourceTypeId, Column::Data];
    let mut groups: HashMap<String, Group> = HashMap::new();
    let mut broken = Ok(());
    db.scan(Kind::Entitlement, columns, named, |row| {
        let (id, resource_type) = (row.text(0)?, row.text(1)?);
        let message = wire::Entitlement::decode(row.columns[2])
            .map_err(|e| Error::internal("a stored entitlement does not decode").caused_by(e))?;
        let annotation = Annotations::from(message.annotations).get();
        if let (Some(annotation), Ok(())) = (annotation, &broken) {
            broken = add(&mut groups, id, resource_type, annotation);
        }
        Ok(())
    })
    .await?;
    broken
}

fn add(
    groups: &mut HashMap<String, Group>,
    id: &str,
    resource_type: &str,
    annotation: wire::EntitlementExclusionGroup,
) -> Result<()> {
    let name = annotation.exclusion_group_id;
    let breaks = |what: String| {
        Err(Error::internal(format!("the exclusion group {name:?} {what}; this is a bug in the connector"))
            .with("entitlement", id))
    };
    let group = groups.entry(name.clone()).or_insert_with(|| Group {
        resource_type: resource_type.to_owned(),
        members: 0,
        default: None,
    });
    group.members += 1;
    if group.members > MAX_MEMBERS {
        return breaks(format!("has more than {MAX_MEMBERS} members"));
    }
    if group.resource_type != resource_type {
        return breaks(format!("is of resource types {} and {resource_type}", group.resource_type));
    }
    if annotation.is_default {
        if let Some(other) = &group.default {
            return breaks(format!("has two defaults, the other is {other}"));
        }
        group.default = Some(id.to_owned());
    }
    Ok(())
}
