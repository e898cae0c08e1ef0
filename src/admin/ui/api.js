// The public API and nothing else. Every refusal is a `Problem`, with what the server says about mending it.

/// What went wrong, in the words of the server's problem+json.
export class Problem extends Error {
  constructor({ status = 0, code = 'unknown', title, detail, help, problems, report }) {
    super(detail || title || 'the request failed');
    Object.assign(this, { status, code, help, problems: problems ?? [], report });
  }
}

/// A path with its names encoded: path`/v1/mocks/${name}`.
export const path = (parts, ...names) =>
  parts.reduce((whole, part, at) => whole + encodeURIComponent(names[at - 1]) + part);

/// A path with a query; members that are empty are left out.
export function withQuery(path, members) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(members)) {
    if (value !== undefined && value !== null && value !== '') query.set(name, value);
  }
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}

/// Sends a request, and gives its JSON with the `etag`, or throws a `Problem`.
export async function ask(method, path, { body, headers = {}, signal } = {}) {
  const options = { method, signal, headers: { accept: 'application/json', ...headers } };
  if (method === 'POST' || method === 'PUT' || method === 'PATCH') {
    options.headers['content-type'] = 'application/json';
    options.body = JSON.stringify(body ?? {});
  }
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Problem({ code: 'unreachable', detail: 'Standin does not answer.', help: 'Is it still running? Then try again.' });
  }
  const text = await response.text();
  let data = null;
  try {
    data = text ? JSON.parse(text) : null;
  } catch {
    if (response.ok) throw new Problem({ code: 'no-json', detail: 'The answer is no JSON.', status: response.status });
  }
  if (!response.ok) {
    const problem = new Problem({ status: response.status, title: response.statusText, ...data });
    if (problem.status === 401 && path !== '/v1/session') window.dispatchEvent(new CustomEvent('signed-out'));
    throw problem;
  }
  return { data, etag: response.headers.get('etag') };
}

const data = async (promise) => (await promise).data;
export const get = (path, options) => data(ask('GET', path, options));
export const post = (path, body, options) => data(ask('POST', path, { body, ...options }));
export const patch = (path, body, options) => data(ask('PATCH', path, { body, ...options }));
export const remove = (path, options) => data(ask('DELETE', path, options));

/// All items of a list with pages.
export async function all(path, members, name) {
  const items = [];
  let cursor = null;
  do {
    const page = await get(withQuery(path, { ...members, limit: 1000, cursor }));
    items.push(...page[name]);
    cursor = page.next;
  } while (cursor);
  return items;
}

let routes = new Map();

/// Reads which routes this version has, so that what it cannot do is not offered.
export async function learn() {
  const { paths } = await get('/v1/openapi.json');
  routes = new Map(Object.entries(paths));
}

/// Whether there is a route.
export const has = (method, path) => Boolean(routes.get(path)?.[method.toLowerCase()]);
