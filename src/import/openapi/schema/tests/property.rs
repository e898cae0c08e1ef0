//! Random schemas.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::{Map, check, made};

fn schema() -> impl Strategy<Value = Json> {
    let scalar = prop_oneof![
        (0_usize..8, 0_usize..8).prop_map(|(a, b)| json!({"type": "string", "minLength": a, "maxLength": a + b})),
        (-50_i64..50, 0_i64..20).prop_map(|(a, b)| json!({"type": "integer", "minimum": a, "maximum": a + b})),
        (-5.0_f64..5.0, 0.0_f64..3.0).prop_map(|(a, b)| json!({"type": "number", "minimum": a, "maximum": a + b})),
        Just(json!({"type": "boolean"})),
        Just(json!({"type": ["string", "null"]})),
        Just(json!({"enum": ["x", 1, null]})),
        Just(json!({"type": "array", "items": {"$ref": "#/components/schemas/S"}})),
        Just(json!({"properties": {"t": {"$ref": "#/components/schemas/T"}}})),
        "[a-c]{1,2}[0-9]?".prop_map(|p| json!({"type": "string", "pattern": format!("^{p}+$")})),
    ];
    scalar.prop_recursive(4, 24, 4, |inner| {
        let members =
            prop::collection::vec((prop::sample::select(vec!["a", "b", "c", "d"]), inner.clone(), any::<bool>()), 0..4);
        let object = (members, any::<bool>()).prop_map(|(members, is_closed)| {
            let required: Vec<&str> = members.iter().filter(|m| m.2).map(|m| m.0).collect();
            let required: std::collections::BTreeSet<&str> = required.into_iter().collect();
            let properties: Map =
                members.iter().map(|(name, schema, _)| ((*name).to_owned(), schema.clone())).collect();
            let mut schema = json!({"type": "object", "required": required, "properties": properties});
            if is_closed {
                schema["additionalProperties"] = json!(false);
            }
            schema
        });
        prop_oneof![
            object,
            (inner.clone(), 0_usize..3).prop_map(|(items, n)| json!({"type": "array", "items": items, "minItems": n})),
            prop::collection::vec(inner.clone(), 1..3).prop_map(|all| json!({ "allOf": all })),
            prop::collection::vec(inner.clone(), 1..4).prop_map(|any| json!({ "anyOf": any })),
            prop::collection::vec(inner, 1..4).prop_map(|one| json!({ "oneOf": one })),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// What is made satisfies its schema, or its maker knows that it does not: the library is never of another mind.
    #[test]
    fn the_maker_and_the_library_agree(s in schema(), t in schema(), seed in 0_u64..4) {
        let schemas = json!({"S": s, "T": t});
        if let Ok(made) = made("3.1.0", &schemas, seed) {
            let theirs = check("3.1.0", &schemas, &made.value);
            prop_assert_eq!(made.misfit.is_none(), theirs.is_ok(), "{} {:?} {:?}", made.value, made.misfit, theirs);
        }
    }
}
