//! A connector without a system: its answers are made up as they are asked.

use std::{
    io::{self, Write as _},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use connector_model::{
    Call, Connector, ConnectorMetadata, Error, Page, PageToken, Resource, ResourceId, ResourceSyncer,
    ResourceType, Result, Validation,
};

use crate::shape::{PAGE, Shape, Types, group_type, user_type};

/// When the process ends in the middle of the work.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    Never,
    /// Without any clean-up, once this many pages of grants were asked for.
    Killed(u64),
    /// At the first question, after saying which it was.
    AtFirstCall,
}

pub(crate) struct Synthetic {
    shape: Shape,
    end: End,
}

impl Synthetic {
    pub(crate) fn new(shape: Shape, end: End) -> Self {
        Self { shape, end }
    }
}

#[async_trait]
impl Connector for Synthetic {
    fn metadata(&self) -> ConnectorMetadata {
        ConnectorMetadata::new("Synthetic", "Makes its rows up")
    }

    async fn validate(&self) -> Result<Validation> {
        Ok(Validation::default())
    }

    fn resource_syncers(&self) -> Vec<Arc<dyn ResourceSyncer>> {
        let site = Arc::new(Site {
            shape: self.shape,
            end: self.end,
            types: Types::new(),
            grant_pages: AtomicU64::new(0),
        });
        vec![Arc::new(Users(site.clone())), Arc::new(Groups(site))]
    }
}

/// What the syncers share.
struct Site {
    shape: Shape,
    end: End,
    types: Types,
    grant_pages: AtomicU64,
}

impl Site {
    /// Ends the process where it is to end.
    fn asked(&self, operation: &str) -> Result<()> {
        match self.end {
            End::Never => Ok(()),
            End::Killed(after) => {
                if operation == "grants" && self.grant_pages.fetch_add(1, Ordering::Relaxed) == after {
                    std::process::abort();
                }
                Ok(())
            }
            End::AtFirstCall => {
                // Calls of other workers are the first ones too.
                if self.grant_pages.fetch_add(1, Ordering::Relaxed) > 0 {
                    return Ok(());
                }
                let said = serde_json::json!({ "grants_first": u8::from(operation == "grants") });
                writeln!(io::stdout(), "{said}").map_err(|e| Error::io("the answer can't be printed", e))?;
                std::process::exit(0);
            }
        }
    }

    /// A page of a listing of `of` rows.
    fn list(
        &self,
        call: &Call<'_>,
        of: u32,
        row: impl Fn(&Shape, &Types, u32) -> Result<Resource>,
    ) -> Result<Page> {
        self.asked("list")?;
        let from = start(call)?;
        let until = (from + PAGE).min(of);
        let rows: Result<_> = (from..until).map(|n| row(&self.shape, &self.types, n)).collect();
        Ok(Page::of(rows?).with_next(next(until, of)?))
    }
}

fn start(call: &Call<'_>) -> Result<u32> {
    call.token().map_or(Ok(0), PageToken::decode)
}

fn next(until: u32, of: u32) -> Result<Option<PageToken>> {
    (until < of).then(|| PageToken::encode(&until)).transpose()
}

struct Users(Arc<Site>);

#[async_trait]
impl ResourceSyncer for Users {
    fn resource_type(&self) -> ResourceType {
        user_type()
    }

    async fn list(&self, call: &Call<'_>, _: Option<&ResourceId>) -> Result<Page> {
        self.0.list(call, self.0.shape.users, Shape::user)
    }
}

struct Groups(Arc<Site>);

#[async_trait]
impl ResourceSyncer for Groups {
    fn resource_type(&self) -> ResourceType {
        group_type()
    }

    async fn list(&self, call: &Call<'_>, _: Option<&ResourceId>) -> Result<Page> {
        self.0.list(call, self.0.shape.groups, Shape::group)
    }

    async fn entitlements(&self, _: &Call<'_>, resource: &Resource) -> Result<Page> {
        self.0.asked("entitlements")?;
        Ok(Page::of_entitlements(vec![Shape::entitlement(resource)]))
    }

    async fn grants(&self, call: &Call<'_>, resource: &Resource) -> Result<Page> {
        self.0.asked("grants")?;
        let Site { shape, types, .. } = &*self.0;
        let group = shape.number_of(&resource.id).ok_or_else(|| {
            Error::internal("a group that the site does not have").with("group", &resource.id)
        })?;
        let from = start(call)?;
        let grants = shape.grants(types, group, from)?;
        Ok(Page::of_grants(grants).with_next(next(from + PAGE, shape.members)?))
    }
}
