//! A list of rows, in either format.

use std::borrow::Cow;

use connector_model::Result;

use crate::{
    json_list::JsonList,
    output::{Format, Output},
    table::Pages,
};

/// Rows that are read, joined and printed before the next ones are read. A page's rows and its table are all that is
/// held of a list.
pub(crate) const PAGE: u32 = 1_000;

/// A row that can be printed either way.
pub(crate) trait Row {
    /// Appends the JSON of its message, fit for a terminal.
    fn json(&self, line: &mut String) -> Result<()>;
    /// The cells of its table's columns.
    fn cells(&self) -> Result<Vec<Cow<'_, str>>>;
}

/// A list that is being printed.
#[derive(Debug)]
pub(crate) struct List {
    out: Output,
    shape: Shape,
    rows: u64,
}

#[derive(Debug)]
enum Shape {
    Json(JsonList),
    Console(Box<Pages>),
}

impl List {
    /// A list under the field of its JSON message, or the columns of its table.
    pub(crate) fn new(format: Format, field: &'static str, columns: &'static [&'static str]) -> Result<Self> {
        let out = Output::stdout()?;
        let shape = match format {
            Format::Json => Shape::Json(JsonList::new(field)),
            Format::Console => Shape::Console(Box::new(Pages::new(columns, out.is_terminal()))),
        };
        Ok(Self { out, shape, rows: 0 })
    }

    /// Adds a row.
    pub(crate) async fn push(&mut self, row: &impl Row) -> Result<()> {
        self.rows += 1;
        match &mut self.shape {
            Shape::Json(list) => self.out.write(list.element(|line| row.json(line))?).await,
            Shape::Console(table) => {
                table.push(&row.cells()?);
                if table.rows() < PAGE as usize { Ok(()) } else { self.out.write(&table.take()).await }
            }
        }
    }

    /// Prints the rest. Tells how many rows there were.
    pub(crate) async fn end(mut self) -> Result<u64> {
        match &mut self.shape {
            Shape::Json(list) => self.out.write(list.end()).await?,
            Shape::Console(table) => self.out.write(&table.take()).await?,
        }
        self.out.flush().await?;
        Ok(self.rows)
    }
}
