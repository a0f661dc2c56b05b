//! What expansion works on, read by one scan each of the expandable grants, the entitlements and the grants. Of grants
//! it reads columns, and the message only where it may name sources.

use connector_model::{Error, ErrorKind, Result, wire};
use connector_store::{Column, Filter, GrantSources, Kind, WorkDb};
use prost::Message as _;

use super::{
    Skipped,
    components::Csr,
    graph::Edge,
    interner::{Interner, Principals},
    propagate::Holder,
    rule::{Filters, Rule},
};

/// The edges between entitlements, and what they are called.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    pub(crate) entitlements: Interner,
    /// The resource of each entitlement.
    pub(crate) resources: Vec<u32>,
    /// Principals, and resources of entitlements.
    pub(crate) principals: Principals,
    pub(crate) filters: Filters,
    pub(crate) edges: Vec<Edge>,
    pub(crate) missing: Skipped,
    /// The most bytes that ids and edges may take.
    most_bytes: usize,
}

/// Which grants there are of the entitlements of a graph.
#[derive(Debug)]
pub(crate) struct Grants {
    pub(crate) holders: Csr<Holder>,
    /// The row of each, in the same places.
    pub(crate) rows: Csr<i64>,
}

/// An edge before its source was looked for.
struct Asked {
    edge: Edge,
    /// The row of the expandable grant, and its principal.
    row: i64,
    principal: u32,
}

/// Not an entitlement of the graph, or one whose resource is not known.
const NONE: u32 = u32::MAX;

/// Reads the graph; `None` where there is nothing to expand.
pub(crate) async fn graph(db: &mut WorkDb, most_bytes: usize) -> Result<Option<Loaded>> {
    let mut loaded = Loaded { most_bytes, ..Loaded::default() };
    let mut asked = Vec::new();
    let columns = [
        Column::EntitlementId,
        Column::ResourceTypeId,
        Column::ResourceId,
        Column::PrincipalResourceTypeId,
        Column::PrincipalResourceId,
        Column::Expansion,
    ];
    let mut bad = None;
    let read = db.scan(Kind::Grant, columns, Filter::Expandable, |row| {
        let expandable = wire::GrantExpandable::decode(row.columns[5]).map_err(|e| {
            bad = Some(row.id);
            Error::new(ErrorKind::DataLoss, "what a grant expands to is no message of its type").caused_by(e)
        })?;
        loaded.ask(&mut asked, row.id, [0, 1, 2, 3, 4].map(|at| row.text(at)), &expandable)
    });
    if let Err(error) = read.await {
        return Err(match bad {
            Some(row) => error.with("grant", db.grant_id(row).await?),
            None => error,
        });
    }
    if asked.is_empty() {
        return Ok(None);
    }
    let known = loaded.find_sources(db).await?;
    for Asked { edge, row, principal } in asked {
        if !known[edge.from as usize] {
            loaded.missing.add(loaded.entitlements.text(edge.from));
        } else if loaded.resources[edge.from as usize] != principal {
            return Err(Error::internal(
                "a grant expands from an entitlement of another resource than the one that it is to; \
                 the connector must name entitlements of the grant's principal",
            )
            .with("grant", db.grant_id(row).await?)
            .with("principal", loaded.principals.shown(principal))
            .with("source", loaded.entitlements.text(edge.from)));
        } else {
            loaded.edges.push(edge);
        }
    }
    Ok(Some(loaded))
}

impl Loaded {
    fn ask(
        &mut self,
        asked: &mut Vec<Asked>,
        row: i64,
        texts: [Result<&str>; 5],
        expandable: &wire::GrantExpandable,
    ) -> Result<()> {
        let [entitlement, resource_type, resource, principal_type, principal] = texts;
        let resource = self.principals.number(resource_type?, resource?);
        let principal = self.principals.number(principal_type?, principal?);
        let types = expandable.resource_type_ids.iter().map(|t| self.principals.type_number(t)).collect();
        let rule = Rule { shallow: expandable.shallow, filter: self.filters.number(types) };
        let to = self.number(entitlement?);
        // The entitlement's own row has the last word.
        self.resources[to as usize] = resource;
        for source in &expandable.entitlement_ids {
            let from = self.number(source);
            asked.push(Asked { edge: Edge { from, to, rule }, row, principal });
        }
        self.check_size(asked.len())
    }

