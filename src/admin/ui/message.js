// Headers and bodies as people read them. What was sent stays as it was: numbers keep their digits, a body that was cut
// is shown as far as it goes, bytes are shown as bytes.

import { fresh, h, replace } from './dom.js';
import { number, size } from './format.js';
import { copy } from './parts.js';

/// How long a text is coloured and indented, characters; a longer one is shown as it is.
const MOST = 300_000;
/// How many bytes are shown of what is no text.
const BYTES = 512;
const TOKEN = /"(?:\\.|[^"\\])*"?|[{}[\],:]|[^\s{}[\],:"]+/g;

/// JSON, indented and coloured, from its text and not from its values.
export function pretty(text) {
  const out = document.createDocumentFragment();
  const tokens = text.match(TOKEN) ?? [];
  let depth = 0;
  let plain = '';
  const flush = () => {
    if (plain) out.append(plain);
    plain = '';
  };
  const line = () => { plain += `\n${'  '.repeat(Math.min(depth, 60))}`; };
  tokens.forEach((token, at) => {
    const next = tokens[at + 1];
    if (token === '{' || token === '[') {
      plain += token;
      if (next === '}' || next === ']') return;
      depth += 1;
      line();
    } else if (token === '}' || token === ']') {
      const before = tokens[at - 1];
      if (before !== '{' && before !== '[') {
        depth = Math.max(0, depth - 1);
        line();
      }
      plain += token;
    } else if (token === ',') {
      plain += token;
      line();
    } else if (token === ':') plain += ': ';
    else {
      flush();
      const kind = token[0] !== '"' ? 'literal' : next === ':' ? 'key' : 'text';
      out.append(h('span', { class: kind }, token));
    }
  });
  flush();
  return out;
}

const looksLikeJson = (text) => /^\s*[{[]/.test(text);

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
  const canIndent = (/json/.test(kind) || looksLikeJson(body.text)) && body.text.length <= MOST;
  const form = () => (/x-www-form-urlencoded/.test(kind) ? [...new URLSearchParams(body.text)].map(([name, value]) => `${name} = ${value}`).join('\n') : null);
  const draw = (indented) => replace(code, indented ? form() ?? pretty(body.text) : body.text);
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

/// A request as a command line.
export function curl(base, { method, target, headers, body }) {
  const host = field(headers, 'host');
  const named = base.replace(/^(https?:\/\/[^/]+).*/, '$1');
  const parts = ['curl'];
  if (method !== 'GET') parts.push('-X', method);
  parts.push(quoted(named + target));
  if (host && !named.endsWith(`//${host}`)) parts.push('-H', quoted(`host: ${host}`));
  for (const [name, value] of headers) if (!OWN.has(name.toLowerCase())) parts.push('-H', quoted(`${name}: ${value}`));
  if (body) parts.push('--data-binary', quoted(body));
  return parts.join(' ');
}
