mod property;

use serde_json::json;

use super::*;
use crate::import::tree::Tree;
use crate::problem::SourceId;

/// A document of a version with schemas.
fn document(version: &str, schemas: &Json) -> String {
    json!({"openapi": version, "info": {"title": "t", "version": "1"}, "components": {"schemas": schemas}}).to_string()
}

/// What is made of the schema `S` with a seed.
fn made(version: &str, schemas: &Json, seed: u64) -> Result<Made, Fail> {
    let text = document(version, schemas);
    let tree = Tree::parse(&text, SourceId::NONE).unwrap();
    let document = Document::read(&tree).unwrap_or_else(|problems| panic!("{problems:?}"));
    let schema = document.target("#/components/schemas/S").unwrap();
    Maker::new(&document, seed).make(schema, "")
}

/// A schema of 3.0 as one of JSON Schema: what differs between the two that a validator looks at.
pub(crate) fn translated(schema: &Json) -> Json {
    match schema {
        Json::Array(items) => items.iter().map(translated).collect(),
        Json::Object(members) => {
            let mut out: Map = members.iter().map(|(name, value)| (name.clone(), translated(value))).collect();
            if out.contains_key("$ref") {
                out.retain(|name, _| name == "$ref");
            }
            if out.get("nullable") == Some(&json!(true)) && out.get("type").is_some_and(Json::is_string) {
                out["type"] = json!([out["type"], "null"]);
            }
            for (open, bound) in [("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")] {
                match out.get(open) {
                    Some(Json::Bool(true)) => {
                        let bound = out.remove(bound);
                        out.remove(open);
                        out.extend(bound.map(|bound| (open.to_owned(), bound)));
                    }
                    Some(Json::Bool(false)) => drop(out.remove(open)),
                    _ => {}
                }
            }
            Json::Object(out)
        }
        other => other.clone(),
    }
}

type Map = serde_json::Map<String, Json>;

/// What a library says that knows nothing of ours.
fn check(version: &str, schemas: &Json, value: &Json) -> Result<(), String> {
    let mut whole = json!({"$ref": "#/components/schemas/S", "components": {"schemas": schemas}});
    if version.starts_with("3.0") {
        whole["components"]["schemas"] = schemas
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, schema)| (name.clone(), translated(schema)))
            .collect::<Map>()
            .into();
    }
    let validator = jsonschema::draft202012::options().should_validate_formats(true).build(&whole).unwrap();
    validator.validate(value).map_err(|error| format!("{error} at {}", error.instance_path()))
}

#[track_caller]
fn valid(version: &str, schemas: &Json) -> Json {
    let mut first = None;
    for seed in 0..20 {
        let made = made(version, schemas, seed).unwrap_or_else(|fail| panic!("{schemas}: {fail:?}"));
        assert_eq!(made.misfit, None, "{schemas}: {}", made.value);
        check(version, schemas, &made.value).unwrap_or_else(|error| panic!("{schemas}: {}: {error}", made.value));
        first.get_or_insert(made.value);
    }
    first.unwrap()
}

