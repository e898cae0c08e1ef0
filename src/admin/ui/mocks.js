// All mocks, each with the address to call it by.

import { all, get, path } from './api.js';
import { h, replace, settled } from './dom.js';
import { number, plural } from './format.js';
import { copy, empty, tag } from './parts.js';
import { keep } from './route.js';

/// What a reader should know of a mock at a glance.
export function badges(mock) {
  return [
    mock.active_server_stub ? tag(`Server stub: ${mock.active_server_stub}`, 'bad', 'Answers in place of the stubs') : null,
    tag(mock.access.private ? 'Private' : 'Public', mock.access.private ? 'warn' : 'calm', mock.access.private ? `Needs a key in ${mock.access.header}` : 'Needs no key'),
    mock.delay ? tag(`Delay ${mock.delay}`, 'calm') : null,
    mock.matching === 'postman' ? tag('Postman matching', 'calm', 'The closest saved example answers') : null,
  ];
}

/// An address with a button that copies it.
export const address = (mock) => h('div', { class: 'address' }, h('code', { class: 'url' }, mock.url), copy(mock.url, `the URL of ${mock.name}`));

function card(mock, use) {
  const today = use?.today ?? 0;
  return h('li', { class: 'card mock' },
    h('div', { class: 'line' }, h('h2', {}, h('a', { href: path`/mocks/${mock.name}` }, mock.name)), h('span', { class: 'badges' }, badges(mock))),
    address(mock),
    h('p', { class: 'counts' },
      h('span', {}, plural(mock.stubs, 'stub')), h('span', {}, plural(mock.scenarios, 'scenario')), h('span', {}, plural(mock.server_stubs, 'server stub')),
      h('a', { href: `/calls?mock=${encodeURIComponent(mock.name)}`, class: 'push' }, `${number(today)} ${today === 1 ? 'call' : 'calls'} today`)));
}

const NOTHING = () => empty('There is no mock yet',
  h('p', {}, 'Add a stub to ', h('code', {}, 'standin.toml'), ' and save; Standin reloads it by itself:'),
  h('pre', {}, '[[stub]]\nmatch = "GET /users/{id}"\njson  = { id = 7, name = "Ada" }'),
  h('p', {}, 'Or take over a Postman collection: ', h('code', {}, 'standin import postman shop.postman_collection.json')));

export async function show({ query }) {
  const [mocks, usage] = await Promise.all([all('/v1/mocks', {}, 'mocks'), get('/v1/usage')]);
  const use = new Map(usage.mocks.map((one) => [one.mock, one]));
  const list = h('ul', { class: 'cards' });
  const none = h('div', {});
  const said = h('p', { class: 'muted', role: 'status' });
  const search = h('input', { type: 'search', id: 'search', value: query.q ?? '', placeholder: 'Name, host or path', 'aria-label': 'Search mocks' });
  const draw = () => {
    const text = search.value.trim().toLowerCase();
    const found = mocks.filter((mock) => [mock.name, mock.url, ...mock.hosts].some((one) => one.toLowerCase().includes(text)));
    replace(list, found.map((mock) => card(mock, use.get(mock.name))));
    replace(none, found.length || !mocks.length ? null : nothingFits());
    replace(said, found.length === mocks.length ? plural(mocks.length, 'mock') : `${found.length} of ${plural(mocks.length, 'mock')}`);
  };
  const nothingFits = () => empty('No mock fits this search',
    h('p', {}, 'It looks at names, addresses and hosts.'),
    h('p', {}, h('button', { type: 'button', class: 'link', onclick: showAll }, 'Show all mocks')));
  const showAll = () => {
    search.value = '';
    keep({});
    draw();
    search.focus();
  };
  const later = settled(150, () => {
    keep({ q: search.value });
    draw();
  });
  search.addEventListener('input', later);
  draw();
  return {
    content: [
      h('div', { class: 'title' }, h('h1', { tabindex: '-1' }, 'Mocks'), said, mocks.length > 1 || search.value ? search : null), none,
      mocks.length ? list : NOTHING(),
    ],
    close: () => later.cancel(),
  };
}
