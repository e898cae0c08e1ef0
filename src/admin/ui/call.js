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

const side = (title, message, isOver) => h('section', { class: 'side-of' }, h('h2', {}, title),
  message ? [headersOf(message.headers, `${title} headers`), bodyOf(message.body, message.headers)]
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
    h('div', { class: 'two' }, side('Request', call.request, true), side('Response', call.response, call.duration_us !== null)),
  ];
}

/// An element that fills itself with the call.
export function detail({ id }) {
  const content = h('div', { class: 'call' }, h('p', { class: 'loading' }, 'Loading …'));
  get(path`/v1/calls/${id}`).then((call) => replace(content, whole(call)), (problem) => replace(content, refusal(problem)));
  return content;
}
