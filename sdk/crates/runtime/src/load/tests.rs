//! Which source wins, and what is said of a bad one.

use super::*;
