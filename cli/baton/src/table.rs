//! Tables that are printed page by page.

use comfy_table::{Attribute, Cell, ColumnConstraint, ContentArrangement, Table, TableStyle, Width};
use comfy_table::{ContentLineStyle, LineStyle};

use crate::cell::cell;

/// Columns divided by ` | ` and a line below the header; nothing around, so that lines can be cut and searched.
const STYLE: TableStyle = TableStyle::new()
    .header_lines(ContentLineStyle::none().junction('|'))
    .header_separator(LineStyle::none().fill('-').junction('+'))
    .content_lines(ContentLineStyle::none().junction('|'));

/// A table of which one page is held at a time. The first page sets the columns' widths; a later page widens them
/// where its cells need it.
#[derive(Debug)]
pub(crate) struct Pages {
    header: Option<&'static [&'static str]>,
    widths: Vec<u16>,
    page: Table,
    bold: bool,
}

impl Pages {
    /// A table with this header, in bold on a terminal.
    pub(crate) fn new(header: &'static [&'static str], terminal: bool) -> Self {
        Self { header: Some(header), widths: Vec::new(), page: Table::new(), bold: terminal }
    }

    /// Adds a row.
    pub(crate) fn push(&mut self, cells: &[impl AsRef<str>]) {
        self.page.add_row(cells.iter().map(|text| Cell::new_owned(cell(text.as_ref()))).collect::<Vec<_>>());
    }

    /// How many rows the page has.
    pub(crate) fn rows(&self) -> usize {
        self.page.row_count()
    }

    /// The lines of the page, which is empty then; the first time they begin with the header.
    pub(crate) fn take(&mut self) -> String {
        let mut page = std::mem::take(&mut self.page);
        page.load_style(STYLE).set_content_arrangement(ContentArrangement::Disabled);
        match self.header.take() {
            Some(header) if self.bold => {
                page.enforce_styling();
                page.set_header(
                    header.iter().map(|h| Cell::new(h).add_attribute(Attribute::Bold)).collect::<Vec<_>>(),
                );
            }
            Some(header) => {
                page.set_header(header.to_vec());
            }
            None if page.is_empty() => return String::new(),
            None => {}
        }
        let mut widths = page.column_max_content_widths();
        for (width, before) in widths.iter_mut().zip(&self.widths) {
            *width = (*width).max(*before);
        }
        // Two more for the padding.
        page.set_constraints(
            widths.iter().map(|w| ColumnConstraint::Absolute(Width::Fixed(w.saturating_add(2)))),
        );
        self.widths = widths;
        let mut text = String::new();
        for line in page.lines() {
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_gone_once_taken_and_widths_stay() {
        let mut table = Pages::new(&["ID", "Name"], false);
        table.push(&["a-long-id", "x"]);
        assert_eq!(table.take(), " ID        | Name\n-----------+------\n a-long-id | x\n");
        table.push(&["b", "東京"]);
        assert_eq!(table.take(), " b         | 東京\n");
        table.push(&["a-still-longer-id", "x"]);
        assert_eq!(table.take(), " a-still-longer-id | x\n");
        assert_eq!(table.take(), "");
        assert_eq!(table.rows(), 0);
    }

    #[test]
    fn an_empty_table_has_its_header() {
        assert_eq!(Pages::new(&["ID"], false).take(), " ID\n----\n");
        assert!(Pages::new(&["ID"], true).take().contains("\u{1b}["));
    }
}
