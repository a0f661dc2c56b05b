//! A site as data.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use connector_model::{Entitlement, Grant, Resource, ResourceId, ResourceType, StaticEntitlement, wire};

use super::{At, Operation};

/// One row of a page.
#[derive(Clone, Debug, PartialEq)]
pub enum Row {
    /// A resource.
    Resource(Resource),
    /// An entitlement.
    Entitlement(Entitlement),
    /// A grant.
    Grant(Grant),
}

macro_rules! rows {
    ($($kind:ident),*) => {$(
        impl From<$kind> for Row {
            fn from(row: $kind) -> Self {
                Self::$kind(row)
            }
        }
    )*};
}

rows!(Resource, Entitlement, Grant);

impl Row {
    /// Its id, as a file holds it: `type:id` of a resource.
    pub fn id(&self) -> String {
        match self {
            Self::Resource(r) => r.id.to_string(),
            Self::Entitlement(e) => e.id.clone(),
            Self::Grant(g) => g.id(),
        }
    }

    /// Whether it is what a listing is asked for, so that it counts in the
    /// listing's total.
    pub(super) fn is_asked(&self, at: &At) -> bool {
        match (self, at.operation) {
            (Self::Resource(r), Operation::List) => r.id.resource_type().as_str() == at.resource_type,
            (Self::Entitlement(e), Operation::Entitlements) => is_on(at, &e.resource.id),
            (Self::Grant(g), Operation::Grants) => is_on(at, &g.entitlement.resource),
            _ => false,
        }
    }
}

fn is_on(at: &At, resource: &ResourceId) -> bool {
    match &at.of {
        Some(of) => of == resource,
        None => at.resource_type == resource.resource_type().as_str(),
    }
}

/// How a listing is cut into pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paging {
    pub(super) size: usize,
    pub(super) totals: bool,
    pub(super) ahead: bool,
}

impl Paging {
    /// Pages of so many rows, at least one; each names the next.
    pub fn of(size: usize) -> Self {
        Self { size: size.max(1), totals: false, ahead: false }
    }

    /// Each page tells how many rows the listing has.
    #[must_use]
    pub fn with_totals(mut self) -> Self {
        self.totals = true;
        self
    }

    /// The first page names all others at once
    /// ([`Page::also`](connector_model::Page::also)).
    #[must_use]
    pub fn named_ahead(mut self) -> Self {
        self.ahead = true;
        self
    }
}

impl Default for Paging {
    /// Everything on one page, without a total.
    fn default() -> Self {
        Self::of(usize::MAX)
    }
}

/// What a page does besides bringing rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Notes {
    pub(super) remember: Vec<(String, Vec<u8>)>,
    pub(super) needs: Vec<(String, Vec<u8>)>,
    pub(super) knows: Vec<(ResourceId, bool)>,
    pub(super) warnings: Vec<String>,
}

/// A site as data: its types, and what each listing brings.
///
/// Rows are put where a connector would list them ([`Scenario::resource`],
/// [`Scenario::entitlement`], [`Scenario::grant`]) or anywhere else
/// ([`Scenario::row`]). Within a listing they come in the order in which they
/// were put.
///
/// ```
/// use connector_model::{Resource, ResourceId, ResourceType};
/// use connector_testkit::scripted::{Operation, Paging, Scenario};
///
/// let mut site = Scenario::new([ResourceType::new("room", "Room")]);
/// site.paging(Operation::List, "room", Paging::of(2).with_totals());
/// for n in 0..5 {
///     site.resource(Resource::new(ResourceId::new("room", n.to_string())?, format!("Room {n}")));
/// }
/// assert_eq!(site.truth().resources.len(), 5);
/// assert_eq!(site.asks().iter().filter(|(at, _)| at.operation == Operation::List).count(), 3);
/// # Ok::<(), connector_model::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Scenario {
    pub(super) types: Vec<ResourceType>,
    pub(super) statics: BTreeMap<String, Vec<StaticEntitlement>>,
    rows: BTreeMap<At, Arc<Vec<Row>>>,
    paging: BTreeMap<(Operation, String), Paging>,
    notes: BTreeMap<(At, usize), Notes>,
    pub(super) identity: Option<String>,
    targeted: BTreeSet<String>,
}

impl Scenario {
    /// A site with these types and nothing else.
    pub fn new(types: impl IntoIterator<Item = ResourceType>) -> Self {
        Self {
            types: types.into_iter().collect(),
            statics: BTreeMap::new(),
            rows: BTreeMap::new(),
            paging: BTreeMap::new(),
            notes: BTreeMap::new(),
            identity: Some("scripted".to_owned()),
            targeted: BTreeSet::new(),
        }
    }

    /// Who the connector says it is signed in as; `scripted` until said
    /// otherwise.
    pub fn identity(&mut self, identity: Option<String>) -> &mut Self {
        self.identity = identity;
        self
    }

    /// How the listings of an operation and a type are cut into pages; one
    /// page holds all until said otherwise.
    pub fn paging(&mut self, operation: Operation, resource_type: &str, paging: Paging) -> &mut Self {
        self.paging.insert((operation, resource_type.to_owned()), paging);
        self
    }

