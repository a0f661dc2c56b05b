//! `baton resources`.

use std::borrow::Cow;

use connector_model::Result;
use connector_proto::c1::connector::v2 as wire;
use connector_store::{C1z, ResourceRow, reader::ResourceFilter};

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
    let filter = ResourceFilter { resource_type: args.resource_type, parent: None };
    let mut joins = Joins::new(&view, format);
    let mut list =
        List::new(format, "resources", &["ID", "Display Name", "Resource Type", "Parent Resource"])?;
    let mut pages = view.resources_pages(&filter);
    loop {
        let page = pages.next(PAGE).await?;
        if page.is_empty() {
            break;
        }
        joins.load_resources(page.iter().filter_map(|r| r.row.parent.clone())).await?;
        for record in page {
            let row = record.row;
            let resource_type = joins.resource_type(&row.resource_type_id).await?;
            let parent = match &row.parent {
                Some(key) => joins.resource(key).await?,
                None => None,
            };
            list.push(&Item { row, resource_type, parent }).await?;
        }
    }
    if list.end().await? == 0 {
        super::say_unknown_type(&view, filter.resource_type.as_deref()).await?;
    }
    Ok(())
}

struct Item {
    row: ResourceRow,
    resource_type: Text,
    parent: Text,
}

impl Row for Item {
    fn json(&self, line: &mut String) -> Result<()> {
        let json = message::to_json::<wire::Resource>(&self.row.external_id, &self.row.data)?;
        let fields = [
            ("resource", Some(json.as_str())),
            ("resourceType", self.resource_type.as_deref()),
            ("parent", self.parent.as_deref()),
        ];
        object(line, &fields);
        Ok(())
    }

    fn cells(&self) -> Result<Vec<Cow<'_, str>>> {
        let message: wire::Resource = message::decode(&self.row.external_id, &self.row.data)?;
        let parent = match &self.row.parent {
            Some((t, id)) => format!("{} ({t})", self.parent.as_deref().unwrap_or(id)).into(),
            None => "-".into(),
        };
        let id = message.id.map(|id| id.resource).unwrap_or_default();
        Ok(vec![
            id.into(),
            message.display_name.into(),
            self.resource_type.as_deref().unwrap_or(&self.row.resource_type_id).into(),
            parent,
        ])
    }
}