    /// Fails where ids and edges take more memory than is allowed: a message of a few bytes may name many sources, and
    /// a file of a few kilobytes hold many messages.
    fn check_size(&self, edges: usize) -> Result<()> {
        let edges = edges.saturating_mul(size_of::<Asked>());
        let ids = self.principals.bytes() + self.entitlements.bytes() + self.filters.bytes();
        if ids.saturating_add(edges) <= self.most_bytes {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::ResourceExhausted,
            "the ids and edges of the expansion take more memory than a file of this size is worth",
        )
        .with("limit_bytes", self.most_bytes))
    }

    fn number(&mut self, entitlement: &str) -> u32 {
        let number = self.entitlements.number("", entitlement);
        if number as usize == self.resources.len() {
            self.resources.push(NONE);
        }
        number
    }

    /// Reads the resources of the entitlements, and says which of them are stored.
    async fn find_sources(&mut self, db: &mut WorkDb) -> Result<Vec<bool>> {
        let mut known = vec![false; self.entitlements.len()];
        let columns = [Column::ExternalId, Column::ResourceTypeId, Column::ResourceId];
        db.scan(Kind::Entitlement, columns, Filter::All, |row| {
            if let Some(number) = self.entitlements.known("", row.text(0)?) {
                known[number as usize] = true;
                self.resources[number as usize] = self.principals.number(row.text(1)?, row.text(2)?);
            }
            Ok(())
        })
        .await?;
        Ok(known)
    }

    /// Reads the grants of the entitlements.
    pub(crate) async fn grants(&mut self, db: &mut WorkDb) -> Result<Grants> {
        let columns = [
            Column::EntitlementId,
            Column::PrincipalResourceTypeId,
            Column::PrincipalResourceId,
            // Sources are a field of this key: number 5, with a length.
            Column::DataWithByte(0x2a),
        ];
        let mut found: Vec<(u32, Holder, i64)> = Vec::new();
        let mut last = (Vec::new(), None);
        let mut bad = None;
        let read = db.scan(Kind::Grant, columns, Filter::All, |row| {
            // Grants of one entitlement often come together.
            if row.columns[0] != last.0 {
                last = (row.columns[0].to_vec(), self.entitlements.known("", row.text(0)?));
            }
            let Some(entitlement) = last.1 else { return Ok(()) };
            let is_direct = row.columns[3].is_empty() || {
                let sources = GrantSources::of(row.columns[3]).inspect_err(|_| bad = Some(row.id))?;
                sources.is_empty() || sources.contains(self.entitlements.text(entitlement))
            };
            let principal = self.principals.number(row.text(1)?, row.text(2)?);
            self.check_size(0)?;
            found.push((entitlement, Holder::new(principal, is_direct), row.id));
            Ok(())
        });
        if let Err(error) = read.await {
            return Err(match bad {
                Some(row) => error.with("grant", db.grant_id(row).await?),
                None => error,
            });
        }
        if self.principals.len() > Holder::MAX_PRINCIPAL as usize || found.len() > u32::MAX as usize {
            return Err(Error::new(ErrorKind::ResourceExhausted, "there are too many grants to expand"));
        }
        let count = self.entitlements.len();
        Ok(Grants {
            holders: Csr::by_key(count, found.iter().map(|(e, holder, _)| (*e, *holder)), Holder::default()),
            rows: Csr::by_key(count, found.iter().map(|(e, _, row)| (*e, *row)), 0),
        })
    }
}
