//! Grants of one entitlement in a row, which is how members of a group come.
//!
//! What the grants of a run share is bound once a statement, and their ids are
//! joined by SQLite: two parameters a row instead of nine.

use std::sync::Arc;

use sqlx::AssertSqlSafe;

use super::insert::{Bound, CHUNK, Texts, bind_rows, chunk_len, execute_all, leave_empty};
use crate::{Connection, GrantRow};

/// Shorter runs are not worth a statement of their own.
const SHORTEST: usize = 32;

/// Inserts grants under the ids from `first` on. None is refused: they have
/// no unique index yet.
pub(super) async fn put(
    conn: &mut Connection<'_>,
    texts: &mut Texts,
    mut first: i64,
    sync: &Arc<str>,
    at: &Arc<str>,
    rows: &[GrantRow],
) -> Result<(), sqlx::Error> {
    let statements = parts(rows).into_iter().flat_map(Part::chunks).map(|(part, places)| {
        let id = first;
        first += part.rows().len() as i64;
        match part {
            Part::Run(run) => bind_run(texts, places, id, sync, at, run),
            Part::Mixed(mixed) => bind_rows(texts, places, id, sync, at, mixed),
        }
    });
    execute_all(conn, statements).await
}

#[derive(Clone, Copy)]
enum Part<'a> {
    Run(&'a [GrantRow]),
    Mixed(&'a [GrantRow]),
}

impl<'a> Part<'a> {
    fn rows(self) -> &'a [GrantRow] {
        match self {
            Self::Run(rows) | Self::Mixed(rows) => rows,
        }
    }

    /// One part a statement, with the places of the statement.
    fn chunks(self) -> impl Iterator<Item = (Self, usize)> {
        let of: fn(&'a [GrantRow]) -> Self = match self {
            Self::Run(_) => Self::Run,
            Self::Mixed(_) => Self::Mixed,
        };
        let mut left = self.rows();
        std::iter::from_fn(move || {
            let (rows, places) = (!left.is_empty()).then(|| chunk_len(left.len()))?;
            let (chunk, rest) = left.split_at(rows);
            left = rest;
            Some((of(chunk), places))
        })
    }
}

/// Parts rows into runs that are long enough, and what lies between.
fn parts(rows: &[GrantRow]) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let (mut from, mut at) = (0, 0);
    while at < rows.len() {
        let long = rows[at..].iter().take_while(|row| continues(&rows[at], row)).count();
        if long >= SHORTEST {
            if from < at {
                parts.push(Part::Mixed(&rows[from..at]));
            }
            parts.push(Part::Run(&rows[at..at + long]));
            from = at + long;
        }
        at += long.max(1);
    }
    if from < rows.len() {
        parts.push(Part::Mixed(&rows[from..]));
    }
    parts
}

/// Whether a row shares all but its principal with the first of a run, and its
/// id is the canonical one.
fn continues(first: &GrantRow, row: &GrantRow) -> bool {
    row.entitlement_id == first.entitlement_id
        && row.principal_resource_type_id == first.principal_resource_type_id
        && row.resource_id == first.resource_id
        && row.resource_type_id == first.resource_type_id
        && row.expansion.is_none()
        && is_canonical(row)
}

fn is_canonical(row: &GrantRow) -> bool {
    let rest = row.external_id.strip_prefix(&*row.entitlement_id);
    let rest = rest.and_then(|r| r.strip_prefix(':')?.strip_prefix(&*row.principal_resource_type_id));
    rest.and_then(|r| r.strip_prefix(':')) == Some(&*row.principal_resource_id)
}

/// A statement for grants that share all but their principal, of which there
/// is at least one.
fn bind_run<'q>(
    texts: &mut Texts,
    places: usize,
    first: i64,
    sync: &Arc<str>,
    at: &Arc<str>,
    run: &[GrantRow],
) -> Bound<'q> {
    let mut query = sqlx::query(AssertSqlSafe(texts.run(places, run_text)));
    for row in run {
        query = query.bind(row.principal_resource_id.clone()).bind(row.data.as_slice());
    }
    query = leave_empty(query, (places - run.len()) * 2).bind(first).bind(sync.clone()).bind(at.clone());
    let shared = &run[0];
    query
        .bind(shared.resource_type_id.clone())
        .bind(shared.resource_id.clone())
        .bind(shared.entitlement_id.clone())
        .bind(shared.principal_resource_type_id.clone())
}

fn run_text(rows: usize) -> String {
    debug_assert!(rows <= CHUNK, "a statement holds {CHUNK} rows");
    let mut sql = String::from(
        "insert into v1_grants (id, sync_id, discovered_at, resource_type_id, resource_id, entitlement_id, \
         principal_resource_type_id, principal_resource_id, external_id, data) \
         select first + column1, sync, at, rt, r, e, pt, column2, e || ':' || pt || ':' || column2, column3 \
         from (values ",
    );
    for row in 0..rows {
        sql.push_str(&format!("{}({row},?,?)", if row == 0 { "" } else { "," }));
    }
    sql.push_str("), (select ? as first, ? as sync, ? as at, ? as rt, ? as r, ? as e, ? as pt) ");
    sql.push_str("where column2 is not null");
    sql
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(entitlement: &str, principal: &str) -> GrantRow {
        GrantRow {
            resource_type_id: "group".into(),
            resource_id: entitlement.into(),
            entitlement_id: entitlement.into(),
            principal_resource_type_id: "user".into(),
            principal_resource_id: principal.into(),
            external_id: format!("{entitlement}:user:{principal}"),
            expansion: None,
            needs_expansion: false,
            data: Vec::new(),
        }
    }

    #[test]
    fn runs_are_found_between_other_rows() {
        let mut rows: Vec<_> = (0..40).map(|n| grant("a", &n.to_string())).collect();
        rows.extend((0..5).map(|n| grant("b", &n.to_string())));
        rows.extend((0..33).map(|n| grant("c", &n.to_string())));
        rows[70].external_id = "own id".to_owned();
        let shape: Vec<_> =
            parts(&rows).into_iter().map(|p| (matches!(p, Part::Run(_)), p.rows().len())).collect();
        // The row with an id of its own cuts the last run below what is worth it.
        assert_eq!(shape, [(true, 40), (false, 38)]);
        assert_eq!(parts(&rows).into_iter().flat_map(Part::rows).count(), rows.len());
    }
}
