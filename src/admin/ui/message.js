// Headers and bodies as people read them. What was sent stays as it was: numbers keep their digits, a body that was cut
// is shown as far as it goes, bytes are shown as bytes.

import { fresh, h, replace } from './dom.js';
import { number, size } from './format.js';
import { copy } from './parts.js';

/// How long a text is indented, and how long it may become, characters; a longer one is shown as it is.
const MOST = 300_000;
const LONGEST = 1_000_000;
/// How many levels are indented, and how many parts are coloured: each is an element.
const DEEPEST = 24;
const COLOURED = 20_000;
/// How many bytes are shown of what is no text.
const BYTES = 512;
const TOKEN = /[ \t\r\n]*([{}[\],:]|"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.+-])|(?:true|false|null)(?!\w))/ys;
/// What a cut may leave of a token.
const CUT = /^(?:"[^"\\]*(?:\\.[^"\\]*)*\\?|-?(?:\d+(?:\.\d*)?(?:[eE][+-]?\d*)?)?|t(?:ru?)?|f(?:a(?:ls?)?)?|n(?:ul?)?)$/s;
const ENDS = { '{': '}', '[': ']' };

/// The tokens of one JSON document, or of several with line breaks between them, each with its `kind`; null where the
/// text is anything else. Of a text that was cut the last token may be cut as well.
function tokensOf(text, isCut) {
  const tokens = [];
  const open = [];
  let wants = 'value';
  let at = 0;
  for (;;) {
    TOKEN.lastIndex = at;
    const [whole, token] = TOKEN.exec(text) ?? [];
    if (!token) break;
    const isFirst = !open.length && wants === 'end';
    if (isFirst && !whole.slice(0, -token.length).includes('\n')) return null;
    if (isFirst) wants = 'value';
    let kind = token;
    if (token === '{' || token === '[') {
      if (wants !== 'value' && wants !== 'item') return null;
      open.push(token);
      wants = token === '{' ? 'first' : 'item';
    } else if (token === '}' || token === ']') {
      if (ENDS[open.pop()] !== token || !['end', token === '}' ? 'first' : 'item'].includes(wants)) return null;
      wants = 'end';
    } else if (token === ',') {
      if (wants !== 'end' || !open.length) return null;
      wants = open.at(-1) === '{' ? 'key' : 'value';
    } else if (token === ':') {
      if (wants !== ':') return null;
      wants = 'value';
    } else if (wants === 'key' || wants === 'first') {
      if (token[0] !== '"') return null;
      kind = 'key';
      wants = ':';
    } else {
      if (wants !== 'value' && wants !== 'item') return null;
      kind = token[0] === '"' ? 'text' : 'literal';
      wants = 'end';
    }
    tokens.push({ token, kind, isFirst });
    at += whole.length;
  }
  const rest = text.slice(at).replace(/^[ \t\r\n]+/, '');
  if (!tokens.length || (rest && !(isCut && CUT.test(rest) && wants !== ':' && wants !== 'end'))) return null;
  if (!rest && !isCut && (open.length || wants !== 'end')) return null;
  if (rest) tokens.push({ token: rest, kind: wants === 'key' || wants === 'first' ? 'key' : rest[0] === '"' ? 'text' : 'literal', isFirst: false });
  return tokens;
}

/// JSON, indented and coloured, from its text and not from its values; several documents are a line each. Null for what
/// is no JSON, or would become too long.
export function pretty(text, { isCut = false } = {}) {
  const tokens = text.length <= MOST ? tokensOf(text, isCut) : null;
  if (!tokens) return null;
  const isOne = !tokens.some((one) => one.isFirst);
  const out = document.createDocumentFragment();
  let depth = 0;
  let plain = '';
  let long = 0;
  const line = () => (isOne ? `\n${'  '.repeat(Math.min(depth, DEEPEST))}` : '');
  for (const [at, { token, kind, isFirst }] of tokens.entries()) {
    const [before, next] = [tokens[at - 1]?.token, tokens[at + 1]?.token];
    let shown = token;
    if (kind === '{' || kind === '[') {
      depth += 1;
      if (next !== ENDS[kind]) shown += line();
    } else if (kind === '}' || kind === ']') {
      depth -= 1;
      if (ENDS[before] !== kind) shown = line() + shown;
    } else if (kind === ',') shown += isOne ? line() : ' ';
    else if (kind === ':') shown += ' ';
    if (isFirst) shown = `\n${shown}`;
    long += shown.length;
    if (long > LONGEST) return null;
    if (kind === token || tokens.length > COLOURED) plain += shown;
    else {
      out.append(plain + (isFirst ? '\n' : ''), h('span', { class: kind }, token));
      plain = '';
    }
  }
  out.append(plain);
  return out;
}

function field(headers, wanted) {
  return headers.find(([name]) => name.toLowerCase() === wanted)?.[1] ?? '';
}

function bytes(base64) {
  const text = atob(base64.slice(0, Math.ceil(BYTES / 3) * 4));
  const rows = [];
  for (let at = 0; at < text.length; at += 16) {
    const row = [...text.slice(at, at + 16)].map((one) => one.charCodeAt(0));
    const hex = row.map((one) => one.toString(16).padStart(2, '0')).join(' ').padEnd(47);
    rows.push(`${at.toString(16).padStart(4, '0')}  ${hex}  ${row.map((one) => (one > 31 && one < 127 ? String.fromCharCode(one) : '.')).join('')}`);
  }
  return rows.join('\n');
}

function binary(body, kind) {
  const address = `data:${/^[\w.+-]+\/[\w.+-]+/.exec(kind)?.[0] ?? 'application/octet-stream'};base64,${body.base64}`;
  const isImage = /^image\/(png|jpeg|gif|webp|avif)/.test(kind) && !body.truncated;
  return [
    h('p', { class: 'muted' }, `Binary, ${size(body.length)}${kind ? `, ${kind}` : ''}. `, h('a', { href: `data:application/octet-stream;base64,${body.base64}`, download: 'body' }, 'Download')),
    isImage ? h('img', { class: 'picture', src: address, alt: 'The body as a picture' }) : null,
    h('pre', { class: 'code', tabindex: '0', 'aria-label': 'Bytes of the body' }, bytes(body.base64)),
  ];
}

/// A body, or what is known of it. Text has a switch between its indented and its own form.
export function bodyOf(body, headers, { kept = true } = {}) {
  if (!body) return h('p', { class: 'muted' }, kept ? 'The body was not kept: see `call_log.body` and `call_log.bodies_per_second`.'.replaceAll('`', '') : 'No body.');
  if (body.length === 0) return h('p', { class: 'muted' }, 'No body.');
  const kind = field(headers, 'content-type');
  if (body.base64 !== undefined) return h('div', { class: 'body' }, binary(body, kind));
  if (body.text === undefined) return h('p', { class: 'muted' }, `${size(body.length)}, of which nothing was kept.`);
  const code = h('pre', { class: 'code', tabindex: '0', 'aria-label': 'Body' });
  const canIndent = (/json/.test(kind) || /^\s*[{[]/.test(body.text)) && pretty(body.text, { isCut: body.truncated }) !== null;
  const form = () => (/x-www-form-urlencoded/.test(kind) ? [...new URLSearchParams(body.text)].map(([name, value]) => `${name} = ${value}`).join('\n') : null);
  const draw = (indented) => replace(code, indented ? form() ?? pretty(body.text, { isCut: body.truncated }) : body.text);
  const hasForms = canIndent || form() !== null;
  const name = fresh('form');
  const choice = (text, indented) => h('label', {}, h('input', { type: 'radio', name, checked: indented, onchange: () => draw(indented) }), h('span', {}, text));
  draw(hasForms);
  return h('div', { class: 'body' },
    h('div', { class: 'line small' },
      hasForms ? h('span', { class: 'switch', role: 'radiogroup', 'aria-label': 'Form of the body' }, choice('Pretty', true), choice('Raw', false)) : null,
      h('span', { class: 'muted' }, [size(body.length), body.content_encoding ? `${body.content_encoding} undone` : null].filter(Boolean).join(', ')),
      copy(body.text, 'the body')),
    code,
    body.truncated ? h('p', { class: 'notice warn' }, `Only the beginning was kept: ${number(body.text.length)} characters of ${size(body.length)}. `, h('code', {}, 'call_log.body'), ' says how much is.') : null);
}

/// Header fields as a table.
export function headersOf(headers, caption) {
  if (!headers.length) return h('p', { class: 'muted' }, 'No headers.');
  return h('table', { class: 'headers' },
    h('caption', { class: 'hidden' }, caption),
    h('tbody', {}, headers.map(([name, value]) => h('tr', {}, h('th', { scope: 'row' }, name),
      h('td', {}, value === '[redacted]' ? h('em', { class: 'muted', title: 'A secret; it was taken out when the call was kept' }, value) : value)))));
}

const quoted = (text) => `'${text.replaceAll("'", String.raw`'\''`)}'`;
const OWN = new Set(['host', 'content-length', 'connection', 'transfer-encoding', 'accept-encoding', 'expect']);

/// A header as curl takes it. What was redacted becomes a variable of the shell, to be set by whoever sends it.
function given(name, value) {
  if (value === '') return quoted(`${name};`);
  const variable = `"$${name.toUpperCase().replace(/[^A-Z0-9]/g, '_').replace(/^(?=\d)/, '_')}"`;
  return `${name}: ${value}`.split('[redacted]').map((part) => (part ? quoted(part) : '')).join(variable);
}

/// A request as a command line. All of it came from a caller: whatever could mean something to the shell is quoted, and
/// what would mean something to curl is switched off.
export function curl(base, { method, target, headers, body }) {
  const host = field(headers, 'host');
  const named = base.replace(/^(https?:\/\/[^/]+).*/, '$1');
  const parts = ['curl'];
  // `-X HEAD` would wait for a body that never comes.
  if (method === 'HEAD') parts.push('-I');
  else if (method !== 'GET' || body) parts.push('-X', /^[A-Z]+$/.test(method) ? method : quoted(method));
  if (/[[\]{}]/.test(named + target)) parts.push('-g');
  if (/\/\.\.?(?:[/?]|$)/.test(target)) parts.push('--path-as-is');
  parts.push(quoted(named + target));
  if (host && !named.endsWith(`//${host}`)) parts.push('-H', quoted(`host: ${host}`));
  for (const [name, value] of headers) if (!OWN.has(name.toLowerCase())) parts.push('-H', given(name, value));
  if (body && method !== 'HEAD') {
    // Else curl says that it is a form.
    if (!field(headers, 'content-type')) parts.push('-H', "'content-type:'");
    parts.push('--data-raw', quoted(body));
  }
  return parts.join(' ');
}
