mod refused;

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
      €: {description: three bytes}
      éx: {description: three bytes}
      '204': {description: d, content: {application/json: {}}}
  post: {}
  put: {responses: {default: {description: d}}}
  delete: {responses: {'404': {description: d}, '301': {description: d}}}
  GET: {}
  query: {}
  x-own: {}",
    );
    expect_test::expect![[r#"
        GET /a [listAll]
          dog: plain; 200 x-total=7 x-list=1,a vary=Accept json {"id":1,"text":"{{ x }}"}
          cat: selected; 200 x-total=7 x-list=1,a vary=Accept json {"id":2}
          cat (application/xml): for cat; 200 x-total=7 x-list=1,a vary=Accept application/xml <cat/>
          cow: selected; 200 x-total=7 x-list=1,a application/xml <cow/>
          200: for dog; 200 x-total=7 x-list=1,a vary=Accept text/plain words
          201: selected; 201 json "made"
          204: selected; 204
          404: selected; 404
          4XX: selected; 400 application/problem+json {}
          default: selected; 500 json {"error":1}
        POST /a [post-a]
          200: 200
        PUT /a [put-a]
          default: 200
        DELETE /a [delete-a]
          301: 301
          404: selected; 404
        note 17: GET /a: left out: Standin frames its answers itself: `content-length`
        lost 19: GET /a: left out: no header name: "bad header"
        lost 20: GET /a: left out: a header without a value that can be sent: `x-bad`
        lost 21: GET /a: left out: a header without a value that can be sent: `x-none`
        note 25: GET /a: taken as JSON: an example that holds it as text: 
        lost 25: GET /a: left out: an example that stands elsewhere, and nothing is fetched: `far`
        lost 25: GET /a: left out: an example without a `value`: `odd`
        lost 31: GET /a: left out: a response whose status is not 200 to 599: `99`
        lost 32: GET /a: left out: a response whose status is not 200 to 599: `102`
        lost 34: GET /a: left out: a response whose status is not 200 to 599: `€`
        lost 35: GET /a: left out: a response whose status is not 200 to 599: `éx`
        note 36: GET /a: sent without a body: such a status has none: `204`
        note 37: POST /a: answered with 200 and no body: no response that can be sent: 
        lost 40: /a: left out: neither a method in lower case nor a field of a path: `GET`
        lost 41: /a: left out: neither a method in lower case nor a field of a path: `query`
    "#]]
    .assert_eq(&read(&text, OPTIONS));
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
    expect_test::expect![[r#"
        GET /a [get-a]
          200: 200 vary=Accept application/vnd.api+json; charset=utf-8 [true]
          200 (application/json): for 200; 200 vary=Accept json 1
          200 (text/csv): for 200; 200 vary=Accept text/csv a,b
          200 (application/x-www-form-urlencoded): for 200; 200 vary=Accept application/x-www-form-urlencoded a=1+2&b=%5B%22c%22%5D
          200 (application/x-ndjson): for 200; 200 vary=Accept application/x-ndjson {"a":1}
        {"b":2}

          200 (text/event-stream): for 200; 200 vary=Accept text/event-stream data: {"a":1}


          200 (text/html): for 200; 200 vary=Accept text/html {"a":1}
          200 (application/octet-stream): for 200; 200 vary=Accept application/octet-stream {"a":1}
          200 (application/xml): for 200; 200 vary=Accept application/xml <?xml version="1.0" encoding="UTF-8"?><p:pet xmlns:p="http://x.test/a&amp;b" id="7"><tags><tag>a&lt;b</tag></tags><plain>1</plain><odd_name></odd_name><owner><name>&quot;Ada&quot; &amp; co</name></owner></p:pet>
        note 16: GET /a: filled with JSON: the media type has no form for what its schema says: `application/octet-stream`
        lost 18: GET /a: left out: no media type: `nonsense`
        lost 19: GET /a: left out: a media type that another one stands for already: `TEXT/CSV`
        note 23: GET /a: sent without a body: neither an example nor a schema: `text/none`
        lost 24: GET /a: sent without a body: no value can be made from its schema: `text/never`: nothing satisfies it
    "#]].assert_eq(&read(&text, OPTIONS));
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
    expect_test::expect![[r#"
        GET /v1/files/{id} [one-3]
          200: 200
        GET /v0/files/{id} [one-4]
          200: 200
        GET /v1/files/{id} [one]
          200: 200
        GET /v0/files/{id} [one-2]
          200: 200
        GET /v2/own/{a} [get-v2-own-a]
          200: 200
        PUT /item/own/{a} [put-item-own-a]
          200: 200
        GET /v1/q?a=1 [get-v1-q-a-1]
          200: 200
        GET /v0/q?a=1 [get-v0-q-a-1]
          200: 200
        GET /v1/shared [get-v1-shared]
          200: 200
        GET /v0/shared [get-v0-shared]
          200: 200
        note 4: GET /files/{id}: answered with 200 and no body: no response that can be sent: 
        note 5: GET /files/{id}.json: taken as any text: a parameter that nothing describes: `{id}`
        note 5: GET /files/{id}.json: answered with 200 and no body: no response that can be sent: 
        note 6: GET /files/{name}: taken as any text: a parameter that nothing describes: `{name}`
        note 6: GET /files/{name}: answered with 200 and no body: no response that can be sent: 
        lost 6: GET /files/{name}: left out: no request tells it from another: `GET /files/{id}`
        lost 6: GET /files/{name}: left out: no request tells it from another: `GET /files/{id}`
        note 10: GET /own/{a}: not used: a parameter that the path does not have: `{gone}`
        note 10: GET /own/{a}: answered with 200 and no body: no response that can be sent: 
        note 11: PUT /own/{a}: not used: a parameter that the path does not have: `{gone}`
        note 11: PUT /own/{a}: answered with 200 and no body: no response that can be sent: 
        note 12: GET /q?a=1&b: answered with 200 and no body: no response that can be sent: 
        lost 13: GET /x//y: left out: no request can have its path: doubled slashes and dot segments never reach matching
        lost 14: GET /h#ash: left out: no request can have its path: no request carries what stands behind `#`
        lost 15: GET list: left out: no request can have its path: a path begins with `/`
        lost 16: /seven: left out: a path that is no object: 
        lost 17: GET /eight: left out: an operation that is no object: 
        lost 20: GET /files/{id}: not used: a server whose path cannot be read: `/{open}`: a variable without a default
        lost 20: GET /files/{id}: not used: a server whose path cannot be read: it has no `url`
        note 21: GET /shared: answered with 200 and no body: no response that can be sent: 
        note 21: GET /shared: not mocked: callbacks, which the service calls itself: 
        note 22: w: not mocked: a webhook, which the service calls itself: 
    "#]].assert_eq(&read(&text, OPTIONS));
    let without = read(&text, Options { servers: false, ..OPTIONS });
    assert!(without.contains("GET /files/{id} [one]\n") && !without.contains("/v1"), "{without}");
}