    /// A resource, listed inside its parent where it has one.
    pub fn resource(&mut self, resource: Resource) -> &mut Self {
        let at = At {
            operation: Operation::List,
            resource_type: resource.id.resource_type().to_string(),
            of: resource.parent.clone(),
        };
        self.row(at, resource)
    }

    /// An entitlement, listed with its resource, or with its resource's type
    /// where the type carries
    /// [`TypeScopedEntitlements`](wire::TypeScopedEntitlements).
    pub fn entitlement(&mut self, entitlement: Entitlement) -> &mut Self {
        let of = &entitlement.resource.id;
        let at = match self.is_whole(Operation::Entitlements, of.resource_type().as_str()) {
            true => At::entitlements_of_type(of.resource_type().as_str()),
            false => At::entitlements(of),
        };
        self.row(at, entitlement)
    }

    /// A grant, listed with its entitlement's resource, or with that one's
    /// type where the type carries [`TypeScopedGrants`](wire::TypeScopedGrants).
    pub fn grant(&mut self, grant: Grant) -> &mut Self {
        let of = &grant.entitlement.resource;
        let at = match self.is_whole(Operation::Grants, of.resource_type().as_str()) {
            true => At::grants_of_type(of.resource_type().as_str()),
            false => At::grants(of),
        };
        self.row(at, grant)
    }

    /// Single resources of a type can be asked for: those that a listing of
    /// the site has, as the last page has them.
    pub fn targeted(&mut self, resource_type: &str) -> &mut Self {
        self.targeted.insert(resource_type.to_owned());
        self
    }

    /// A row anywhere.
    pub fn row(&mut self, at: At, row: impl Into<Row>) -> &mut Self {
        Arc::make_mut(self.rows.entry(at).or_default()).push(row.into());
        self
    }

    /// An entitlement that every resource of a type has.
    pub fn static_entitlement(&mut self, resource_type: &str, entitlement: StaticEntitlement) -> &mut Self {
        self.statics.entry(resource_type.to_owned()).or_default().push(entitlement);
        self
    }

    /// A page says to remember a value.
    pub fn remember(&mut self, at: At, page: usize, key: &str, value: &[u8]) -> &mut Self {
        self.note(at, page).remember.push((key.to_owned(), value.to_vec()));
        self
    }

    /// A page fails where this value is not what is remembered.
    pub fn needs(&mut self, at: At, page: usize, key: &str, value: &[u8]) -> &mut Self {
        self.note(at, page).needs.push((key.to_owned(), value.to_vec()));
        self
    }

    /// A page fails where this resource is known, or not, against what is
    /// said here. Only sure after the lists.
    pub fn knows(&mut self, at: At, page: usize, resource: ResourceId, known: bool) -> &mut Self {
        self.note(at, page).knows.push((resource, known));
        self
    }

    /// A page comes with a warning.
    pub fn warning(&mut self, at: At, page: usize, text: &str) -> &mut Self {
        self.note(at, page).warnings.push(text.to_owned());
        self
    }

    fn note(&mut self, at: At, page: usize) -> &mut Notes {
        self.notes.entry((at, page)).or_default()
    }

    /// Whether a type is listed as a whole.
    pub(super) fn is_whole(&self, operation: Operation, resource_type: &str) -> bool {
        let of_type = self.types.iter().find(|t| t.id.as_str() == resource_type).map(|t| &t.annotations);
        of_type.is_some_and(|a| match operation {
            Operation::Entitlements => a.has::<wire::TypeScopedEntitlements>(),
            Operation::Grants => a.has::<wire::TypeScopedGrants>(),
            _ => false,
        })
    }

    pub(super) fn is_targeted(&self, resource_type: &str) -> bool {
        self.targeted.contains(resource_type)
    }

    /// A resource as the last page of its lists has it.
    pub(super) fn find(&self, id: &ResourceId) -> Option<&Resource> {
        let lists = self.rows.iter().filter(|(at, _)| at.operation == Operation::List);
        let mut resources = lists.flat_map(|(_, rows)| rows.iter()).filter_map(|row| match row {
            Row::Resource(r) if r.id == *id => Some(r),
            _ => None,
        });
        resources.next_back()
    }

    /// The rows of a listing, in their order.
    pub(super) fn rows_at(&self, at: &At) -> &[Row] {
        self.rows.get(at).map_or(&[], |rows| rows)
    }

    pub(super) fn paging_at(&self, at: &At) -> Paging {
        self.paging.get(&(at.operation, at.resource_type.clone())).copied().unwrap_or_default()
    }

    pub(super) fn notes_at(&self, at: &At, page: usize) -> Notes {
        self.notes.get(&(at.clone(), page)).cloned().unwrap_or_default()
    }

    /// How many pages a listing has: at least one.
    pub fn pages(&self, at: &At) -> usize {
        self.rows_at(at).len().div_ceil(self.paging_at(at).size).max(1)
    }

    /// How many distinct rows of the asked kind are among these: what a
    /// source would tell as its total.
    pub(super) fn total(at: &At, rows: &[Row]) -> u64 {
        rows.iter().filter(|r| r.is_asked(at)).map(Row::id).collect::<BTreeSet<_>>().len() as u64
    }
}
