//! The `sort` parameter: `field:asc` or `field:desc`, several joined by commas.

use crate::errors::ApiError;

/// One key of the order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) field: String,
    pub(crate) descending: bool,
}

pub(crate) fn parse_sort(text: &str) -> Result<Vec<Order>, ApiError> {
    text.split(',')
        .map(|key| {
            let (field, direction) = key.split_once(':').unwrap_or((key, "asc"));
            let descending = match direction {
                "asc" => false,
                "desc" => true,
                _ => return Err(unsupported(key)),
            };
            Ok(Order { field: field.to_owned(), descending })
        })
        .collect()
}

pub(crate) fn unsupported(key: &str) -> ApiError {
    ApiError::bad_request("400000", format!("The list cannot be sorted by '{key}'"))
}

impl Order {
    /// The refusal of a field that cannot be sorted by.
    pub(crate) fn unknown_field(&self) -> ApiError {
        unsupported(&self.field)
    }
}
