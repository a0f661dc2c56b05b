//! The `filter` parameter: clauses `field:operator:value` joined by commas, which mean "and".

use crate::errors::ApiError;

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Eq,
    CiEq,
    In,
    Like,
    Gt,
    Gte,
    Lt,
    Lte,
}

/// One clause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Clause {
    pub(crate) field: String,
    pub(crate) op: Op,
    /// One value, or all of an `in` list.
    pub(crate) values: Vec<String>,
}

impl Clause {
    /// Compares text; the ordered operators compare it byte by byte, which is right for the
    /// dates that they are used with.
    pub(crate) fn matches(&self, text: &str) -> bool {
        let mut values = self.values.iter();
        match self.op {
            Op::Eq | Op::In => values.any(|value| value == text),
            Op::CiEq => values.any(|value| value.to_lowercase() == text.to_lowercase()),
            Op::Like => values
                .any(|value| text.to_lowercase().contains(&value.replace(['*', '%'], "").to_lowercase())),
            Op::Gt => values.any(|value| text > value.as_str()),
            Op::Gte => values.any(|value| text >= value.as_str()),
            Op::Lt => values.any(|value| text < value.as_str()),
            Op::Lte => values.any(|value| text <= value.as_str()),
        }
    }

    /// Compares a number.
    pub(crate) fn matches_number(&self, number: usize) -> bool {
        self.values.iter().filter_map(|value| value.parse::<usize>().ok()).any(|value| match self.op {
            Op::Gt => number > value,
            Op::Gte => number >= value,
            Op::Lt => number < value,
            Op::Lte => number <= value,
            Op::Eq | Op::In | Op::CiEq | Op::Like => number == value,
        })
    }

    /// Refuses an operator that the field does not have.
    pub(crate) fn allow(&self, ops: &[Op]) -> Result<(), ApiError> {
        if ops.contains(&self.op) {
            return Ok(());
        }
        Err(invalid(&format!("the operator of '{}' is not supported", self.field)))
    }

    /// The refusal of a field that cannot be filtered.
    pub(crate) fn unknown_field(&self) -> ApiError {
        invalid(&format!("the field '{}' is not supported", self.field))
    }
}

/// The error of every filter that cannot be understood.
pub(crate) fn invalid(why: &str) -> ApiError {
    ApiError::bad_request("400025", format!("Invalid filter: {why}"))
}

/// Reads a decoded filter. A comma inside a value cannot be told from one between clauses, so
/// such a filter is refused, as Tableau does.
pub(crate) fn parse_filter(text: &str) -> Result<Vec<Clause>, ApiError> {
    let mut clauses = Vec::new();
    for part in split_outside_brackets(text) {
        let mut pieces = part.splitn(3, ':');
        let (Some(field), Some(op), Some(value)) = (pieces.next(), pieces.next(), pieces.next()) else {
            return Err(invalid(&format!("'{part}' is not of the form field:operator:value")));
        };
        let op = match op {
            "eq" => Op::Eq,
            "cieq" => Op::CiEq,
            "in" => Op::In,
            "like" => Op::Like,
            "gt" => Op::Gt,
            "gte" => Op::Gte,
            "lt" => Op::Lt,
            "lte" => Op::Lte,
            _ => return Err(invalid(&format!("'{op}' is not an operator"))),
        };
        let values = if op == Op::In {
            let list = value.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
            let list = list.ok_or_else(|| invalid("the operator 'in' needs a list in brackets"))?;
            list.split(',').map(|value| value.trim().to_owned()).collect()
        } else {
            vec![value.to_owned()]
        };
        clauses.push(Clause { field: field.to_owned(), op, values });
    }
    Ok(clauses)
}

fn split_outside_brackets(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0u32);
    for (position, byte) in text.bytes().enumerate() {
        match byte {
            b'[' => depth += 1,
            b']' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => {
                parts.push(&text[start..position]);
                start = position + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_join_clauses_and_lists_stay_whole() -> Result<(), ApiError> {
        let clauses = parse_filter("siteRole:in:[Creator,Viewer],lastLogin:gte:2025-01-01T00:00:00Z")?;
        assert_eq!(clauses.len(), 2);
        assert_eq!(clauses[0].values, ["Creator", "Viewer"]);
        assert_eq!(clauses[1].values, ["2025-01-01T00:00:00Z"]);
        Ok(())
    }

    #[test]
    fn a_comma_in_a_value_breaks_the_filter() {
        let error = parse_filter("name:eq:Smith, John").expect_err("the comma ends the clause");
        assert_eq!(error.code, "400025");
    }
}
