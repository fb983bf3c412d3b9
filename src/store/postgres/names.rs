//! The names of the tables. They go into statements as text, so each is checked first.

/// A text that cannot be the name of a schema, or the beginning of the names of tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a name for tables; use a lower-case letter or _ first, then these and digits, {most} characters in all"
)]
pub struct InvalidTableName {
    /// The largest number of characters.
    most: usize,
}

/// PostgreSQL cuts names after 63 bytes, silently.
const MOST_OF_SCHEMA: usize = 63;
/// With the longest ending, and what PostgreSQL adds for the names of keys, a name stays below the limit.
const MOST_OF_PREFIX: usize = 40;

/// Where the tables are, and how their names begin.
#[derive(Clone, Debug)]
pub(super) struct Names {
    schema: Option<String>,
    prefix: String,
}

impl Default for Names {
    fn default() -> Self {
        Self { schema: None, prefix: "countersign_".to_owned() }
    }
}

impl Names {
    pub(super) fn in_schema(self, schema: &str) -> Result<Self, InvalidTableName> {
        Ok(Self { schema: Some(checked(schema, MOST_OF_SCHEMA)?), ..self })
    }

    pub(super) fn with_prefix(self, prefix: &str) -> Result<Self, InvalidTableName> {
        Ok(Self { prefix: checked(prefix, MOST_OF_PREFIX)?, ..self })
    }

    pub(super) fn schema(&self) -> Option<&str> {
        self.schema.as_deref()
    }

    /// Puts the names of the tables into a statement that has `{users}`, `{settings}`, `{events}`,
    /// `{outbox}` and `{schema}`.
    pub(super) fn fill(&self, template: &str) -> String {
        let mut statement = template.to_owned();
        for table in ["users", "settings", "events", "outbox", "schema"] {
            let name = match &self.schema {
                Some(schema) => format!("\"{schema}\".{}{table}", self.prefix),
                None => format!("{}{table}", self.prefix),
            };
            statement = statement.replace(&format!("{{{table}}}"), &name);
        }
        statement
    }
}

fn checked(name: &str, most: usize) -> Result<String, InvalidTableName> {
    let starts = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
    let goes_on = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if starts && goes_on && name.len() <= most { Ok(name.to_owned()) } else { Err(InvalidTableName { most }) }
}

#[cfg(test)]
mod tests {
    use super::Names;

    #[test]
    fn what_could_be_more_than_a_name_is_refused() {
        let (most, more) = ("x".repeat(40), "x".repeat(41));
        for prefix in ["a", "_", "portal_2fa_", &most] {
            assert!(Names::default().with_prefix(prefix).is_ok(), "{prefix}");
        }
        for prefix in ["", "2fa_", "Portal_", "a b", "a;", "a\"", "a'", "a.b", "größe_", "a\n", &more] {
            assert!(Names::default().with_prefix(prefix).is_err(), "{prefix}");
        }
        for schema in ["", "public; DROP", "a\".b", "Auth"] {
            assert!(Names::default().in_schema(schema).is_err(), "{schema}");
        }
        let names = Names::default().in_schema("auth").unwrap().with_prefix("p_").unwrap();
        assert_eq!(names.fill("SELECT {users}, {schema}"), "SELECT \"auth\".p_users, \"auth\".p_schema");
    }
}
