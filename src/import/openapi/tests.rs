use std::fmt::Write as _;

use super::*;
use crate::import::Weight;
use crate::problem::Sources;

const OPTIONS: Options = Options { seed: 0, servers: true, written: false };

/// What a document comes to, as a text: each stub, its scenarios, then the notes.
fn read(text: &str, options: Options) -> String {
    let mut sources = Sources::default();
    let source = sources.add("api", text);
    let spec = match spec(text, source, options) {
        Ok(spec) => spec,
        Err(problems) => {
            let said = |problem: &Problem| {
                let place = problem.place.as_ref().unwrap();
                let (line, column) = sources.line_column(place.0);
                let help = problem.help.as_deref().unwrap();
                format!("{line}:{column} {}: {}; {}\n  {help}\n", problem.code, problem.title, place.1)
            };
            return problems.iter().map(said).collect();
        }
    };
    let mut out = String::new();
    for stub in &spec.stubs {
        let stub = &stub.value;
        let _ = writeln!(out, "{} [{}]", stub.r#match.as_ref().unwrap().value, stub.name.as_ref().unwrap().value);
        for scenario in &stub.scenario.as_ref().unwrap().value.0 {
            let scenario = &scenario.value;
            let response = &scenario.short.response;
            let _ = write!(out, "  {}:", scenario.name.as_ref().unwrap().value);
            if let Some(to) = &scenario.alternative_to {
                let _ = write!(out, " for {};", to.value);
            }
            if scenario.only_selected.is_some() {
                out.push_str(" selected;");
            }
            if scenario.template.is_some() {
                out.push_str(" plain;");
            }
            let _ = write!(out, " {}", response.status.as_ref().map_or(200, |status| status.0));
            for (name, values) in response.headers.iter().flat_map(|headers| &headers.value.0) {
                let _ = write!(out, " {}={}", name.value, values.0[0].value.0);
            }
            if let Some(body) = &response.body {
                let _ = write!(out, " {} {}", response.r#type.as_ref().unwrap().value, body.value);
            }
            out.push('\n');
        }
    }
    for Note { place, entry, what, detail, weight } in &spec.notes {
        let (line, _) = sources.line_column(place.unwrap());
        let weight = if *weight == Weight::Lost { "lost" } else { "note" };
        let _ = writeln!(out, "{weight} {line}: {entry}: {what}: {detail}");
    }
    out
}

/// A document with these paths.
fn paths(paths: &str) -> String {
    let indented: String = paths.lines().map(|line| format!("  {line}\n")).collect();
    format!("openapi: 3.1.0\ninfo: {{title: Shop, version: '1'}}\npaths:\n{indented}")
}

#[test]
fn responses_become_scenarios_the_lowest_success_first() {
    let text = paths(
        "/a:
  get:
    operationId: listAll
    responses:
      default: {description: d, content: {application/json: {example: {error: 1}}}}
      '404': {description: d}
      4XX: {description: d, content: {application/problem+json: {example: {}}}}
      '201': {description: d, content: {application/json: {example: made}}}
      200:
        description: d
        headers:
          X-Total: {schema: {type: integer, example: 7}}
          X-List: {example: [1, a]}
          Content-Length: {example: 5}
          Content-Type: {example: text/x}
          'bad header': {example: 5}
          X-Bad: {example: \"a\\nb\"}
          X-None: {}
        content:
          application/xml: {examples: {cat: {value: <cat/>}, cow: {value: <cow/>}}}
          application/json:
            examples:
              dog: {value: {id: 1, text: '{{ x }}'}}
              cat: {value: '{\"id\": 2}'}
              far: {externalValue: 'https://x.test/cat.json'}
              odd: {summary: no value}
          text/plain: {example: words}
      '99': {description: d}
      '102': {description: d}
      x-more: 7
      '204': {description: d, content: {application/json: {}}}
  post: {}
  put: {responses: {default: {description: d}}}
  delete: {responses: {'404': {description: d}, '301': {description: d}}}
  GET: {}
  query: {}
  x-own: {}",
    );
    expect_test::expect![[r#""#]].assert_eq(&read(&text, OPTIONS));
}

#[test]
fn bodies_have_the_form_of_their_media_type() {
    let text = paths(
        "/a:
  get:
    responses:
      200:
        description: d
        content:
          application/vnd.api+json; charset=utf-8: {schema: {type: array, items: {type: boolean}}}
          text/csv: {schema: {type: string, example: 'a,b'}}
          application/x-www-form-urlencoded: {example: {a: 1 2, b: [c]}}
          application/x-ndjson: {example: [{a: 1}, {b: 2}]}
          text/event-stream: {example: {a: 1}}
          text/html: {example: {a: 1}}
          image/*: {schema: {type: object, properties: {a: {example: 1}}}}
          '*/*': {example: 1}
          nonsense: {example: 1}
          TEXT/CSV: {example: 1}
          application/xml:
            schema:
              $ref: '#/components/schemas/Pet'
          text/none: {}
          text/never: {schema: false}
components:
  schemas:
    Pet:
      type: object
      xml: {name: pet, namespace: 'http://x.test/a&b', prefix: p}
      required: [id, tags, plain, owner]
      properties:
        id: {type: integer, example: 7, xml: {attribute: true}}
        tags: {type: array, xml: {name: tags, wrapped: true}, items: {type: string, example: 'a<b', xml: {name: tag}}}
        plain: {type: array, items: {type: integer, example: 1}}
        'odd name': {type: 'null'}
        owner: {type: object, properties: {name: {type: string, example: \"\\\"Ada\\\" & co\"}}}"
            .replace("\ncomponents", "\nx-skip: 1\ncomponents")
            .as_str(),
    );
    let text = text
        .replace("  x-skip: 1\n", "")
        .replace("\n  components:", "\ncomponents:")
        .replace("\n    schemas:", "\n  schemas:");
    expect_test::expect![[r#""#]].assert_eq(&read(&text, OPTIONS));
}

#[test]
fn servers_and_parameters_make_the_routes() {
    let text = paths(
        "/files/{id}: {get: {operationId: one, parameters: [{$ref: '#/components/parameters/Id'}]}}
/files/{id}.json: {get: {operationId: one}}
/files/{name}: {get: {operationId: twin}}
/own/{a}:
  servers: [{url: /item}]
  parameters: [{name: a, in: path, required: true}, {name: gone, in: path}]
  get: {servers: [{url: 'https://{host}/{base}/', variables: {host: {default: x}, base: {default: v2}}}]}
  put: {}
/q?a=1&b: {get: {}}
/x//y: {get: {}}
/h#ash: {get: {}}
list: {get: {}}
/seven: 7
/eight: {get: 8}
/shared: {$ref: '#/components/pathItems/P'}
x-own: {get: {}}",
    );
    let text = format!(
        "{text}servers: [{{url: 'https://a.test/v1'}}, {{url: /v1/}}, {{url: '{{open}}'}}, {{}}, {{url: /v0}}]\n\
         components: {{parameters: {{Id: {{name: id, in: path}}}}, pathItems: {{P: {{get: {{callbacks: {{c: {{}}}}}}}}}}}}\n\
         webhooks: {{w: {{post: {{}}}}}}\n"
    );
    expect_test::expect![[r#""#]].assert_eq(&read(&text, OPTIONS));
    let without = read(&text, Options { servers: false, ..OPTIONS });
    assert!(without.starts_with("GET /files/{id} [one]\n") && !without.contains("/v1"), "{without}");
}

#[test]
fn what_cannot_be_read_is_refused_with_places() {
    let mut said = String::new();
    for text in [
        "swagger: '2.0'\n",
        "openapi: 3.2.0\n",
        "openapi: 4\n",
        "openapi: [3]\n",
        "asyncapi: 3.0.0\n",
        "{\"info\": {}, \"item\": []}",
        "{\"log\": {}}",
        "a: 1\n",
        "just text\n",
        "openapi: 3.0.0\npaths: []\n",
        "openapi: 3.1\npaths: {/a: {get: {responses: {200: {$ref: '#/components/responses/None'}}}}}\n",
        "openapi: 3.1.0\npaths: {/a: {$ref: 'https://x.test/a.yaml#/a'}, /b: {$ref: './b.yaml'}}\n",
        "openapi: 3.1.0\ncomponents: {schemas: {A: {$ref: '#/components/schemas/B'}, B: {$ref: '#/components/schemas/A'}}}\n",
    ] {
        let _ = write!(said, "{}\n{}", text.escape_debug(), read(text, OPTIONS));
    }
    expect_test::expect![[r#""#]].assert_eq(&said);
}

#[test]
fn references_lead_anywhere_in_the_document_and_data_holds_none() {
    let text = "openapi: 3.1.0
paths:
  /a~b/{c d}:
    get: {responses: {200: {$ref: '#/components/responses/R'}}}
  /again: {$ref: '#/paths/~1a~0b~1%7Bc%20d%7D'}
components:
  responses: {R: {description: d, content: {application/json: {schema: {$ref: '#word'}}}}}
  schemas:
    W: {$anchor: word, type: object, properties: {$ref: {type: string, example: x}, example: {$ref: '#/components/schemas/V'}}}
    V: {const: {$ref: nowhere}}
    X: {example: {$ref: nowhere}, default: {$ref: nowhere}, enum: [{$ref: nowhere}], x-a: {$ref: nowhere}, examples: [{$ref: no}]}
";
    expect_test::expect![[r#""#]].assert_eq(&read(text, OPTIONS));
}

#[test]
fn a_name_is_the_title() {
    assert_eq!(name("openapi: 3.0.0\ninfo: {title: Pet shop}\n"), Some("Pet shop".to_owned()));
    assert_eq!((name("openapi: 3.0.0\n"), name("swagger: '2.0'\ninfo: {title: x}\n"), name("[")), (None, None, None));
}
