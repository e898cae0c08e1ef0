// Test Response: the request that a scenario is made for, to be edited and sent through the data port by the server,
// with the key of a private mock; and what came back.

import { get, path, post } from './api.js';
import { h, replace } from './dom.js';
import { bodyOf, curl, headersOf } from './message.js';
import { changes, copy, decision, doing, field, prose, select, status, whyNot } from './parts.js';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/// Rows of name and value; an empty one at the end takes more.
function editor(headers) {
  const list = h('ul', { class: 'pairs' });
  const row = ([name, value] = ['', '']) => {
    const one = h('li', {},
      h('input', { value: name, 'aria-label': 'Header name', placeholder: 'name', spellcheck: 'false', autocapitalize: 'off' }),
      h('input', { value, 'aria-label': 'Header value', placeholder: 'value', spellcheck: 'false' }),
      h('button', { type: 'button', class: 'quiet', title: 'Remove', 'aria-label': `Remove the header ${name}` }, '×'));
    one.lastChild.addEventListener('click', () => {
      const next = one.nextElementSibling ?? one.previousElementSibling;
      one.remove();
      if (!list.children.length) list.append(row());
      (next ?? list.firstChild).querySelector('input').focus();
    });
    return one;
  };
  list.append(...headers.map(row));
  const more = h('button', { type: 'button', class: 'quiet' }, '+ Header');
  more.addEventListener('click', () => {
    list.append(row());
    list.lastChild.querySelector('input').focus();
  });
  return {
    content: [list, more],
    read: () => [...list.children].map((one) => [...one.querySelectorAll('input')].map((input) => input.value.trim())).filter(([name]) => name),
  };
}

function verdict({ expected, answered }) {
  if (expected) return h('p', { class: 'notice good' }, 'This scenario answered.');
  if (expected === null) return h('p', { class: 'notice calm' }, 'The log kept nothing of this call, so that it cannot be said who answered.');
  const who = [answered.mock, answered.stub, answered.scenario].filter(Boolean).join(' / ');
  return h('p', { class: 'notice warn' }, 'Another than this scenario answered: ', decision(answered.decision), who ? ` ${who}` : '');
}

function result(tested) {
  const { response } = tested;
  return [
    h('div', { class: 'line' }, status(response.status), h('span', {}, `${tested.duration_ms.toFixed(1)} ms`),
      tested.call ? h('a', { class: 'push', href: `/calls?open=${encodeURIComponent(tested.call)}` }, 'In the call log') : null),
    verdict(tested),
    h('h3', {}, 'Response headers'), headersOf(response.headers, 'Headers of the response'),
    h('h3', {}, 'Response body'), bodyOf(response.body, response.headers, { kept: false }),
  ];
}

/// `called` is told when an answer has come.
export async function test(mock, stub, one, called) {
  const address = path`/v1/mocks/${mock.name}/stubs/${stub.name}/scenarios/${one.name}`;
  const request = await get(`${address}/request`);
  const verb = select(METHODS.includes(request.method) ? METHODS : [request.method, ...METHODS], request.method);
  const target = h('input', { value: request.target, spellcheck: 'false', autocapitalize: 'off' });
  const headers = editor(request.headers);
  const body = h('textarea', { id: 'test-body', rows: request.body ? 6 : 3, spellcheck: 'false', value: request.body ?? '' });
  const read = () => ({ method: verb.value, target: target.value.trim(), headers: headers.read(), body: body.value === '' ? null : body.value });
  const refused = h('div', {});
  const answer = h('div', { class: 'answer', role: 'region', 'aria-live': 'polite', 'aria-label': 'What came back' });
  const content = h('form', { class: 'card test', 'aria-label': 'Test response' });
  const send = changes(doing(h('button', { class: 'primary', id: 'send' }, 'Send'), async () => {
    replace(answer, h('p', { class: 'muted' }, 'Waiting for the answer …'));
    try {
      replace(answer, result(await post(`${address}/test`, { request: { ...read(), notes: [] } })));
      called?.();
    } catch (problem) {
      replace(answer);
      throw problem;
    }
  }, { place: refused, form: content }));
  replace(content,
    h('h2', {}, 'Test response'), whyNot(),
    request.notes.length ? h('ul', { class: 'notice warn' }, request.notes.map((note) => h('li', {}, prose(note)))) : null,
    h('div', { class: 'request' }, field('Method', verb), field('Path and query', target), h('div', { class: 'buttons' }, send, copy(() => curl(mock.url, read()), 'as curl', { label: 'Copy as curl' }))),
    h('details', { open: request.headers.length < 6 }, h('summary', {}, 'Headers'), headers.content),
    h('details', { open: Boolean(request.body) }, h('summary', {}, 'Body'), h('label', { class: 'hidden', for: 'test-body' }, 'Body'), body),
    refused, answer);
  // Where the scenario is shown: sends, and leads to what comes back.
  const button = changes(h('button', { type: 'button', class: 'primary', id: 'test', onclick: () => {
    send.click();
    content.scrollIntoView({ block: 'start' });
  } }, 'Test response'));
  return { content, button };
}
