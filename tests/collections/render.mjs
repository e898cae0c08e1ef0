// Renders saved requests as Postman sends them, with Postman's own library.
//
// Arguments: the folder that newman was installed into. Standard input: a list of `{ request, variables }`, as a
// collection holds them. Standard output: a list of `{ method, target, headers, body }`. What no variable fills in is a
// wildcard where it is a whole segment of the path: it gets a value there, and stays as it is elsewhere.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(`${process.argv[2]}/`);
const sdk = require('postman-collection');
const encoder = require('postman-url-encoder');

const asked = JSON.parse(readFileSync(0, 'utf8'));
const rendered = asked.map(({ request, variables }) => {
  const scope = new sdk.VariableList(null, variables ?? []);
  const item = new sdk.Item({ request });
  // As Postman's runtime does it: the URL is filled in as a text and read again.
  // Without a host, as in `http:///pets`, or without a scheme, as in `//h/pets`, the library would take a segment of the
  // path for the host, or the host for a segment.
  const saved = item.request.url;
  const written = saved.toString();
  const text = written.startsWith('http:///') ? `http://h${saved.getPathWithQuery()}` : written.replace(/^\/\//, 'http://');
  const url = sdk.Property.replaceSubstitutions(text, [scope]);
  const resolved = new sdk.Item(item.toObjectResolved(null, [scope], { ignoreOwnVariables: true }));
  const address = new sdk.Url(url);
  const path = address.getPath().split('/');
  const wild = path.map((part, at) => (/^\{\{[^{}]*\}\}$/.test(part) ? `value-${at}` : part)).join('/');
  const query = address.getQueryString();
  const node = encoder.toNodeUrl(`http://h${wild}${query ? `?${query}` : ''}`);
  const body = resolved.request.body;
  return {
    method: resolved.request.method,
    target: `${node.pathname || '/'}${node.search || ''}`,
    headers: resolved.request.headers.filter((header) => !header.disabled).map(({ key, value }) => [key, `${value ?? ''}`]),
    body: body && !body.disabled && !body.isEmpty() ? content(body) : '',
  };
});
process.stdout.write(JSON.stringify(rendered));

// The body as it is sent; nothing for files, and for forms with boundaries, which each call chooses anew.
function content(body) {
  switch (body.mode) {
    case 'raw':
      return body.raw;
    case 'urlencoded':
      return encodeURI(body.urlencoded.filter((pair) => !pair.disabled).map(({ key, value }) => `${key}=${value ?? ''}`).join('&'));
    case 'graphql':
      return JSON.stringify(body.graphql);
    default:
      return '';
  }
}
