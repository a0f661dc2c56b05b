//! The short way to write a field's default and rules.

use std::collections::BTreeMap;

use super::{
    BoolKind, Choice, Field, IntKind, MapKind, SliceKind, StringForm, StringKind, StringRules, WellKnown,
};

fn owned<T: Into<String>>(items: impl IntoIterator<Item = T>) -> Vec<String> {
    items.into_iter().map(Into::into).collect()
}

impl Field<StringKind> {
    /// The value where none is given.
    #[must_use]
    pub fn default_value(mut self, value: impl Into<String>) -> Self {
        self.kind.default = value.into();
        self
    }

    /// What a form fills in for a new connector.
    #[must_use]
    pub fn suggested(mut self, value: impl Into<String>) -> Self {
        self.kind.suggested = value.into();
        self
    }

    /// It must be exactly this.
    #[must_use]
    pub fn equal_to(mut self, value: impl Into<String>) -> Self {
        self.kind.rules.eq = Some(value.into());
        self
    }

    /// It must be so many bytes long.
    #[must_use]
    pub fn len(mut self, bytes: u64) -> Self {
        self.kind.rules.len = Some(bytes);
        self
    }

    /// It must be at least so many bytes long.
    #[must_use]
    pub fn min_len(mut self, bytes: u64) -> Self {
        self.kind.rules.min_len = Some(bytes);
        self
    }

    /// It must be at most so many bytes long.
    #[must_use]
    pub fn max_len(mut self, bytes: u64) -> Self {
        self.kind.rules.max_len = Some(bytes);
        self
    }

    /// A regular expression must match somewhere in it.
    #[must_use]
    pub fn pattern(mut self, regex: impl Into<String>) -> Self {
        self.kind.rules.pattern = Some(regex.into());
        self
    }

    /// It must begin so.
    #[must_use]
    pub fn prefix(mut self, text: impl Into<String>) -> Self {
        self.kind.rules.prefix = Some(text.into());
        self
    }

    /// It must end so.
    #[must_use]
    pub fn suffix(mut self, text: impl Into<String>) -> Self {
        self.kind.rules.suffix = Some(text.into());
        self
    }

    /// It must have this in it.
    #[must_use]
    pub fn contains(mut self, text: impl Into<String>) -> Self {
        self.kind.rules.contains = Some(text.into());
        self
    }

    /// It must not have this in it.
    #[must_use]
    pub fn not_contains(mut self, text: impl Into<String>) -> Self {
        self.kind.rules.not_contains = Some(text.into());
        self
    }

    /// It must be one of these.
    #[must_use]
    pub fn one_of<T: Into<String>>(mut self, values: impl IntoIterator<Item = T>) -> Self {
        self.kind.rules.one_of = owned(values);
        self
    }

    /// It must be none of these.
    #[must_use]
    pub fn none_of<T: Into<String>>(mut self, values: impl IntoIterator<Item = T>) -> Self {
        self.kind.rules.none_of = owned(values);
        self
    }

    /// It must have a well-known form.
    #[must_use]
    pub fn well_known(mut self, form: WellKnown) -> Self {
        self.kind.rules.well_known = Some(form);
        self
    }

    /// The rules hold for an empty value too.
    #[must_use]
    pub fn validate_empty(mut self) -> Self {
        self.kind.rules.validate_empty = true;
        self
    }

    /// How a form asks for it.
    #[must_use]
    pub fn form(mut self, form: StringForm) -> Self {
        self.kind.form = form;
        self
    }

    /// Endings of the files that a form takes, with their dot.
    #[must_use]
    pub fn allowed_extensions<T: Into<String>>(mut self, endings: impl IntoIterator<Item = T>) -> Self {
        self.kind.allowed_extensions = owned(endings);
        self
    }

    /// Values that a form offers.
    #[must_use]
    pub fn choices(mut self, choices: impl IntoIterator<Item = Choice>) -> Self {
        self.kind.choices = choices.into_iter().collect();
        self
    }
}

