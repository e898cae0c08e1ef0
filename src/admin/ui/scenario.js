// One scenario: when it answers, what it answers, and a request to try it with.

import { h } from './dom.js';
import { readable } from './format.js';
import { bodyOf, headersOf } from './message.js';
import { facts, method, status, tag } from './parts.js';
import { force } from './overrides.js';
import { test } from './test.js';
import { conditions } from './words.js';

function rows(list) {
  return list.map(([subject, word, expected]) => (Array.isArray(expected)
    ? h('li', {}, subject, h('ul', { class: 'when' }, rows(expected)))
    : h('li', {}, h('code', {}, subject), ` ${word} `, expected ? h('code', {}, expected) : null)));
}

/// When it answers, in words.
function when(one) {
  const list = conditions(one.when);
  if (!list.length) return h('p', { class: 'muted' }, 'It has no conditions: it answers where no other scenario of the stub does.');
  return h('ul', { class: 'when' }, rows(list));
}

/// `entries` is what lies over the files of the mock; `changed` is called when that is another, `called` when a test has
/// made a call.
export async function scenario(mock, stub, one, entries, { changed, called }) {
  const calls = `/calls?${new URLSearchParams({ mock: mock.name, stub: stub.name, scenario: one.name })}`;
  const trial = await test(mock, stub, one, called);
  return {
    content: [
      h('div', { class: 'card' },
        h('p', { class: 'stub' }, method(stub.method), h('span', { class: 'path', title: stub.match }, readable(stub.match.slice(stub.method.length + 1)))),
        h('div', { class: 'line' }, h('h2', { tabindex: '-1', id: 'scenario-name' }, one.name), status(one.status),
          one.delay ? tag(`Delay ${one.delay}`) : null, one.template ? tag('Template', 'calm', 'Filled in for each request') : null,
          h('span', { class: 'buttons push' }, h('a', { href: calls }, 'Its calls'), trial.button)),
        facts([['Stub', stub.name], ['Id', h('code', { title: 'what x-mock-response-id names' }, one.id)], ['Owner', stub.owner], ['Stage', stub.stage]]),
        h('h3', {}, 'When'), when(one),
        h('h3', {}, 'Response'),
        one.template ? h('p', { class: 'muted' }, 'Headers and body are filled in for each request: test it to see them.')
          : [headersOf(one.headers, 'Headers of the response'), bodyOf(one.body, one.headers, { kept: false })],
        force(mock, stub, one, entries, changed)),
      trial.content,
    ],
  };
}
