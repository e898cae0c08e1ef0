// The closed lists of the product in the words of this page. A test holds them against the lists of the source.

/// What was done with a request: how it is called here, what it means, and its colour.
export const DECISIONS = {
  mocked: ['Mocked', 'A scenario answered.', 'good'],
  server_stub: ['Server stub', 'The active server stub of the mock answered.', 'warn'],
  forwarded: ['Forwarded', 'The upstream answered.', 'calm'],
  preflight: ['Preflight', 'Standin answered a CORS preflight.', 'calm'],
  denied: ['Denied', 'The mock is private and no valid key came.', 'bad'],
  limited: ['Limited', 'The mock has had as many calls as it may have.', 'warn'],
  unmatched: ['Unmatched', 'No matching requests: no stub answered, and there is no upstream.', 'bad'],
  rejected: ['Rejected', 'The request was malformed or over a limit, and nobody looked further.', 'bad'],
  failed: ['Failed', 'The upstream, or Standin itself, failed.', 'bad'],
};

/// Why no stub answered: what happened, and what to look at.
export const REASONS = {
  path: ['No stub has this path.', 'Compare the path letter by letter: case, a trailing slash and the base path count.'],
  method: ['A stub has this path, but for another method.', 'Write a stub for this method, or ANY.'],
  parameter: ['A path parameter of the closest stub did not hold.', 'Look at `when.path` of the stub: another value came in this segment.'],
  query: ['A query condition of the closest stub did not hold.', 'Look at the keys behind `?` in `match` and at `when.query`; names and values are compared as they are written.'],
  header: ['A header condition of the closest stub did not hold.', 'Compare `when.header` with the request headers below.'],
  cookie: ['A cookie condition of the closest stub did not hold.', 'Compare `when.cookie` with the cookies of the request.'],
  form: ['A form condition of the closest stub did not hold.', 'Compare `when.form` with the body below.'],
  json: ['A JSON condition of the closest stub did not hold.', 'Compare `when.json` with the request body below.'],
  body: ['A condition on the text of the body did not hold.', 'Compare `when.body` with the request body below.'],
  target: ['A condition on path and query as they were sent did not hold.', 'Compare `when.target` with the request line below.'],
  any: ['None of the branches of `any` held.', 'One of them must hold.'],
  'body-not-json': ['A stub looks at JSON, but the body is none.', 'Is the body complete, and JSON at all?'],
  'body-not-form': ['A stub looks at a form, but the body is none.', 'Is `content-type` one of forms?'],
  'body-encoded': ['A stub looks at the body, but it is compressed.', 'Send it without `content-encoding`.'],
  'body-too-long': ['A stub looks at the body, but it is longer than `limits.match_body`.', 'Raise the limit, or match without the body.'],
  'body-budget': ['A stub looks at the body, but `limits.match_body_total` was used up by other calls.', 'Raise the limit, or send fewer large bodies at a time.'],
  'body-timeout': ['A stub looks at the body, but it did not arrive within `limits.match_body_timeout`.', 'The caller was slow; raise the limit if that is all right.'],
  selector: ['A header `x-mock-response-…` names no scenario of the stubs that fit.', 'Look at the code, id or name that it asks for.'],
  gate: ['The gate is closed for this request.', 'Look at `[gate]`: it asks for, or forbids, something of the request.'],
  off: ['The stub is switched off.', 'An override says so: undo it to let the stub answer again.'],
};

/// Whether a call is one that a stub could have answered.
export const isMiss = (call) => call.miss !== null || call.decision === 'unmatched';

/// Whether a status tells of a failure: its class as a colour.
export function tone(status) {
  if (status === null || status === undefined) return 'calm';
  if (status < 300) return 'good';
  if (status < 400) return 'calm';
  return status < 500 ? 'warn' : 'bad';
}

const OPERATORS = {
  eq: 'is', ne: 'is not', gt: '>', ge: '≥', lt: '<', le: '≤', in: 'is one of', contains: 'contains', prefix: 'begins with',
  suffix: 'ends with', re: 'matches', subset: 'holds', not: 'not',
};

const show = (value) => (typeof value === 'string' && value !== '' ? value : JSON.stringify(value));

function operators(subject, value) {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [[subject, 'is', show(value)]];
  return Object.entries(value).flatMap(([operator, operand]) => {
    if (operator === 'present') return [[subject, 'is present', '']];
    if (operator === 'absent') return [[subject, 'is absent', '']];
    if (operator === 'not') return operators(subject, operand).map(([one, word, other]) => [one, `not: ${word}`, other]);
    return [[subject, OPERATORS[operator] ?? operator, show(operand)]];
  });
}

/// Conditions of a scenario as rows: what is looked at, how, and what is expected.
export function conditions(when) {
  return Object.entries(when).flatMap(([part, value]) => {
    if (part === 'any') return value.map((branch, at) => [`any, branch ${at + 1}`, '', conditions(branch)]);
    if (part === 'body' || part === 'target') return operators(part, value);
    return Object.entries(value).flatMap(([name, test]) => operators(`${part} ${name}`, test));
  });
}
