//! References, and what is no document.

use std::fmt::Write as _;

use super::{OPTIONS, name, read};

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
    expect_test::expect![[r#"
        swagger: \'2.0\'\n
        1:10 bad-openapi: the file is no OpenAPI document that can be read; this is OpenAPI 2.0, once called Swagger
          convert it first, such as with `npx swagger2openapi --outfile api.json FILE`
        openapi: 3.2.0\n
        1:10 bad-openapi: the file is no OpenAPI document that can be read; this is another version
          only 3.0 and 3.1 can be read: write the document for one of them
        openapi: 4\n
        1:10 bad-openapi: the file is no OpenAPI document that can be read; this is another version
          only 3.0 and 3.1 can be read: write the document for one of them
        openapi: [3]\n
        1:10 bad-openapi: the file is no OpenAPI document that can be read; this is another version
          only 3.0 and 3.1 can be read: write the document for one of them
        asyncapi: 3.0.0\n
        1:11 bad-openapi: the file is no OpenAPI document that can be read; this is an AsyncAPI document
          versions 3.0 and 3.1 can be read, in JSON and YAML
        {\"info\": {}, \"item\": []}
        1:22 bad-openapi: the file is no OpenAPI document that can be read; this is a Postman collection
          read it as `[postman]`, or with `standin import postman`
        {\"log\": {}}
        1:9 bad-openapi: the file is no OpenAPI document that can be read; this is a HAR archive
          versions 3.0 and 3.1 can be read, in JSON and YAML
        a: 1\n
        1:1 bad-openapi: the file is no OpenAPI document that can be read; a document says `openapi: 3.1.0` or the like
          versions 3.0 and 3.1 can be read, in JSON and YAML
        just text\n
        1:1 bad-openapi: the file is no OpenAPI document that can be read; a document is an object, and this is none
          versions 3.0 and 3.1 can be read, in JSON and YAML
        openapi: 3.0.0\npaths: []\n
        2:8 bad-openapi: the file is no OpenAPI document that can be read; `paths` is an object
          mend it: no tool can read such a document
        openapi: 3.1\npaths: {/a: {get: {responses: {200: {$ref: \'#/components/responses/None\'}}}}}\n
        2:44 bad-ref: `$ref` to `#/components/responses/None`: there is no such place in the document; 
          look for a slip in it, or for what was left out
        openapi: 3.1.0\npaths: {/a: {$ref: \'https://x.test/a.yaml#/a\'}, /b: {$ref: \'./b.yaml\'}}\n
        2:20 bad-ref: `$ref` to `https://x.test/a.yaml#/a`: it leads out of the document, and nothing is fetched; 
          bring all parts into one file first, such as with `redocly bundle api.yaml --output one.yaml`
        2:60 bad-ref: `$ref` to `./b.yaml`: it leads out of the document, and nothing is fetched; 
          bring all parts into one file first, such as with `redocly bundle api.yaml --output one.yaml`
        openapi: 3.1.0\ncomponents: {schemas: {A: {$ref: \'#/components/schemas/B\'}, B: {$ref: \'#/components/schemas/A\'}}}\n
        2:34 bad-ref: `$ref` to `#/components/schemas/B`: it leads back to itself; 
          one of these references has to be what it stands for
        2:71 bad-ref: `$ref` to `#/components/schemas/A`: it leads back to itself; 
          one of these references has to be what it stands for
    "#]].assert_eq(&said);
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
    expect_test::expect![[r#"
        GET /a~b/{c_d} [get-a-b-c-d]
          200: 200 json {"$ref":"x","example":{"$ref":"nowhere"}}
        GET /again [get-again]
          200: 200 json {"$ref":"x","example":{"$ref":"nowhere"}}
        note 4: GET /a~b/{c d}: taken as any text: a parameter that nothing describes: `{c d}`
    "#]]
    .assert_eq(&read(text, OPTIONS));
}

#[test]
fn a_name_is_the_title() {
    assert_eq!(name("openapi: 3.0.0\ninfo: {title: Pet shop}\n"), Some("Pet shop".to_owned()));
    assert_eq!((name("openapi: 3.0.0\n"), name("swagger: '2.0'\ninfo: {title: x}\n"), name("[")), (None, None, None));
}
