//! `baton grants`.

use std::borrow::Cow;

use connector_model::Result;
use connector_store::{C1z, GrantRow, SyncView, reader::GrantFilter};

use crate::{
    args::GrantArgs,
    cache::Text,
    grant_json::GrantJson,
    joins::{Joins, ResourceKey},
    json_list::object,
    list::{List, PAGE, Row},
    output::Format,
};

pub(crate) async fn run(file: &C1z, args: GrantArgs, format: Format) -> Result<()> {
    let view = super::view(file, &args.of.sync).await?;
    let filter = filter(args);
    let mut joins = Joins::new(&view, format);
    let columns = &["ID", "Resource Type", "Resource", "Entitlement", "Principal"];
    let mut list = List::new(format, "grants", columns)?;
    let mut json = GrantJson::default();
    let mut pages = view.grants_pages(&filter);
    loop {
        let page = pages.next(PAGE).await?;
        if page.is_empty() {
            break;
        }
        joins.load_entitlements(page.iter().map(|r| r.row.entitlement_id.clone())).await?;
        joins.load_resources(page.iter().flat_map(|r| [resource(&r.row), principal(&r.row)])).await?;
        for record in page {
            let row = record.row;
            let grant = match format {
                Format::Json => Some(json.json(&row.external_id, &row.data)?),
                Format::Console => None,
            };
            let item = Item {
                grant,
                entitlement: joins.entitlement(&row.entitlement_id).await?,
                resource: joins.resource(&resource(&row)).await?,
                resource_type: joins.resource_type(&row.resource_type_id).await?,
                principal: joins.resource(&principal(&row)).await?,
                row,
            };
            list.push(&item).await?;
        }
    }
    if list.end().await? == 0 {
        say_unknown(&view, &filter).await?;
    }
    Ok(())
}

/// A resource is of its type, so the two are one condition.
fn filter(args: GrantArgs) -> GrantFilter {
    let (resource_type, resource) = match (args.of.resource_type, args.resource) {
        (Some(t), Some(id)) => (None, Some((t, id))),
        (t, _) => (t, None),
    };
    GrantFilter { resource_type, resource, entitlement: args.entitlement, principal: None }
}

async fn say_unknown(view: &SyncView<'_>, filter: &GrantFilter) -> Result<()> {
    super::say_unknown_type(view, filter.resource_type.as_deref()).await?;
    if let Some((t, id)) = &filter.resource
        && view.resource(t, id).await?.is_none()
    {
        super::say_unknown("resource", &format!("{t}:{id}"), "resources");
    }
    if let Some(id) = &filter.entitlement
        && view.entitlement(id).await?.is_none()
    {
        super::say_unknown("entitlement", id, "entitlements");
    }
    Ok(())
}

fn resource(row: &GrantRow) -> ResourceKey {
    (row.resource_type_id.clone(), row.resource_id.clone())
}

fn principal(row: &GrantRow) -> ResourceKey {
    (row.principal_resource_type_id.clone(), row.principal_resource_id.clone())
}

struct Item {
    /// Its JSON, where that is the format.
    grant: Option<String>,
    row: GrantRow,
    entitlement: Text,
    resource: Text,
    resource_type: Text,
    principal: Text,
}

impl Row for Item {
    fn json(&self, line: &mut String) -> Result<()> {
        let fields = [
            ("grant", self.grant.as_deref()),
            ("entitlement", self.entitlement.as_deref()),
            ("resource", self.resource.as_deref()),
            ("resourceType", self.resource_type.as_deref()),
            ("principal", self.principal.as_deref()),
        ];
        object(line, &fields);
        Ok(())
    }

    fn cells(&self) -> Result<Vec<Cow<'_, str>>> {
        let row = &self.row;
        Ok(vec![
            row.external_id.as_str().into(),
            self.resource_type.as_deref().unwrap_or(&row.resource_type_id).into(),
            self.resource.as_deref().unwrap_or(&row.resource_id).into(),
            self.entitlement.as_deref().unwrap_or(&row.entitlement_id).into(),
            self.principal.as_deref().unwrap_or(&row.principal_resource_id).into(),
        ])
    }
}
