// The stubs of a mock with their scenarios beside the one that is looked at.

import { get, path, withQuery } from './api.js';
import { h, replace, settled } from './dom.js';
import { number, plural } from './format.js';
import { ofMock, touches } from './overrides.js';
import { empty, method, status, tag } from './parts.js';
import { keep } from './route.js';
import { scenario } from './scenario.js';

/// How many stubs are fetched at a time.
const PAGE = 100;

const NOTHING = () => empty('This mock has no stubs',
  h('p', {}, 'Add one to its file and save; Standin reloads it by itself:'),
  h('pre', {}, '[[stub]]\nmatch = "GET /users/{id}"\njson  = { id = 7, name = "Ada" }'));

export async function stubs(mock, use, query, current) {
  const counted = new Map((use?.stubs ?? []).map((stub) => [stub.stub, new Map(stub.scenarios.map((one) => [one.scenario, one.calls]))]));
  const list = h('ul', { class: 'stubs' });
  const more = h('button', { type: 'button', class: 'plain', id: 'more-stubs' }, 'Show more');
  const said = h('p', { class: 'muted small', role: 'status' });
  const pane = h('div', { class: 'pane', id: 'scenario' });
  const search = h('input', { type: 'search', id: 'search', value: query.q ?? '', placeholder: 'Method, path or name', 'aria-label': 'Search stubs' });
  let members = query;
  let found = [];
  let next = null;
  let entries = [];

  const link = (stub, one) => {
    const calls = counted.get(stub.name)?.get(one.name) ?? 0;
    const here = members.stub === stub.name && members.scenario === one.name;
    return h('a', { href: withQuery(path`/mocks/${mock.name}`, { q: search.value, stub: stub.name, scenario: one.name }), 'aria-current': here ? 'true' : null },
      status(one.status), h('span', { class: 'name' }, one.name),
      Object.keys(one.when).length ? null : h('span', { class: 'muted small' }, 'otherwise'),
      entries.some((entry) => touches(entry, stub, one)) ? tag('Forced', 'warn') : null,
      calls ? h('span', { class: 'calls', title: 'calls since the start' }, number(calls)) : null);
  };
  const drawList = () => {
    replace(list, found.map((stub) => h('li', {},
      h('div', { class: 'stub' }, method(stub.method), h('span', { class: 'path' }, stub.match.slice(stub.method.length + 1)), entries.some((entry) => touches(entry, stub)) ? tag('Off', 'bad') : null),
      h('ul', {}, stub.scenarios.map((one) => h('li', {}, link(stub, one)))))));
    more.hidden = !next;
    const text = search.value.trim();
    replace(said, text ? `${number(found.length)}${next ? '+' : ''} of ${plural(mock.stubs, 'stub')}` : next ? `The first ${number(found.length)} of ${plural(mock.stubs, 'stub')}` : '');
    if (!found.length) replace(list, h('li', { class: 'muted' }, 'No stub of this mock has that in its name, method or path.'));
  };
  const load = async (cursor) => {
    const page = await get(withQuery(path`/v1/mocks/${mock.name}/stubs`, { q: search.value.trim(), limit: PAGE, cursor }));
    found = cursor ? [...found, ...page.stubs] : page.stubs;
    next = page.next;
    drawList();
  };
  const open = async () => {
    const stub = found.find((one) => one.name === members.stub) ?? (members.stub ? await get(path`/v1/mocks/${mock.name}/stubs/${members.stub}`) : found[0]);
    if (!current()) return;
    const one = stub?.scenarios.find((each) => each.name === members.scenario) ?? stub?.scenarios[0];
    if (!one) return replace(pane);
    members = { ...members, stub: stub.name, scenario: one.name };
    drawList();
    const shown = await scenario(mock, stub, one, entries, overlaid);
    if (current()) replace(pane, shown.content);
  };
  /// Something was put over the files, or undone.
  const overlaid = async () => {
    entries = await ofMock(mock);
    await open();
  };

  const later = settled(200, async () => {
    keep({ ...query, q: search.value.trim(), stub: members.stub, scenario: members.scenario });
    await load(null);
  });
  search.addEventListener('input', later);
  more.addEventListener('click', () => load(next));

  if (!mock.stubs) return { content: NOTHING() };
  await load(null);
  await overlaid();
  return {
    content: h('div', { class: 'split' }, h('div', { class: 'side' }, search, said, list, more), pane),
    /// Another scenario is looked at: the list keeps its place, and the reader goes on at the scenario.
    update: async (asked) => {
      members = asked;
      search.value = asked.q ?? '';
      await open();
      const heading = pane.querySelector('h2');
      heading?.focus({ preventScroll: true });
      if (pane.getBoundingClientRect().top > innerHeight || matchMedia('(max-width: 56rem)').matches) pane.scrollIntoView({ block: 'start' });
    },
    close: () => later.cancel(),
  };
}
