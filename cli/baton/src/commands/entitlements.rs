//! `baton entitlements`.

use std::borrow::Cow;

use connector_model::Result;
use connector_proto::c1::connector::v2 as wire;
use connector_store::{C1z, EntitlementRow, reader::EntitlementFilter};

use crate::{
    args::OfType,
    cache::Text,
    joins::Joins,
    json_list::object,
    list::{List, PAGE, Row},
    message,
    output::Format,
};

pub(crate) async fn run(file: &C1z, args: OfType, format: Format) -> Result<()> {
    let view = super::view(file, &args.sync).await?;
    let filter = EntitlementFilter { resource_type: args.resource_type, resource: None };
    let mut joins = Joins::new(&view, format);
    let columns = &["ID", "Display Name", "Resource Type", "Resource", "Permission"];
    let mut list = List::new(format, "entitlements", columns)?;
    let mut pages = view.entitlements_pages(&filter);
    loop {
        let page = pages.next(PAGE).await?;
        if page.is_empty() {
            break;
        }
        let key = |row: &EntitlementRow| (row.resource_type_id.clone(), row.resource_id.clone());
        joins.load_resources(page.iter().map(|r| key(&r.row))).await?;
        for record in page {
            let row = record.row;
            let resource = joins.resource(&key(&row)).await?;
            let resource_type = joins.resource_type(&row.resource_type_id).await?;
            list.push(&Item { row, resource, resource_type }).await?;
        }
    }
    if list.end().await? == 0 {
        super::say_unknown_type(&view, filter.resource_type.as_deref()).await?;
    }
    Ok(())
}

struct Item {
    row: EntitlementRow,
    resource: Text,
    resource_type: Text,
}

impl Row for Item {
    fn json(&self, line: &mut String) -> Result<()> {
        let json = message::to_json::<wire::Entitlement>(&self.row.external_id, &self.row.data)?;
        let fields = [
            ("entitlement", Some(json.as_str())),
            ("resource", self.resource.as_deref()),
            ("resourceType", self.resource_type.as_deref()),
        ];
        object(line, &fields);
        Ok(())
    }

    fn cells(&self) -> Result<Vec<Cow<'_, str>>> {
        let message: wire::Entitlement = message::decode(&self.row.external_id, &self.row.data)?;
        Ok(vec![
            message.id.into(),
            message.display_name.into(),
            self.resource_type.as_deref().unwrap_or(&self.row.resource_type_id).into(),
            self.resource.as_deref().unwrap_or(&self.row.resource_id).into(),
            message.slug.into(),
        ])
    }
}