#[test]
fn every_keyword_is_satisfied() {
    for schema in [
        json!({}),
        json!(true),
        json!({"type": "string", "minLength": 40, "maxLength": 42}),
        json!({"type": "string", "maxLength": 1}),
        json!({"type": "string", "minLength": 3, "pattern": "^[A-Z]{2}\\d+(-x)?$"}),
        json!({"type": "string", "pattern": "a|b", "minLength": 5}),
        json!({"type": "string", "pattern": "^[^\\s/]+@[\\w.-]+\\.(com|org)$", "maxLength": 30}),
        json!({"type": "string", "pattern": "^(?:[01]\\d|2[0-3]):[0-5]\\d$"}),
        json!({"type": "string", "enum": ["a", "b"]}),
        json!({"const": {"a": [1, null]}}),
        json!({"enum": [null, 3]}),
        json!({"type": "integer", "minimum": 5, "maximum": 5}),
        json!({"type": "integer", "exclusiveMinimum": 5, "exclusiveMaximum": 7}),
        json!({"type": "integer", "multipleOf": 7, "minimum": 15}),
        json!({"type": "integer", "maximum": -3}),
        json!({"type": "integer", "format": "int32", "minimum": 2_147_483_000}),
        json!({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.001}),
        json!({"type": "number", "multipleOf": 0.01, "minimum": 0.5, "maximum": 0.6}),
        json!({"type": "number", "minimum": 0.1, "maximum": 0.1}),
        json!({"type": ["null", "boolean"]}),
        json!({"type": "null"}),
        json!({"type": "array", "items": {"type": "integer"}, "minItems": 3, "uniqueItems": true}),
        json!({"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}], "items": false}),
        json!({"type": "array", "items": {"type": ["integer", "string"]}, "contains": {"type": "string"}, "minItems": 2}),
        json!({"type": "array", "maxItems": 0}),
        json!({"type": "array", "items": {"type": "boolean"}, "uniqueItems": true, "minItems": 2}),
        json!({"type": "object", "required": ["a", "z"], "properties": {"a": {"type": "integer"}, "b": {}}}),
        json!({"required": ["z"], "additionalProperties": {"type": "integer"}}),
        json!({"type": "object", "additionalProperties": {"type": "integer"}, "minProperties": 3}),
        json!({"type": "object", "minProperties": 1, "maxProperties": 1, "properties": {"a": {}, "b": {}, "c": {}}}),
        json!({"type": "object", "maxProperties": 1, "required": ["c"], "properties": {"a": {}, "b": {}, "c": {}}}),
        json!({"type": "object", "propertyNames": {"pattern": "^x-[a-z]+$"}, "minProperties": 1}),
        json!({"type": "object", "properties": {"a": {}, "b": {}}, "dependentRequired": {"a": ["c"]}}),
        json!({"type": "object", "patternProperties": {"^n": {"type": "integer"}}, "required": ["no"], "additionalProperties": false}),
        json!({"type": "object", "properties": {"a": false, "b": {"type": "string"}}}),
        json!({"allOf": [{"type": "object", "required": ["a"]}, {"properties": {"a": {"minimum": 3}}}, {"properties": {"a": {"type": "integer", "maximum": 4}}}]}),
        json!({"anyOf": [{"type": "null"}, {"type": "string", "format": "uuid"}]}),
        json!({"oneOf": [{"type": "number"}, {"type": "integer"}, {"type": "string"}]}),
        json!({"type": "object", "oneOf": [{"required": ["a"]}, {"required": ["b"]}], "properties": {"a": {}, "b": {}}, "maxProperties": 1}),
        json!({"anyOf": [{"type": "string", "minLength": 9, "maxLength": 3}, {"type": "boolean"}]}),
        json!({"if": {"properties": {"k": {"const": 1}}, "required": ["k"]}, "then": {"required": ["l"]}, "type": "object"}),
        json!({"type": "string", "example": "given"}),
        json!({"type": "string", "examples": ["given"]}),
        json!({"type": "string", "default": "given"}),
        json!({"type": "integer", "example": "no number"}),
    ] {
        valid("3.1.0", &json!({ "S": schema }));
    }
    assert_eq!(valid("3.1.0", &json!({"S": {"type": "string", "example": "given"}})), "given");
}

#[test]
fn the_dialect_of_3_0_is_another() {
    for schema in [
        json!({"type": "string", "nullable": true}),
        json!({"type": "integer", "minimum": 4, "exclusiveMinimum": true, "maximum": 6, "exclusiveMaximum": true}),
        json!({"type": "number", "minimum": 0, "exclusiveMinimum": true, "maximum": 0.5}),
        json!({"type": "integer", "minimum": 4, "exclusiveMinimum": false, "maximum": 4}),
        json!({"$ref": "#/components/schemas/T", "type": "integer"}),
        json!({"allOf": [{"$ref": "#/components/schemas/T"}], "maxLength": 3}),
    ] {
        valid("3.0.3", &json!({"S": schema, "T": {"type": "string"}}));
    }
}

#[test]
fn every_format_is_of_its_form() {
    for format in [
        "date",
        "time",
        "date-time",
        "duration",
        "email",
        "idn-email",
        "hostname",
        "idn-hostname",
        "ipv4",
        "ipv6",
        "uri",
        "iri",
        "uri-reference",
        "iri-reference",
        "uri-template",
        "uuid",
        "json-pointer",
        "relative-json-pointer",
        "regex",
    ] {
        valid("3.1.0", &json!({"S": {"type": "string", "format": format}}));
    }
    let made = valid("3.0.0", &json!({"S": {"type": "string", "format": "byte"}}));
    base64::Engine::decode(&base64::engine::general_purpose::STANDARD, made.as_str().unwrap()).unwrap();
}

#[test]
fn what_refers_to_itself_comes_to_an_end() {
    let tree = json!({"type": "object", "required": ["name", "children"], "properties": {
        "name": {"type": "string"},
        "parent": {"$ref": "#/components/schemas/S"},
        "children": {"type": "array", "items": {"$ref": "#/components/schemas/S"}},
    }});
    let value = valid("3.0.0", &json!({ "S": tree }));
    assert_eq!((value["children"].clone(), value.get("parent")), (json!([]), None));
    let either = json!({"oneOf": [{"$ref": "#/components/schemas/T"}, {"type": "null"}]});
    let around = json!({"type": "object", "required": ["s"], "properties": {"s": {"$ref": "#/components/schemas/S"}}});
    assert_eq!(valid("3.1.0", &json!({"S": either, "T": around})), Json::Null, "the way out is another branch");
}

#[test]
fn what_nothing_satisfies_says_why() {
    let itself = json!({"type": "object", "required": ["s"], "properties": {"s": {"$ref": "#/components/schemas/S"}}});
    let wide = |n: usize| json!({"type": "array", "minItems": n, "items": {}});
    for (schema, fail) in [
        (itself, Fail::Cycle),
        (json!(false), Fail::Never),
        (json!({"type": "integer", "minimum": 5, "maximum": 4}), Fail::Never),
        (json!({"type": "integer", "minimum": 0.1, "maximum": 0.9}), Fail::Never),
        (json!({"type": "integer", "exclusiveMinimum": 1e300}), Fail::Never),
        (json!({"type": "integer", "exclusiveMaximum": -1e300}), Fail::Never),
        (json!({"allOf": [{"type": "string"}, {"type": "integer"}]}), Fail::Never),
        (json!({"type": "string", "enum": [1]}), Fail::Never),
        (json!({"type": "string", "minLength": 5, "maxLength": 4}), Fail::Never),
        (json!({"type": "string", "minLength": 1_000_000_000}), Fail::Large),
        (wide(1_000_000_000), Fail::Large),
        (
            json!({"type": "array", "minItems": 1000, "items": {"type": "array", "minItems": 1000, "items": {}}}),
            Fail::Large,
        ),
        (json!({"type": "object", "minProperties": 1_000_000}), Fail::Large),
    ] {
        assert_eq!(made("3.1.0", &json!({ "S": schema }), 0).unwrap_err(), fail, "{schema}");
    }
}

#[test]
fn what_is_made_and_does_not_fit_is_known() {
    for (schema, keyword) in [
        (json!({"type": "string", "not": {"minLength": 0}}), "not"),
        (json!({"type": "string", "pattern": "^(?=.*x)y$"}), "pattern"),
        (json!({"oneOf": [{"type": "integer"}, {"type": "integer"}]}), "oneOf"),
    ] {
        assert_eq!(made("3.1.0", &json!({ "S": schema }), 0).unwrap().misfit, Some(keyword), "{schema}");
    }
}

#[test]
fn a_discriminator_is_what_its_branch_is_called() {
    let branch = |name: &str| json!({"type": "object", "required": ["kind"], "properties": {"kind": {"type": "string"}, name: {"type": "integer"}}});
    let of = |mapping: Json| json!({"oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}], "discriminator": {"propertyName": "kind", "mapping": mapping}});
    for (mapping, kind) in [(json!({}), "Cat"), (json!({"feline": "#/components/schemas/Cat"}), "feline")] {
        let schemas = json!({"S": of(mapping), "Cat": branch("lives"), "Dog": branch("tricks")});
        assert_eq!(made("3.0.0", &schemas, 0).unwrap().value["kind"], kind);
    }
}

#[test]
fn a_seed_gives_the_same_values_in_every_build_and_others_differ() {
    let schema = json!({"S": {"type": "object", "properties": {
        "id": {"type": "string", "format": "uuid"}, "n": {"type": "integer"}, "x": {"type": "number"}, "w": {"type": "string"},
    }}});
    let value = |seed: u64| made("3.0.0", &schema, seed).unwrap().value.to_string();
    expect_test::expect![[r#"{"id":"d83ad21f-022b-46fa-8af9-bc07f52b3183","n":544,"x":8.0,"w":"willow"}"#]]
        .assert_eq(&value(1));
    assert_eq!(value(7), value(7));
    assert_ne!(value(7), value(8));
}

#[test]
fn a_schema_with_very_many_ways_through_it_is_bounded() {
    let mut schemas = Map::new();
    for level in 0..30 {
        let next = json!({"$ref": format!("#/components/schemas/L{}", level + 1)});
        let properties: Map = (0..10).map(|n| (format!("p{n}"), next.clone())).collect();
        schemas.insert(
            format!("L{level}"),
            json!({"type": "object", "properties": properties, "anyOf": [next, next, {}]}),
        );
    }
    schemas.insert("L30".to_owned(), json!({"type": "string"}));
    schemas.insert("S".to_owned(), json!({"$ref": "#/components/schemas/L0"}));
    let made = made("3.0.0", &Json::Object(schemas), 0);
    assert!(made.is_err() || made.unwrap().value.to_string().len() < 1 << 20);
}

/// The stack of a test's thread is that of the threads which load a configuration.
#[test]
fn what_is_nested_deeply_costs_no_stack() {
    let mut schemas = Map::new();
    for level in 0..1000 {
        let next = json!({"$ref": format!("#/components/schemas/L{}", level + 1)});
        let member = json!({"type": "object", "required": ["m"], "properties": {"m": {"anyOf": [{"allOf": [next]}]}}});
        schemas.insert(format!("L{level}"), json!({"oneOf": [{"allOf": [member]}]}));
    }
    schemas.insert("L1000".to_owned(), json!({"type": "string"}));
    schemas.insert("S".to_owned(), json!({"$ref": "#/components/schemas/L0"}));
    assert_eq!(made("3.0.0", &Json::Object(schemas.clone()), 0).unwrap_err(), Fail::Large);
    schemas.insert("L90".to_owned(), json!({"type": "string"}));
    assert_eq!(made("3.0.0", &Json::Object(schemas), 0).unwrap().misfit, None);
}
