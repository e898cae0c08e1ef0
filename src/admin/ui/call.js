// One call with everything that was kept of it.

import { get, path } from './api.js';
import { h, replace } from './dom.js';
import { moment, span } from './format.js';
import { bodyOf, curl, headersOf } from './message.js';
import { copy, facts, prose, refusal } from './parts.js';
import { explain, why } from './why.js';
import { DECISIONS, isMiss } from './words.js';

/// What the parts of the time are called.
const PARTS = { own: 'Standin', delay: 'simulated delay', upstream: 'upstream' };

function times(durations) {
  if (!durations) return 'under way';
  const parts = Object.entries(PARTS).filter(([name]) => durations[name] > 0).map(([name, text]) => `${text} ${span(durations[name])}`);
  return `${span(durations.total)}${parts.length ? `: ${parts.join(', ')}` : ''}`;
}

function who(call) {
  const names = [call.mock, call.stub, call.scenario].filter(Boolean);
  if (!call.mock) return 'no mock';
  const query = call.stub && call.decision !== 'server_stub' ? `?${new URLSearchParams(Object.entries({ stub: call.stub, scenario: call.scenario }).filter(([, value]) => value))}` : call.decision === 'server_stub' ? '?tab=server-stubs' : '';
  return h('a', { href: path`/mocks/${call.mock}` + query }, names.join(' / '));
}

const value = (headers, wanted) => headers.find(([name]) => name.toLowerCase() === wanted)?.[1];

/// Whether there was a body, whether or not it was kept. HTTP/1 says so in its headers; later versions need not.
function hadBody({ headers }, protocol) {
  const length = value(headers, 'content-length');
  if (length !== undefined) return Number(length) > 0;
  return value(headers, 'transfer-encoding') !== undefined || (!/^HTTP\/1/.test(protocol) && value(headers, 'content-type') !== undefined);
}

/// Whether the answer to a call may have one.
const mayHaveBody = (call) => call.method !== 'HEAD' && ![204, 304].includes(call.status) && value(call.response?.headers ?? [], 'content-length') !== '0';

const side = (title, message, isOver, kept) => h('section', { class: 'side-of' }, h('h2', {}, title),
  message ? [headersOf(message.headers, `${title} headers`), bodyOf(message.body, message.headers, { kept })]
    : h('p', { class: 'muted' }, isOver ? 'There was no answer.' : 'The call is under way.'));

function whole(call) {
  const target = call.path + (call.query === null ? '' : `?${call.query}`);
  const base = `http://${call.host ?? 'localhost'}`;
  const line = curl(base, { method: call.method, target, headers: call.request.headers, body: call.request.body?.text });
  const asked = isMiss(call) ? null : explain(call);
  return [
    h('div', { class: 'line small' },
      h('span', { class: 'muted' }, DECISIONS[call.decision]?.[1] ?? call.decision),
      h('span', { class: 'buttons push' }, asked?.button, copy(line, 'as curl', { label: 'Copy as curl' }), copy(() => `${location.origin}/calls?open=${call.id}`, 'the link', { label: 'Copy link' }))),
    isMiss(call) ? why(call) : asked?.place,
    facts([
      ['Answered by', call.decision === 'forwarded' || call.decision === 'failed' ? call.upstream : who(call)],
      ['Mock', call.decision === 'forwarded' && call.mock ? who(call) : null],
      ['Time', times(call.duration_us)],
      ['At', moment(call.at)],
      ['Client', call.client], ['Protocol', call.protocol], ['Host', call.host],
      ['Rejected', call.rejection], ['Failure', call.failure],
      ['Notes', call.notes?.length ? call.notes.map((note) => [prose(note), h('br')]) : null],
      ['Generation', String(call.generation)], ['Id', h('code', {}, call.id)],
    ]),
    h('div', { class: 'two' }, side('Request', call.request, true, hadBody(call.request, call.protocol)), side('Response', call.response, call.duration_us !== null, mayHaveBody(call))),
  ];
}

/// A call as lists have it.
export const brief = ({ request, response, ...call }) => call;

/// An element that fills itself with the call, or fills itself anew where it is there already. Of a call under way it asks
/// again, ever more seldom and at most for ten minutes, until the call is over, and tells `ended`.
export function detail({ id }, { content = h('div', { class: 'call' }, h('p', { class: 'loading' }, 'Loading …')), ended = null } = {}) {
  const mine = (content.turn ?? 0) + 1;
  content.turn = mine;
  const end = Date.now() + 600_000;
  const look = async (pause, isFirst) => {
    if (mine !== content.turn || Date.now() > end) return;
    const later = () => setTimeout(look, pause, Math.min(pause * 1.5, 5000), false);
    // Out of sight nobody reads it; back in sight it is looked up again.
    if (!isFirst && (!content.isConnected || document.hidden)) return later();
    try {
      const call = await get(path`/v1/calls/${id}`);
      if (mine !== content.turn) return;
      const isOver = call.duration_us !== null;
      if (isFirst || isOver) replace(content, whole(call));
      if (!isOver) later();
      else if (!isFirst) ended?.(brief(call));
    } catch (problem) {
      if (mine !== content.turn) return;
      if (isFirst) replace(content, refusal(problem));
      else if (problem.status !== 404) later();
    }
  };
  look(1000, true);
  return content;
}
