//! `baton resource-types`.

use std::borrow::Cow;

use connector_model::Result;
use connector_proto::c1::connector::v2 as wire;
use connector_store::{C1z, ResourceTypeRow};

use crate::{
    args::WhichSync,
    json_list::object,
    list::{List, PAGE, Row},
    message,
    output::Format,
};

pub(crate) async fn run(file: &C1z, args: &WhichSync, format: Format) -> Result<()> {
    let view = super::view(file, args).await?;
    let mut list = List::new(format, "resourceTypes", &["ID", "Display Name", "Traits"])?;
    let mut pages = view.resource_types_pages(&());
    loop {
        let page = pages.next(PAGE).await?;
        if page.is_empty() {
            break;
        }
        for record in page {
            list.push(&Item(record.row)).await?;
        }
    }
    list.end().await?;
    Ok(())
}

struct Item(ResourceTypeRow);

impl Row for Item {
    fn json(&self, line: &mut String) -> Result<()> {
        let json = message::to_json::<wire::ResourceType>(&self.0.external_id, &self.0.data)?;
        object(line, &[("resourceType", Some(json.as_str()))]);
        Ok(())
    }

    fn cells(&self) -> Result<Vec<Cow<'_, str>>> {
        let message: wire::ResourceType = message::decode(&self.0.external_id, &self.0.data)?;
        let traits: Vec<_> = message.traits.iter().map(|t| trait_name(*t)).collect();
        Ok(vec![message.id.into(), message.display_name.into(), traits.join(", ").into()])
    }
}

/// The name of a trait, or its number where it is newer than this program.
fn trait_name(number: i32) -> Cow<'static, str> {
    match wire::resource_type::Trait::try_from(number) {
        Ok(known) => known.as_str_name().trim_start_matches("TRAIT_").to_lowercase().into(),
        Err(_) => number.to_string().into(),
    }
}
