//! Groups of fields: ways to sign in.

/// A group of fields of which one is chosen, such as a way to sign in
/// (`--auth-method`).
///
/// Where a schema has groups, the fields of the chosen one (and those in no
/// group) are checked and the others are not looked at. Chosen is the one
/// whose name was given, else the default, else the first.
#[derive(Clone, Debug, Default)]
pub struct Group {
    /// What `--auth-method` takes.
    pub name: String,
    /// What a form calls it.
    pub display_name: String,
    /// A sentence for a form.
    pub help_text: String,
    /// The names of its fields.
    pub fields: Vec<String>,
    /// Whether it is chosen where nobody chose.
    pub default: bool,
}

impl Group {
    /// A group of the fields of these names.
    pub fn new<T: Into<String>>(name: impl Into<String>, fields: impl IntoIterator<Item = T>) -> Self {
        Self { name: name.into(), fields: fields.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// With what a form calls it.
    #[must_use]
    pub fn display_name(mut self, name: impl Into<String>) -> Self {
        self.display_name = name.into();
        self
    }

    /// With a sentence for a form.
    #[must_use]
    pub fn help_text(mut self, text: impl Into<String>) -> Self {
        self.help_text = text.into();
        self
    }

    /// Chosen where nobody chose.
    #[must_use]
    pub fn by_default(mut self) -> Self {
        self.default = true;
        self
    }
}
