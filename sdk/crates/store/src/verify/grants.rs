//! Grants: references, expansion columns, and pairs that come twice.

use std::collections::HashMap;

use connector_model::Result;
use connector_proto::c1::connector::v2::{Grant, GrantExpandable, ResourceId};
use prost::Message as _;

use super::{
    Check, Level,
    counts::GRANTS,
    key,
    rows::{Pages, Row},
};

const TABLE: &str = "v1_grants";
const COLUMNS: [&str; 7] = [
    "resource_type_id",
    "resource_id",
    "entitlement_id",
    "principal_resource_type_id",
    "principal_resource_id",
    "expansion",
    "needs_expansion",
];

impl Check<'_> {
    pub(super) async fn grants(&mut self) -> Result<()> {
        let backfilled: HashMap<String, bool> = match self.file.syncs().await {
            Ok(runs) => runs.into_iter().map(|r| (r.id, r.grants_backfilled)).collect(),
            // Told when the runs are checked.
            Err(_) => HashMap::new(),
        };
        let mut pages = Pages::<Grant>::new(self.file.layout(), TABLE, GRANTS, &COLUMNS);
        loop {
            let page = self.page(&mut pages).await?;
            if page.is_empty() {
                return Ok(());
            }
            for row in &page {
                self.grant(row, backfilled.get(&row.sync).copied().unwrap_or_default());
            }
        }
    }

    fn grant(&mut self, row: &Row<Grant>, backfilled: bool) {
        let [resource_type, resource, entitlement, principal_type, principal] =
            [0, 1, 2, 3, 4].map(|at| row.text(at));
        let (none, of) = (ResourceId::default(), &row.external_id);
        self.same(TABLE, "external_id", of, &row.message.id, of);
        // Absent from slim messages, whose columns alone then tell.
        if let Some(e) = &row.message.entitlement {
            let on = e.resource.as_ref().and_then(|r| r.id.as_ref()).unwrap_or(&none);
            self.same(TABLE, "entitlement_id", entitlement, &e.id, of);
            self.same(TABLE, "resource_type_id", resource_type, &on.resource_type, of);
            self.same(TABLE, "resource_id", resource, &on.resource, of);
        }
        if let Some(p) = &row.message.principal {
            let id = p.id.as_ref().unwrap_or(&none);
            self.same(TABLE, "principal_resource_type_id", principal_type, &id.resource_type, of);
            self.same(TABLE, "principal_resource_id", principal, &id.resource, of);
        }
        if !self.ids.entitlements.contains(&key(&row.sync, &[entitlement])) {
            self.reporter.add(self.options.dangling(), "a grant's entitlement is not stored", of);
        }
        if !self.has_resource(&row.sync, principal_type, principal) {
            self.reporter.add(self.options.dangling(), "a grant's principal is not stored", of);
        }
        if !self.ids.grants.insert(key(&row.sync, &[entitlement, principal_type, principal])) {
            let kind = "two grants are of one entitlement to one principal";
            self.reporter.add(Level::Warning, kind, of);
        }
        self.expansion(row, backfilled);
        if row.message.sources.as_ref().is_some_and(|s| !s.sources.is_empty()) {
            self.counts.add(&row.sync, "grants with sources", "");
        }
    }

    fn expansion(&mut self, row: &Row<Grant>, backfilled: bool) {
        if !self.file.layout().has(TABLE, "expansion") {
            return;
        }
        let of = &row.external_id;
        let expandable = "c1.connector.v2.GrantExpandable";
        let in_message =
            row.message.annotations.iter().any(|a| a.type_url.rsplit('/').next() == Some(expandable));
        if in_message && backfilled {
            let kind = "an expansion is left in the message though the sync says that it was moved out";
            self.reporter.add(Level::Error, kind, of);
        }
        match row.bytes(5).map(GrantExpandable::decode) {
            None if row.number(6) != 0 => {
                self.reporter.add(Level::Error, "a grant needs expansion and has none", of);
            }
            None => {}
            Some(decoded) => {
                match decoded {
                    Ok(e) if e.entitlement_ids.is_empty() => {
                        self.reporter.add(Level::Error, "an expansion names no entitlement", of);
                    }
                    Ok(_) => {}
                    Err(_) => self.reporter.add(Level::Error, "an expansion does not decode", of),
                }
                self.counts.add(&row.sync, "expandable grants", "");
            }
        }
    }
}
