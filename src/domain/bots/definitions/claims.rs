//! The claim that a value matches a schema which a bot or an integration declares.

use serde_json::Value;

use super::DeclaredSchema;
use crate::{
    domain::tenancy::claims::Claim,
    kernel::{Result, schema::Limits},
};

/// A value keeps to a schema.
#[derive(Debug, PartialEq)]
pub(in crate::domain) struct Keeps {
    pub(in crate::domain) schema: DeclaredSchema,
    pub(in crate::domain) value: Value,
    /// The member of the body that the value is.
    pub(in crate::domain) place: String,
}

impl Claim for Keeps {
    fn prove(&self, limits: &Limits) -> Result<()> {
        self.schema.check(&self.value, &self.place, limits)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        domain::tenancy::claims::{Claims, ProvenClaims, SharedClaim},
        kernel::Kind,
    };

    fn keeps(schema: Value, value: Value) -> SharedClaim {
        let Value::Object(source) = schema else {
            panic!("an object")
        };
        let schema = DeclaredSchema::new(source, "schema", &Limits::default()).expect("a schema");
        let place = "payload".to_owned();
        SharedClaim::new(Keeps {
            schema,
            value,
            place,
        })
    }

    #[test]
    fn only_what_was_proven_of_the_same_schema_and_value_holds() {
        let text = || json!({"type": "string"});
        let mut proven = ProvenClaims::default();
        let limits = Limits::default();
        proven
            .prove(keeps(text(), json!("a")), &limits)
            .expect("it holds");
        let refused = proven.prove(keeps(text(), json!(1)), &limits);
        assert_eq!(refused.expect_err("no text").kind(), Kind::InvalidData);
        for (claim, holds) in [
            (keeps(text(), json!("a")), true),
            (keeps(text(), json!("b")), false),
            (keeps(text(), json!(1)), false),
            (keeps(json!({"type": ["string"]}), json!("a")), false),
        ] {
            let mut claims = Claims::from_proven(proven.clone());
            claims.claim(claim);
            assert_eq!(claims.require_proven().is_ok(), holds);
            assert_eq!(claims.take_unproven().is_empty(), holds);
        }
    }

    #[test]
    fn claims_share_the_steps_of_one_value() {
        let limits = Limits {
            max_steps: 4_000,
            ..Limits::default()
        };
        let list = || vec![0; 1_500];
        let schema = || json!({"items": {"type": "integer"}});
        let mut proven = ProvenClaims::default();
        proven
            .prove(keeps(schema(), json!(list())), &limits)
            .expect("the first");
        let mut other = list();
        other.push(1);
        let second = proven.prove(keeps(schema(), json!(other)), &limits);
        assert!(second.is_err(), "it has half of the steps");
    }
}