impl Field<IntKind> {
    /// The value where none is given.
    #[must_use]
    pub fn default_value(mut self, value: i64) -> Self {
        self.kind.default = value;
        self
    }

    /// What a form fills in for a new connector.
    #[must_use]
    pub fn suggested(mut self, value: i64) -> Self {
        self.kind.suggested = value;
        self
    }

    /// It must be exactly this.
    #[must_use]
    pub fn equal_to(mut self, value: i64) -> Self {
        self.kind.rules.eq = Some(value);
        self
    }

    /// It must be less than this.
    #[must_use]
    pub fn less_than(mut self, limit: i64) -> Self {
        self.kind.rules.lt = Some(limit);
        self
    }

    /// It must be this or less.
    #[must_use]
    pub fn at_most(mut self, limit: i64) -> Self {
        self.kind.rules.lte = Some(limit);
        self
    }

    /// It must be more than this.
    #[must_use]
    pub fn more_than(mut self, limit: i64) -> Self {
        self.kind.rules.gt = Some(limit);
        self
    }

    /// It must be this or more.
    #[must_use]
    pub fn at_least(mut self, limit: i64) -> Self {
        self.kind.rules.gte = Some(limit);
        self
    }

    /// It must be one of these.
    #[must_use]
    pub fn one_of(mut self, values: impl IntoIterator<Item = i64>) -> Self {
        self.kind.rules.one_of = values.into_iter().collect();
        self
    }

    /// It must be none of these.
    #[must_use]
    pub fn none_of(mut self, values: impl IntoIterator<Item = i64>) -> Self {
        self.kind.rules.none_of = values.into_iter().collect();
        self
    }

    /// The rules hold for a zero that nobody gave too.
    #[must_use]
    pub fn validate_empty(mut self) -> Self {
        self.kind.rules.validate_empty = true;
        self
    }
}

impl Field<BoolKind> {
    /// The value where none is given.
    #[must_use]
    pub fn default_value(mut self, value: bool) -> Self {
        self.kind.default = value;
        self
    }

    /// What a form fills in for a new connector.
    #[must_use]
    pub fn suggested(mut self, value: bool) -> Self {
        self.kind.suggested = value;
        self
    }

    /// It must be exactly this.
    #[must_use]
    pub fn equal_to(mut self, value: bool) -> Self {
        self.kind.rules.eq = Some(value);
        self
    }
}

impl Field<SliceKind> {
    /// The value where none is given.
    #[must_use]
    pub fn default_value<T: Into<String>>(mut self, items: impl IntoIterator<Item = T>) -> Self {
        self.kind.default = owned(items);
        self
    }

    /// What a form fills in for a new connector.
    #[must_use]
    pub fn suggested<T: Into<String>>(mut self, items: impl IntoIterator<Item = T>) -> Self {
        self.kind.suggested = owned(items);
        self
    }

    /// It must have at least so many items.
    #[must_use]
    pub fn min_items(mut self, n: u64) -> Self {
        self.kind.rules.min_items = Some(n);
        self
    }

    /// It must have at most so many items.
    #[must_use]
    pub fn max_items(mut self, n: u64) -> Self {
        self.kind.rules.max_items = Some(n);
        self
    }

    /// No item may stand in it twice.
    #[must_use]
    pub fn unique(mut self) -> Self {
        self.kind.rules.unique = true;
        self
    }

    /// Each item must obey these rules.
    #[must_use]
    pub fn items(mut self, rules: StringRules) -> Self {
        self.kind.rules.items = Some(rules);
        self
    }

    /// The rules hold for an empty list too.
    #[must_use]
    pub fn validate_empty(mut self) -> Self {
        self.kind.rules.validate_empty = true;
        self
    }
}

impl Field<MapKind> {
    /// The value where none is given.
    #[must_use]
    pub fn default_value(mut self, map: BTreeMap<String, String>) -> Self {
        self.kind.default = map;
        self
    }

    /// What a form fills in for a new connector.
    #[must_use]
    pub fn suggested(mut self, map: BTreeMap<String, String>) -> Self {
        self.kind.suggested = map;
        self
    }
}
